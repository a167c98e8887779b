"""What single grants write, keep and say, where the matrix of all cases doesn't show it."""

import pytest

from tests.plugins.okta_aws_federation.provisioning.driving import (
    ACCOUNT,
    CONVERTS,
    assigned,
    role,
    seen_effects,
    told_effects,
    warned,
)


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


async def test_a_role_that_somebody_has_is_known_though_the_schema_names_none(org, drive):
    app, ada, bob = org.add_aws_app(), org.add_user("ada@acme.example"), org.add_user("bob@acme.example")
    org.assign_user(app, bob, saml_roles=["Admin"])
    driver = await drive(app)

    await driver.grant(role("Admin"), ada)

    assert driver.roles(ada) == {"Admin"}


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
