"""A workspace with a guild, its rules, and the command line as a call in this process or a new one."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rolecall.store import open_store
from rolecall.store.locks import RUNNER
from rolecall.store.provisioning_tables import lock, notice, reason, task
from tests.host.builtin.guilds import Guild, install_guilds
from tests.host.cli.conftest import Result, rolecall, says_where_the_store_is  # noqa: F401 - fixtures

RULES = """
[[requests.rules]]
name = "vault-admin"
roles = "admin"
eligible = "team:engineers"
approvers = "team:leads"
approvals = 2
max_duration = "1h"
ticket = true

[[requests.rules]]
name = "vault"
connector = "hall"
roles = "*"
eligible = "team:engineers"
approvers = ["team:leads", "person:eve"]
max_duration = "8h"
emergency = { eligible = "team:oncall", max_duration = "1h" }

[[requests.rules]]
name = "offsite"
entitlement = "team:offsite:member"
eligible = "team:engineers"
approvers = "team:leads"
max_duration = "2d"
handoff = true

[[requests.rules]]
name = "engineers-oncall"
entitlement = "team:oncall:*"
eligible = "team:engineers"
max_duration = "30m"
auto_approve = true
"""
READER, ADMIN, OFFSITE = "room:vault:reader", "room:vault:admin", "team:offsite:member"


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A folder on ``sys.path`` with the guild's plugin installed in it."""
    folder = tmp_path / "site"
    folder.mkdir()
    install_guilds(folder)
    monkeypatch.syspath_prepend(folder)
    before = set(sys.modules)
    yield folder
    for name in set(sys.modules) - before:
        if not name.startswith(("rolecall", "sqlalchemy", "alembic")):
            del sys.modules[name]


@pytest.fixture
def guild(tmp_path):
    return Guild(tmp_path / "guild.db")


@pytest.fixture
def workspace(tmp_path, monkeypatch, site, in_store, guild):
    """A folder with a configuration, which is the current one."""
    folder = tmp_path / "work"
    folder.mkdir()
    text = f"""
{guild.toml("hall", provisioning="on", owners=["owner@acme.example"])}
[plugins]
allow = ["acme-guild"]
{RULES}
"""
    (folder / "rolecall.toml").write_text(in_store(text), encoding="utf-8")
    monkeypatch.chdir(folder)
    for name in ("ROLECALL_CONFIG", "ROLECALL_LOG_LEVEL", "NO_COLOR", "ROLECALL_AS"):
        monkeypatch.delenv(name, raising=False)
    return folder


class Desk:
    """What people do with requests, by the command line."""

    def __init__(self, program, folder, store_url):
        self.rolecall = program
        self.folder = folder
        self.store_url = store_url

    def __call__(self, *arguments, code=0):
        result = self.rolecall(*arguments, "-o", "json")
        assert result.code == code, result.err.decode()
        return result.error if code else result.json

    def ask(self, who="ann", what=READER, *more, length="1h", code=0):
        return self(
            "request", "create", "hall", what, "--for", length, "--reason", "INC-7",
            "--as", f"{who}@acme.example", *more, code=code,
        )  # fmt: skip

    def approve(self, ident, who="cyd", code=0):
        return self("request", "approve", ident, "--as", f"{who}@acme.example", code=code)

    def granted(self, who="ann", what=READER, length="1h"):
        """A request that was approved and granted."""
        return self.approve(self.ask(who, what, length=length)["id"])

    def show(self, ident):
        return self("request", "show", ident)

    def cycle(self, code=0):
        """One cycle of the service, without syncs; ``code`` is the exit code, None for any."""
        result = self.rolecall("run", "--once", "--every", "0", "-o", "json")
        assert code in (None, result.code), result.err.decode()
        return result.json

    def store(self):
        return open_store(self.store_url, self.folder)

    def change(self, *statements):
        """Change the store as no command does."""
        with self.store() as store, store.writing() as connection:
            for statement in statements:
                connection.execute(statement)

    def end(self, *idents):
        """The time of these requests was over a minute ago."""
        past = datetime.now(UTC) - timedelta(minutes=1)
        self.change(
            reason.update().where(reason.c.task_id.in_(idents)).values(ends_at=past),
            task.update().where(task.c.id.in_(idents)).values(ends_at=past),
        )

    def make_due(self):
        """What the service has put off is due now."""
        past = datetime.now(UTC) - timedelta(minutes=1)
        self.change(task.update().where(task.c.next_try_at.is_not(None)).values(next_try_at=past))

    def rows(self, table):
        with self.store() as store, store.reading() as connection:
            return connection.execute(table.select()).all()

    def rows_by_id(self, ident):
        return next(row for row in self.rows(task) if row.id == ident)

    def runner(self):
        """Number of the process that runs the service, or None."""
        return next((row.pid for row in self.rows(lock) if row.name == RUNNER), None)

    def tasks(self, kind="revoke"):
        return [row for row in self.rows(task) if row.type == kind]

    def notices(self, kind):
        return [row for row in self.rows(notice) if row.kind == kind]


@pytest.fixture
def desk(rolecall, workspace, store_url):  # noqa: F811 - the fixture
    return Desk(rolecall, workspace, store_url)


@pytest.fixture
def in_process(site, workspace):
    """The command line as a process of its own, started and not waited for."""
    running = []

    def start(*arguments):
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(site), str(Path.cwd())])}
        command = [sys.executable, "-m", "rolecall", *map(str, arguments)]
        process = subprocess.Popen(
            command, env=environment, cwd=workspace, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.communicate()
