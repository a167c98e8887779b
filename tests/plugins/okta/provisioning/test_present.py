"""Whether people hold what they are said to hold, by single reads."""

from rolecall import Held, Ref
from rolecall_okta import assigned_held, member_held, members_held, provider_of, things_present
from rolecall_okta.simulator.faults import Lacking, Status

ADA = "ada.lovelace@acme.example"


async def test_members_are_told_from_one_list_a_person(org, okta):
    ada, bob = org.add_user(ADA), org.add_user("bob@acme.example", status="DEPROVISIONED")
    aws, other = org.add_group("aws", members=[ada]), org.add_group("other")
    everyone = next(group for group in org.groups if group.type == "BUILT_IN" and group.name == "Everyone")
    _, client = await okta()
    pairs = [(aws.id, ada.id), (other.id, ada.id), (everyone.id, ada.id), (everyone.id, bob.id)]
    gone = [("00gnone", ada.id), (aws.id, "00unone"), (aws.id, ADA)]
    assert await members_held(client, pairs + gone) == [True, False, True, False, False, False, False]


async def test_what_cant_be_read_isnt_told(org, okta):
    ada = org.add_user(ADA)
    aws = org.add_group("aws", members=[ada])
    simulator, client = await okta()
    simulator.faults.add(f"/users/{ada.id}/groups", Status(403, "E0000006"), times=None)
    assert await members_held(client, [(aws.id, ada.id)]) == [None]


async def test_memberships_and_assignments_are_present_or_not(org, okta):
    ada, bob = org.add_user(ADA), org.add_user("bob@acme.example")
    aws = org.add_group("aws", members=[ada])
    app = org.add_aws_app("AWS")
    org.assign_group(app, aws)
    org.assign_user(app, bob)
    _, client = await okta()
    provider = provider_of(client)
    things = [
        (member_held(provider, aws.id, ada.id), True),
        (member_held(provider, aws.id, bob.id), False),
        (assigned_held(provider, app.id, Ref("user", bob.id)), True),
        (assigned_held(provider, app.id, Ref("user", ada.id)), False),  # hers comes through the group
        (assigned_held(provider, app.id, Ref("group", aws.id)), True),
        (assigned_held(provider, "0oanone", Ref("user", bob.id)), False),
        (Held(provider, Ref("app", app.id), Ref("user", bob.id), "role:Admin"), None),
        (member_held("other.okta.example", aws.id, ada.id), None),
    ]
    assert await things_present(client, [thing for thing, _ in things]) == [there for _, there in things]


async def test_everyone_holds_whom_no_list_shows_in_it(org, okta):
    ada, bob = org.add_user(ADA), org.add_user("bob@acme.example", status="DEPROVISIONED")
    simulator, client = await okta()
    hidden = Lacking(frozenset({org.everyone.id}))
    simulator.faults.add("/users/[^/]+/groups", hidden, times=None)
    pairs = [(org.everyone.id, ada.id), (org.everyone.id, bob.id)]
    assert await members_held(client, pairs) == [True, False]


async def test_a_group_that_cant_be_read_may_be_everyone(org, okta):
    ada, group = org.add_user(ADA), org.add_group("aws")
    simulator, client = await okta()
    simulator.faults.add(f"/groups/{group.id}", Status(403, "E0000006"), times=None)
    assert await members_held(client, [(group.id, ada.id)]) == [None]
