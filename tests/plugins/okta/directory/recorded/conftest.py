"""Syncs and checks of the directory, recorded from simulated organisations and replayed without a network.

``make record`` records them anew. Okta's time is a fixed one, since it stands in what is asked.
"""

import socket
from pathlib import Path

import pytest

from rolecall.testing import CassettePolicy
from rolecall_okta.simulator import serve
from tests.plugins.okta.conversations import OKTA_HEADERS, PUBLIC_HOSTS, RECORDED_AS, without_chance
from tests.plugins.okta.directory.driving import TOKEN

REPLAYED_DOMAIN = RECORDED_AS.removeprefix("https://")
CASSETTES = Path(__file__).parents[5] / "cassettes" / "okta"


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
    return str(CASSETTES / request.path.stem)


@pytest.fixture
def okta(recording, port, clock, monkeypatch):
    """Serve an organisation while it is recorded, in pages of two; give the domain to configure."""
    running = []
    without_chance(monkeypatch)

    def start(org, rights="super"):
        if not recording:
            return REPLAYED_DOMAIN
        running.append(serve(org, {TOKEN: rights}, port=port, clock=clock, page_size_cap=2))
        return running[-1].__enter__().domain

    yield start
    for context in running:
        context.__exit__(None, None, None)
