"""An identity source is one published run, read whole and quickly, whatever is published meanwhile."""

from hypothesis import given, settings
from hypothesis import strategies as st

from rolecall import Entitlement, EntitlementRef, Grant, Ref
from rolecall.store.matching import Unmatched, unmatched
from rolecall.store.reports import RunReport
from rolecall.store.source import published_source, wanted_groups
from tests.host.states import account, group, idents, member, publish_state, role, state, states, user

ADMIN = role("1", "Admin")
NAMES = st.lists(idents, min_size=1, max_size=2, unique=True)


def people(*names, **profile):
    return [user(name, profile={"login": f"{name}@ACME.example", **profile}) for name in names]


def test_a_connector_without_a_published_run_is_no_source(store):
    assert published_source(store, "okta") is None


def test_a_source_is_read_as_it_was_when_it_was_opened(store):
    content = state(
        [user("ada", status="ACTIVE", parent=Ref("group", "g1"), profile={"a": [1]}), group("g1")],
        [],
        [Grant(member("g1"), Ref("user", "ada"))],
    )
    run = publish_state(store, content, connector="okta")
    source = published_source(store, "okta")
    publish_state(store, state([user("ben")]), connector="okta")
    assert (source.connector, source.run_id, source.finished_at) == ("okta", run.id, run.finished_at)
    assert list(source.resources("user")) == [content.resources[0]]
    assert list(source.find([Ref("group", "g1"), Ref("user", "ben")])) == [content.resources[1]]
    assert list(source.holders([member("g1"), member("g2")])) == [(member("g1"), [Ref("user", "ada")])]


def test_resources_come_by_id_however_many_there_are(store):
    publish_state(store, state([user(f"u{n:04}") for n in range(1201)]), connector="okta")
    idents = [each.ref.id for each in published_source(store, "okta").resources("user")]
    assert idents == [f"u{n:04}" for n in range(1201)]


def test_a_type_is_covered_unless_the_run_said_that_it_is_not(store):
    report = RunReport(0, (), (), None, {}, partial={"group": "only some"})
    publish_state(store, state([]), connector="okta", report=report)
    source = published_source(store, "okta")
    assert [source.covers(kind) for kind in ("user", "group", "robot")] == [True, False, False]


@settings(deadline=None, max_examples=15)
@given(NAMES.flatmap(states))
def test_a_source_gives_what_its_run_published(new_store, content):
    with new_store() as store:
        publish_state(store, content, connector="okta")
        source = published_source(store, "okta")
        for kind in ("user", "group"):
            mine = [each for each in content.resources if each.ref.type == kind]
            found = {each.ref: each for each in source.resources(kind)}
            assert set(found) == {each.ref for each in mine}
            for each in mine:
                read = found[each.ref]
                assert (read.display_name, read.parent, read.status, read.enabled, read.profile) == (
                    each.display_name,
                    each.parent,
                    each.status,
                    each.enabled,
                    each.profile,
                )
        holders = {ref: set(who) for ref, who in source.holders([each.ref for each in content.entitlements])}
        assert holders == {
            each.ref: {grant.principal for grant in content.grants if grant.entitlement == each.ref}
            for each in content.entitlements
        }


@settings(deadline=None, max_examples=10)
@given(NAMES.flatmap(lambda names: st.tuples(states(names), states(names), states(names))))
def test_what_changed_between_two_runs_is_all_there(new_store, three):
    with new_store() as store:
        first, *_, last = [publish_state(store, each, connector="okta") for each in three]
        changes = published_source(store, "okta").changes_since(first.id)
        assert published_source(store, "okta").changes_since(last.id).resources == frozenset()
    before, after = three[0], three[-1]
    was, now = ({each.ref: each for each in content.resources} for content in (before, after))
    assert {ref for ref in {*was, *now} if was.get(ref) != now.get(ref)} <= changes.resources
    was, now = ({each.ref for each in content.entitlements} for content in (before, after))
    moved = {*map(key, before.grants)} ^ {*map(key, after.grants)}
    assert (was ^ now) | {each.entitlement for each in moved} <= changes.entitlements.keys()
    assert all(each.principal in changes.entitlements[each.entitlement] for each in moved)


def key(grant):
    """A grant whose equality is that of its facts."""
    sources = None if grant.sources is None else tuple(sorted(grant.sources))
    return Grant(grant.entitlement, grant.principal, grant.expandable, grant.condition, sources)


def test_changes_name_only_what_changed(store):
    both = [group("g1"), group("g2")]
    stayed = [Grant(member(each), Ref("user", "cid")) for each in ("g1", "g2")]
    first = publish_state(store, state([*people("ada", "cid"), *both], [], stayed), connector="okta")
    joined = [*stayed, Grant(member("g1"), Ref("user", "ada"))]
    publish_state(store, state([*people("ada", "ben", "cid"), *both], [], joined), connector="okta")
    publish_state(store, state(people("ada", "cid")), connector="aws")

    changes = published_source(store, "okta").changes_since(first.id)

    assert changes.resources == {Ref("user", "ben")}
    assert changes.entitlements == {member("g1"): {Ref("user", "ada")}}


def test_changes_since_a_run_that_is_not_one_of_the_sources_are_unknown(store):
    other = publish_state(store, state([]), connector="aws")
    publish_state(store, state([]), connector="okta")
    source = published_source(store, "okta")
    later = publish_state(store, state([]), connector="okta")
    assert [source.changes_since(run) for run in (other.id, later.id, 99)] == [None, None, None]


def test_wanted_are_the_groups_that_dependents_hold(store):
    publish_state(store, state([group("old"), group("g1"), user("u1")]), connector="aws")
    publish_state(store, state([group("g1"), user("u1")]), connector="aws")
    publish_state(store, state([group("g2")]), connector="aws2")
    publish_state(store, state([group("g3")]), connector="unrelated")
    assert wanted_groups(store, ["aws", "aws2", "never-synced"]) == {Ref("group", "g1"), Ref("group", "g2")}
    assert wanted_groups(store, []) == frozenset()


def test_principals_that_the_source_does_not_hold_are_counted_and_named(store):
    publish_state(store, state([*people("ada", "ben"), group("g1")]), connector="okta")
    everyone = [*people("ada", "BEN", "cy", "idle"), group("g1"), group("g2"), account("1")]
    holders = [
        Ref("user", "ada"),
        Ref("user", "BEN"),
        Ref("user", "cy"),
        Ref("group", "g1"),
        Ref("group", "g2"),
    ]
    grants = [Grant(ADMIN, each) for each in holders]
    publish_state(store, state(everyone, [ADMIN], grants))
    source = published_source(store, "okta")
    with store.reading() as connection:
        assert unmatched(connection, "aws", source, "id") == [
            Unmatched("user", 2, 3, ("user:BEN", "user:cy")),
            Unmatched("group", 1, 2, ("group:g2",)),
        ]
        assert unmatched(connection, "aws", source, "login") == [Unmatched("user", 1, 3, ("user:cy",))]
        assert unmatched(connection, "aws", source, "email") == [
            Unmatched("user", 3, 3, ("user:BEN", "user:ada", "user:cy"))
        ]


def test_a_source_tells_holders_of_any_entitlement(store):
    slug = EntitlementRef(Ref("account", "1"), "a:b\x00")
    content = state([user("ada"), account("1")], [slug], [Grant(slug, Ref("user", "ada"))])
    publish_state(store, content, connector="okta")
    assert content.entitlements == (Entitlement(slug, slug.slug, ("user", "group")),)
    assert list(published_source(store, "okta").holders([slug])) == [(slug, [Ref("user", "ada")])]
