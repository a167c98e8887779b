"""``sync --estimate``: what the next run would cost, told from the list of groups alone."""

import pytest

from rolecall import Ref
from tests.plugins.okta.directory.driving import Directory

LATER = 3600


async def estimated(seen):
    """The forecast, and how many requests it took."""
    seen.begin()
    connector = await seen.open()
    try:
        await connector.rolecall_validate()
        forecast = await connector.rolecall_estimate(seen.last_checkpoint())
    finally:
        await connector.rolecall_close()
    return forecast, len(seen.requests.asked)


@pytest.fixture
def seen(org, served):
    people = [org.add_user(f"user{number}@acme.example") for number in range(250)]
    for number in range(230):
        org.add_group(f"group{number}", members=people[number : number + 2])
    return Directory(served(org, "read_only").domain)


async def test_a_first_run_is_foreseen_from_the_groups(seen):
    forecast, asked = await estimated(seen)
    await seen.sync()

    assert asked == 3, "whose credential, and two pages of groups"
    assert forecast.requests == pytest.approx(len(seen.requests.asked), abs=2)
    assert "230 groups" in forecast.basis
    assert forecast.buckets["/api/v1/groups"] == 232


async def test_a_run_of_changes_is_foreseen_from_the_groups_that_moved(seen, org, clock):
    await seen.sync()
    clock.pass_by(LATER)
    for number in range(3):
        org.add_member(org.group(f"group{number}"), org.users[-1])

    forecast, _asked = await estimated(seen)
    await seen.sync()

    assert seen.mode == "incremental"
    assert forecast.requests == pytest.approx(len(seen.requests.asked), abs=2)
    assert forecast.buckets["/api/v1/groups"] == 4


async def test_a_checkpoint_of_other_settings_foresees_a_full_run(seen):
    await seen.sync()
    seen.settings = {"profile_fields": ["title"]}

    forecast, _asked = await estimated(seen)

    assert forecast.buckets["/api/v1/groups"] == 232


async def test_only_the_groups_of_the_scope_count(seen):
    seen.settings = {"group_name_prefixes": ["group1"]}

    forecast, asked = await estimated(seen)

    assert asked == 2
    assert "111 groups" in forecast.basis


async def test_groups_that_are_newly_asked_for_count(seen, org, clock):
    seen.settings = {"members": "on_demand"}
    await seen.sync()
    clock.pass_by(LATER)
    seen.wanted = frozenset(Ref("group", group.id) for group in org.groups[:120])

    forecast, _asked = await estimated(seen)
    await seen.sync()

    assert seen.mode == "incremental"
    assert forecast.requests == pytest.approx(len(seen.requests.asked), abs=2)
