"""What single grants and revocations write, keep and say, where the matrix of all cases doesn't show it."""

import pytest

from rolecall import Held, Ref, Refused
from tests.plugins.okta_aws_federation.provisioning.driving import (
    ACCOUNT,
    assigned,
    membership,
    ref_of,
    role,
    seen_effects,
    told_effects,
)

CONVERTS = {"allow_group_to_direct_assignment_conversion": True}


def warned(plan):
    return " ".join(plan.warnings)


async def test_a_default_role_in_force_is_named_beside_the_new_one(org, drive):
    app, ada = org.add_aws_app(), org.add_user("ada@acme.example")
    org.assign_user(app, ada, role="Read")
    driver = await drive(app)
    assert driver.roles(ada) == {"Read"}

    await driver.grant(role("Admin"), ada, "unknown_role")

    assert driver.roles(ada) == {"Admin", "Read"}
    assert app.direct[ada.id].profile == {"role": "Read", "samlRoles": ["Read", "Admin"]}


async def test_every_other_key_of_the_profile_is_kept(org, drive):
    app, ada = org.add_aws_app(roles=["Admin"]), org.add_user("ada@acme.example")
    app.schema = {**app.schema, "costCentre": {"type": "string"}}
    org.behaviour.absent_keys = "dropped"
    org.assign_user(app, ada, profile={"samlRoles": ["Read", ""], "role": None, "costCentre": "4711"})
    driver = await drive(app)

    await driver.grant(role("Admin"), ada)

    expected = {"samlRoles": ["Read", "", "Admin"], "role": None, "costCentre": "4711"}
    assert app.direct[ada.id].profile == expected


async def test_a_conversion_keeps_every_other_key_of_the_groups_profile(org, drive):
    app, ada = org.add_aws_app(roles=["Admin"]), org.add_user("ada@acme.example")
    app.schema = {**app.schema, "costCentre": {"type": "string"}}
    org.behaviour.absent_keys = "dropped"
    staff = org.add_group("staff", members=[ada])
    org.assign_group(app, staff, profile={"samlRoles": ["Read"], "costCentre": "4711"})
    driver = await drive(app, **CONVERTS)

    plan, _ = await driver.grant(role("Admin"), ada)

    assert app.direct[ada.id].profile == {"samlRoles": ["Read", "Admin"], "costCentre": "4711"}
    assert plan.steps[0].action == "convert_to_direct_assignment"
    assert 'copy of the role "Read"' in plan.steps[0].effect
    assert "later don't reach" in warned(plan)


async def test_a_group_keeps_every_other_key_of_its_profile_and_its_priority(org, drive):
    app = org.add_aws_app(roles=["Admin"])
    app.schema = {**app.schema, "costCentre": {"type": "string"}}
    org.behaviour.patch_absent = "refused"
    first, second, third = (org.add_group(name, members=[org.add_user(name)]) for name in ("a", "b", "c"))
    for priority, group in enumerate((first, second, third)):
        org.assign_group(app, group, priority=priority, profile={"costCentre": "4711"})
    driver = await drive(app)

    await driver.grant(role("Admin"), second)

    assert app.assigned_groups[second.id].profile == {"costCentre": "4711", "samlRoles": ["Admin"]}
    assert [app.assigned_groups[each.id].priority for each in (first, second, third)] == [0, 1, 2]
    assert [each.split(" ")[0] for each in driver.notes.writes] == ["PATCH", "PUT"]


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


async def test_a_revocation_that_would_bring_a_default_role_into_force_is_refused(org, drive):
    app, ada = org.add_aws_app(roles=["Admin"]), org.add_user("ada@acme.example")
    org.assign_user(app, ada, saml_roles=["Read"], role="Admin")
    driver = await drive(app)

    with pytest.raises(Refused) as caught:
        await driver.revoke(role("Read"), ada)

    assert caught.value.accept == "gains_more"
    assert driver.writes() == []


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


async def test_a_role_that_somebody_has_is_known_though_the_schema_names_none(org, drive):
    app, ada, bob = org.add_aws_app(), org.add_user("ada@acme.example"), org.add_user("bob@acme.example")
    org.assign_user(app, bob, saml_roles=["Admin"])
    driver = await drive(app)

    await driver.grant(role("Admin"), ada)

    assert driver.roles(ada) == {"Admin"}


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


async def test_a_renamed_group_or_another_filter_makes_another_meaning(org, drive):
    app, ada = org.add_aws_app(use_group_mapping=True), org.add_user("ada@acme.example")
    group = org.add_group(f"aws_{ACCOUNT}_Admin")
    driver = await drive(app)
    first = (await driver.plan("grant", role("Admin"), ada)).meaning
    assert (await driver.plan("grant", role("Admin"), ada)).meaning == first

    org.rename(group, f"xaws_{ACCOUNT}_Admin")
    renamed = (await driver.plan("grant", role("Admin"), ada)).meaning
    org.change_settings(app, appFilter="okta, workday")
    filtered = (await driver.plan("grant", role("Admin"), ada)).meaning

    assert first != renamed != filtered != first


