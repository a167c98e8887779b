"""Whatever goes wrong on the way to Okta: nothing twice, nobody robbed, nothing claimed unseen."""

import pytest

from rolecall import PlanOutdated, ProviderError, Refused
from rolecall_okta.simulator.faults import (
    WRITES,
    After,
    Applied,
    Before,
    Html,
    Reset,
    Status,
    TooManyRequests,
)
from tests.plugins.okta_aws_federation.provisioning.driving import membership, role

ANY = ".*"


def to_a_person(org):
    app, ada = org.add_aws_app(roles=["Admin", "Read"]), org.add_user("ada@acme.example")
    org.assign_user(app, ada, saml_roles=["Read"])
    return app, role("Admin"), ada


def to_a_newcomer(org):
    app, ada = org.add_aws_app(roles=["Admin", "Read"]), org.add_user("ada@acme.example")
    return app, role("Admin"), ada


def by_conversion(org):
    app, ada = org.add_aws_app(roles=["Admin", "Read"]), org.add_user("ada@acme.example")
    org.assign_group(app, org.add_group("staff", members=[ada]), saml_roles=["Read"])
    return app, role("Admin"), ada


def to_a_group(org):
    app, ada = org.add_aws_app(roles=["Admin", "Read"]), org.add_user("ada@acme.example")
    staff = org.add_group("staff", members=[ada])
    org.assign_group(app, staff, saml_roles=["Read"])
    return app, role("Admin"), staff


def to_a_new_group(org):
    app, ada = org.add_aws_app(roles=["Admin", "Read"]), org.add_user("ada@acme.example")
    return app, role("Admin"), org.add_group("staff", members=[ada])


def by_membership(org):
    app, ada = org.add_aws_app(roles=["Admin", "Read"]), org.add_user("ada@acme.example")
    staff = org.add_group("staff")
    org.assign_group(app, staff, saml_roles=["Admin"])
    return app, membership(staff), ada


KINDS = [to_a_person, to_a_newcomer, by_conversion, to_a_group, to_a_new_group, by_membership]
kinds = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)


async def planned(kind, org, drive):
    app, entitlement, principal = kind(org)
    driver = await drive(app, allow_group_to_direct_assignment_conversion=True)
    return driver, await driver.plan("grant", entitlement, principal)


async def tried_again(driver, plan):
    """What a host does that resumes: plan anew, and carry out what is left. How often the write was sent."""
    again = await driver.plan("grant", plan.entitlement, plan.principal)
    if again.steps:
        assert (await driver.carry_out(again)).verified
    return len(driver.writes())


@kinds
@pytest.mark.parametrize(
    "fault",
    [
        Status(403, "E0000006", "You do not have permission"),
        Status(404, "E0000007", "Not found: Resource not found"),
        Status(409, "E0000195", "API conflict"),
        Status(400, "E0000001", "Api validation failed"),
        Status(503, "E0000010", "Service is in read only mode"),
    ],
    ids=lambda fault: f"{fault.status} {fault.code}",
)
async def test_a_refused_write_changes_nothing_and_can_be_tried_again(org, drive, kind, fault):
    driver, plan = await planned(kind, org, drive)
    before = driver.access()
    driver.okta.faults.add(ANY, fault, method=WRITES, times=20)

    with pytest.raises((ProviderError, Refused)) as caught:
        await driver.carry_out(plan)

    assert driver.access() == before
    assert driver.notes.outcomes == {0: ("not_applied", driver.notes.outcomes[0][1])}
    assert fault.code in str(caught.value.message)
    driver.okta.faults.clear()
    await tried_again(driver, plan)
    assert driver.access() != before


@kinds
@pytest.mark.parametrize(
    "then", [Reset(), Status(500, "E0000009", "Internal"), Html(502), Html(504)], ids=repr
)
async def test_a_write_that_was_done_without_an_answer_is_seen_and_not_repeated(org, drive, kind, then):
    driver, plan = await planned(kind, org, drive)
    driver.okta.faults.add(ANY, Applied(then), method=WRITES)

    outcome = await driver.carry_out(plan)

    assert (outcome.status, outcome.verified) == ("applied", True)
    assert len(driver.writes()) == 1
    assert await tried_again(driver, plan) == 1


@kinds
@pytest.mark.parametrize("fault", [Reset(), Status(500, "E0000009", "Internal"), Html(502)], ids=repr)
async def test_a_write_that_was_cut_off_before_okta_had_it_is_sent_once_more_after_reading(
    org, drive, kind, fault
):
    driver, plan = await planned(kind, org, drive)
    driver.okta.faults.add(ANY, fault, method=WRITES)

    outcome = await driver.carry_out(plan)

    assert (outcome.status, outcome.verified) == ("applied", True)
    first, second = (place for place, each in enumerate(driver.okta.requests) if each.method != "GET")
    assert second - first > 1, "it is read in between"


