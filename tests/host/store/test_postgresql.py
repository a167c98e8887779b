"""What is PostgreSQL's own: who may connect, what its errors say, its locks and its backups."""

import os
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from rolecall import ConfigError, Finding, Severity, StoreError
from rolecall.store import open_store, postgresql, queries
from rolecall.store.migration import HEAD, migrate
from rolecall.store.publish import publish
from rolecall.store.reports import RunReport
from rolecall.store.runs import list_runs, resolve_at, start_run
from rolecall.store.staging import open_staging
from tests.host.states import NOTHING, TYPES, add_state, publish_state, state, user

pytestmark = pytest.mark.only_on("postgresql", reason="the server's own behaviour")


@pytest.fixture
def with_parts(store_url):
    """Gives the store's URL with some parts replaced."""
    from tests.postgresql import changed

    return lambda **parts: changed(store_url, **parts)


@pytest.fixture
def guest(with_parts):
    """Makes URLs of a role that needs a password and has no rights in the store."""
    name = os.environ["ROLECALL_TEST_TEMPLATE"].partition("?")[0].rpartition("/")[2]
    return lambda **parts: with_parts(user=name, **{"password": "s3cret", **parts})


def refusal(url):
    with pytest.raises((ConfigError, StoreError)) as refused:
        open_store(url, Path())
    said = f"{refused.value.message} {refused.value.hint}"
    assert "\n" not in said
    assert "s3cret" not in said
    return said


@contextmanager
def failing(store, table, code):
    """Make the server fail with this error code when a row is inserted, as it would on its own."""
    with store.engine.begin() as connection:
        connection.execute(
            text(
                "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS "
                f"$$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{code}'; END $$"
            )
        )
        connection.execute(text(f"CREATE TRIGGER fail BEFORE INSERT ON {table} EXECUTE FUNCTION fail()"))
    yield
    with store.engine.begin() as connection:
        connection.execute(text("DROP FUNCTION fail CASCADE"))


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("postgresql://ada:s3cret@t@db/rolecall", id="unescaped @"),
        pytest.param("postgresql://ada:s3cret/t@db/rolecall", id="unescaped /"),
        pytest.param("postgresql://ada:12/s3cret@db/rolecall", id="unescaped / after digits"),
        pytest.param("postgresql://ada:s3cret%zz@db/rolecall", id="a bare %"),
        pytest.param("postgresql://ada@db:s3cret/rolecall", id="no port"),
        pytest.param("postgresql://ada@db/rolecall?s3cret=1", id="no such option"),
    ],
)
def test_a_url_that_cant_be_read_is_refused_without_quoting_it(url, store):
    assert "write @ as %40" in refusal(url)


def test_a_wrong_password_is_said_with_the_place_to_look(guest):
    said = refusal(guest(password="wrong"))
    assert "password authentication failed" in said
    assert "store.url" in said


def test_a_database_that_isnt_there_is_said(with_parts):
    assert 'database "nowhere" does not exist' in refusal(with_parts(dbname="nowhere"))


def test_a_server_that_isnt_there_is_said(with_parts):
    said = refusal(with_parts(host="127.0.0.1", port="1"))
    assert "Connection refused" in said
    assert "is the server running?" in said


def test_a_role_without_rights_is_said(guest):
    assert "permission denied" in refusal(guest())


def test_a_database_in_another_encoding_is_refused(with_parts, store):
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        name = connection.execute(text("SELECT current_database() || '_latin'")).scalar_one()
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'"))
        try:
            assert "encoding is LATIN1" in refusal(with_parts(dbname=name))
        finally:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


def test_tables_of_something_else_are_left_alone(with_parts, store):
    with store.engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
        connection.execute(text("CREATE TABLE orders (id int)"))
    assert "but not Rolecall's" in refusal(with_parts())
    with store.engine.connect() as connection:
        tables = connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
        assert tables.scalars().all() == ["orders"]


