"""Staging takes in what the hooks' contract allows, refuses the rest by name, and leaves nothing behind."""

from pathlib import Path

import pytest

from rolecall import MEMBER, Entitlement, EntitlementRef, Grant, PluginError, Ref, Resource
from rolecall.store import queries
from rolecall.store.comparison import prepare
from rolecall.store.publish import publish
from rolecall.store.reports import Totals
from rolecall.store.runs import find_run, start_run
from rolecall.store.staging import open_staging
from tests.host.states import (
    ACCOUNT,
    APP,
    GROUP,
    NOTHING,
    TYPES,
    USER,
    account,
    add_state,
    group,
    member,
    publish_state,
    role,
    state,
    user,
)

ADA = Ref("user", "u1")
ADMIN = role("1", "Admin")
CONTENT = state([user("u1"), group("g1"), account("1")], [ADMIN])


@pytest.fixture
def staging(store):
    with open_staging(store, start_run(store, "aws", "sample", "full"), "aws", TYPES) as opened:
        add_state(opened, CONTENT)
        yield opened


def leftovers(folder):
    return [path.name for path in folder.iterdir() if "staging" in path.name]


@pytest.mark.parametrize(
    ("kind", "resource", "names"),
    [
        pytest.param(USER, "u1", "'u1'", id="no resource at all"),
        pytest.param(USER, group("g2"), "group:g2", id="of another type than asked for"),
        pytest.param(USER, Resource(Ref("robot", "r"), ""), "robot:r", id="of an undeclared type"),
        pytest.param(USER, Resource(Ref("user", ""), ""), "''", id="an empty id"),
        pytest.param(USER, Resource(Ref("user", 5), ""), "5", id="a number for an id"),
        pytest.param(USER, Resource(("user", "u2"), ""), "u2", id="a plain tuple for a reference"),
        pytest.param(USER, Resource(Ref("user", "u2"), None), "user:u2", id="no name"),
        pytest.param(
            USER,
            Resource(Ref("user", "u2"), "", status=3),
            "status of user:u2",
            id="a status that is no text",
        ),
        pytest.param(
            USER, Resource(Ref("user", "u2"), "", enabled=None), "enabled of user:u2", id="enabled or not?"
        ),
        pytest.param(USER, user("u2", profile={"x": object()}), "user:u2", id="a profile that isn't JSON"),
        pytest.param(USER, user("u2", profile=[1]), "user:u2", id="a profile that is a list"),
        pytest.param(
            USER, user("u2", parent=Ref("robot", "r")), "robot:r", id="a parent of an undeclared type"
        ),
    ],
)
def test_a_resource_that_does_not_fit_is_refused_by_name(staging, kind, resource, names):
    with pytest.raises(PluginError) as refused:
        staging.add_resources(kind, [resource])
    assert "Connector aws yielded what can't be stored" in refused.value.message
    assert names in refused.value.message


@pytest.mark.parametrize(
    ("kind", "entitlement", "names"),
    [
        pytest.param(ACCOUNT, "Admin", "'Admin'", id="no entitlement at all"),
        pytest.param(APP, Entitlement(ADMIN, ""), "account:1:Admin", id="of another type than asked for"),
        pytest.param(
            ACCOUNT, Entitlement(role("2", "Admin"), ""), "account:2:Admin", id="of an unknown resource"
        ),
        pytest.param(ACCOUNT, Entitlement(role("1", ""), ""), "slug", id="an empty slug"),
        pytest.param(ACCOUNT, Entitlement("account:1:x", ""), "account:1:x", id="text for a reference"),
        pytest.param(ACCOUNT, Entitlement(EntitlementRef([], "x"), ""), "[]", id="a list for a resource"),
        pytest.param(ACCOUNT, Entitlement(role("1", "x"), None), "account:1:x", id="no name"),
        pytest.param(
            ACCOUNT,
            Entitlement(role("1", "x"), "", ("robot",)),
            "'robot'",
            id="grantable to an undeclared type",
        ),
        pytest.param(
            ACCOUNT,
            Entitlement(role("1", "x"), "", (), {"x": {1}}),
            "account:1:x",
            id="a profile that isn't JSON",
        ),
    ],
)
def test_an_entitlement_that_does_not_fit_is_refused_by_name(staging, kind, entitlement, names):
    with pytest.raises(PluginError) as refused:
        staging.add_entitlements(kind, [entitlement])
    assert names in refused.value.message


@pytest.mark.parametrize(
    ("kind", "grant", "names"),
    [
        pytest.param(ACCOUNT, "Admin", "'Admin'", id="no grant at all"),
        pytest.param(GROUP, Grant(ADMIN, ADA), "account:1:Admin", id="of another type than asked for"),
        pytest.param(
            ACCOUNT, Grant(role("1", "Other"), ADA), "account:1:Other", id="of an unknown entitlement"
        ),
        pytest.param(ACCOUNT, Grant(ADMIN, Ref("user", "u9")), "user:u9", id="to an unknown principal"),
        pytest.param(
            ACCOUNT, Grant(ADMIN, ADA, condition=member("g9")), "group:g9:member", id="an unknown condition"
        ),
        pytest.param(ACCOUNT, Grant(ADMIN, ADA, sources=(Ref("group", "g9"),)), "g9", id="an unknown source"),
        pytest.param(ACCOUNT, Grant(ADMIN, ADA, sources="g1"), "'g1'", id="text for sources"),
        pytest.param(ACCOUNT, Grant(ADMIN, ADA, expandable=True), "user:u1", id="expandable to a person"),
        pytest.param(ACCOUNT, Grant(ADMIN, Ref("group", "g1"), expandable=1), "1", id="expandable or not?"),
        pytest.param(ACCOUNT, Grant(ADMIN, "user:u1"), "user:u1", id="text for a principal"),
        pytest.param(ACCOUNT, Grant((("account", "1"), "Admin"), ADA), "Admin", id="tuples for a reference"),
    ],
)
def test_a_grant_that_does_not_fit_is_refused_by_name(staging, kind, grant, names):
    with pytest.raises(PluginError) as refused:
        staging.add_grants(kind, [Grant(ADMIN, ADA), grant])
    assert names in refused.value.message


