"""Organisations served over HTTP, and the connector run on them."""

import pytest

from rolecall_okta.simulator import Organisation, serve
from tests.plugins.okta_aws_federation.emission import TOKEN, emitted


@pytest.fixture
def org():
    return Organisation()


@pytest.fixture
def served():
    """Serve an organisation until the test ends; the token's rights are read-only unless told."""
    running = []

    def start(org, rights="read_only", **options):
        context = serve(org, tokens={TOKEN: rights}, **options)
        running.append(context)
        return context.__enter__()

    yield start
    for context in reversed(running):
        context.__exit__(None, None, None)


@pytest.fixture
def sync(served):
    """Serve an organisation and run the connector on it once."""

    async def run(org, app, rights="read_only", **settings):
        return await emitted(served(org, rights).domain, app.id, **settings)

    return run
