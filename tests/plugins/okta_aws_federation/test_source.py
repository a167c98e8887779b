"""With an identity source, nothing that it holds is asked of Okta, and the result is the same."""

import pytest

from rolecall import EntitlementRef, Ref
from rolecall.testing import Mirror, UnderTest
from rolecall_okta.simulator import Organisation
from rolecall_okta_aws_federation.memory import load
from tests.e2e.organisations import CASES
from tests.plugins.okta_aws_federation.directory import Directory
from tests.plugins.okta_aws_federation.emission import TOKEN, effective_rows, emitted
from tests.plugins.okta_aws_federation.replica import Replica, proven

ACCOUNT = "123456789012"
BY_GROUP = [name for name in CASES if "over 200" not in name]
"""Organisations of which a run alone reads memberships by group."""


def under_test(okta, app=None, **settings):
    given = {"domain": okta.domain, "api_token": {"env": "OKTA_API_TOKEN"}, **settings}
    if app is None:
        return UnderTest("okta", given, {"api_token": TOKEN})
    return UnderTest("okta_aws_federation", {**given, "aws_okta_app_id": app.id}, {"api_token": TOKEN})


@pytest.mark.parametrize("name", BY_GROUP)
async def test_the_result_is_the_same_with_and_without(name, served):
    made = CASES[name]()
    okta = served(made.org)

    async with Mirror(under_test(okta, made.app), under_test(okta), alone=True) as mirror:
        await mirror.check()
        seen = await mirror.check()

    assert (seen.mode, seen.status) == ("incremental", "unchanged")


@pytest.mark.parametrize("name", [name for name in CASES if name not in BY_GROUP])
async def test_access_is_the_same_where_a_run_alone_reads_by_person(name, served):
    made = CASES[name]()
    okta = served(made.org)
    alone = await emitted(okta.domain, made.app.id)

    replica = await with_source(okta, made.app, Directory(made.org)).sync()

    assert effective_rows(whole(replica)) == effective_rows(alone)


def with_source(okta, app, source):
    return Replica(okta.domain, app.id, source=source)


def whole(replica):
    replica.run.resources, replica.run.entitlements = replica.resources, replica.entitlements
    replica.run.grants = list(replica.grants.values())
    return replica.run


@pytest.fixture
def mapping(served):
    org = Organisation()
    app = org.add_aws_app(use_group_mapping=True, app_filter="okta")
    people = [org.add_user(f"person{number}@acme.example") for number in range(8)]
    org.assign_group(app, org.add_group("AWS users", members=people[:6]))
    admins = org.add_group(f"aws_{ACCOUNT}_Admin", members=people[:3])
    return org, app, admins, people, served(org)


async def test_no_person_group_or_membership_is_asked_for(mapping):
    org, app, _, _, okta = mapping

    replica = await with_source(okta, app, Directory(org)).sync()

    assert set(replica.asked) == {
        f"GET /api/v1/apps/{app.id}",
        "GET /api/v1/logs",
        "GET /api/v1/users/me",
        f"GET /api/v1/apps/{app.id}/users",
        f"GET /api/v1/apps/{app.id}/groups",
    }
    lists = {reading.name: reading for reading in replica.run.readings}
    assert lists["okta-prod: members"].items == 3
    assert "run 1 of the identity source okta-prod" in lists["okta-prod: groups"].note


async def test_a_group_whose_members_the_source_does_not_hold_is_read(mapping):
    org, app, admins, people, okta = mapping
    replica = await with_source(okta, app, Directory(org, members_of=[])).sync()

    assert replica.asked.count(f"GET /api/v1/groups/{admins.id}/users") == 1
    assert {row["user_id"] for row in effective_rows(whole(replica))} == {user.id for user in people[:3]}


async def test_a_source_that_does_not_list_every_group_leaves_finding_them_to_okta(mapping):
    org, app, _, _, okta = mapping

    replica = await with_source(okta, app, Directory(org, covers=False)).sync()

    assert "GET /api/v1/groups" in replica.asked
    assert len(effective_rows(whole(replica))) == 3


async def test_a_source_of_another_org_is_found_and_not_used(mapping):
    _, app, _, people, okta = mapping
    elsewhere = Organisation(seed=99)
    elsewhere.add_user("somebody@else.example")

    replica = await with_source(okta, app, Directory(elsewhere)).sync()

    assert replica.run.subjects("source_of_another_org") == [f"app:{app.id}"]
    assert {row["user_id"] for row in effective_rows(whole(replica))} == {user.id for user in people[:3]}
    await replica.sync()
    assert (replica.mode, replica.run.codes()) == ("full", {"source_of_another_org"})


