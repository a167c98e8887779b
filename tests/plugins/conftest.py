"""Conversations of connectors with an org, recorded and replayed."""

from contextlib import AsyncExitStack, ExitStack

import pytest

from rolecall.plugins import load_plugins
from tests.plugins.okta.conversations import PassingTime, Studio, without_chance


@pytest.fixture(scope="session")
def plugins():
    return load_plugins()


@pytest.fixture
def passing_time(monkeypatch):
    """Waiting takes no time, neither here nor there."""
    return PassingTime(monkeypatch)


@pytest.fixture
async def studio(plugins, recording, port, passing_time, monkeypatch):
    """For tests marked ``vcr``: ``await studio.converse(kind, org, …)``."""
    without_chance(monkeypatch)
    with ExitStack() as servers:
        async with AsyncExitStack() as connectors:
            studio = Studio(plugins, recording, port, passing_time, monkeypatch, servers, connectors)
            yield studio
    assert [each.told() for each in studio.conversations if each.sent] == [], (
        "nobody looked at these requests"
    )
