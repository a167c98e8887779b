"""Organisations served over HTTP, by a clock that the test moves, and directories synced from them."""

import pytest

from rolecall_okta.simulator import Organisation, serve
from tests.plugins.okta.directory.driving import TOKEN, Directory


class OktaClock:
    """Tells the time that the simulated Okta goes by."""

    def __init__(self):
        self.seconds = 1_790_000_000.0

    def __call__(self):
        return self.seconds

    def pass_by(self, seconds):
        self.seconds += seconds


@pytest.fixture
def org():
    return Organisation()


@pytest.fixture
def clock():
    return OktaClock()


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
def directory(served):
    """Serve an organisation and give the directory of it, not synced yet."""

    def make(org, rights="super", wanted=(), served_with=None, **settings):
        okta = served(org, rights, **(served_with or {}))
        return Directory(okta.domain, settings, frozenset(wanted))

    return make