@pytest.mark.parametrize(
    ("code", "says"),
    [
        pytest.param("disk_full", "The disk that holds the store .* is full", id="disk full"),
        pytest.param("insufficient_privilege", "can't be used: no", id="a right that went"),
        pytest.param("read_only_sql_transaction", "can't be written: no", id="standby"),
        pytest.param("admin_shutdown", "failed: no", id="shut down"),
    ],
)
def test_what_the_server_refuses_is_said_and_nothing_is_changed(store, code, says):
    published = publish_state(store, state([user("u1")]))
    with failing(store, "resource_version", code), pytest.raises(StoreError, match=says) as refused:
        publish_state(store, state([user("u2")]))
    assert refused.value.hint
    assert resolve_at(store, "aws", None) == published
    assert [row["id"] for row in queries.resources(store, published)] == ["u1"]


def test_a_writer_waits_for_another_and_says_so_when_it_takes_too_long(store, monkeypatch):
    monkeypatch.setattr(postgresql, "LOCK_SECONDS", 0.05)
    with store.writing(), pytest.raises(StoreError, match="locked by another process"):
        start_run(store, "aws", "sample", "full")
    assert start_run(store, "aws", "sample", "full") == 1


def test_a_reader_that_stays_open_keeps_its_state_and_holds_no_run_up(store):
    first = publish_state(store, state([user("u1")]))
    rows = queries.resources(store, first)
    with store.reading() as connection:
        count = text("SELECT count(*) FROM resource_version")
        assert connection.execute(count).scalar_one() == 1
        before = time.monotonic()
        publish_state(store, state([user("u1"), user("u2")]))
        assert time.monotonic() - before < 30
        assert connection.execute(count).scalar_one() == 1
    assert [row["id"] for row in rows] == ["u1"]


def test_staged_rows_are_gone_when_the_connection_is(store):
    run_id = start_run(store, "aws", "sample", "full")
    with open_staging(store, run_id, "aws", TYPES) as staging:
        add_state(staging, state([user("u1")]))
        with store.reading() as connection:
            staged = "SELECT count(*) FROM pg_class WHERE relpersistence = 't' AND relkind = 'r'"
            assert connection.execute(text(staged)).scalar_one() > 0
    for _ in range(100):  # the server takes a moment to notice
        with store.reading() as connection:
            if connection.execute(text(staged)).scalar_one() == 0:
                return
        time.sleep(0.1)
    pytest.fail("staging tables are left")


def test_an_upgrade_keeps_a_copy_that_the_older_release_can_use(store, store_url, with_parts, next_release):
    report = RunReport(0, (Finding("odd", Severity.LOW, "m", "user:u1"),), (), None, {})
    run = publish_state(store, state([user("u1")]), report=report)
    migrate(store.database, head="next", scripts=next_release())
    with store.reading() as connection:
        copy = connection.execute(
            text("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'backup%'")
        ).scalar_one()
    assert copy.startswith(f"backup_{HEAD}_20")
    with open_store(with_parts(options=f"-csearch_path={copy}"), Path()) as older:
        assert list_runs(older) == [run]
        assert [row["id"] for row in queries.resources(older, run)] == ["u1"]
        assert start_run(older, "aws", "sample", "full") == run.id + 1
    with pytest.raises(StoreError, match="newer release"):
        open_store(store_url, Path())


def test_an_upgrade_that_fails_leaves_neither_a_change_nor_a_copy(store, next_release):
    with pytest.raises(ZeroDivisionError):
        migrate(store.database, head="next", scripts=next_release("1 / 0"))
    with store.reading() as connection:
        schemas = text("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'backup%'")
        assert connection.execute(schemas).scalar_one() == 0
    assert start_run(store, "aws", "sample", "full") == 1


def test_a_staged_table_hides_no_table_of_the_store(store):
    with store.engine.begin() as connection:
        connection.execute(text("CREATE TABLE resource (id int)"))
        connection.execute(text("INSERT INTO resource VALUES (1), (2)"))
    run_id = start_run(store, "aws", "sample", "full")
    with open_staging(store, run_id, "aws", TYPES) as staging:
        add_state(staging, state([user("u1")]))
        with staging.connection.begin():
            assert staging.connection.execute(text("SELECT count(*) FROM resource")).scalar_one() == 2
        publish(staging, run_id, NOTHING)
