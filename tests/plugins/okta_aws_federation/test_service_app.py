"""The connector signed in as an OAuth app: what check measures, and that it never publishes an empty org."""

import pytest

from rolecall import AuthRefused, ConnectorContext, Secret
from rolecall_okta_aws_federation import plugin
from rolecall_okta_aws_federation.config import SCOPES_TO_READ, SCOPES_TO_WRITE, SettingsSchema
from tests.plugins.okta.service_app import CLIENT_ID, RSA_KEY, pem, signed_in
from tests.plugins.okta_aws_federation.emission import Emission, Requests

WRITE_NEEDS = SCOPES_TO_WRITE | {"okta.directories.groups.manage"}


async def opened(domain, app_id, **settings):
    table = {
        "domain": domain,
        "client_id": CLIENT_ID,
        "private_key": {"file": "key.pem"},
        "aws_okta_app_id": app_id,
        **settings,
    }
    secrets = {"private_key": Secret(pem(RSA_KEY))}
    context = ConnectorContext(
        "aws", "okta_aws_federation", SettingsSchema().load(table), secrets, Requests()
    )
    return await plugin.rolecall_open(context)


async def checked(served, app_id, **settings):
    connector = await opened(served.okta.domain, app_id, **settings)
    try:
        return await connector.rolecall_check()
    finally:
        await connector.rolecall_close()


@pytest.fixture
def app(org):
    app = org.add_aws_app("AWS")
    org.assign_group(
        app, org.add_group("admins", members=[org.add_user("ada@acme.example")]), saml_roles=["A"]
    )
    return app


async def test_app_with_every_right_may_do_everything(org, app):
    with signed_in(org, scopes={*SCOPES_TO_READ, *WRITE_NEEDS}) as served:
        report = await checked(served, app.id, directory_writes=True)
    assert [capability.allowed for capability in report.capabilities] == ["yes"] * 6
    assert report.capabilities[5].name == "Provision directory group membership"
    assert report.principal.id == CLIENT_ID
    assert [problem.code for problem in report.problems] == ["excess_rights"]


@pytest.mark.parametrize("ungranted", ["refused", "dropped"])
async def test_app_that_may_only_read_is_told_which_scope_writing_takes(org, app, ungranted):
    org.behaviour.ungranted_scopes = ungranted
    with signed_in(org, scopes=set(SCOPES_TO_READ), profile="read_only") as served:
        report = await checked(served, app.id)
    allowed = {capability.name: capability for capability in report.capabilities}
    assert allowed["Review group membership"].allowed == "yes"
    assert allowed["Provision group membership"].allowed == "no"
    assert "okta.groups.manage" in allowed["Provision group membership"].evidence
    assert "okta.apps.manage" in allowed["Provision application assignment"].evidence
    assert report.problems == []


async def test_scope_that_a_sync_lacks_is_named_with_what_it_costs(org, app):
    with signed_in(org, scopes=set(SCOPES_TO_READ) - {"okta.logs.read", "okta.apps.read"}) as served:
        report = await checked(served, app.id)
    missing = {
        problem.message: problem.fatal for problem in report.problems if problem.code == "scope_missing"
    }
    assert missing == {
        "The app hasn't been granted okta.apps.read: a sync needs it.": True,
        "The app hasn't been granted okta.logs.read: every run reads everything.": False,
    }


async def test_scopes_without_an_admin_role_are_named_and_no_sync_begins(org, app):
    with signed_in(org, scopes=set(SCOPES_TO_READ), profile="none") as served:
        report = await checked(served, app.id)
        assert ("no_admin_role", True) in [(problem.code, problem.fatal) for problem in report.problems]
        connector = await opened(served.okta.domain, app.id)
        with pytest.raises(AuthRefused, match="scopes but no admin role"):
            await connector.rolecall_validate()
        await connector.rolecall_close()


async def test_run_of_an_app_names_the_app_as_whose_credential_it_is(org, app):
    with signed_in(org, scopes=set(SCOPES_TO_READ), profile="read_only") as served:
        connector = await opened(served.okta.domain, app.id)
        run = Emission()
        await connector.rolecall_validate()
        people = [
            resource.ref.id
            for kind in plugin.KIND.resource_types
            async for batch in connector.rolecall_sync_resources(kind, run)
            for resource in batch
            if resource.ref.type == "user"
        ]
        await connector.rolecall_close()
    assert len(people) == 1
    assert [identity.id for identity in run.identities] == [CLIENT_ID]
