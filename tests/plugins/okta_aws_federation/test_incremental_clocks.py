"""What an incremental run believes of clocks to the second, and of an index that lags behind."""

from rolecall import Ref
from rolecall_okta_aws_federation.memory import load
from tests.plugins.okta_aws_federation.begun_orgs import ACCOUNT, mapping_org
from tests.plugins.okta_aws_federation.emission import effective_rows
from tests.plugins.okta_aws_federation.replica import proven, whole


async def test_members_that_a_clock_tells_of_are_not_read_again(begun):
    now = [1_800_000_000.0]
    it = await begun(mapping_org, clock=lambda: now[0])
    it.org.add_member(it.groups["admin"], it.people[9])
    members = f"GET /api/v1/groups/{it.groups['admin'].id}/users"
    asked = []

    for _ in range(3):
        now[0] += 5
        await it.replica.sync()
        asked.append(members in it.replica.asked)

    assert asked == [True, False, False]


async def test_a_change_within_the_second_of_the_clock_is_not_missed(begun):
    now = [1_800_000_000.0]
    it = await begun(mapping_org, clock=lambda: now[0])
    for person, seconds in ((9, 0.4), (10, 0.3), (11, 0.2)):
        it.org.add_member(it.groups["admin"], it.people[person])
        now[0] += seconds
        await proven(it.replica)


async def test_a_lagging_index_loses_nothing(begun):
    now = [1_800_000_000.0]
    it = await begun(mapping_org, clock=lambda: now[0], search_lag=5)
    it.org.add_member(it.groups["admin"], it.people[9])
    it.people[1].status = "SUSPENDED"
    it.org.rename(it.groups["other"], f"aws_{ACCOUNT}_New")
    it.org.add_member(it.groups["entry"], it.people[10])
    now[0] += 1
    await it.replica.sync()
    now[0] += 6

    await proven(it.replica)

    assert it.replica.mode == "incremental"
    assert any(row["role"] == "New" for row in effective_rows(whole(it.replica)))


async def test_a_deleted_group_that_the_index_still_lists_is_not_taken_back(begun):
    now = [1_800_000_000.0]
    it = await begun(mapping_org, clock=lambda: now[0], search_lag=5)
    it.org.add_group("aws_000011112222_Empty")
    now[0] += 10
    await it.replica.sync()
    empty = it.org.group("aws_000011112222_Empty")
    it.org.delete_group(empty)

    await it.replica.sync()

    assert Ref("group", empty.id) not in it.replica.resources
    now[0] += 10
    await proven(it.replica)


async def test_a_full_run_does_not_take_back_what_an_earlier_run_learned_of_deletions(begun):
    now = [1_800_000_000.0]
    it = await begun(mapping_org, clock=lambda: now[0], search_lag=5)
    empty = it.org.add_group("aws_000011112222_Empty")
    now[0] += 10
    await it.replica.sync()
    it.org.delete_group(empty)
    await it.replica.sync()

    await it.replica.sync(full=True)

    assert Ref("group", empty.id) not in it.replica.resources
    now[0] += 700
    await proven(it.replica)
    assert load(it.replica.checkpoint).deleted == {}
