"""Role groups in Active Directory, changed through Okta's agent by an OAuth app."""

from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

from rolecall import ProviderError
from rolecall_okta.outcomes import OutcomeUnknown
from rolecall_okta_aws_federation.config import SCOPES_TO_READ, SCOPES_TO_WRITE
from rolecall_okta_aws_federation.connector import FederationConnector
from tests.plugins.okta.service_app import signed_in
from tests.plugins.okta_aws_federation.emission import settings_for
from tests.plugins.okta_aws_federation.provisioning.driving import ACCOUNT, Driver, OrgClock, role

DIRECTORIES = "okta.directories.groups.manage"


@pytest.fixture
async def scene(org):
    """Ada, whom the directory knows, and the role's group there: ``driver, ada, group``."""
    app = org.add_aws_app(use_group_mapping=True, app_filter="active_directory")
    ada, directory = org.add_user("ada@acme.example"), org.add_directory()
    group = org.add_group(f"aws_{ACCOUNT}_Admin", source=directory)
    org.import_people(directory, [ada])
    org.assign_user(app, ada)
    clock = OrgClock()
    scopes = {*SCOPES_TO_READ, *SCOPES_TO_WRITE, DIRECTORIES}
    async with AsyncExitStack() as stack:
        served = stack.enter_context(signed_in(org, clock=clock, scopes=scopes))
        needs = {"reading": set(SCOPES_TO_READ), "writing": {*SCOPES_TO_WRITE, DIRECTORIES}}
        client = served.client(served.credential(**needs), clock=clock)
        okta = await stack.enter_async_context(client)
        settings = replace(settings_for(served.okta.domain, app.id), directory_writes=True)
        connector = FederationConnector(settings, okta, AsyncExitStack())
        yield Driver(org, app, served.okta, connector, clock), ada, group


def changes(driver):
    """Calls of the directory endpoint."""
    return [what for what in driver.writes() if "/directories/" in what]


async def test_the_agent_changes_the_directory_and_an_import_shows_it(org, scene):
    driver, ada, group = scene

    plan, outcome = await driver.grant(role("Admin"), ada)

    assert [step.route for step in plan.steps] == ["directory"]
    assert (outcome.status, outcome.verified) == ("applied", False)
    assert ada in org.directory_members(group)
    org.run_import()
    assert driver.roles(ada) == {"Admin"}
    assert (await driver.plan("grant", role("Admin"), ada)).status == "already_granted"


async def test_without_an_agent_it_is_handed_off(org, scene):
    driver, ada, group = scene
    org.behaviour.directory_agent = "absent"

    _, outcome = await driver.grant(role("Admin"), ada)

    assert (outcome.status, outcome.step) == ("handed_off", 0)
    assert outcome.handoff.change == "add"
    assert ada not in org.directory_members(group)


@pytest.mark.parametrize("agent", ["lost", "late"])
async def test_an_agent_that_stays_silent_leaves_it_open_and_is_asked_once(org, scene, agent):
    driver, ada, _ = scene
    org.behaviour.directory_agent = agent

    with pytest.raises(ProviderError) as caught:
        await driver.grant(role("Admin"), ada)

    assert isinstance(caught.value, OutcomeUnknown)
    assert driver.notes.outcomes[0][0] == "unknown"
    assert len(changes(driver)) == 1
