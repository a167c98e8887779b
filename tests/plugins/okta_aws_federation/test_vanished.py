"""A list that an incremental run reads whole and that comes back short refuses the run."""

import pytest

from rolecall import Refused
from rolecall_okta.simulator import Organisation
from rolecall_okta.simulator.faults import Lacking
from tests.plugins.okta_aws_federation.begun_orgs import mapping_org, single_org
from tests.plugins.okta_aws_federation.replica import Replica

APP_GROUPS, APP_USERS = r"/apps/[^/]+/groups\?", r"/apps/[^/]+/users\?"


async def begun(served, build):
    """An org that a connector has read once, and that has 40 more people assigned on their own."""
    org = Organisation()
    app, people, groups = build(org)
    others = [org.add_user(f"other{number}@acme.example") for number in range(40)]
    for person in others:
        org.assign_user(app, person)
    okta = served(org)
    replica = await Replica(okta.domain, app.id).sync()
    return org, app, [*people, *others], groups, okta, replica


def lack(okta, pattern, *things):
    okta.faults.add(pattern, Lacking(frozenset(each.id for each in things)), times=None)


@pytest.mark.parametrize("build", [mapping_org, single_org])
async def test_a_list_of_assigned_groups_that_lacks_one_is_refused(served, build):
    _, _, _, groups, okta, replica = await begun(served, build)
    lack(okta, APP_GROUPS, groups["entry"])

    with pytest.raises(Refused, match=f"it lacks 1 of type group, but group:{groups['entry'].id}") as refused:
        await replica.sync()

    assert refused.value.code == "list_short"


@pytest.mark.parametrize("build", [mapping_org, single_org])
async def test_a_list_of_assigned_people_that_lacks_some_is_refused(served, build):
    org, app, people, _, okta, replica = await begun(served, build)
    for person in people[-3:]:  # more than the list has pages, so that it is read
        org.unassign_user(app, person)
    lack(okta, APP_USERS, people[15], people[16])

    with pytest.raises(Refused, match="it lacks 2 of type user, but user:"):
        await replica.sync()


async def test_what_the_log_says_was_taken_off_the_app_is_not_asked_for(served):
    org, app, people, groups, _, replica = await begun(served, mapping_org)
    org.unassign_group(app, groups["entry"])
    for person in people[-3:]:
        org.unassign_user(app, person)

    await replica.sync()

    assert replica.mode == "incremental"
    assert not [each for each in replica.asked if "/apps/" in each and each.count("/") > 5]


@pytest.mark.parametrize("build", [mapping_org, single_org])
async def test_what_went_without_a_word_in_the_log_is_asked_for_alone(served, build):
    org, app, _, groups, _, replica = await begun(served, build)
    members = groups["entry"].members
    org.log.loses = lambda kind: kind.endswith(".remove")
    org.unassign_group(app, groups["entry"])

    await replica.sync()

    assert replica.mode == "incremental"
    assert f"GET /api/v1/apps/{app.id}/groups/{groups['entry'].id}" in replica.asked
    left = {member.id for member in members} - {each.id for each in groups["admin"].members}
    if build is mapping_org:
        left = {member.id for member in members}
    asked = replica.run.requests.asked
    assert {each.rpartition("/")[2] for each in asked if f"/apps/{app.id}/users/" in each} == left
