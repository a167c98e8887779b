"""Fixtures of the Okta client's tests: a hand-written server, a client of it, and a clock that obeys."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from rolecall import Secret
from rolecall_okta import Clock, OktaClient, ReadLedger, SswsAuth, Timeouts, normalise_domain
from tests.plugins.okta.responder import Responder

TOKEN = "not-a-real-token-0123456789"


class FakeClock(Clock):
    """Sleeps at once, and remembers for how long."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds

    def jitter(self) -> float:
        return 0.0


class Watcher:
    """An observer that remembers."""

    def __init__(self) -> None:
        self.requests: list[str] = []
        self.waits: list[tuple[float, str]] = []

    def requested(self, what: str) -> None:
        self.requests.append(what)

    def waiting(self, seconds: float, why: str) -> None:
        self.waits.append((seconds, why))


@pytest.fixture
def token() -> str:
    return TOKEN


@pytest.fixture
def auth(token: str) -> SswsAuth:
    return SswsAuth(Secret(token))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def watcher() -> Watcher:
    return Watcher()


@pytest.fixture
def ledger() -> ReadLedger:
    return ReadLedger()


@pytest.fixture
async def server() -> AsyncIterator[Responder]:
    responder = Responder()
    await responder.start()
    yield responder
    await responder.stop()


@pytest.fixture
def timeouts() -> Timeouts:
    return Timeouts()


@pytest.fixture
async def okta(
    server: Responder, watcher: Watcher, ledger: ReadLedger, clock: FakeClock, timeouts: Timeouts
) -> AsyncIterator[OktaClient]:
    async with OktaClient(
        normalise_domain(server.host),
        SswsAuth(Secret(TOKEN)),
        watcher,
        on_list=ledger.add,
        timeouts=timeouts,
        clock=clock,
    ) as client:
        yield client


@pytest.fixture
def recordings(pytestconfig: pytest.Config) -> Path:
    """Real recorded replies, which aren't part of this repository."""
    folder = pytestconfig.rootpath.parent / "shared" / "okta-recorded"
    if not folder.is_dir():
        pytest.skip(f"REAL RECORDINGS MISSING: {folder} is not there, so nothing was checked against them")
    return folder
