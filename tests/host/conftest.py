"""Fixtures of the host's tests."""

import pytest

from rolecall.store import open_store
from tests.host.states import empty_store


@pytest.fixture
def store(tmp_path):
    (tmp_path / "rolecall.db").write_bytes(empty_store())
    with open_store("sqlite:///rolecall.db", tmp_path) as opened:
        yield opened
