"""Fixtures of the host's tests."""

import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

from rolecall.store import open_store
from rolecall.store.provisioning_tables import metadata
from tests.host.states import empty_store


@pytest.fixture
def store(tmp_path, store_url):
    if store_url.startswith("sqlite:"):
        (tmp_path / "rolecall.db").write_bytes(empty_store())
    with open_store(store_url, tmp_path) as opened:
        yield opened


@pytest.fixture(scope="session")
def new_store(request):
    """Opens an empty store, for each of hypothesis' examples: they would share a test's fixture."""
    if request.config.getoption("store") == "sqlite":
        yield _new_file
        return
    from tests.postgresql import database, empty

    @contextmanager
    def emptied():
        with opened.engine.begin() as connection:
            empty(connection, metadata)
        yield opened

    with database() as url, open_store(url, Path()) as opened:
        yield emptied


@contextmanager
def _new_file():
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "rolecall.db").write_bytes(empty_store())
        with open_store("sqlite:///rolecall.db", Path(folder)) as opened:
            yield opened
