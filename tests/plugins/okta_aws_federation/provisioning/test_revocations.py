"""What single revocations write, keep and say, where the matrix of all cases doesn't show it."""

import pytest

from rolecall import Refused
from tests.plugins.okta_aws_federation.provisioning.driving import (
    ACCOUNT,
    CONVERTS,
    assigned,
    ref_of,
    role,
    warned,
)


async def test_what_was_added_by_hand_to_our_assignment_stays_when_ours_goes(org, drive):
    app, ada = org.add_aws_app(roles=["Admin", "Read"]), org.add_user("ada@acme.example")
    driver = await drive(app)
    await driver.grant(role("Admin"), ada)
    app.direct[ada.id].profile = {"samlRoles": ["Admin", "Read"]}

    plan, outcome = await driver.undo(role("Admin"), ada)

    assert driver.roles(ada) == {"Read"}
    assert outcome.verified
    assert "stays" in warned(plan)


async def test_a_persons_revocation_of_the_last_role_ends_our_assignment(org, drive):
    app, ada = org.add_aws_app(roles=["Admin"]), org.add_user("ada@acme.example")
    driver = await drive(app)
    await driver.grant(role("Admin"), ada)

    plan, _ = await driver.revoke(role("Admin"), ada)

    assert [step.action for step in plan.steps] == ["unassign_person"]
    assert ada.id not in app.direct
    assert plan.session_seconds == 3600


async def test_a_persons_revocation_of_the_last_role_leaves_an_assignment_made_by_hand(org, drive):
    app, ada = org.add_aws_app(roles=["Admin"]), org.add_user("ada@acme.example")
    org.assign_user(app, ada, saml_roles=["Admin"])
    driver = await drive(app)

    await driver.revoke(role("Admin"), ada)

    assert app.direct[ada.id].profile == {"samlRoles": []}


async def test_a_default_role_that_is_revoked_goes_too(org, drive):
    app, ada = org.add_aws_app(roles=["Admin"]), org.add_user("ada@acme.example")
    org.assign_user(app, ada, saml_roles=["Admin"], role="Admin")
    driver = await drive(app)

    await driver.revoke(role("Admin"), ada)

    assert driver.roles(ada) == set()


async def test_the_assignment_goes_back_to_the_group_where_okta_forbids_to_delete_it(org, drive):
    app, ada = org.add_aws_app(roles=["Admin", "Read"]), org.add_user("ada@acme.example")
    driver = await drive(app)
    await driver.grant(role("Admin"), ada)
    staff = org.add_group("staff", members=[ada])
    org.assign_group(app, staff, saml_roles=["Read"])

    plan, outcome = await driver.undo(role("Admin"), ada)

    assert [step.action for step in plan.steps] == ["change_assignment", "return_to_group_assignment"]
    assert ada.id not in app.direct
    assert driver.roles(ada) == {"Read"}
    assert outcome.verified


async def test_it_is_said_where_okta_ignores_the_return_to_the_group(org, drive):
    app, ada = org.add_aws_app(roles=["Admin", "Read"]), org.add_user("ada@acme.example")
    org.behaviour.group_scope = "ignored"
    staff = org.add_group("staff", members=[ada])
    org.assign_group(app, staff, saml_roles=["Read"])
    driver = await drive(app, **CONVERTS)
    await driver.grant(role("Admin"), ada)
    plan = await driver.plan("revoke", role("Admin"), ada, undo=tuple(driver.made.values()))

    outcome = await driver.carry_out(plan)

    assert driver.roles(ada) == {"Read"}, "the role itself is gone"
    assert (outcome.status, outcome.verified) == ("applied", False)
    assert outcome.why


async def test_a_role_that_groups_stopped_giving_goes_with_its_copy(org, drive):
    app, ada = org.add_aws_app(roles=["Admin", "Read"]), org.add_user("ada@acme.example")
    staff = org.add_group("staff", members=[ada])
    org.assign_group(app, staff, saml_roles=["Read"])
    driver = await drive(app, **CONVERTS)
    await driver.grant(role("Admin"), ada)
    org.remove_member(staff, ada)
    assert driver.roles(ada) == {"Admin", "Read"}

    await driver.undo(role("Admin"), ada)

    assert driver.roles(ada) == set()
    assert ada.id not in app.direct


