"""What the System Log tells of changes, and which of them were ours."""

from datetime import UTC, datetime, timedelta

import pytest

from rolecall import Ref
from rolecall_okta import MembershipCheck, carry_out, joining, read_group, read_membership, writes_seen
from rolecall_okta.provisioning.own_events import Credential
from rolecall_okta.simulator.permissions import Token
from tests.plugins.okta.provisioning.writings import plan_of
from tests.plugins.okta.service_app import QuickClock, signed_in


def times(clock):
    now = datetime.fromtimestamp(clock(), UTC)
    return now - timedelta(hours=1), now + timedelta(hours=1)


async def join(okta, group, user, notes):
    now = await read_group(okta, group.id, directory_writes=False)
    membership = await read_membership(okta, now, await okta.user(user.id))
    check = MembershipCheck(okta)
    plan = plan_of(joining(membership, "Ada joins.").step)
    await carry_out(okta, plan, notes, lambda _step: check)


async def seen(okta, clock, **options):
    since, until = times(clock)
    return [each async for batch in writes_seen(okta, since, until, **options) for each in batch]


async def test_our_write_is_told_with_the_request_id_that_we_noted(org, okta, clock, notes):
    ada, group = org.add_user("ada@acme.example"), org.add_group("aws")
    owner = org.add_user("rolecall@acme.example")
    _, client = await okta(Token("super", owner=owner))
    await join(client, group, ada, notes)
    org.remove_member(group, ada)
    ours, others = await seen(client, clock)
    assert (ours.kind, ours.outcome, ours.gives) == ("group.user_membership.add", "SUCCESS", True)
    assert (ours.object, ours.principal) == (Ref("group", group.id), Ref("user", ada.id))
    assert ours.ours is True
    assert [ours.request_id] == notes.request_ids
    assert ours.actor == "rolecall@acme.example"
    assert (others.gives, others.ours) == (False, False)


async def test_assignments_and_admin_roles_are_told_too(org, okta, clock):
    ada, group, app = org.add_user("ada@acme.example"), org.add_group("aws"), org.add_aws_app("AWS")
    _, client = await okta()
    org.assign_group(app, group)
    org.assign_user(app, ada)
    org.add_admin_role(ada, "USER_ADMIN")
    org.add_admin_role(group, "APP_ADMIN")
    told = {(each.kind, each.object, each.principal) for each in await seen(client, clock)}
    assert ("group.application_assignment.add", Ref("app", app.id), Ref("group", group.id)) in told
    assert ("application.user_membership.add", Ref("app", app.id), Ref("user", ada.id)) in told
    assert ("user.account.privilege.grant", None, Ref("user", ada.id)) in told
    assert ("group.privilege.grant", None, Ref("group", group.id)) in told


async def test_one_apps_events_leave_out_other_apps_and_admin_roles(org, okta, clock):
    ada, group, app = org.add_user("ada@acme.example"), org.add_group("aws"), org.add_aws_app("AWS")
    other = org.add_aws_app("Other")
    _, client = await okta()
    org.assign_user(app, ada)
    org.assign_user(other, ada)
    org.add_admin_role(ada, "USER_ADMIN")
    org.add_member(group, ada)
    told = {(each.kind, each.object) for each in await seen(client, clock, app_id=app.id)}
    assert told == {
        ("application.user_membership.add", Ref("app", app.id)),
        ("group.user_membership.add", Ref("group", group.id)),
    }


async def test_what_lies_outside_the_times_isnt_told(org, okta, clock):
    ada, group = org.add_user("ada@acme.example"), org.add_group("aws")
    _, client = await okta()
    org.add_member(group, ada)
    clock.time += 7200
    org.remove_member(group, ada)
    assert [each.gives for each in await seen(client, clock)] == [False]


async def test_long_logs_come_in_batches(org, okta, clock):
    group = org.add_group("aws")
    people = [org.add_user(f"user{number}@acme.example") for number in range(7)]
    _, client = await okta(page_size_cap=3)
    for person in people:
        org.add_member(group, person)
    assert {each.principal.id for each in await seen(client, clock)} == {person.id for person in people}


async def test_a_service_app_knows_its_own_by_its_client_id(org, notes):
    ada, group = org.add_user("ada@acme.example"), org.add_group("aws")
    scopes = {"okta.users.read", "okta.groups.read", "okta.logs.read", "okta.groups.manage"}
    with signed_in(org, scopes=scopes) as app:
        credential = app.credential(reading=scopes - {"okta.groups.manage"}, writing={"okta.groups.manage"})
        async with app.client(credential, clock=QuickClock()) as okta:
            await join(okta, group, ada, notes)
            org.remove_member(group, ada)
            now = datetime.now(UTC)
            events = writes_seen(okta, now - timedelta(hours=1), now + timedelta(hours=1))
            told = [each async for batch in events for each in batch]
    assert [(each.gives, each.ours) for each in told] == [(True, True), (False, False)]


TWO = frozenset({"00T1", "00T2"})


@pytest.mark.parametrize(
    ("credential", "actor", "token", "ours"),
    [
        pytest.param(Credential("0oa1"), "0oa1", None, True, id="the app"),
        pytest.param(Credential("0oa1"), "00u1", "00T1", False, id="not the app"),
        pytest.param(Credential(), "00u1", "00T1", None, id="nobody knows whose it is"),
        pytest.param(Credential(owner="00u1"), "00u2", "00T9", False, id="another person"),
        pytest.param(Credential(owner="00u1"), "00u1", "00T1", None, id="tokens unreadable"),
        pytest.param(Credential(owner="00u1", tokens=TWO), "00u1", None, None, id="no token named"),
        pytest.param(Credential(owner="00u1", tokens=TWO), "00u1", "00T1", None, id="one of two"),
        pytest.param(Credential(owner="00u1", tokens=TWO), "00u1", "00T9", None, id="a token that is gone"),
        pytest.param(
            Credential(owner="00u1", tokens=frozenset({"00T1"})), "00u1", "00T1", True, id="the only one"
        ),
    ],
)
def test_ours_is_claimed_only_where_it_is_certain(credential, actor, token, ours):
    assert credential.did(actor, token) is ours