async def test_the_hand_off_says_what_to_do_and_the_assignment_waits_for_it(org, drive):
    app, ada = (
        org.add_aws_app(use_group_mapping=True, app_filter="active_directory"),
        org.add_user("ada@acme.example"),
    )
    directory = org.add_directory()
    group = org.add_group(f"aws_{ACCOUNT}_Admin", source=directory)
    driver = await drive(app)

    plan, outcome = await driver.grant(role("Admin"), ada)

    assert [step.route for step in plan.steps] == ["handoff", "api"]
    assert (outcome.status, outcome.step) == ("handed_off", 0)
    assert driver.writes() == []
    assert "Admin" in plan.steps[0].handoff.effect
    org.change_directory(group, ada)
    org.run_import()
    plan, outcome = await driver.grant(role("Admin"), ada)
    assert [step.action for step in plan.steps] == ["assign_person"]
    assert outcome.verified
    assert driver.roles(ada) == {"Admin"}


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


async def test_no_group_is_assigned_where_it_would_not_be_last(org, drive):
    app, staff = org.add_aws_app(roles=["Admin"]), org.add_group("staff")
    org.assign_group(app, org.add_group("other"), priority=100)
    driver = await drive(app)

    with pytest.raises(Refused) as caught:
        await driver.grant(role("Admin"), staff)

    assert caught.value.code == "no_priority_left"


@pytest.mark.parametrize("mapping", [False, True])
async def test_a_large_groups_members_are_read_by_lists(org, drive, mapping):
    app = org.add_aws_app(use_group_mapping=mapping, roles=["Admin"])
    people = [org.add_user(f"person-{number}@acme.example") for number in range(60)]
    staff = org.add_group("staff", members=people)
    org.assign_group(app, org.everyone, saml_roles=["Read"])
    org.add_group(f"aws_{ACCOUNT}_Admin", members=people[:10])
    org.assign_user(app, people[0], saml_roles=["Read"])
    driver = await drive(app)
    before = driver.access()

    plan = await driver.plan("grant", assigned(app), staff)

    assert len(driver.okta.requests) < 15
    outcome = await driver.carry_out(plan)
    assert outcome.verified
    assert seen_effects(before, driver.access()) == told_effects(plan)


@pytest.mark.parametrize("assigns", [False, True], ids=["beside", "entry too"])
async def test_what_can_be_ended_at_once_does_not_wait_for_a_hand_off(org, drive, assigns):
    app = org.add_aws_app(use_group_mapping=True, app_filter="active_directory")
    ada, directory = org.add_user("ada@acme.example"), org.add_directory()
    group = org.add_group(f"aws_{ACCOUNT}_Admin", source=directory, members=[ada])
    driver = await drive(app)
    await driver.grant(assigned(app), ada)
    if assigns:
        org.assign_group(app, group)
    things = (
        *driver.made.values(),
        Held(next(iter(driver.made)).provider, ref_of(group), ref_of(ada), "member"),
    )

    plan, outcome = await driver.undo(role("Admin"), ada, things)

    assert [step.route for step in plan.steps] == ["api", "handoff"]
    assert (outcome.status, outcome.step) == ("handed_off", 1)
    assert ada.id not in app.direct
    assert driver.roles(ada) == ({"Admin"} if assigns else set())


async def test_an_unchanged_org_gives_the_same_plan_again(org, drive):
    app = org.add_aws_app(join_all_roles=True, roles=["Admin", "Read", "Audit"])
    people = [org.add_user(f"person-{number}@acme.example") for number in range(5)]
    for name in ("one", "two", "three"):
        org.assign_group(app, org.add_group(name, members=people), saml_roles=["Read", "Audit"])
    driver = await drive(app, **CONVERTS)

    for principal in (people[0], org.add_group("four", members=people)):
        first, second = [await driver.plan("grant", role("Admin"), principal) for _ in range(2)]
        assert first == second


async def test_a_plan_for_a_group_says_how_many_gain_and_lose(org, drive):
    app = org.add_aws_app(roles=["Admin"])
    staff = org.add_group("staff", members=[org.add_user(f"{number}@acme.example") for number in range(3)])
    driver = await drive(app)

    plan, _ = await driver.grant(role("Admin"), staff)
    assert plan.warnings == (f"3 people gain {role('Admin')}.",)

    org.remove_member(staff, staff.members[0])
    org.remove_member(staff, staff.members[0])
    plan, _ = await driver.revoke(role("Admin"), staff)
    assert plan.warnings == (f"1 person loses {role('Admin')}.",)
    assert staff.id not in app.assigned_groups