@kinds
async def test_a_write_that_never_gets_through_is_not_claimed_and_sent_twice_at_most(org, drive, kind):
    driver, plan = await planned(kind, org, drive)
    before = driver.access()
    driver.okta.faults.add(ANY, Reset(), method=WRITES, times=None)

    with pytest.raises(ProviderError):
        await driver.carry_out(plan)

    assert driver.access() == before
    lists_lag = kind is by_membership
    assert driver.notes.outcomes[0][0] == ("unknown" if lists_lag else "not_applied")
    assert len(driver.writes()) == 2


@kinds
async def test_too_many_requests_are_waited_for(org, drive, kind):
    driver, plan = await planned(kind, org, drive)
    driver.okta.faults.add(ANY, TooManyRequests(0), method=WRITES)

    assert (await driver.carry_out(plan)).verified


def overwrites(driver, principal, profile):
    """Somebody else saves the profile as they had read it."""

    def change(org):
        app = driver.app
        if principal.type == "user":
            org.assign_user(app, org.user_by_id(principal.id), profile=profile)
        else:
            app.assigned_groups[principal.id].profile = profile

    return change


@pytest.mark.parametrize("kind", [to_a_person, to_a_group], ids=lambda kind: kind.__name__)
async def test_an_update_that_somebody_overwrites_is_merged_and_written_once_more(org, drive, kind):
    driver, plan = await planned(kind, org, drive)
    change = overwrites(driver, plan.principal, {"samlRoles": ["Read", "Theirs"]})
    driver.okta.faults.add(ANY, After(change), method=WRITES)

    outcome = await driver.carry_out(plan)

    assert outcome.status == "applied"
    held = driver.app.direct or driver.app.assigned_groups
    (profile,) = [each.profile for each in held.values()]
    assert set(profile["samlRoles"]) == {"Read", "Theirs", "Admin"}
    assert len(driver.writes()) == 2


@pytest.mark.parametrize("kind", [to_a_person, to_a_group], ids=lambda kind: kind.__name__)
async def test_an_update_that_is_overwritten_again_and_again_is_given_up(org, drive, kind):
    driver, plan = await planned(kind, org, drive)
    change = overwrites(driver, plan.principal, {"samlRoles": ["Read", "Theirs"]})
    driver.okta.faults.add(ANY, After(change), method=WRITES, times=None)

    with pytest.raises(PlanOutdated):
        await driver.carry_out(plan)

    assert driver.notes.outcomes[0][0] == "not_applied"
    assert len(driver.writes()) == 2


@kinds
async def test_an_org_that_changed_since_the_plan_is_not_written_to(org, drive, kind):
    driver, plan = await planned(kind, org, drive)
    if plan.principal.type == "user":
        ada = org.user_by_id(plan.principal.id)
        org.assign_user(driver.app, ada, saml_roles=["Theirs"])
        for group in list(ada.groups):
            org.remove_member(group, ada)
        if plan.entitlement.resource.type == "group":
            org.add_member(org.group_by_id(plan.entitlement.resource.id), ada)
    else:
        org.assign_group(driver.app, org.group_by_id(plan.principal.id), saml_roles=["Theirs"])

    with pytest.raises(PlanOutdated):
        await driver.carry_out(plan)

    assert driver.writes() == []


async def test_a_group_that_takes_its_time_is_waited_for_and_then_said_to_be_unseen(org, drive):
    driver, plan = await planned(to_a_new_group, org, drive)
    org.behaviour.assignment_lag = 3600

    outcome = await driver.carry_out(plan)

    assert (outcome.status, outcome.verified) == ("applied", False)
    assert "ada@acme.example" in outcome.why


async def test_a_group_that_somebody_else_assigns_at_the_same_time_is_told_of(org, drive):
    driver, plan = await planned(to_a_new_group, org, drive)
    other = org.add_group("other")
    driver.okta.faults.add(
        ANY, Before(lambda org: org.assign_group(driver.app, other, priority=5)), method=WRITES
    )

    outcome = await driver.carry_out(plan)

    assert (outcome.status, outcome.verified) == ("applied", False)
    assert "at the same time" in outcome.why


async def test_priorities_that_somebody_else_moves_at_the_same_time_are_told(org, drive):
    app, entitlement, staff = to_a_new_group(org)
    first, second = org.add_group("first"), org.add_group("second")
    org.assign_group(app, first, priority=0)
    org.assign_group(app, second, priority=1)
    driver = await drive(app)
    plan = await driver.plan("grant", entitlement, staff)
    driver.okta.faults.add(ANY, After(lambda org: org.prioritise(app, first, 7)), method=WRITES)

    outcome = await driver.carry_out(plan)

    assert (outcome.status, outcome.verified) == ("applied", False)
    assert "priorities" in outcome.why
