"""What is neither given nor taken, and what would have to be accepted for it."""

import pytest

from rolecall import Held, Ref, Refused
from tests.plugins.okta_aws_federation.provisioning.driving import (
    membership,
    ref_of,
    role,
)


async def test_a_revocation_that_would_bring_a_default_role_into_force_is_refused(org, drive):
    app, ada = org.add_aws_app(roles=["Admin"]), org.add_user("ada@acme.example")
    org.assign_user(app, ada, saml_roles=["Read"], role="Admin")
    driver = await drive(app)

    with pytest.raises(Refused) as caught:
        await driver.revoke(role("Read"), ada)

    assert caught.value.accept == "gains_more"
    assert driver.writes() == []


async def test_nothing_of_another_org_or_app_is_taken_back(org, drive):
    app, ada = org.add_aws_app(), org.add_user("ada@acme.example")
    driver = await drive(app)
    strange = Held("elsewhere.okta.example", Ref("app", app.id), ref_of(ada), "assigned")

    with pytest.raises(Refused, match="isn't this connector's"):
        await driver.plan("revoke", role("Admin"), ada, undo=(strange,))


@pytest.mark.parametrize("status", ["SUSPENDED", "STAGED", "DEPROVISIONED"])
async def test_nobody_who_cannot_sign_in_is_given_anything_but_may_lose_it(org, drive, status):
    app, ada = org.add_aws_app(roles=["Admin"]), org.add_user("ada@acme.example")
    driver = await drive(app)
    if status != "DEPROVISIONED":
        await driver.grant(role("Admin"), ada)
    ada.status = status

    with pytest.raises(Refused) as caught:
        await driver.grant(role("Admin"), ada)
    assert status in caught.value.message
    if driver.made:
        await driver.undo(role("Admin"), ada)
    assert ada.id not in app.direct


async def test_a_membership_that_hides_a_role_is_refused_with_who_loses_it(org, drive):
    app, ada = org.add_aws_app(), org.add_user("ada@acme.example")
    top, low = org.add_group("top"), org.add_group("low", members=[ada])
    org.assign_group(app, top, priority=0, saml_roles=["Read"])
    org.assign_group(app, low, priority=1, saml_roles=["Admin"])
    driver = await drive(app)

    with pytest.raises(Refused) as caught:
        await driver.grant(membership(top), ada)
    assert caught.value.accept == "others_lose"
    (loser,) = caught.value.facts["people"]
    assert (loser["name"], loser["entitlements"]) == ("ada@acme.example", [str(role("Admin"))])

    await driver.grant(membership(top), ada, "others_lose")
    assert driver.roles(ada) == {"Read"}


async def test_a_membership_that_gives_nothing_is_refused(org, drive):
    app, ada = org.add_aws_app(), org.add_user("ada@acme.example")
    org.assign_user(app, ada, saml_roles=["Read"])
    staff = org.add_group("staff")
    org.assign_group(app, staff, saml_roles=["Admin"])
    driver = await drive(app)

    with pytest.raises(Refused) as caught:
        await driver.grant(membership(staff), ada)
    assert caught.value.accept == "gives_nothing"
    await driver.grant(membership(staff), ada, "gives_nothing")
    assert ada in staff.members


async def test_leaving_a_group_that_hid_a_role_is_refused(org, drive):
    app, ada = org.add_aws_app(), org.add_user("ada@acme.example")
    top, low = org.add_group("top", members=[ada]), org.add_group("low", members=[ada])
    org.assign_group(app, top, priority=0, saml_roles=["Read"])
    org.assign_group(app, low, priority=1, saml_roles=["Admin"])
    driver = await drive(app)

    with pytest.raises(Refused) as caught:
        await driver.revoke(membership(top), ada)

    assert caught.value.accept == "gains_more"
    assert "Admin" in caught.value.message


@pytest.mark.parametrize(
    ("settings", "wanted", "code"),
    [
        ({"roles": ["AdminRole"]}, role("adminrole"), "unknown_role"),
        ({}, role("Admin", "210987654321"), "another_account"),
        ({"identity_provider_arn": None}, role("Admin"), "no_identity_provider"),
        ({"status": "INACTIVE", "roles": ["Admin"]}, role("Admin"), "app_inactive"),
    ],
)
async def test_what_the_app_does_not_give_is_refused(org, drive, settings, wanted, code):
    app, ada = org.add_aws_app(**settings), org.add_user("ada@acme.example")
    driver = await drive(app)

    with pytest.raises(Refused) as caught:
        await driver.grant(wanted, ada)

    assert caught.value.code == code
    assert caught.value.hint
    assert driver.writes() == []
    if code == "unknown_role":
        assert '"AdminRole"' in caught.value.hint


@pytest.mark.parametrize(
    "missing", ["nobody@acme.example", Ref("user", "00unobody"), Ref("group", "00gnone")]
)
async def test_an_unknown_principal_is_refused(org, drive, missing):
    driver = await drive(org.add_aws_app(roles=["Admin"]))

    with pytest.raises(Refused) as caught:
        await driver.grant(role("Admin"), missing)

    assert caught.value.code == "unknown_principal"


async def test_whether_roles_are_combined_must_be_known_where_it_matters(org, drive):
    app, ada = org.add_aws_app(), org.add_user("ada@acme.example")
    top, low = org.add_group("top"), org.add_group("low", members=[ada])
    org.assign_group(app, top, priority=0, saml_roles=["Read"])
    org.assign_group(app, low, priority=1, saml_roles=["Admin"])
    rights = "custom:okta.users.read,okta.groups.read,okta.groups.members.manage,okta.apps.read"
    driver = await drive(app, rights=rights)

    with pytest.raises(Refused) as caught:
        await driver.grant(membership(top), ada)

    assert caught.value.code == "union_unknown"


READS = "okta.users.read,okta.groups.read,okta.apps.read"


@pytest.mark.parametrize(
    ("rights", "calls"),
    [(f"custom:{READS},okta.iam.read", 0), (f"custom:{READS}", 1)],
    ids=["known", "unknown"],
)
async def test_a_credential_that_may_not_write_is_refused_before_the_first_call(org, drive, rights, calls):
    app, ada = org.add_aws_app(roles=["Admin"]), org.add_user("ada@acme.example")
    driver = await drive(app, rights=rights)
    plan = await driver.plan("grant", role("Admin"), ada, accept=frozenset({"unknown_role"}))

    with pytest.raises(Refused):
        await driver.carry_out(plan)

    assert len(driver.writes()) == calls, "where its own roles can't be read, only Okta can say"
    assert driver.roles(ada) == set()


async def test_no_group_is_assigned_where_it_would_not_be_last(org, drive):
    app, staff = org.add_aws_app(roles=["Admin"]), org.add_group("staff")
    org.assign_group(app, org.add_group("other"), priority=100)
    driver = await drive(app)

    with pytest.raises(Refused) as caught:
        await driver.grant(role("Admin"), staff)

    assert caught.value.code == "no_priority_left"
