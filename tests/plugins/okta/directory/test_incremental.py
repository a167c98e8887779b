"""A run of what changed leaves what a run of everything would give, whatever changed, and asks for little."""

import asyncio
import zlib
from contextlib import suppress
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rolecall import ProviderError, Ref, Regranted
from rolecall_okta.directory.incremental import READY
from rolecall_okta.simulator import serve
from rolecall_okta.simulator.changes import change_at_random
from rolecall_okta.simulator.faults import Body, Status
from rolecall_okta.simulator.permissions import Token, narrowed
from tests.plugins.okta.directory.conftest import OktaClock
from tests.plugins.okta.directory.driving import TOKEN, Directory
from tests.plugins.okta.directory.orgs import organisations

LATER = 3600
KINDS = (
    "join",
    "leave",
    "status",
    "deactivate",
    "rename_user",
    "rename_group",
    "group_type",
    "new_user",
    "delete_user",
    "new_group",
    "delete_group",
    "admin_role",
)
NOTHING_CHANGED = [
    "GET /api/v1/users/me",
    "GET /api/v1/logs",
    "GET /api/v1/users",
    "GET /api/v1/groups",
]


def change(org, random):
    kinds = [kind for kind in KINDS if kind != "delete_user" or len(org.users) > 1]
    with suppress(LookupError):  # nobody is left to whom that could happen
        change_at_random(org, random, kinds)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    org=organisations(),
    seed=st.integers(0, 10**6),
    table=st.sampled_from(
        [
            {},
            {"group_name_prefixes": ["aws", "x"]},
            {"members": "on_demand"},
            {"members": "on_demand", "group_types": ["OKTA_GROUP"], "profile_fields": ["title"]},
            {"admin_roles": "off"},
        ]
    ),
    steps=st.lists(
        st.tuples(st.integers(0, 3), st.sampled_from([0, 1, 2, 30, 601, 5000])), min_size=1, max_size=5
    ),
    lag=st.sampled_from([0.0, 5.0]),
    log_lag=st.sampled_from([0.0, 3.0]),
)
async def test_what_changed_leaves_what_everything_gives(org, seed, table, steps, lag, log_lag):
    clock, random = OktaClock(), Random(seed)
    with serve(org, {TOKEN: "super"}, clock=clock, search_lag=lag, log_lag=log_lag) as okta:
        by_changes, whole = Directory(okta.domain, table), Directory(okta.domain, table)
        await by_changes.sync()
        for changes, seconds in steps:
            clock.pass_by(seconds)
            for _ in range(changes):
                change(org, random)
                clock.pass_by(random.choice([0, 0, 1]))
            wanted = frozenset(Ref("group", group.id) for group in org.groups if random.random() < 0.5)
            by_changes.wanted = whole.wanted = wanted if random.random() < 0.7 else by_changes.wanted
            await by_changes.sync()
            assert by_changes.mode == "incremental"
            if lag or log_lag:  # that run came before Okta's indexes and its log had everything
                clock.pass_by(max(lag, log_lag) + 1)
                await by_changes.sync()
            await whole.sync("full")
            assert by_changes.facts() == whole.facts()


async def test_where_nothing_changed_four_requests_say_so(org, directory, clock):
    org.add_group("staff", members=[org.add_user("ada@acme.example")])
    seen = directory(org)
    await seen.sync()
    clock.pass_by(LATER)

    await seen.sync()

    assert seen.mode == "incremental"
    assert seen.requests.asked == NOTHING_CHANGED


