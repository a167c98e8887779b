"""Opening a store: who may read it, and one clear line where it can't be opened."""

import os
import sqlite3
import stat
import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import event

from rolecall import ConfigError, StoreError
from rolecall.store import open_store, queries, sqlite
from rolecall.store.runs import resolve_at, start_run
from rolecall.store.staging import open_staging
from tests.host.states import TYPES, publish_state, state, user


def mode_of(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_every_file_of_the_store_is_its_owners_alone(tmp_path):
    before = os.umask(0)
    try:
        with (
            open_store("sqlite:///rolecall.db", tmp_path) as store,
            open_staging(store, start_run(store, "aws", "sample", "full"), "aws", TYPES),
        ):
            modes = {path.name: mode_of(path) for path in tmp_path.iterdir()}
    finally:
        os.umask(before)
    assert modes == dict.fromkeys(
        ("rolecall.db", "rolecall.db-shm", "rolecall.db-wal", "rolecall.db.staging-1"), 0o600
    )


def test_a_store_that_others_could_read_is_closed_to_them(tmp_path):
    (tmp_path / "rolecall.db").touch(mode=0o644)
    open_store("sqlite:///rolecall.db", tmp_path).close()
    assert mode_of(tmp_path / "rolecall.db") == 0o600


def test_a_relative_url_is_relative_to_the_folder_given(tmp_path):
    (tmp_path / "inner").mkdir()
    open_store("sqlite:///inner/data.db", tmp_path).close()
    assert (tmp_path / "inner" / "data.db").exists()


def test_an_absolute_url_stands_on_its_own(tmp_path):
    open_store(f"sqlite:///{tmp_path}/data.db", tmp_path / "elsewhere").close()
    assert (tmp_path / "data.db").exists()


@pytest.mark.parametrize(
    ("url", "says"),
    [
        pytest.param("mysql://ada:s3cret@db/rolecall", "no database that this", id="another kind"),
        pytest.param("sqlite://s3cret/r.db", "names a host", id="host"),
        pytest.param("sqlite://", "names no file", id="memory"),
        pytest.param("sqlite:///:memory:", "names no file", id="memory by name"),
        pytest.param("sqlite:///r.db?mode=ro", "has options", id="options"),
        pytest.param("rolecall.db", "no database that this", id="no URL"),
        pytest.param("sqlite:///missing/r.db", "missing doesn't exist", id="no such folder"),
        pytest.param("sqlite:///.", "is a folder", id="a folder"),
    ],
)
def test_a_url_that_names_no_usable_file_is_refused_in_one_line(tmp_path, url, says):
    with pytest.raises((ConfigError, StoreError)) as refused:
        open_store(url, tmp_path)
    assert says in refused.value.message
    assert "\n" not in refused.value.message
    assert "s3cret" not in refused.value.message


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"this is a text file, and not a short one" * 50, id="text"),
        pytest.param(b"SQLite format 3\x00" + b"\xff" * 4096, id="damaged header"),
    ],
)
def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path, content):
    path = tmp_path / "rolecall.db"
    path.write_bytes(content)
    with pytest.raises(StoreError, match="isn't a database, or is damaged"):
        open_store("sqlite:///rolecall.db", tmp_path)
    assert path.read_bytes() == content


def test_a_database_that_is_not_ours_is_refused_and_left_alone(tmp_path):
    with closing(sqlite3.connect(tmp_path / "rolecall.db")) as foreign:
        foreign.execute("CREATE TABLE orders (id INTEGER)")
    with pytest.raises(StoreError, match="but not Rolecall's"):
        open_store("sqlite:///rolecall.db", tmp_path)
    with closing(sqlite3.connect(tmp_path / "rolecall.db")) as foreign:
        assert foreign.execute("SELECT name FROM sqlite_master").fetchall() == [("orders",)]


@pytest.fixture
def nobody():
    """Become a user without rights, for root may open everything."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    yield
    os.seteuid(0)


@pytest.fixture
def forbidden_store():
    with tempfile.TemporaryDirectory() as folder:
        open_store("sqlite:///rolecall.db", Path(folder)).close()
        Path(folder).chmod(0o755)
        (Path(folder) / "rolecall.db").chmod(0)
        yield Path(folder)


@pytest.mark.usefixtures("forbidden_store", "nobody")
def test_a_store_without_permission_is_refused(forbidden_store):
    with pytest.raises(StoreError, match="can't be opened: Permission denied"):
        open_store("sqlite:///rolecall.db", forbidden_store)


@pytest.mark.only_on("sqlite", reason="limits the size of its file")
def test_a_full_disk_is_said_and_nothing_is_changed(store):
    published = publish_state(store, state([user("u1")]))
    store.engine.dispose()
    event.listen(store.engine, "connect", lambda opened, _: opened.execute("PRAGMA max_page_count = 60"))
    many = state([user(f"u{n}", profile={"login": "x" * 200}) for n in range(2000)])
    with pytest.raises(StoreError, match="is full"):
        publish_state(store, many)
    assert resolve_at(store, "aws", None) == published
    assert [row["id"] for row in queries.resources(store, published)] == ["u1"]


def test_a_store_locked_for_too_long_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.05)
    with (
        open_store("sqlite:///rolecall.db", tmp_path) as store,
        open_store("sqlite:///rolecall.db", tmp_path) as other,
    ):
        with other.writing(), pytest.raises(StoreError, match="locked by another process"):
            start_run(store, "aws", "sample", "full")
        assert start_run(store, "aws", "sample", "full") == 1
