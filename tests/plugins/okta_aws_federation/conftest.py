"""Organisations served over HTTP, and the connector run on them."""

import pytest

from rolecall_okta.simulator import Organisation, serve
from tests.plugins.okta_aws_federation.begun_orgs import Case
from tests.plugins.okta_aws_federation.emission import TOKEN, emitted
from tests.plugins.okta_aws_federation.replica import Replica


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


@pytest.fixture
def begun(served):
    """Serve one of the orgs, and read it once."""

    async def begin(build, rights="read_only", **options):
        org = Organisation()
        app, people, groups = build(org)
        okta = served(org, rights, **options)
        replica = await Replica(okta.domain, app.id).sync()
        return Case(org, app, people, groups, replica, okta)

    return begin
