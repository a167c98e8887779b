"""Every path of an access, with what ending it would change, and the roles that no native group gives."""

from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings

from rolecall import GrantRef, Ref
from tests.plugins.okta_aws_federation.provisioning.driving import (
    ACCOUNT,
    assigned,
    connected,
    membership,
    ref_of,
    role,
    serving,
)
from tests.plugins.okta_aws_federation.provisioning.small_orgs import organisations


def lost(removal):
    return {effect.name: {str(each) for each in effect.loses} for effect in removal.effects}


async def test_each_path_of_a_role_with_what_else_its_end_takes(org, drive):
    app, ada = org.add_aws_app(join_all_roles=True), org.add_user("ada@acme.example")
    org.assign_user(app, ada, saml_roles=["Admin"])
    staff, crew = org.add_group("staff", members=[ada]), org.add_group("crew", members=[ada])
    org.assign_group(app, staff, saml_roles=["Admin", "Read"])
    org.assign_group(app, crew, saml_roles=["Audit"])
    rule = org.add_rule("everybody in IT", 'user.department=="IT"', [staff])
    rule.excluded = [org.add_user(f"excluded-{number}") for number in range(100)]
    driver = await drive(app)

    direct, by_group = await driver.connector.rolecall_removals(role("Admin"), ref_of(ada))

    assert (direct.via, direct.ends_access, direct.route) == (ref_of(ada), False, "api")
    assert (by_group.via, by_group.ends_access) == (ref_of(staff), False)
    assert lost(by_group) == {"ada@acme.example": {str(role("Read")), str(membership(staff))}}
    assert by_group.given_back_by == ("everybody in IT",)


async def test_the_smallest_change_that_ends_it_comes_first(org, drive):
    app, ada = (
        org.add_aws_app(use_group_mapping=True, app_filter="okta, active_directory"),
        org.add_user("ada"),
    )
    directory = org.add_directory()
    native = org.add_group(f"aws_{ACCOUNT}_Admin", members=[ada])
    org.assign_user(app, ada)
    driver = await drive(app)

    (only,) = await driver.connector.rolecall_removals(role("Admin"), ref_of(ada))
    assert (only.via, only.route, only.ends_access, only.refused) == (ref_of(native), "api", True, "")
    rule = org.add_rule("everybody in IT", 'user.department=="IT"', [native])
    rule.excluded = [org.add_user(f"excluded-{number}") for number in range(100)]
    (only,) = await driver.connector.rolecall_removals(role("Admin"), ref_of(ada))
    assert (only.ends_access, only.given_back_by) == (False, ("everybody in IT",))
    org.rules.remove(rule)

    mastered = org.add_group(f"aws_{ACCOUNT}_Admin", members=[ada], source=directory)
    both = await driver.connector.rolecall_removals(role("Admin"), ref_of(ada))
    assert [(each.via, each.route, each.ends_access) for each in both] == [
        (ref_of(native), "api", False),
        (ref_of(mastered), "handoff", False),
    ]


async def test_a_path_through_everyone_is_listed_as_one_that_nobody_can_end(org, drive):
    app, ada = org.add_aws_app(), org.add_user("ada@acme.example")
    org.assign_group(app, org.everyone, saml_roles=["Read"])
    driver = await drive(app)

    (only,) = await driver.connector.rolecall_removals(role("Read"), ref_of(ada))

    assert only.via == ref_of(org.everyone)
    assert only.refused


async def test_nobodys_access_has_no_paths(org, drive):
    app, ada = org.add_aws_app(), org.add_user("ada@acme.example")
    driver = await drive(app)

    for wanted in (role("Admin"), assigned(app)):
        assert await driver.connector.rolecall_removals(wanted, ref_of(ada)) == []
    assert await driver.connector.rolecall_removals(role("Admin"), Ref("user", "00unobody")) == []


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(organisations())
async def test_each_removal_that_can_be_made_does_what_it_says(made):
    org, app = made
    with serving(org) as served:
        driver = await connected(served, org, app)
        try:
            for user in list(org.users):
                await see_removals(driver, user)
        finally:
            await driver.close()


async def see_removals(driver, user):
    """The first that can be made, carried out as a person would who follows it."""
    for held in sorted(driver.access()[user.id])[:1]:
        wanted = role(held.rpartition(":")[2])
        ways = await driver.connector.rolecall_removals(wanted, ref_of(user))
        assert ways, "whoever has a role has it by some path"
        way = next((each for each in ways if not each.refused and each.route == "api"), None)
        if way is None:
            return
        before = driver.access()[user.id]
        await driver.revoke(wanted, user, "gains_more", "others_lose", via=way.via)
        after = driver.access()[user.id]
        assert (held not in after) == way.ends_access
        told = {
            str(each) for effect in way.effects for each in effect.loses if each.resource.type == "account"
        }
        assert before - after == told


@pytest.mark.parametrize("admits", ["okta, active_directory", "active_directory"])
async def test_roles_without_a_native_group_are_told_with_the_name_that_one_would_need(org, drive, admits):
    app, directory = org.add_aws_app(use_group_mapping=True, app_filter=admits), org.add_directory()
    native, mastered = f"aws_{ACCOUNT}_Read", f"aws_{ACCOUNT}_Admin"
    org.add_group(native)
    org.add_group(native, source=directory)
    group = org.add_group(mastered, source=directory)
    driver = await drive(app)

    twins = {twin.entitlement: twin for twin in await driver.connector.rolecall_twins()}

    assert twins[role("Admin")].groups == ((ref_of(group), mastered, "active_directory"),)
    assert twins[role("Admin")].create == (mastered if "okta" in admits else "")
    assert twins[role("Read")].create == ""


async def test_what_is_held_is_told_live_and_by_any_path(org, drive):
    app, ada, bob = org.add_aws_app(), org.add_user("ada@acme.example"), org.add_user("bob@acme.example")
    staff = org.add_group("staff", members=[ada])
    org.assign_group(app, staff, saml_roles=["Read"])
    driver = await drive(app)
    asked = [
        GrantRef(role("Read"), ref_of(ada)),
        GrantRef(role("Read"), ref_of(bob)),
        GrantRef(role("Read"), ref_of(staff)),
        GrantRef(membership(staff), ref_of(ada)),
        GrantRef(membership(staff), ref_of(bob)),
        GrantRef(assigned(app), ref_of(ada)),
        GrantRef(assigned(app), ref_of(staff)),
        GrantRef(role("Read"), Ref("user", "00unobody")),
    ]

    assert await driver.connector.rolecall_holds(asked) == [True, False, True, True, False, True, True, False]
    app.status = "INACTIVE"
    assert await driver.connector.rolecall_holds(asked[:1]) == [False]


async def test_the_log_tells_of_our_writes_and_of_others(org, drive):
    app, ada = org.add_aws_app(roles=["Admin"]), org.add_user("ada@acme.example")
    staff = org.add_group("staff")
    driver = await drive(app)
    since = datetime.fromtimestamp(driver.clock.time - 60, UTC)
    await driver.grant(role("Admin"), ada)
    await driver.grant(membership(staff), ada)
    org.remove_member(staff, ada)
    driver.clock.time += 60

    until = datetime.fromtimestamp(driver.clock.time, UTC)
    seen = [each async for batch in driver.connector.rolecall_writes_seen(since, until) for each in batch]

    told = [(each.object, each.principal, each.gives, each.ours) for each in seen]
    assert (Ref("app", app.id), ref_of(ada), True, True) in told
    assert (ref_of(staff), ref_of(ada), True, True) in told
    assert [each[:3] for each in told if not each[3]] == [(ref_of(staff), ref_of(ada), False)]
