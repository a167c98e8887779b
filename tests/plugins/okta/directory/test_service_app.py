"""The directory signed in as an OAuth app: what check measures, and that it never publishes an empty org."""

import pytest

from rolecall import AuthRefused, ConnectorContext, Secret
from rolecall_okta.directory import plugin
from rolecall_okta.directory.config import SCOPES_TO_READ, SettingsSchema
from tests.plugins.okta.conftest import Watcher
from tests.plugins.okta.service_app import CLIENT_ID, RSA_KEY, pem, signed_in


async def opened(domain, **settings):
    table = {"domain": domain, "client_id": CLIENT_ID, "private_key": {"file": "key.pem"}, **settings}
    secrets = {"private_key": Secret(pem(RSA_KEY))}
    return await plugin.rolecall_open(
        ConnectorContext("okta", "okta", SettingsSchema().load(table), secrets, Watcher())
    )


@pytest.fixture
def acme(org):
    org.add_group("staff", members=[org.add_user("ada@acme.example")])
    return org


async def test_app_is_measured_by_its_scopes_and_roles(acme):
    with signed_in(acme, scopes={*SCOPES_TO_READ, "okta.groups.manage"}) as served:
        connector = await opened(served.okta.domain, directory_writes=True)
        report = await connector.rolecall_check()
        await connector.rolecall_close()
    assert [(each.name, each.allowed) for each in report.capabilities] == [
        ("Review group membership", "yes"),
        ("Provision group membership", "yes"),
        ("Review admin roles", "yes"),
        ("Provision directory group membership", "no"),
    ]
    assert "okta.directories.groups.manage" in report.capabilities[3].evidence
    assert not [problem for problem in report.problems if problem.fatal]


async def test_scopes_without_an_admin_role_are_named_and_no_sync_begins(acme):
    with signed_in(acme, scopes=set(SCOPES_TO_READ), profile="none") as served:
        connector = await opened(served.okta.domain)
        report = await connector.rolecall_check()
        assert "no_admin_role" in [problem.code for problem in report.problems if problem.fatal]
        with pytest.raises(AuthRefused, match="scopes but no admin role"):
            await connector.rolecall_validate()
        await connector.rolecall_close()
