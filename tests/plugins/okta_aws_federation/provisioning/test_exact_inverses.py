"""What is taken back leaves all as it was before Rolecall wrote, as long as nobody else changed it since."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rolecall import Held, Refused
from tests.plugins.okta_aws_federation.provisioning.driving import (
    ACCOUNT,
    assigned,
    connected,
    ref_of,
    role,
    serving,
)
from tests.plugins.okta_aws_federation.provisioning.small_orgs import ROLES, organisations

NO_ROLES = {
    "empty": {"samlRoles": [], "role": "Read"},
    "null": {"samlRoles": None, "role": "Read"},
    "an empty name": {"samlRoles": [""], "role": "Read"},
    "no default": {"samlRoles": []},
}
no_roles = pytest.mark.parametrize("profile", NO_ROLES.values(), ids=NO_ROLES.keys())


def stored(driver):
    """Things as a ledger gives them back: with the details that they were given with."""
    return tuple(driver.made.values())


@no_roles
@pytest.mark.parametrize("undo", [True, False], ids=["undo", "by a person"])
async def test_a_persons_list_is_as_before(org, drive, profile, undo):
    app, ada = org.add_aws_app(roles=["Admin", "Read"]), org.add_user("ada@acme.example")
    org.assign_user(app, ada, profile=dict(profile))
    driver = await drive(app)
    before = driver.roles(ada)
    await driver.grant(role("Admin"), ada)
    assert driver.roles(ada) == before | {"Admin"}

    await (driver.undo(role("Admin"), ada) if undo else driver.revoke(role("Admin"), ada))

    assert app.direct[ada.id].profile == profile


@no_roles
@pytest.mark.parametrize("patch_absent", ["sets", "refused"])
async def test_a_groups_list_is_as_before(org, drive, profile, patch_absent):
    app, staff = org.add_aws_app(roles=["Admin", "Read"]), org.add_group("staff")
    org.add_member(staff, org.add_user("ada@acme.example"))
    org.behaviour.patch_absent = patch_absent
    org.assign_group(app, staff, profile=dict(profile))
    driver = await drive(app)
    await driver.grant(role("Admin"), staff)

    _, outcome = await driver.undo(role("Admin"), staff)

    assert outcome.verified
    assert app.assigned_groups[staff.id].profile == profile


async def test_a_list_that_was_absent_is_null_again(org, drive):
    app, ada = org.add_aws_app(roles=["Admin"]), org.add_user("ada@acme.example")
    staff = org.add_group("staff", members=[ada])
    org.assign_group(app, staff, profile={})
    driver = await drive(app)
    await driver.grant(role("Admin"), staff)

    await driver.undo(role("Admin"), staff)

    assert app.assigned_groups[staff.id].profile == {"samlRoles": None}


@pytest.mark.parametrize("first", ["Admin", "Audit"])
async def test_of_several_roles_whichever_goes_last_restores_the_list(org, drive, first):
    app, ada = org.add_aws_app(roles=["Admin", "Audit", "Read"]), org.add_user("ada@acme.example")
    org.assign_user(app, ada, profile={"samlRoles": [], "role": "Read"})
    driver = await drive(app)
    await driver.grant(role("Admin"), ada)
    await driver.grant(role("Audit"), ada)
    (one,) = [held for held in driver.made if held.mechanism == f"role:{first}"]

    await driver.undo(role(first), ada, [one])
    assert driver.roles(ada) == {"Admin", "Audit", "Read"} - {first}
    await driver.undo(role("Admin"), ada)

    assert app.direct[ada.id].profile == {"samlRoles": [], "role": "Read"}


async def test_a_default_role_that_somebody_changed_is_not_brought_into_force(org, drive):
    app, ada = org.add_aws_app(roles=["Admin", "Audit", "Read"]), org.add_user("ada@acme.example")
    org.assign_user(app, ada, profile={"samlRoles": [], "role": "Read"})
    driver = await drive(app)
    await driver.grant(role("Admin"), ada)
    app.direct[ada.id].profile = {"samlRoles": ["Read", "Admin"], "role": "Audit"}

    await driver.undo(role("Admin"), ada)

    assert app.direct[ada.id].profile == {"samlRoles": ["Read"], "role": "Audit"}


async def test_a_single_role_that_rolecall_did_not_write_stays(org, drive):
    app, ada = org.add_aws_app(roles=["Admin", "Read"]), org.add_user("ada@acme.example")
    org.assign_user(app, ada, profile={"samlRoles": ["Read"], "role": "Admin"})
    driver = await drive(app)
    await driver.grant(role("Admin"), ada)

    _, outcome = await driver.undo(role("Admin"), ada)

    assert outcome.verified
    assert app.direct[ada.id].profile == {"samlRoles": ["Read"], "role": "Admin"}
    assert driver.roles(ada) == {"Read"}


async def test_what_is_somebody_elses_by_now_is_told_to_stay(org, drive):
    app, ada = org.add_aws_app(roles=["Admin", "Read"]), org.add_user("ada@acme.example")
    driver = await drive(app)
    await driver.grant(role("Admin"), ada)
    things = stored(driver)
    app.direct[ada.id].profile = {"samlRoles": ["Admin", "Read"]}

    plan, outcome = await driver.undo(role("Admin"), ada)

    assert outcome.verified
    assert [held.mechanism for held in plan.rests_on] == ["assigned"]
    again = await driver.plan("revoke", role("Admin"), ada, undo=things)
    assert (again.status, again.rests_on) == ("already_revoked", plan.rests_on)


async def test_a_role_that_a_default_gives_by_now_is_told_to_stay(org, drive):
    app, ada = org.add_aws_app(roles=["Admin", "Read"]), org.add_user("ada@acme.example")
    org.assign_user(app, ada, profile={"samlRoles": ["Read"], "role": "Admin"})
    driver = await drive(app)
    await driver.grant(role("Admin"), ada)
    app.direct[ada.id].profile = {"samlRoles": ["Admin"], "role": "Admin"}

    plan, outcome = await driver.undo(role("Admin"), ada)

    assert outcome.verified, outcome.why
    assert app.direct[ada.id].profile == {"samlRoles": [], "role": "Admin"}
    assert [held.mechanism for held in plan.rests_on] == ["role:Admin"]


async def test_nothing_stays_of_what_is_taken(org, drive):
    app, ada = org.add_aws_app(roles=["Admin"]), org.add_user("ada@acme.example")
    driver = await drive(app)
    await driver.grant(role("Admin"), ada)

    plan, _ = await driver.undo(role("Admin"), ada)

    assert plan.rests_on == ()


@pytest.mark.parametrize("way", ["undo", "by a person"])
async def test_in_group_mapping_our_assignment_goes_with_what_it_switched_on(org, drive, way):
    app, ada = org.add_aws_app(use_group_mapping=True), org.add_user("ada@acme.example")
    org.add_group(f"aws_{ACCOUNT}_Admin")
    org.add_group("aws_210987654321_Dev", members=[ada])
    driver = await drive(app)
    await driver.grant(role("Admin"), ada, "gains_more")
    assert driver.roles(ada) == {"Admin", "Dev"}

    plan, _ = await (driver.undo(role("Admin"), ada) if way == "undo" else driver.revoke(role("Admin"), ada))

    assert driver.roles(ada) == set()
    assert ada.id not in app.direct
    assert way == "undo" or "account:210987654321:Dev" in " ".join(plan.warnings)


async def test_what_our_assignment_gives_besides_by_now_is_taken_only_where_that_is_accepted(org, drive):
    app, ada = org.add_aws_app(use_group_mapping=True), org.add_user("ada@acme.example")
    admin = org.add_group(f"aws_{ACCOUNT}_Admin")
    driver = await drive(app)
    await driver.grant(role("Admin"), ada)
    org.add_group("aws_210987654321_Dev", members=[ada])
    made = dict(driver.made)

    plan = await driver.plan("revoke", role("Admin"), ada, accept=frozenset({"others_lose"}))
    assert [step.action for step in plan.steps] == ["remove_group_member", "unassign_person"]
    with pytest.raises(Exception, match="account:210987654321:Dev") as caught:
        await driver.revoke(role("Admin"), ada)
    assert caught.value.accept == "others_lose"
    assert f"--via group:{admin.id}" in caught.value.hint
    await driver.revoke(role("Admin"), ada, via=ref_of(admin))

    assert driver.roles(ada) == {"Dev"}
    assert made.keys() - driver.made.keys() == {held for held in made if held.mechanism == "member"}


async def test_an_assignment_that_was_asked_for_stays_when_a_role_is_revoked(org, drive):
    app, ada = org.add_aws_app(use_group_mapping=True), org.add_user("ada@acme.example")
    org.add_group(f"aws_{ACCOUNT}_Admin")
    org.add_group("aws_210987654321_Dev", members=[ada])
    driver = await drive(app)
    await driver.grant(assigned(app), ada)
    await driver.grant(role("Admin"), ada)
    driver.made = {held: held for held in driver.made if held.mechanism == "member"}  # as the host tells it

    await driver.revoke(role("Admin"), ada)

    assert driver.roles(ada) == {"Dev"}


async def test_the_ledgers_things_of_older_releases_are_taken_back_without_details(org, drive):
    app, ada = org.add_aws_app(roles=["Admin", "Read"]), org.add_user("ada@acme.example")
    org.assign_user(app, ada, profile={"samlRoles": [], "role": "Read"})
    driver = await drive(app)
    await driver.grant(role("Admin"), ada)
    bare = [Held(held.provider, held.object, held.principal, held.mechanism) for held in driver.made]

    await driver.do("revoke", role("Admin"), ada, undo=tuple(bare))

    assert driver.roles(ada) == {"Read"}


def as_it_is(org, app):
    """Everything that a grant may write; null and no key at all count as the same."""

    def told(profile):
        return {name: value for name, value in (profile or {}).items() if value is not None}

    return (
        {user_id: told(own.profile) for user_id, own in app.direct.items()},
        {group_id: (own.priority, told(own.profile)) for group_id, own in app.assigned_groups.items()},
        {group.id: {user.id for user in group.members} for group in org.groups},
    )


def undone_together(driver):
    """What may lose its last reason at once: a role of several, or all that somebody has."""
    whole = {}
    for held in sorted(driver.made.values(), key=str):
        whole.setdefault(held.principal, []).append(held)
    single = [
        (held,)
        for things in whole.values()
        for held in things
        if held.mechanism.startswith("role:")
        and sum(each.mechanism.startswith("role:") for each in things) > 1
    ]
    return [*map(tuple, whole.values()), *single]


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(organisations(), st.data())
async def test_whatever_was_granted_in_whichever_order_all_is_as_before_once_it_is_taken_back(made, data):
    org, app = made
    before = as_it_is(org, app)
    everything = frozenset({"others_lose", "gives_nothing", "gains_more"})
    with serving(org) as served:
        driver = await connected(served, org, app, allow_group_to_direct_assignment_conversion=True)
        try:
            for _ in range(data.draw(st.integers(1, 3), label="grants")):
                groups = [each for each in org.groups if each.type != "BUILT_IN"]
                principal = data.draw(st.sampled_from([*org.users, *groups]), label="principal")
                wanted = data.draw(st.sampled_from([*map(role, ROLES), assigned(app)]), label="entitlement")
                try:
                    plan = await driver.plan("grant", wanted, principal, accept=everything)
                except Refused:
                    continue
                if all(step.route == "api" for step in plan.steps):
                    await driver.carry_out(plan)
            while driver.made:
                things = data.draw(st.sampled_from(undone_together(driver)), label="taken back")
                plan = await driver.plan("revoke", role("Admin"), things[0].principal, undo=things)
                assert (await driver.carry_out(plan)).verified
                assert plan.rests_on == ()
                for thing in things:  # what was gone already needed no step
                    driver.made.pop(thing, None)
        finally:
            await driver.close()

    assert as_it_is(org, app) == before
