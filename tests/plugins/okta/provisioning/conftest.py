"""Organisations served over HTTP with the clocks that the test moves, and a client that may write."""

from contextlib import AsyncExitStack

import pytest

from rolecall import Secret
from rolecall_okta import OktaClient, SswsAuth, normalise_domain
from rolecall_okta.simulator import Organisation, serve
from tests.plugins.okta.conftest import FakeClock, Watcher
from tests.plugins.okta.provisioning.writings import Notes

TOKEN = "a-writers-token"


class OrgClock(FakeClock):
    """One clock for the client and the org: what the client sleeps passes for Okta too."""

    def __init__(self):
        super().__init__()
        self.time = 1_790_000_000.0

    def __call__(self):
        return self.time


@pytest.fixture
def clock():
    return OrgClock()


@pytest.fixture
def org():
    return Organisation()


@pytest.fixture
def served(clock):
    """Serve an organisation until the test ends; the token's rights are all of them unless told."""
    running = []

    def start(org, rights="super", **options):
        context = serve(org, tokens={TOKEN: rights}, clock=clock, **options)
        running.append(context)
        return context.__enter__()

    yield start
    for context in reversed(running):
        context.__exit__(None, None, None)


@pytest.fixture
async def okta(org, served, clock):
    """The organisation's simulator, and a client of it: ``simulator, okta``."""
    async with AsyncExitStack() as stack:

        async def connect(rights="super", timeouts=None, **options):
            simulator = served(org, rights, **options)
            auth, domain = SswsAuth(Secret(TOKEN)), normalise_domain(simulator.domain)
            client = OktaClient(domain, auth, Watcher(), clock=clock, timeouts=timeouts)
            return simulator, await stack.enter_async_context(client)

        yield connect


@pytest.fixture
def notes():
    return Notes()
