"""Whatever is granted and revoked wherever: plans tell the truth about everybody, and nobody is robbed."""

import json

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from rolecall import GrantRef, Refused
from tests.plugins.okta_aws_federation.provisioning.driving import (
    assigned,
    connected,
    membership,
    ref_of,
    role,
    seen_effects,
    serving,
    told_effects,
)
from tests.plugins.okta_aws_federation.provisioning.small_orgs import PROFILES, ROLES, organisations

ACCEPTED = st.sampled_from([(), (), (), ("others_lose", "gives_nothing", "gains_more")])


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(organisations(), st.booleans(), st.data())
async def test_plans_foresee_what_everybody_has_and_nobody_loses_unasked(made, converts, data):
    org, app = made
    with serving(org) as served:
        driver = await connected(served, org, app, allow_group_to_direct_assignment_conversion=converts)
        try:
            for _ in range(data.draw(st.integers(1, 5), label="turns")):
                await a_turn(driver, data)
        finally:
            await driver.close()


async def a_turn(driver, data):
    org, app = driver.org, driver.app
    groups = [each for each in org.groups if each.type != "BUILT_IN"]
    principal = data.draw(st.sampled_from([*org.users, *org.users, *groups]), label="principal")
    entitlement = data.draw(
        st.sampled_from([*map(role, ROLES), *map(role, ROLES), assigned(app), *map(membership, groups)]),
        label="entitlement",
    )
    accepted = data.draw(ACCEPTED, label="accepted")
    turn = data.draw(st.sampled_from(["grant", "grant", "revoke", "via", "undo", "by hand"]), label="turn")
    if turn == "by hand":
        somebody_changes(org, app, principal, groups, data)
        return
    by_hand = given_by_hand(driver, principal)
    before, sent = driver.access(), len(driver.writes())
    try:
        if turn == "grant":
            plan = await driver.plan("grant", entitlement, principal, accept=frozenset(accepted))
        elif turn == "undo":
            things = [held for held in driver.made if held.principal == ref_of(principal)]
            if not things:
                return
            some = data.draw(st.lists(st.sampled_from(things), unique=True, min_size=1), label="things")
            plan = await driver.plan(
                "revoke", entitlement, principal, undo=tuple(driver.made[each] for each in some)
            )
        else:
            via = ref_of(data.draw(st.sampled_from(groups), label="via")) if turn == "via" else None
            plan = await driver.plan("revoke", entitlement, principal, via=via, accept=frozenset(accepted))
    except Refused as refusal:
        event(f"{turn} refused {refusal.code}")
        assert driver.access() == before
        assert len(driver.writes()) == sent
        return
    assert len(driver.writes()) == sent, "planning writes nothing"
    see_that_it_can_be_stored(plan)
    if any(step.route == "handoff" for step in plan.steps):
        event("hand-off")
        return
    outcome = await driver.carry_out(plan)
    event(f"{turn} {plan.status} {len(plan.steps)} steps")
    after = driver.access()

    assert outcome.status in {"applied", plan.status}
    assert outcome.verified, outcome.why
    assert seen_effects(before, after) == told_effects(plan)
    if turn == "grant":
        await see_granted(driver, plan, accepted, before, after)
    assert turn != "undo" or by_hand <= given_by_hand(driver, principal), "what others gave stays"
    if turn == "undo":
        taken = {held for step in plan.steps for held in step.takes}
        assert not any(await driver.connector.rolecall_present(list(taken)))


def somebody_changes(org, app, principal, groups, data):
    """What happens in Okta behind the connector's back."""
    profile = data.draw(PROFILES, label="profile")
    if principal.id.startswith("00g"):
        org.assign_group(app, principal, profile=profile)
        return
    group = data.draw(st.sampled_from(groups), label="group")
    what = data.draw(st.sampled_from(["assigned", "joins", "leaves", "left to groups"]), label="by hand")
    if what == "assigned":
        org.assign_user(app, principal, profile=profile)
    elif what == "left to groups" and principal.id in app.direct:
        org.unassign_user(app, principal)
    elif what == "joins" and principal not in group.members:
        org.add_member(group, principal)
    elif what == "leaves" and principal in group.members:
        org.remove_member(group, principal)


def given_by_hand(driver, principal):
    """Roles in the principal's own profile that are neither Rolecall's nor a copy that it made."""
    own = driver.app.direct.get(principal.id) or driver.app.assigned_groups.get(principal.id)
    made = [held for held in driver.made.values() if held.principal == ref_of(principal)]
    ours = {held.mechanism.partition(":")[2] for held in made}
    ours.update(*(held.detail.get("copied", ()) for held in made))
    return set((own.profile or {}).get("samlRoles") or []) - ours - {""} if own else set()


def see_that_it_can_be_stored(plan):
    """All that the contract calls JSON survives being written down."""
    steps = [[step.expects, step.body] for step in plan.steps]
    details = [held.detail for step in plan.steps for held in (*step.gives, *step.takes)]
    stored = [steps, details, [held.detail for held in plan.rests_on], plan.meaning]
    assert json.loads(json.dumps(stored)) == stored


async def see_granted(driver, plan, accepted, before, after):
    if not accepted:
        for person in before:
            assert before[person] <= after[person], "somebody lost a role"
        if plan.principal.type == "user" and plan.entitlement.resource.type == "account":
            assert after[plan.principal.id] - before[plan.principal.id] <= {str(plan.entitlement)}
    wanted = GrantRef(plan.entitlement, plan.principal)
    assert await driver.connector.rolecall_holds([wanted]) == [True]
    assert all(await driver.connector.rolecall_present(plan.rests_on)), plan.rests_on
    if plan.principal.type == "user" and plan.entitlement.resource.type == "account":
        assert str(plan.entitlement) in after[plan.principal.id]
