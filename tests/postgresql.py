"""A PostgreSQL server for one test session, and databases on it for the tests.

The server belongs to a process of its own (this file, run as a script) that ends it and removes its data as
soon as the session's process is gone, however that ended.
"""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from urllib.parse import urlencode

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from rolecall.store import open_store

SERVER_VARIABLE = "ROLECALL_TEST_SERVER"
"""URL of a server to use instead of starting one; its user may create databases."""
TEMPLATE_VARIABLE = "ROLECALL_TEST_TEMPLATE"
"""URL of the empty store that every test's database is a copy of; set for the session's processes."""

MISSING = """\
The tests need a PostgreSQL server (15 or later), whose programs initdb and postgres were found neither on
PATH nor in /usr/lib/postgresql. Install it,
    Debian, Ubuntu:  apt-get install postgresql
    macOS:           brew install postgresql@17, and put its bin folder on PATH
or name a running one whose user may create databases:
    ROLECALL_TEST_SERVER=postgresql://USER:PASSWORD@HOST/postgres"""
UNPRIVILEGED = ("postgres", "nobody")
SETTINGS = """
listen_addresses = ''
unix_socket_directories = '{folder}'
max_connections = 300
shared_buffers = 64MB
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
max_wal_size = 4GB
checkpoint_timeout = 1d
autovacuum = off
"""
PASSWORDS = "local all rolecall trust\nlocal all all scram-sha-256\n"

_numbers = count(1)


@contextmanager
def server():
    """Start a server, or take the one that the environment names; gives the URL of its database ``postgres``.

    Raises:
        RuntimeError: There is none, or it didn't start; with what to do.
    """
    if SERVER_VARIABLE in os.environ:
        yield os.environ[SERVER_VARIABLE]
        return
    keeper = subprocess.Popen(
        [sys.executable, __file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,  # Ctrl-C is for the tests; the server is needed until they have ended
    )
    try:
        first = keeper.stdout.readline().strip()
        if not first.startswith("postgresql:"):
            raise RuntimeError(f"{first}\n{keeper.stdout.read()}".strip())
        yield first
    finally:
        keeper.stdin.close()
        keeper.wait()
        keeper.stdout.close()


@contextmanager
def template(url):
    """Make the store that tests' databases are copies of; the tests' processes find it in the environment.

    Beside it, a role with the same name and the password ``s3cret``, which has no rights.
    """
    name = f"rolecall_test_{os.getpid()}"
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(f"CREATE ROLE {name} LOGIN PASSWORD 's3cret'")
        # Ordered as people order, so that what is to be ordered by bytes has to say so.
        admin.execute(
            f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C' "
            "LOCALE_PROVIDER icu ICU_LOCALE 'en'"
        )
        os.environ[TEMPLATE_VARIABLE] = _at(url, name)
        try:
            open_store(_at(url, name), Path()).close()
            yield
        finally:
            del os.environ[TEMPLATE_VARIABLE]
            _drop(admin, name)
            admin.execute(f"DROP ROLE {name}")


@contextmanager
def database():
    """A database with an empty store in it, dropped at the end; gives its URL."""
    url = os.environ[TEMPLATE_VARIABLE]
    original = conninfo_to_dict(url)["dbname"]
    name = f"{original}_{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(_at(url, "postgres"), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {original} STRATEGY file_copy")
        try:
            yield _at(url, name)
        finally:
            _drop(admin, name)


def changed(url, **parts):
    """The same URL with another user, password, host, database or option."""
    return f"postgresql://?{urlencode(conninfo_to_dict(url) | parts)}"


def empty(connection, metadata):
    """Delete every row of a store's tables: quicker than a new database."""
    tables = reversed(metadata.sorted_tables)
    connection.exec_driver_sql("; ".join(f'DELETE FROM "{table.name}"' for table in tables))


def _drop(admin, name):
    # What was killed a moment ago may still be connected.
    admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _at(url, name):
    """The same server's URL with another database."""
    address, question, options = url.partition("?")
    return f"{address.rpartition('/')[0]}/{name}{question}{options}"


def keep():
    """Run a server until standard input ends; print its URL, or what went wrong."""
    programs = _programs()
    if programs is None:
        print(MISSING)
        return
    folder = Path(tempfile.mkdtemp(prefix="rolecall-pg-"))  # a socket's path has to be short
    user = _unprivileged()
    if user is not None:
        os.chown(folder, user.pw_uid, user.pw_gid)
    try:
        _serve(programs, folder, user)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _serve(programs, folder, user):
    as_user = ({} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}) | {
        "cwd": folder,
        "stdin": subprocess.DEVNULL,
    }
    data = folder / "data"
    made = subprocess.run(
        [programs / "initdb", "-D", data, "-U", "rolecall", "-E", "UTF8", "--locale=C", "--no-sync"],
        capture_output=True, text=True, check=False, **as_user,
    )  # fmt: skip
    if made.returncode:
        print(f"initdb failed: {made.stderr}")
        return
    with (data / "postgresql.conf").open("a") as settings:
        settings.write(SETTINGS.format(folder=folder))
    (data / "pg_hba.conf").write_text(PASSWORDS)
    log = (folder / "log").open("w+")
    with subprocess.Popen([programs / "postgres", "-D", data], stdout=log, stderr=log, **as_user) as running:
        try:
            url = f"postgresql://rolecall@/postgres?host={folder}"
            if _is_ready(running, url):
                print(url, flush=True)
                sys.stdin.read()
            else:
                print(f"postgres did not start: {Path(log.name).read_text()}")
        finally:
            running.send_signal(signal.SIGQUIT)  # at once: its data goes anyway


def _is_ready(running, url):
    until = time.monotonic() + 60
    while running.poll() is None and time.monotonic() < until:
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            time.sleep(0.02)
        else:
            return True
    return False


def _programs():
    """The folder of the newest server's programs."""
    packaged = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[4]), reverse=True
    )
    on_path = [Path(found) for found in [shutil.which("postgres")] if found]
    return next((path.parent for path in [*on_path, *packaged] if (path.parent / "initdb").exists()), None)


def _unprivileged():
    """Who runs the server when root, whom it refuses, runs the tests."""
    if os.geteuid() != 0:
        return None
    known = {user.pw_name: user for user in pwd.getpwall()}
    return next(known[name] for name in UNPRIVILEGED if name in known)


if __name__ == "__main__":
    keep()
