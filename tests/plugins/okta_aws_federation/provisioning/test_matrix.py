"""Every kind of grant, its undoing, and its revocation by a person, in every combination of what decides.

Each case looks at everybody in the org: what plans foretell is what logins give afterwards, nobody but the
principal is moved, and taking back leaves everybody as before.
"""

from itertools import product as every

import pytest

from rolecall import GrantRef, Refused
from rolecall_okta.simulator import Organisation
from tests.plugins.okta_aws_federation.provisioning.driving import (
    connected,
    ref_of,
    role,
    seen_effects,
    serving,
    told_effects,
)

SCOPES = ("none", "own", "groups", "own in groups")
HELD = {"none": set(), "own": {"Audit"}, "groups": {"Read"}, "own in groups": {"Audit"}}
"""What ada has of her own, or of the group that wins."""
BOTH = (False, True)


def an_org(*, scope="none", join=False, union=False, **settings):
    """Ada with an assignment by ``scope``, and others in every place that her grant must not disturb."""
    org = Organisation()
    app = org.add_aws_app(join_all_roles=join, union=union, roles=["Admin", "Audit", "Read"], **settings)
    ada, bob, cy, dee = (org.add_user(f"{name}@acme.example") for name in ("ada", "bob", "cy", "dee"))
    first, second = org.add_group("first", members=[bob]), org.add_group("second", members=[bob, cy])
    org.assign_group(app, first, priority=0, saml_roles=["Read"])
    org.assign_group(app, second, priority=1, saml_roles=["Audit"])
    org.assign_user(app, cy, saml_roles=["Read"])
    org.add_group("others", members=[dee])
    if "groups" in scope:
        org.add_member(first, ada)
        org.add_member(second, ada)
    if "own" in scope:
        org.assign_user(app, ada, profile={"samlRoles": ["Audit"], "role": None})
    return org, app, ada


def held(scope, *, join, union):
    """Roles that ada has before: the rules in a nutshell."""
    roles = set(HELD[scope])
    if scope == "groups" and union:
        roles |= {"Audit"}
    return roles | {"Read", "Audit"} if join and "groups" in scope else roles


async def carried_out(driver, operation, entitlement, principal, **options):
    """Plan, carry out, and see that everybody has what was foretold: the plan."""
    before = driver.access()
    plan = await driver.plan(operation, entitlement, principal, **options)
    assert driver.access() == before
    outcome = await driver.carry_out(plan)
    assert outcome.verified, outcome.why
    assert seen_effects(before, driver.access()) == told_effects(plan)
    return plan


@pytest.mark.parametrize(
    ("scope", "join", "union", "converts", "wanted"),
    list(every(SCOPES, BOTH, BOTH, BOTH, ("Admin", "Read", "Audit"))),
)
async def test_a_role_to_a_person_by_their_profile(scope, join, union, converts, wanted):
    org, app, ada = an_org(scope=scope, join=join, union=union)
    with serving(org) as served:
        driver = await connected(served, org, app, allow_group_to_direct_assignment_conversion=converts)
        try:
            await grant_by_profile(driver, ada, scope, wanted, held(scope, join=join, union=union))
        finally:
            await driver.close()


async def grant_by_profile(driver, ada, scope, wanted, before):
    converts = driver.connector._settings.allow_group_to_direct_assignment_conversion
    assert driver.roles(ada) == before
    at_first = driver.access()
    if wanted not in before and scope == "groups" and not converts:
        with pytest.raises(Refused) as caught:
            await driver.plan("grant", role(wanted), ada)
        assert caught.value.code == "conversion_not_allowed"
        assert "first" in caught.value.message
        assert "allow_group_to_direct_assignment_conversion" in caught.value.message
        assert driver.writes() == []
        return

    plan = await carried_out(driver, "grant", role(wanted), ada)

    assert plan.status == ("already_granted" if wanted in before else "planned")
    assert driver.access() == at_first | {ada.id: at_first[ada.id] | {str(role(wanted))}}
    assert (await carried_out(driver, "grant", role(wanted), ada)).status == "already_granted"
    await take_back(driver, ada, scope, wanted, before, at_first)


async def take_back(driver, ada, scope, wanted, before, at_first):
    """What Rolecall gave goes and leaves all as before; the rest stays, unless a person ends it."""
    if driver.made:
        undone = await carried_out(driver, "revoke", role(wanted), ada, undo=tuple(driver.made.values()))
        assert undone.status == "planned"
        assert driver.access() == at_first
        assert driver.made == {}
        direct = ada.id in driver.app.direct
        assert direct == ("own" in scope), "the assignment is as it was"
        again = await driver.plan("revoke", role(wanted), ada, undo=tuple(undone.steps[0].takes))
        assert again.status == "already_revoked"
    elif "own" in scope and wanted == "Audit":
        plan = await carried_out(driver, "revoke", role(wanted), ada, accept=frozenset({"gains_more"}))
        left = driver.roles(ada)
        still = driver.connector._settings and await driver.connector.rolecall_holds(
            [GrantRef(role(wanted), ref_of(ada))]
        )
        assert still == [wanted in left]
        assert bool(plan.warnings) == (wanted in left), "it says what the person keeps by groups"
    else:
        with pytest.raises(Refused) as caught:
            await driver.plan("revoke", role(wanted), ada)
        assert caught.value.code == "inherited"
        groups = {each["id"] for each in caught.value.facts["groups"]}
        assert groups, "the groups are named"
        assert all(each in str(caught.value.hint) + caught.value.message for each in groups)