def test_totals_count_each_thing_once_by_type(staging):
    add_state(staging, CONTENT)
    staging.add_grants(ACCOUNT, [Grant(ADMIN, ADA), Grant(ADMIN, ADA, sources=None)])
    staging.add_grants(GROUP, [Grant(member("g1"), ADA)])
    assert prepare(staging, 1).totals == {
        "user": Totals(1, 0, 0),
        "group": Totals(1, 1, 1),
        "app": Totals(0, 0, 0),
        "account": Totals(1, 1, 1),
    }


def test_of_repeats_the_first_counts(store):
    run_id = start_run(store, "aws", "sample", "full")
    with open_staging(store, run_id, "aws", TYPES) as staging:
        staging.add_resources(USER, [user("u1", name="first"), user("u1", name="second")])
        staging.add_resources(USER, [user("u1", name="third")])
        staging.add_resources(ACCOUNT, [account("1")])
        staging.add_entitlements(ACCOUNT, [Entitlement(ADMIN, "first"), Entitlement(ADMIN, "second")])
        staging.add_grants(ACCOUNT, [Grant(ADMIN, ADA), Grant(ADMIN, ADA, condition=ADMIN)])
        publish(staging, run_id, NOTHING)
    run = find_run(store, run_id)
    assert [row["display_name"] for row in queries.resources(store, run, "user")] == ["first"]
    assert [row["display_name"] for row in queries.entitlements(store, run)] == ["first"]
    assert [row["condition"] for row in queries.grants(store, run)] == [None]


def test_a_parent_may_come_after_its_children_but_must_come(store):
    run_id = start_run(store, "aws", "sample", "full")
    with open_staging(store, run_id, "aws", TYPES) as staging:
        staging.add_resources(USER, [user("u1", parent=Ref("group", "g1"))])
        with pytest.raises(PluginError, match="user:u1 has the parent group:g1, which the run doesn't hold"):
            publish(staging, run_id, NOTHING)
        staging.add_resources(GROUP, [group("g1", parent=Ref("group", "g1"))])
        publish(staging, run_id, NOTHING)
    parents = [row["parent"] for row in queries.resources(store, find_run(store, run_id))]
    assert parents == ["group:g1", "group:g1"]


def test_staging_does_not_lock_the_store(store, staging):
    assert start_run(store, "okta", "sample", "full") == 2
    staging.add_resources(USER, [user("u2")])


def break_a_run(store):
    with open_staging(store, start_run(store, "aws", "sample", "full"), "aws", TYPES) as staging:
        add_state(staging, CONTENT)
        raise KeyError


@pytest.mark.only_on("sqlite", "PostgreSQL has no file beside it")
def test_nothing_is_left_behind_whatever_happened(store, tmp_path):
    publish_state(store, CONTENT)
    with pytest.raises(KeyError):
        break_a_run(store)
    assert leftovers(tmp_path) == []
    open_files = [str(each.readlink()) for each in Path("/proc/self/fd").iterdir() if each.exists()]
    assert not [name for name in open_files if "staging" in name]


@pytest.mark.only_on("sqlite", "PostgreSQL drops them with the connection")
def test_what_a_killed_run_left_is_removed_and_what_a_living_one_needs_is_not(store, tmp_path):
    (tmp_path / "rolecall.db.staging-999").touch()
    (tmp_path / "other.db.staging-999").touch()
    living = start_run(store, "okta", "sample", "full")
    with open_staging(store, living, "okta", TYPES):
        publish_state(store, CONTENT)
        assert sorted(leftovers(tmp_path)) == ["other.db.staging-999", f"rolecall.db.staging-{living}"]


@pytest.mark.only_on("sqlite", "PostgreSQL drops them with the connection")
def test_what_a_run_stages_that_begins_while_leftovers_are_removed_stays(store, tmp_path):
    def begin_another():
        (tmp_path / "rolecall.db.staging-2").touch()
        return set()

    (tmp_path / "rolecall.db.staging-1").touch()
    store.database.remove_leftovers(begin_another)
    assert leftovers(tmp_path) == ["rolecall.db.staging-2"]


def test_member_is_an_entitlement_like_any_other(staging):
    assert member("g1").slug == MEMBER
    staging.add_grants(
        GROUP, [Grant(member("g1"), ADA), Grant(member("g1"), Ref("group", "g1"), expandable=True)]
    )
    assert prepare(staging, 1).totals["group"].grants == 2
