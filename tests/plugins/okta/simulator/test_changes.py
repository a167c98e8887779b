"""Random changes: whatever is changed, what the simulator keeps current equals what it would work out."""

import json
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rolecall_okta.simulator import Organisation, Recipe, change_at_random, generate
from rolecall_okta.simulator.assignment import resolve_app_users
from rolecall_okta.simulator.changes import AMONG, KINDS
from rolecall_okta.simulator.rendering import Rendering
from rolecall_okta.simulator.system_log import timestamp


def small(mode, *, union=False, seed=1):
    recipe = Recipe(people=30, groups=15, role_groups=6, app_users=15, mode=mode, union=union)
    return generate(recipe, seed=seed)


@settings(deadline=None, max_examples=40)
@given(mode=st.sampled_from(["mapping", "single"]), union=st.booleans(), seed=st.integers(0, 10**6))
def test_app_users_kept_current_equal_those_worked_out_anew(mode, union, seed):
    org, random = small(mode, union=union, seed=seed), Random(seed)
    org.serve_times()
    for _ in range(40):
        change = change_at_random(org, random)
        for app in org.apps:
            kept = [(held.id, held.scope, held.profile, held.group) for held in org.app_users(app)]
            anew = [
                (held.id, held.scope, held.profile, held.group)
                for held in resolve_app_users(app, org.members_of)
            ]
            assert kept == anew, change


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 10**6))
def test_no_app_user_changes_without_its_clock_and_an_event(seed):
    org, random = small("single", seed=seed), Random(seed)
    now = [1_800_000_000.0]
    org.serve_times(lambda: now[0])
    app = org.apps[0] if org.apps[0].name == "amazon_aws" else org.apps[-1]
    before = {held.id: (held.scope, held.profile, held.last_updated) for held in org.app_users(app)}
    for _ in range(40):
        now[0] += 1
        seen = len(org.log.events)
        change = change_at_random(org, random)
        after = {held.id: (held.scope, held.profile, held.last_updated) for held in org.app_users(app)}
        told = {
            target["id"]
            for event in org.log.events[seen:]
            if event.type.startswith("application.user_membership.")
            and not event.type.endswith("change_username")
            for target in event.body["target"]
            if target["type"] == "User"
        }
        turned = {
            user for user in before.keys() | after.keys()
            if before.get(user, ())[:2] != after.get(user, ())[:2]
        }  # fmt: skip
        assert turned == told, change
        assert all(after[user][2] > before[user][2] for user in turned & before.keys() & after.keys())
        before = after


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_change_can_be_made_and_says_whom_it_concerns(kind):
    org = small("single")
    org.serve_times()
    change = change_at_random(org, Random(2), [kind])
    assert change.kind == kind
    assert change.users or change.groups or change.apps
    assert org.log.events


def test_the_same_numbers_make_the_same_changes():
    made = []
    for _ in range(2):
        org, random = small("mapping"), Random(9)
        made.append([change_at_random(org, random) for _ in range(60)])
    assert made[0] == made[1]


@pytest.mark.parametrize("among", AMONG)
def test_changes_stay_among_the_groups_asked_for(among):
    org, random = small("mapping"), Random(4)
    names = {
        org.group(change_at_random(org, random, ["join"], among=among).groups[0]).name for _ in range(10)
    }
    kinds = {name.partition(" ")[0].partition("_")[0] for name in names}
    entry = {name.startswith("AWS users") for name in names}
    assert kinds == {"aws"} if among == "role" else "aws" not in kinds
    assert entry == {among == "entry"}


def test_an_org_without_anything_to_change_says_so():
    with pytest.raises(LookupError, match="leave"):
        change_at_random(Organisation(), Random(1), ["leave"])


def visible(org):
    """Everything a reader can see, by what it would ask for."""
    show = Rendering(org, "http://acme.okta.example")
    seen = {("user", user.id): show.user_item(user) for user in org.users}
    seen |= {("group", group.id): show.group(group) for group in org.groups}
    seen |= {("app", app.id): show.app(app) for app in org.apps}
    seen |= {("members", group.id): [user.id for user in group.members] for group in org.groups}
    seen |= {("roles", held.id): [role.id for role in held.roles] for held in (*org.users, *org.groups)}
    for app in org.apps:
        seen |= {("app user", app.id, held.id): show.app_user(app, held) for held in org.app_users(app)}
        seen |= {
            ("app group", app.id, held.group.id): show.app_group(app, held) for held in org.app_groups(app)
        }
    return seen


def clock_of(shown, name="lastUpdated"):
    return json.loads(shown)[name] if shown else None


@settings(deadline=None, max_examples=25)
@given(mode=st.sampled_from(["mapping", "single"]), seed=st.integers(0, 10**6))
def test_whatever_changes_in_a_reply_is_told_by_a_clock_or_the_log(mode, seed):
    org, random = small(mode, seed=seed), Random(seed)
    now = [1_800_000_000.0]
    org.serve_times(lambda: now[0])
    before = visible(org)
    for _ in range(40):
        now[0] += 1
        read = len(org.log.events)
        change = change_at_random(org, random)
        after, events = visible(org), org.log.events[read:]
        named = {frozenset(target["id"] for target in event.body["target"]) for event in events}
        for what in before.keys() | after.keys():
            kind, *ids = what
            if before.get(what) == after.get(what) or (kind == "app user" and only_link(before, after, what)):
                continue
            if kind in ("user", "group", "app") and what in after:
                clocks = ["lastUpdated"] if kind != "group" else ["lastUpdated", "lastMembershipUpdated"]
                assert timestamp(now[0]) in [clock_of(after[what], name) for name in clocks], (change, what)
            elif kind == "members" and ("group", *ids) in after:
                moved = clock_of(after["group", *ids], "lastMembershipUpdated")
                assert moved == timestamp(now[0]), (change, what)
            elif kind != "members":
                assert any(set(ids) <= each for each in named), (change, what)
        before = after


def only_link(before, after, what):
    """Whether nothing but the group that is named as the first of several is another."""
    if what not in before or what not in after:
        return False
    old, new = (json.loads(seen[what]) for seen in (before, after))
    return {**old, "_links": None} == {**new, "_links": None}