@pytest.mark.parametrize(("join", "union", "default"), list(every(BOTH, BOTH, BOTH)))
async def test_a_conversion_takes_nothing_from_anybody(join, union, default):
    org, app, ada = an_org(scope="groups", join=join, union=union)
    if default:
        for held_by in app.assigned_groups.values():
            held_by.profile = {"role": "Audit", "samlRoles": []}
    with serving(org) as served:
        driver = await connected(served, org, app, allow_group_to_direct_assignment_conversion=True)
        try:
            before = driver.access()
            assert before[ada.id], "she has something to lose"
            await carried_out(driver, "grant", role("Admin"), ada)
            after = driver.access()
            await driver.undo(role("Admin"), ada)
            undone = driver.access()
        finally:
            await driver.close()

    assert after == before | {ada.id: before[ada.id] | {str(role("Admin"))}}
    assert undone == before
    assert ada.id not in app.direct


def in_order(app):
    """Ids of the assigned groups, the one that wins first."""
    return [each.group.id for each in sorted(app.assigned_groups.values(), key=lambda held: held.priority)]


GROUP_KINDS = ("new", "named", "without the key", "with a default", "nobody in it")


@pytest.mark.parametrize(
    ("kind", "join", "union", "patch_absent"), list(every(GROUP_KINDS, BOTH, BOTH, ("sets", "refused")))
)
async def test_a_role_to_a_group_moves_nobody_else(kind, join, union, patch_absent):
    org, app, ada = an_org(scope="groups", join=join, union=union)
    org.behaviour.patch_absent = patch_absent
    (dee,) = [user for user in org.users if user.login == "dee@acme.example"]
    group = org.add_group("third", members=[] if kind == "nobody in it" else [ada, dee])
    profiles = {
        "named": {"samlRoles": ["Read"]},
        "without the key": {},
        "with a default": {"role": "Read"},
    }
    if kind in profiles:
        org.assign_group(app, group, profile=profiles[kind])
    with serving(org) as served:
        driver = await connected(served, org, app)
        try:
            order = in_order(app)
            before = driver.access()
            await carried_out(driver, "grant", role("Admin"), group)
            after = driver.access()
            order_after = in_order(app)
            again = await carried_out(driver, "grant", role("Admin"), group)
            await driver.undo(role("Admin"), group)
            undone = driver.access()
        finally:
            await driver.close()

    gains = set() if kind == "nobody in it" else {dee.id, ada.id} if join or union else {dee.id}
    assert seen_effects(before, after) == {each: ({str(role("Admin"))}, set()) for each in gains}
    assert order_after == (order if kind in profiles else [*order, group.id])
    assert again.status == "already_granted"
    assert undone == before
    assert (group.id in app.assigned_groups) == (kind in profiles), (
        "an assignment of ours goes with its last role"
    )


ROUTES = ("native", "directory", "none", "several", "not admitted", "look-alike beside")
"""Which groups mean the role."""


@pytest.mark.parametrize(
    ("scope", "route", "already", "others"), list(every(("none", "own", "groups"), ROUTES, BOTH, BOTH))
)
async def test_a_role_to_a_person_by_a_groups_name(scope, route, already, others):
    org, app, ada = an_org(scope=scope, use_group_mapping=True, app_filter="okta, active_directory")
    directory, other = org.add_directory(), org.add_app("workday", "Workday")
    name = "aws_123456789012_Admin"
    made = {
        "native": [(name, None)],
        "directory": [(name, directory)],
        "none": [("aws_123456789012_Administrator", None), ("aws_210987654321_Admin", None)],
        "several": [(name, None), (f"{name}\u00a0", None)],
        "not admitted": [(name, other)],
        "look-alike beside": [(name, None), (name, directory), (name, other)],
    }[route]
    groups = [org.add_group(named, source=source) for named, source in made]
    if already:
        org.add_member(groups[0], ada)
    if others:
        org.add_group("aws_123456789012_Read", members=[ada])
    with serving(org) as served:
        driver = await connected(served, org, app)
        try:
            await grant_by_name(driver, ada, scope, route, already=already, others=others, group=groups[0])
        finally:
            await driver.close()


async def grant_by_name(driver, ada, scope, route, *, already, others, group):
    at_first = driver.access()
    counts = route not in ("none", "not admitted")
    refusal = None
    if not counts:
        refusal = "no_role_group"
    elif route == "several" and not already:
        refusal = "several_role_groups"
    elif scope == "none" and others:
        refusal = "gains_more"
    if refusal is not None:
        with pytest.raises(Refused) as caught:
            await driver.plan("grant", role("Admin"), ada)
        assert caught.value.code == refusal
        assert driver.writes() == []
        if refusal == "no_role_group":
            assert group.name in {each["name"] for each in caught.value.facts["near"]}
        if refusal == "several_role_groups":
            assert len(caught.value.facts["candidates"]) > 1
        return
    plan = await driver.plan("grant", role("Admin"), ada)
    if already and scope != "none":
        assert plan.status == "already_granted"
        return
    if route == "directory" and not already:
        assert [step.route for step in plan.steps][:1] == ["handoff"]
        outcome = await driver.carry_out(plan)
        assert (outcome.status, outcome.step) == ("handed_off", 0)
        assert driver.access() == at_first
        assert driver.writes() == []
        return
    await carried_out(driver, "grant", role("Admin"), ada)
    assert driver.access() == at_first | {ada.id: at_first[ada.id] | {str(role("Admin"))}}
    undone = await carried_out(driver, "revoke", role("Admin"), ada, undo=tuple(driver.made.values()))
    assert undone.status == "planned"
    assert driver.access() == at_first
    assert (ada in group.members) == already
    assert (ada.id in driver.app.direct) == (scope == "own")
