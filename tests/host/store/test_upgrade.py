"""A store of an earlier release is upgraded with all that it holds, and goes on from there."""

import json
import socket
import sqlite3
from contextlib import closing

import pytest
from sqlalchemy import func, inspect, select, text

from rolecall import Gone, Ref
from rolecall.store import open_store, queries
from rolecall.store.chain import chain_head
from rolecall.store.checkpoints import read_checkpoint
from rolecall.store.events import list_events
from rolecall.store.migration import migrate
from rolecall.store.provisioning_tables import action, audit_record, holding, lock, notice, reason, task
from rolecall.store.runs import (
    find_run,
    list_runs,
    past_losses,
    read_findings,
    read_log,
    resolve_at,
    start_run,
)
from rolecall.store.sqlite import SqliteDatabase
from tests.host.states import publish_changes, publish_state, state, user

OPEN = 2**63 - 1
NEW = (action, audit_record, holding, lock, notice, reason, task)
TOTALS = {
    "user": {"resources": 2, "entitlements": 0, "grants": 0},
    "group": {"resources": 1, "entitlements": 1, "grants": 1},
}
STATED = json.dumps({"lists": [], "identity": None, "totals": TOTALS}, separators=(",", ":"))


def run_row(
    number,
    status,
    ended="2026-01-01 00:01:00.000000",
    published=None,
    held=(0, 0, 0),
    changed=(0, 0),
    stated="{}",
    error=None,
):
    """A run of the connector aws on this host, by a process that is no more."""
    begun = "2026-01-01 00:00:00.000000"
    process = 1, socket.gethostname(), "an earlier boot:1"
    return (
        number,
        1,
        "k",
        status,
        "full",
        begun,
        ended,
        published,
        9,
        *held,
        *changed,
        0,
        stated,
        error,
        *process,
    )


ROWS = {
    "connector": [(1, "aws"), (2, "okta")],
    "resource_type": [(1, "user", "User", "user"), (1, "group", "Group", "group")],
    "run": [
        run_row(1, "published", published=1, held=(3, 1, 2), changed=(2, 0), stated=STATED),
        run_row(2, "failed", error='{"code":"x","hint":null,"message":"m"}'),
        run_row(3, "published", published=2, held=(3, 1, 1), changed=(0, 1), stated=STATED),
        run_row(4, "running", ended=None),
    ],
    "finding": [(1, 0, "odd", "low", "m\ufdd00000", "user:u1", None)],
    "log_line": [(1, 1, "2026-01-01 00:00:30.000000", "info", "line")],
    "resource_key": [(1, 1, "user", "u1"), (2, 1, "user", "u2"), (3, 1, "group", "g1")],
    "resource_version": [
        (1, 1, OPEN, "Ada", None, "ACTIVE", True, '{"login":"ada"}'),
        (2, 1, OPEN, "Ben", 3, None, False, "{}"),
        (3, 1, OPEN, "Team", None, None, True, "{}"),
    ],
    "entitlement_key": [(1, 3, "member")],
    "entitlement_version": [(1, 1, OPEN, "Member", '["user"]', "{}")],
    "grant_version": [(1, 1, 1, OPEN, False, None, "[]"), (2, 1, 1, 2, False, 1, None)],
}


EVENT = (1, 1, 1, "e1", "2026-01-01 00:00:10.000000", "kind", None, None, "[]", "message")


def rows_of(path):
    """Everything in a file, in the columns that the first release had."""
    with closing(sqlite3.connect(path)) as database:
        return {
            table: sorted(
                (row[: len(rows[0])] for row in database.execute(f"SELECT * FROM {table}")), key=repr
            )
            for table, rows in ROWS.items()
        }


@pytest.fixture(params=["0001", "0002"])
def revision(request):
    """The schema of an earlier release."""
    return request.param


@pytest.fixture
def old_store(tmp_path, revision):
    """The path of a store as an earlier release left it, in the middle of a run."""
    path = tmp_path / "rolecall.db"
    database = SqliteDatabase(path)
    migrate(database, head=revision)
    content = ROWS if revision == "0001" else {**ROWS, "event": [EVENT]}
    with database.engine.connect() as connection, database.writing(connection):
        for table, rows in content.items():
            names = [column["name"] for column in inspect(connection).get_columns(table)]
            for row in rows:
                values = dict(zip(names, row, strict=False))
                columns, places = ", ".join(values), ", ".join(f":{name}" for name in values)
                connection.execute(text(f"INSERT INTO {table} ({columns}) VALUES ({places})"), values)
    database.engine.dispose()
    return path


def test_nothing_is_lost_and_a_backup_is_there(old_store, revision, tmp_path):
    before = rows_of(old_store)
    open_store("sqlite:///rolecall.db", tmp_path).close()
    assert rows_of(old_store) == before
    [backup] = tmp_path.glob(f"rolecall.db.backup-{revision}-*")
    assert rows_of(backup) == before


def test_what_it_holds_can_be_read_as_before(old_store, revision, tmp_path):
    with open_store("sqlite:///rolecall.db", tmp_path) as store:
        assert [run.status for run in list_runs(store)] == ["published", "failed", "published", "running"]
        first, last = find_run(store, 1), resolve_at(store, "aws", None)
        assert (first.completeness["totals"], first.source, last.id) == (TOTALS, None, 3)
        assert len(list(queries.grants(store, first))) == 2
        assert [row["principal_id"] for row in queries.grants(store, last)] == ["u1"]
        assert [finding.message for finding in read_findings(store, 1)] == ["m\x00"]
        assert [line.message for line in read_log(store, "aws")] == ["line"]
        assert read_checkpoint(store, "aws") is None
        assert past_losses(store, "aws") == {}
        events = [each.event.id for each in list_events(store, "aws")]
        assert events == ([] if revision == "0001" else ["e1"])


def test_what_is_new_is_there_and_empty(old_store, tmp_path):
    with open_store("sqlite:///rolecall.db", tmp_path) as store, store.reading() as connection:
        for table in NEW:
            assert connection.execute(select(func.count()).select_from(table)).scalar_one() == 0
        assert chain_head(connection) is None


def test_the_connector_goes_on_with_a_full_run_and_then_incrementally(old_store, tmp_path):
    with open_store("sqlite:///rolecall.db", tmp_path) as store:
        full = publish_state(store, state([user("u1"), user("u3")]), checkpoint=b"")
        assert (full.id, full.added, full.removed) == (5, 0, 1)
        assert find_run(store, 4).error["code"] == "interrupted"
        assert past_losses(store, "aws")["resources", "user"] == 1
        changed = publish_changes(store, [[Gone(Ref("user", "u3")), user("u4")]])
        assert changed.completeness["totals"]["user"]["resources"] == 2
        assert find_run(store, start_run(store, "okta", "k", "full")).status == "running"
