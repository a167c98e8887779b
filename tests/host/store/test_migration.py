"""A store is brought to this release's schema, after a backup; a newer one is left alone."""

import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from rolecall import StoreError
from rolecall.store import Store, open_store
from rolecall.store.migration import HEAD, SCRIPTS, migrate
from rolecall.store.provisioning_tables import metadata
from rolecall.store.runs import list_runs, start_run
from rolecall.store.sqlite import SqliteDatabase


def columns_of(path, table):
    with closing(sqlite3.connect(path)) as database:
        return {row[1] for row in database.execute(f"PRAGMA table_info({table})")}


def backups_in(folder):
    return sorted(folder.glob("rolecall.db.backup-*"))


def test_migrations_make_exactly_the_tables_that_the_code_declares(store):
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, metadata)
    # PostgreSQL checks foreign keys row by row, which would be most of what publishing costs: decision 0014.
    unchecked = [("add_fk", "grant_version")] * 3 if store.engine.dialect.name == "postgresql" else []
    assert [(what, constraint.table.name) for what, constraint in differences] == unchecked


def test_the_newest_script_is_the_revision_that_this_release_is_of():
    assert ScriptDirectory(str(SCRIPTS)).get_current_head() == HEAD


def test_a_new_or_current_store_needs_no_backup(tmp_path):
    for _ in range(2):
        open_store("sqlite:///rolecall.db", tmp_path).close()
    assert backups_in(tmp_path) == []


def test_processes_that_open_a_new_store_at_once_all_find_it_made(tmp_path):
    def begin(n):
        with open_store("sqlite:///rolecall.db", tmp_path) as store:
            return start_run(store, f"aws-{n}", "sample", "full")

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(begin, range(4))) == [1, 2, 3, 4]


def test_an_older_store_is_backed_up_and_then_upgraded(tmp_path, next_release):
    path = tmp_path / "rolecall.db"
    with open_store("sqlite:///rolecall.db", tmp_path) as store:
        start_run(store, "aws", "sample", "full")
        migrate(store.database, head="next", scripts=next_release())
        assert [run.connector for run in list_runs(store)] == ["aws"]
    assert "mood" in columns_of(path, "run")
    [backup] = backups_in(tmp_path)
    assert backup.name.startswith(f"rolecall.db.backup-{HEAD}-")
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert "mood" not in columns_of(backup, "run")
    with closing(sqlite3.connect(backup)) as database:
        assert database.execute("SELECT count(*) FROM run").fetchone() == (1,)


def test_an_upgrade_that_fails_leaves_the_store_as_it_was(tmp_path, next_release):
    path = tmp_path / "rolecall.db"
    with open_store("sqlite:///rolecall.db", tmp_path) as store:
        with pytest.raises(ZeroDivisionError):
            migrate(store.database, head="next", scripts=next_release("1 / 0"))
        assert start_run(store, "aws", "sample", "full") == 1
    assert "mood" not in columns_of(path, "run")
    assert len(backups_in(tmp_path)) == 1


def test_a_store_of_a_newer_release_is_refused_and_left_alone(tmp_path, next_release):
    path = tmp_path / "rolecall.db"
    open_store("sqlite:///rolecall.db", tmp_path).close()
    with closing(Store(SqliteDatabase(path))) as store:
        migrate(store.database, head="next", scripts=next_release())
    before = path.read_bytes()
    with pytest.raises(StoreError, match=f"newer release \\(schema next; this one has {HEAD}\\)") as refused:
        open_store("sqlite:///rolecall.db", tmp_path)
    assert refused.value.hint == "upgrade rolecall"
    assert path.read_bytes() == before
    assert len(backups_in(tmp_path)) == 1
