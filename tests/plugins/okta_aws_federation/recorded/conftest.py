"""Whole syncs and checks, recorded from the simulator or from a live org, and replayed without a network.

``make record`` records everything here from simulated organisations. With ROLECALL_RECORD_DOMAIN,
ROLECALL_RECORD_APP and ROLECALL_RECORD_TOKEN set it records a sync and a check of that org instead.
"""

import socket

import pytest

from rolecall.plugins import load_plugins
from rolecall.store import open_store
from rolecall.testing import CassettePolicy
from rolecall_okta import Clock
from rolecall_okta.simulator import serve
from tests.plugins.okta_aws_federation.recorded import live
from tests.plugins.okta_aws_federation.recorded.conversation import (
    OKTA_HEADERS,
    PUBLIC_HOSTS,
    RECORDED_AS,
    TOKEN,
)

REPLAYED_DOMAIN = RECORDED_AS.removeprefix("https://")


def pytest_ignore_collect(collection_path, config):
    """A live org is recorded alone; where none was recorded, there is nothing to replay."""
    if not collection_path.name.startswith("test_recorded_"):
        return None
    of_live_org = collection_path.name == "test_recorded_live.py"
    if config.getoption("--record-mode") not in {None, "none"}:
        return True if of_live_org != (live.org() is not None) else None
    return True if of_live_org and not live.is_recorded() else None


@pytest.fixture(scope="session")
def plugins():
    return load_plugins()


@pytest.fixture
def store(tmp_path, store_url):
    with open_store(store_url, tmp_path) as opened:
        yield opened


@pytest.fixture
def port():
    """A free port of this machine, for the simulator to come."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@pytest.fixture
def vcr_config(port):
    origin = f"http://127.0.0.1:{port}"
    policy = CassettePolicy(origin, RECORDED_AS, headers=OKTA_HEADERS, public_hosts=PUBLIC_HOSTS)
    return policy.vcr_config()


@pytest.fixture(scope="module")
def vcr_cassette_dir(request):
    return str(live.CASSETTES / request.path.stem)


@pytest.fixture
def okta(recording, port):
    """Serve an organisation while it is recorded, in pages of two; give the domain to configure."""
    running = []

    def start(org, rights="read_only", faults=()):
        if not recording:
            return REPLAYED_DOMAIN
        running.append(serve(org, {TOKEN: rights}, port=port, page_size_cap=2))
        simulator = running[-1].__enter__()
        for pattern, fault, more in faults:
            simulator.faults.add(pattern, fault, **more)
        return simulator.domain

    yield start
    for context in running:
        context.__exit__(None, None, None)


@pytest.fixture
def waits(monkeypatch):
    """Seconds that the client waited, by a clock on which waiting takes no time."""
    waited = []
    now = Clock.now

    async def sleep(_clock, seconds):
        waited.append(seconds)

    monkeypatch.setattr(Clock, "now", lambda clock: now(clock) + sum(waited))
    monkeypatch.setattr(Clock, "sleep", sleep)
    monkeypatch.setattr(Clock, "jitter", lambda _clock: 0.0)
    return waited