async def test_in_group_mapping_our_assignment_goes_with_the_last_role(org, drive):
    app, ada = org.add_aws_app(use_group_mapping=True), org.add_user("ada@acme.example")
    admin = org.add_group(f"aws_{ACCOUNT}_Admin")
    driver = await drive(app)
    plan, _ = await driver.grant(role("Admin"), ada)
    assert [step.action for step in plan.steps] == ["add_group_member", "assign_person"]

    plan, _ = await driver.revoke(role("Admin"), ada)

    assert [step.action for step in plan.steps] == ["remove_group_member", "unassign_person"]
    assert driver.made == {}
    assert ada not in admin.members


async def test_taking_back_goes_by_id_though_the_group_was_renamed(org, drive):
    app, ada = org.add_aws_app(use_group_mapping=True), org.add_user("ada@acme.example")
    admin = org.add_group(f"aws_{ACCOUNT}_Admin")
    driver = await drive(app)
    await driver.grant(role("Admin"), ada)
    org.rename(admin, "something else")
    impostor = org.add_group(f"aws_{ACCOUNT}_Admin", members=[ada])

    await driver.undo(role("Admin"), ada)

    assert ada not in admin.members
    assert ada in impostor.members


async def test_what_is_gone_already_needs_no_taking_back(org, drive):
    app, ada = org.add_aws_app(use_group_mapping=True), org.add_user("ada@acme.example")
    admin = org.add_group(f"aws_{ACCOUNT}_Admin")
    driver = await drive(app)
    await driver.grant(role("Admin"), ada)
    things = tuple(driver.made.values())
    org.delete_group(admin)
    org.unassign_user(app, ada)

    assert (await driver.plan("revoke", role("Admin"), ada, undo=things)).status == "already_revoked"
    org.delete_user(ada)
    assert (await driver.plan("revoke", role("Admin"), ada, undo=things)).status == "already_revoked"


async def test_inherited_access_ends_by_the_path_that_is_named(org, drive):
    app, ada = org.add_aws_app(), org.add_user("ada@acme.example")
    staff = org.add_group("staff", members=[ada])
    org.assign_group(app, staff, saml_roles=["Admin", "Read"])
    driver = await drive(app)

    with pytest.raises(Refused) as caught:
        await driver.revoke(role("Admin"), ada)
    (choice,) = caught.value.facts["groups"]
    assert f"--via group:{staff.id}" in caught.value.hint
    assert str(role("Read")) in choice["effects"][0]["loses"]

    await driver.revoke(role("Admin"), ada, via=ref_of(staff))
    assert ada not in staff.members


async def test_the_app_cannot_be_taken_from_whom_a_group_assigns(org, drive):
    app, ada = org.add_aws_app(), org.add_user("ada@acme.example")
    staff = org.add_group("staff", members=[ada])
    org.assign_group(app, staff)
    driver = await drive(app)

    with pytest.raises(Refused, match="staff"):
        await driver.revoke(assigned(app), ada)
    await driver.revoke(assigned(app), ada, via=ref_of(staff))
    assert driver.app.assigned_groups
    assert ada not in staff.members


async def test_a_revocation_that_was_interrupted_is_finished(org, drive):
    app, ada = org.add_aws_app(roles=["Admin", "Read"]), org.add_user("ada@acme.example")
    org.assign_group(app, org.add_group("staff", members=[ada]), saml_roles=["Read"])
    driver = await drive(app, **CONVERTS)
    await driver.grant(role("Admin"), ada)
    app.direct[ada.id].profile = {"samlRoles": ["Read"]}  # the first call of two got through

    plan, _ = await driver.revoke(role("Admin"), ada)

    assert [step.action for step in plan.steps] == ["return_to_group_assignment"]
    assert ada.id not in app.direct


async def test_in_group_mapping_a_revocation_that_was_interrupted_is_finished(org, drive):
    app, ada = org.add_aws_app(use_group_mapping=True), org.add_user("ada@acme.example")
    admin = org.add_group(f"aws_{ACCOUNT}_Admin")
    driver = await drive(app)
    await driver.grant(role("Admin"), ada)
    org.remove_member(admin, ada)

    plan, _ = await driver.revoke(role("Admin"), ada)

    assert [step.action for step in plan.steps] == ["unassign_person"]


async def test_a_role_that_one_never_had_is_revoked_without_touching_what_rolecall_gave(org, drive):
    app, ada = org.add_aws_app(roles=["Admin"]), org.add_user("ada@acme.example")
    driver = await drive(app)
    await driver.grant(assigned(app), ada)

    plan, _ = await driver.revoke(role("Admin"), ada)

    assert plan.status == "already_revoked"
    assert ada.id in app.direct