async def test_only_groups_whose_members_moved_are_read_again(org, directory, clock):
    ada, bob = org.add_user("ada@acme.example"), org.add_user("bob@acme.example")
    staff, _other = org.add_group("staff", members=[ada]), org.add_group("other", members=[ada])
    seen = await directory(org).sync()
    clock.pass_by(LATER)
    org.add_member(staff, bob)
    org.rename(org.group("other"), "others")
    clock.pass_by(2)

    await seen.sync()

    members = [what for what in seen.requests.asked if "/groups/" in what]
    assert members == [f"GET /api/v1/groups/{staff.id}/users"]
    assert seen.holders(f"group:{staff.id}:member") == {ada.id, bob.id}
    clock.pass_by(60)
    await seen.sync()
    assert seen.requests.asked == NOTHING_CHANGED, "what was read after it moved needn't be read again"


async def test_a_run_that_ends_while_many_lists_wait_to_be_taken_ends_at_once(org, directory, clock):
    ada = org.add_user("ada@acme.example")
    groups = [org.add_group(f"group {number}") for number in range(READY + 200)]
    seen = await directory(org).sync()
    clock.pass_by(LATER)
    for group in groups:
        org.add_member(group, ada)
    clock.pass_by(5)
    seen.begin()
    many, asked = asyncio.Event(), []
    seen.requests.requested = lambda what: asked.append(what) or (len(asked) > READY + 50 and many.set())
    connector = await seen.open()
    checkpoint = seen.last_checkpoint()
    await connector.rolecall_validate()
    async for _events in connector.rolecall_sync_events(checkpoint, seen):
        pass
    changes = connector.rolecall_sync_changes(checkpoint, seen)

    async with asyncio.timeout(10):
        async for batch in changes:
            if any(isinstance(each, Regranted) for each in batch):
                await many.wait()  # the lists are read meanwhile, and nobody takes them
                await asyncio.sleep(0.1)
                break
        await changes.aclose()
        await connector.rolecall_close()


async def test_a_change_in_the_second_of_the_last_reading_is_seen(org, directory):
    ada, bob = org.add_user("ada@acme.example"), org.add_user("bob@acme.example")
    staff = org.add_group("staff")
    seen = await directory(org).sync()  # and the clock stands still from here on
    org.add_member(staff, ada)
    await seen.sync()
    org.add_member(staff, bob)

    await seen.sync()

    assert seen.holders(f"group:{staff.id}:member") == {ada.id, bob.id}


async def test_who_is_deleted_goes_even_while_lists_still_show_them(org, directory, clock):
    ada, bob = org.add_user("ada@acme.example"), org.add_user("bob@acme.example")
    staff = org.add_group("staff", members=[ada, bob])
    seen = await directory(org, served_with={"search_lag": 60.0}).sync()
    clock.pass_by(LATER)
    bob.status = "SUSPENDED"
    clock.pass_by(90)
    await seen.sync()
    org.delete_user(bob)
    org.delete_group(staff)
    clock.pass_by(1)

    for _ in range(2):
        await seen.sync()
        assert seen.mode == "incremental"
        assert Ref("user", bob.id) not in seen.resources
        assert Ref("group", staff.id) not in seen.resources
    await seen.sync("full")
    assert Ref("user", bob.id) not in seen.resources, "the list of people lags in a full run as well"


async def test_a_group_that_is_renamed_leaves_the_scope_and_comes_back(org, directory, clock):
    ada = org.add_user("ada@acme.example")
    group = org.add_group("aws_staff", members=[ada])
    seen = await directory(org, group_name_prefixes=["aws_"]).sync()
    clock.pass_by(LATER)
    org.rename(group, "staff")
    await seen.sync()
    assert Ref("group", group.id) not in seen.resources
    clock.pass_by(LATER)
    org.rename(group, "aws_again")

    await seen.sync()

    assert seen.mode == "incremental"
    assert seen.holders(f"group:{group.id}:member") == {ada.id}