async def test_a_source_of_another_org_is_found_when_the_first_people_are_assigned(served):
    org, elsewhere = Organisation(), Organisation(seed=99)
    elsewhere.add_user("somebody@else.example")
    app = org.add_aws_app(use_group_mapping=True, app_filter="okta")
    people = [org.add_user(f"person{number}@acme.example") for number in range(3)]
    org.add_group(f"aws_{ACCOUNT}_Admin", members=people)
    first = Directory(elsewhere)
    replica = await with_source(served(org), app, first).sync()
    for person in people:
        org.assign_user(app, person)
    replica.source = Directory(elsewhere, run_id=2, before=first)

    await replica.sync()

    assert (replica.mode, replica.run.codes()) == ("full", {"source_of_another_org"})
    assert "knows few of the people" in replica.because
    assert len(effective_rows(whole(replica))) == 3


async def test_a_source_that_lists_only_some_people_is_found_and_not_used(mapping):
    org, app, admins, people, okta = mapping
    source = Directory(org)
    source.covers_people, source.members = False, {}
    replica = await with_source(okta, app, source).sync()
    org.add_member(admins, people[3])

    await replica.sync()

    assert (replica.mode, replica.run.subjects("source_partial")) == ("incremental", [f"app:{app.id}"])
    assert {row["user_id"] for row in effective_rows(whole(replica))} == {user.id for user in people[:4]}


async def test_a_run_says_that_it_lists_only_some_people_and_groups(mapping):
    _, app, _, _, okta = mapping
    replica = await with_source(okta, app, None).sync()
    assert replica.run.partials == {"user", "group"}

    await replica.sync()

    assert (replica.mode, replica.run.partials) == ("incremental", {"user", "group"})


async def test_a_run_reads_everything_where_the_sources_changes_are_not_kept(mapping):
    org, app, _, _, okta = mapping
    replica = await with_source(okta, app, Directory(org)).sync()
    replica.source = Directory(org, run_id=7)

    await replica.sync()

    assert replica.mode == "full"
    assert "identity source okta-prod" in replica.because


async def test_a_run_reads_everything_when_it_gets_a_source(mapping):
    org, app, _, _, okta = mapping
    replica = await with_source(okta, app, None).sync()
    replica.source = Directory(org)

    await replica.sync()

    assert (replica.mode, replica.because) == (
        "full",
        "the identity source isn't the one that the last run read",
    )


async def test_a_group_whose_members_the_source_does_not_hold_is_read_again_when_it_moved(mapping):
    org, app, admins, people, okta = mapping
    first = Directory(org, members_of=[])
    replica = await with_source(okta, app, first).sync()
    members = f"GET /api/v1/groups/{admins.id}/users"
    replica.source = Directory(org, run_id=2, members_of=[], before=first)
    await replica.sync()
    assert (replica.mode, replica.asked.count(members)) == ("incremental", 0)
    org.add_member(admins, people[3])

    await replica.sync()

    assert (replica.mode, replica.asked.count(members)) == ("incremental", 1)
    assert {row["user_id"] for row in effective_rows(whole(replica))} == {user.id for user in people[:4]}


async def test_a_group_that_leaves_the_sources_scope_stays(mapping):
    org, app, admins, _, okta = mapping
    first = Directory(org, covers=False)
    replica = await with_source(okta, app, first).sync()
    replica.source = Directory(org, run_id=2, covers=False, before=first)
    del replica.source.things[Ref("group", admins.id)]

    await replica.sync()

    assert replica.mode == "incremental"
    assert len(effective_rows(whole(replica))) == 3


@pytest.mark.parametrize(
    ("covers", "why"), [(False, "no longer lists every group"), (True, "now lists every group")]
)
async def test_a_source_that_begins_or_ends_to_list_every_group_makes_a_full_run(mapping, covers, why):
    org, app, admins, _, okta = mapping
    first = Directory(org, covers=not covers)
    replica = await with_source(okta, app, first).sync()
    replica.source = Directory(org, run_id=2, covers=covers, before=first)
    if not covers:
        del replica.source.things[Ref("group", admins.id)]

    await proven(replica)

    assert (replica.mode, replica.because) == ("full", f"the identity source okta-prod {why}")


async def test_of_groups_okta_is_believed_rather_than_a_source_that_does_not_list_them_all(served):
    org, now = Organisation(), [1_800_000_000.0]
    app = org.add_aws_app(use_group_mapping=True, app_filter="okta")
    admins = org.add_group(f"aws_{ACCOUNT}_Admin", members=[org.add_user("ada@acme.example")])
    okta = served(org, clock=lambda: now[0])
    first = Directory(org, covers=False)
    replica = await with_source(okta, app, first).sync()
    org.rename(admins, f"aws_{ACCOUNT}_Between")
    late = Directory(org, run_id=2, covers=False, before=first)
    org.rename(admins, f"aws_{ACCOUNT}_Power")
    now[0] += 700
    await replica.sync()
    now[0] += 700
    replica.source = late

    await proven(replica)

    assert EntitlementRef(Ref("account", ACCOUNT), "Power") in replica.entitlements


