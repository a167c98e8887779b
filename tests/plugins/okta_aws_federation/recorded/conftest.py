"""Whatever is recorded of this connector, from simulated organisations or a live one, and replayed offline.

``make record`` records everything here from simulated organisations. With ROLECALL_RECORD_DOMAIN,
ROLECALL_RECORD_APP and ROLECALL_RECORD_TOKEN set it records a sync and a check of that org instead; with
ROLECALL_RECORD_PERSON and ROLECALL_RECORD_GROUP too, what is given to these two and taken again.
"""

import socket

import pytest

from rolecall.store import open_store
from rolecall.testing import CassettePolicy
from rolecall_okta import Clock
from rolecall_okta.simulator import serve
from tests.plugins.okta.conversations import (
    BEGINNING,
    OKTA_HEADERS,
    PUBLIC_HOSTS,
    RECORDED_AS,
    TOKEN,
    without_chance,
)
from tests.plugins.okta_aws_federation.recorded import live

REPLAYED_DOMAIN = RECORDED_AS.removeprefix("https://")


def pytest_ignore_collect(collection_path, config):
    """A live org is recorded alone; where none was recorded, there is nothing to replay."""
    if not collection_path.name.startswith("test_recorded_"):
        return None
    of_live_org = collection_path.name.startswith("test_recorded_live")
    writes = collection_path.name == "test_recorded_live_writes.py"
    if config.getoption("--record-mode") not in {None, "none"}:
        org = live.org()
        fits = of_live_org == (org is not None) and not (writes and not org.person)
        return None if fits else True
    return True if of_live_org and not live.is_recorded("test_what_*" if writes else "test_a_*") else None


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
def okta(recording, port, monkeypatch):
    """Serve an organisation while it is recorded, in pages of two; give the domain to configure."""
    running = []
    without_chance(monkeypatch)

    def start(org, rights="read_only", faults=()):
        if not recording:
            return REPLAYED_DOMAIN
        running.append(serve(org, {TOKEN: rights}, port=port, clock=lambda: BEGINNING, page_size_cap=2))
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
