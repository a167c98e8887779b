"""The connector keeps the host's contract, by the suite that the host offers to authors."""

import pytest

from rolecall import MEMBER, EntitlementRef, Ref
from rolecall.testing import assert_contract
from rolecall_okta.simulator import Organisation
from tests.plugins.okta.conversations import TOKEN

pytestmark = [pytest.mark.vcr, pytest.mark.usefixtures("cassette")]

ACCOUNT = Ref("account", "123456789012")


async def kept_contract(okta, org, app):
    settings = {
        "domain": okta(org),
        "api_token": {"env": "OKTA_API_TOKEN"},
        "aws_okta_app_id": app.id,
        "concurrency": 1,
    }
    return await assert_contract("okta_aws_federation", settings, {"api_token": TOKEN})


async def test_a_single_accounts_roles_are_grants_to_people_with_their_sources(okta):
    org = Organisation()
    app = org.add_aws_app()
    ada, bob = (org.add_user(f"{name}@acme.example") for name in ("ada", "bob"))
    admins = org.add_group("Admins", members=[ada])
    org.assign_group(app, admins, saml_roles=["Admin"])
    org.assign_user(app, bob, saml_roles=["Billing"])

    found = await kept_contract(okta, org, app)

    held = {(grant.entitlement, grant.principal.id): grant.sources for grant in found.grants}
    assert held[EntitlementRef(ACCOUNT, "Admin"), ada.id] == (Ref("group", admins.id),)
    assert held[EntitlementRef(ACCOUNT, "Billing"), bob.id] == ()
    assert found.identity.login is not None


async def test_a_mapped_role_is_one_grant_to_its_group_that_expands_to_members_assigned_to_the_app(okta):
    org = Organisation()
    app = org.add_aws_app(use_group_mapping=True)
    ada, bob = (org.add_user(f"{name}@acme.example") for name in ("ada", "bob"))
    admins = org.add_group(f"aws_{ACCOUNT.id}_Admin", members=[ada, bob])
    org.assign_user(app, ada)

    found = await kept_contract(okta, org, app)

    (role,) = [grant for grant in found.grants if grant.entitlement == EntitlementRef(ACCOUNT, "Admin")]
    assert (role.principal, role.expandable) == (Ref("group", admins.id), True)
    assert role.condition == EntitlementRef(Ref("app", app.id), "assigned")
    members = {
        g.principal.id for g in found.grants if g.entitlement == EntitlementRef(role.principal, MEMBER)
    }
    assert members == {ada.id, bob.id}