async def test_on_demand_reads_what_is_newly_asked_for_and_drops_what_is_not(org, directory, clock):
    ada = org.add_user("ada@acme.example")
    one, two = org.add_group("one", members=[ada]), org.add_group("two", members=[ada])
    strangers = {Ref("group", "00gnosuchgroup")}
    seen = await directory(org, wanted={Ref("group", one.id)}, members="on_demand").sync()
    assert not seen.asked(f"{two.id}/users")
    clock.pass_by(LATER)
    seen.wanted = frozenset({Ref("group", two.id), *strangers})

    await seen.sync()

    assert seen.mode == "incremental"
    assert seen.holders(f"group:{two.id}:member") == {ada.id}
    assert f"group:{one.id}:member" not in map(str, seen.entitlements)
    clock.pass_by(LATER)
    await seen.sync()
    assert seen.requests.asked == NOTHING_CHANGED, "a group that isn't there is asked for once"


async def test_many_groups_that_are_newly_asked_for_are_found_by_the_hundred(org, directory, clock):
    ada = org.add_user("ada@acme.example")
    for number in range(150):
        org.add_group(f"group{number}", members=[ada] if number < 3 else [])
    seen = await directory(org, members="on_demand").sync()
    clock.pass_by(LATER)
    seen.wanted = frozenset(Ref("group", group.id) for group in org.groups)

    await seen.sync()

    assert seen.mode == "incremental"
    assert seen.asked("/groups") == ["GET /api/v1/groups"] * 3
    assert len(seen.asked("/users")) == 1 + 3, "of people, and of members of those that have any"
    assert len(seen.entitlements) == 151


async def test_people_who_join_from_out_of_sight_come_with_their_group(org, directory, clock):
    """A credential that reaches some groups is shown their members only; joining moves no clock of theirs."""
    ada, bob = org.add_user("ada@acme.example"), org.add_user("bob@acme.example")
    staff = org.add_group("staff", members=[ada])
    seen = await directory(org, narrowed("super", groups=[staff])).sync()
    assert Ref("user", bob.id) not in seen.resources
    clock.pass_by(LATER)
    org.add_member(staff, bob)
    clock.pass_by(LATER)

    await seen.sync()

    assert seen.mode == "incremental"
    assert seen.holders(f"group:{staff.id}:member") == {ada.id, bob.id}


@pytest.mark.parametrize(
    "pattern",
    ["/users/me", "/logs", r"/api/v1/users\?", r"/api/v1/groups\?", "/groups/[^/]+/users", "/roles"],
)
async def test_a_run_that_fails_is_as_if_it_had_not_been(org, served, clock, pattern):
    ada, bob, cyd = (org.add_user(f"{name}@acme.example") for name in ("ada", "bob", "cyd"))
    staff = org.add_group("staff", members=[ada, bob, cyd])
    okta = served(org)
    seen, whole = Directory(okta.domain), Directory(okta.domain)
    await seen.sync()
    clock.pass_by(LATER)
    org.remove_member(staff, ada)
    org.add_admin_role(staff, "HELP_DESK_ADMIN")
    org.delete_user(bob)
    okta.faults.add(pattern, Status(401, "E0000011"))

    with pytest.raises(ProviderError):
        await seen.sync()
    clock.pass_by(LATER)
    await seen.sync()

    assert seen.mode == "incremental"
    await whole.sync("full")
    assert seen.facts() == whole.facts()


async def test_a_list_that_was_short_stays_reported_until_it_is_read_whole(org, served, clock):
    ada = org.add_user("ada@acme.example")
    staff, other = org.add_group("staff", members=[ada]), org.add_group("other", members=[ada])
    okta = served(org)
    okta.faults.add(f"/groups/{staff.id}/users", Body(b"[]"), times=2)
    seen = await Directory(okta.domain).sync()
    short = [(Ref("group", staff.id), 0, 1)]
    assert seen.counts == short
    clock.pass_by(LATER)
    org.add_member(other, org.add_user("bob@acme.example"))

    await seen.sync()

    assert (seen.mode, seen.counts) == ("incremental", short)
    clock.pass_by(LATER)
    org.add_member(staff, org.user("bob@acme.example"))
    await seen.sync()
    assert seen.counts == []


