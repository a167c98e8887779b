"""People who move between groups are seen by an incremental run, however little the log tells of it."""

import httpx
import pytest

from rolecall_okta.simulator.faults import Status
from tests.plugins.okta_aws_federation.begun_orgs import mapping_org, single_org
from tests.plugins.okta_aws_federation.emission import TOKEN
from tests.plugins.okta_aws_federation.replica import proven


@pytest.mark.parametrize("lost", ["", "application.user_membership.", "group.user_membership."])
async def test_the_log_is_believed_only_where_groups_count_as_many(begun, lost):
    it = await begun(mapping_org)
    it.org.log.loses = lambda kind: bool(lost) and kind.startswith(lost)
    everybody = f"GET /api/v1/apps/{it.app.id}/users"

    def change(it):
        it.org.add_member(it.groups["entry"], it.people[10])

    replica = await it.after(change)

    assert replica.mode == "incremental"
    assert (everybody in replica.asked) == (lost == "group.user_membership.")


async def test_a_swap_in_an_entry_group_of_which_the_log_says_nothing_is_seen(begun):
    now = [1_800_000_000.0]
    it = await begun(mapping_org, clock=lambda: now[0])
    it.org.log.loses = lambda kind: "user_membership." in kind

    def change(it):
        it.org.add_member(it.groups["entry"], it.people[10])
        it.org.remove_member(it.groups["entry"], it.people[0])
        now[0] += 5

    replica = await it.after(change)

    assert replica.mode == "incremental"
    await replica.sync()
    assert f"GET /api/v1/apps/{it.app.id}/users" not in replica.asked, "the move was seen by then"


async def test_a_swap_within_the_second_of_a_move_that_was_seen_is_seen_too(begun):
    now = [1_800_000_000.0]
    it = await begun(mapping_org, clock=lambda: now[0])
    await it.after(lambda it: it.org.add_member(it.groups["entry"], it.people[11]))
    it.org.log.loses = lambda kind: "user_membership." in kind
    it.org.add_member(it.groups["entry"], it.people[10])
    it.org.remove_member(it.groups["entry"], it.people[0])
    now[0] += 60

    await proven(it.replica)

    assert it.replica.mode == "incremental"


async def test_a_swap_that_an_import_makes_beside_a_move_that_the_log_tells_is_seen(begun):
    it = await begun(mapping_org)

    def change(it):
        it.org.add_member(it.groups["entry"], it.people[11])
        it.org.log.loses = lambda kind: kind.startswith("application.")
        with it.org.importing():
            it.org.add_member(it.groups["entry"], it.people[10])
            it.org.remove_member(it.groups["entry"], it.people[0])

    replica = await it.after(change)

    assert replica.mode == "incremental"


async def test_a_swap_that_a_group_rule_makes_beside_a_move_that_the_log_tells_is_seen(begun):
    it = await begun(mapping_org)
    entry = it.groups["entry"]

    def change(it):
        it.org.add_member(entry, it.people[11])
        it.org.log.loses = lambda kind: "user_membership." in kind
        it.org.add_member(entry, it.people[10])
        it.org.remove_member(entry, it.people[0])
        it.org.log.loses = None
        it.org.log.write("group.user_membership.rule.trigger", [{"id": entry.id, "type": "UserGroup"}])

    replica = await it.after(change)

    assert replica.mode == "incremental"


@pytest.mark.parametrize("build", [mapping_org, single_org])
@pytest.mark.parametrize("joins", [True, False])
async def test_an_assignment_that_follows_its_group_later_is_asked_for_again(begun, build, joins):
    now = [1_800_000_000.0]
    it = await begun(build, clock=lambda: now[0])
    it.org.log.loses = lambda kind: kind.startswith("application.user_membership.")
    person = it.people[11] if joins else it.people[0]
    change = it.org.add_member if joins else it.org.remove_member
    was = await app_user_as_served(it, person)
    change(it.groups["entry"], person)
    late = Status(404, "E0000007") if joins else Status(200, body=was)
    it.okta.faults.add(f"/apps/{it.app.id}/users/{person.id}", late)
    await it.replica.sync()
    now[0] += 700  # past the overlap, so that nothing but the memory of it brings it back

    await proven(it.replica)

    assert it.replica.mode == "incremental"
    await it.replica.sync()
    assert not [what for what in it.replica.asked if what.endswith(person.id)], "it has followed"


async def app_user_as_served(it, person):
    async with httpx.AsyncClient(trust_env=False) as http:
        address = f"http://{it.okta.domain}/api/v1/apps/{it.app.id}/users/{person.id}?expand=user"
        return (await http.get(address, headers={"Authorization": f"SSWS {TOKEN}"})).content