async def test_what_was_deleted_is_not_taken_back_from_an_older_run_of_the_source(served):
    org, now = Organisation(), [1_800_000_000.0]
    app = org.add_aws_app(use_group_mapping=True, app_filter="okta")
    people = [org.add_user(f"person{number}@acme.example") for number in range(8)]
    org.assign_group(app, org.add_group("AWS users", members=people[:6]))
    admins, _ = (org.add_group(f"aws_{ACCOUNT}_{role}", members=people[:3]) for role in ("A", "B"))
    okta = served(org, clock=lambda: now[0])
    old = Directory(org)
    replica = await with_source(okta, app, old).sync()
    org.delete_group(admins)
    org.delete_user(people[0])
    gone = {Ref("group", admins.id), Ref("user", people[0].id)}
    for full in (False, True, False, True):
        now[0] += 700

        await replica.sync(full)

        assert not gone & replica.resources.keys()
        assert EntitlementRef(Ref("account", ACCOUNT), "B") in replica.entitlements
    replica.source = Directory(org, run_id=2, before=old)
    await proven(replica)
    assert load(replica.checkpoint).deleted == {}


async def test_who_came_into_an_assigned_group_or_left_it_is_seen_by_the_sources_two_runs(mapping):
    org, app, _, people, okta = mapping
    entry = org.group("AWS users")
    first = Directory(org)
    replica = await with_source(okta, app, first).sync()
    org.log.loses = lambda kind: "user_membership." in kind
    org.add_member(entry, people[7])
    org.remove_member(entry, people[0])
    replica.source = second = Directory(org, run_id=2, before=first)
    await proven(replica)
    assert replica.mode == "incremental"
    org.add_member(entry, people[0])
    replica.source = Directory(org, run_id=3, before=second)

    await proven(replica)

    assert [what for what in replica.asked if "/users/0" in what] == [
        f"GET /api/v1/apps/{app.id}/users/{people[0].id}"
    ]
    assert f"GET /api/v1/apps/{app.id}/users" not in replica.asked


async def test_an_assigned_group_that_the_source_comes_to_hold_or_loses_is_watched_all_the_same(mapping):
    org, app, admins, people, okta = mapping
    entry = org.group("AWS users")
    org.log.loses = lambda kind: "user_membership." in kind
    replica = await with_source(okta, app, Directory(org, members_of=[admins])).sync()
    for run, held in enumerate([[admins], [admins, entry], [admins, entry], [admins], [admins]], 2):
        org.add_member(entry, people[6 + run % 2])
        org.remove_member(entry, people[7 - run % 2])
        replica.source = Directory(org, run, members_of=held, before=replica.source)

        await proven(replica)

        assert replica.mode == "incremental"
        assert ("GET /api/v1/groups" in replica.asked) == (run != 4), "asked unless the source held all"


@pytest.mark.parametrize("covers", [True, False])
async def test_an_assigned_group_is_as_the_source_says_if_it_lists_them_all(mapping, covers):
    org, app, _, _, okta = mapping
    replica = await with_source(okta, app, Directory(org, covers=covers)).sync()
    entry = org.group("AWS users")
    org.rename(entry, "Renamed since")

    await proven(replica)

    assert replica.mode == "incremental"
    known = replica.resources[Ref("group", entry.id)].display_name
    assert known == ("AWS users" if covers else "Renamed since")


async def test_a_person_is_as_the_source_says_in_every_run(mapping):
    org, app, _, people, okta = mapping
    replica = await with_source(okta, app, Directory(org)).sync()
    people[7].status = "SUSPENDED"
    org.assign_user(app, people[7])

    await proven(replica)

    assert replica.mode == "incremental"


async def test_what_changed_in_the_source_is_all_that_is_read_again(mapping):
    org, app, admins, people, okta = mapping
    first = Directory(org)
    replica = await with_source(okta, app, first).sync()
    org.add_member(admins, people[4])
    org.remove_member(admins, people[0])
    people[1].status = "SUSPENDED"
    org.add_group("aws_000011112222_New", members=people[2:3])
    replica.source = second = Directory(org, run_id=2, before=first)

    await replica.sync()

    assert replica.mode == "incremental"
    assert not any("/api/v1/groups" in what or what.endswith("/users") for what in replica.asked)
    assert {(row["user_id"], row["role"]) for row in effective_rows(whole(replica))} == {
        *((user.id, "Admin") for user in (people[1], people[2], people[4])),
        (people[2].id, "New"),
    }
    replica.source = Directory(org, run_id=3, before=second)
    await replica.sync()
    assert (replica.mode, replica.changes) == ("incremental", [])
    assert len(replica.asked) <= 5