async def test_a_group_that_vanishes_while_changes_are_read_is_dropped_and_found(org, served, clock):
    staff = org.add_group("staff", members=[org.add_user("ada@acme.example")])
    okta = served(org)
    seen = await Directory(okta.domain).sync()
    clock.pass_by(LATER)
    org.add_member(staff, org.add_user("bob@acme.example"))
    okta.faults.add(f"/groups/{staff.id}/users", Status(404, "E0000007"))

    await seen.sync()

    assert (seen.mode, seen.codes()) == ("incremental", ["group_gone"])
    assert Ref("group", staff.id) not in seen.resources


async def test_memberships_that_an_import_changes_without_a_word_in_the_log_are_seen(org, directory, clock):
    ada = org.add_user("ada@acme.example")
    staff = org.add_group("staff", source=org.add_directory())
    seen = await directory(org).sync()
    clock.pass_by(LATER)
    with org.importing():
        org.add_member(staff, ada)

    await seen.sync()

    assert seen.mode == "incremental"
    assert seen.holders(f"group:{staff.id}:member") == {ada.id}


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ({"profile_fields": ["title"]}, "settings have changed"),
        ({"members": "on_demand"}, "settings have changed"),
        ({"group_types": ["OKTA_GROUP"]}, "settings have changed"),
        ({"disabled_statuses": ["STAGED"]}, "settings have changed"),
        ({"concurrency": 3, "rate_limit_share": 0.9}, None),
    ],
)
async def test_other_settings_that_decide_what_is_given_need_a_full_run(org, directory, table, why):
    org.add_user("ada@acme.example")
    seen = await directory(org).sync()
    seen.settings = table

    await seen.sync()

    assert seen.mode == ("full" if why else "incremental")
    assert why is None or why in seen.why


async def test_what_is_left_out_of_a_list_is_counted(org, directory, clock):
    ada, bob = org.add_user("ada@acme.example"), org.add_user("bob@acme.example")
    org.add_group("aws_staff", members=[ada])
    org.add_group("other", members=[ada])
    seen = await directory(org, group_name_prefixes=["a"], served_with={"search_lag": 60.0}).sync()
    clock.pass_by(LATER)
    org.rename(bob, "Bob Builder")
    org.rename(org.group("other"), "others")
    clock.pass_by(90)
    org.delete_user(bob)

    await seen.sync()

    dropped = {reading.name: reading.dropped for reading in seen.readings}
    assert dropped == {
        "/api/v1/users": {"deleted, by the System Log": 1},
        "/api/v1/groups": {"not in scope": 1},
        "/api/v1/logs": {},
    } | {name: {} for name in dropped if "{id}" in name}


async def test_what_a_run_leaves_behind_holds_no_secret(org, directory):
    org.add_user("ada@acme.example")
    seen = await directory(org).sync()

    assert TOKEN not in zlib.decompress(seen.checkpoint).decode()


@pytest.mark.parametrize("data", [b"", b"nonsense", b"x\x9c\xab\xae\x05\x00\x01u\x00\xf9", None])
async def test_a_checkpoint_of_something_else_needs_a_full_run(org, directory, data):
    org.add_user("ada@acme.example")
    seen = await directory(org).sync()
    seen.checkpoint = seen.checkpoint[: len(seen.checkpoint) // 2] if data is None else data

    await seen.sync()

    assert seen.mode == "full"
    assert "can't be read" in seen.why
    await seen.sync()
    assert seen.mode == "incremental"


async def test_the_credential_of_somebody_else_needs_a_full_run(org, served):
    ada, bob = org.add_user("ada@acme.example"), org.add_user("bob@acme.example")
    okta = served(org, Token("super", owner=ada))
    seen = await Directory(okta.domain).sync()
    okta.tokens = {TOKEN: Token("super", owner=bob)}

    await seen.sync()

    assert seen.mode == "full"
    assert "somebody else" in seen.why
