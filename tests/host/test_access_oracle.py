"""Effective access equals a brute-force reading of the rules, in random graphs."""

from hypothesis import given, settings
from hypothesis import strategies as st

from rolecall import Grant, Ref
from rolecall.access import Via, ask, effective_access
from tests.host.states import (
    account,
    app,
    assigned,
    group,
    member,
    publish_state,
    role,
    state,
    user,
)

PEOPLE = ("u1", "u2", "u3")
GROUPS = ("g1", "g2", "g3", "g4")
APPS = ("a1", "a2")
ROLES = (role("1", "R"), role("1", "S"), role("2", "R"))
CONDITIONS = (None, None, None, assigned("a1"), assigned("a2"), member("g4"))


@st.composite
def worlds(draw):
    resources = [user(ident, enabled=draw(st.booleans())) for ident in PEOPLE]
    resources += [group(ident, enabled=draw(st.sampled_from([True, True, True, False]))) for ident in GROUPS]
    resources += [app(ident, enabled=draw(st.sampled_from([True, True, False]))) for ident in APPS]
    resources += [account("1"), account("2")]
    offered = [*ROLES, *map(member, GROUPS), *map(assigned, APPS)]
    holders = [Ref("user", ident) for ident in PEOPLE] + [Ref("group", ident) for ident in GROUPS]
    pairs = draw(
        st.lists(st.tuples(st.sampled_from(offered), st.sampled_from(holders)), unique=True, max_size=24)
    )
    sources = st.lists(st.sampled_from(GROUPS), unique=True, max_size=2).map(
        lambda idents: tuple(Ref("group", ident) for ident in sorted(idents))
    )
    grants = [
        Grant(
            what,
            who,
            expandable=who.type == "group" and draw(st.sampled_from([True, True, True, False])),
            condition=draw(st.sampled_from(CONDITIONS)),
            sources=draw(st.just(()) | sources | st.none()) if who.type == "user" else (),
        )
        for what, who in pairs
    ]
    return state(resources, ROLES, grants)


class Oracle:
    """The rules read literally: walks every simple path from each person, one grant at a time."""

    def __init__(self, world, since):
        self.enabled = {each.ref: each.enabled for each in world.resources}
        self.since = since
        self.to = {}
        for grant in world.grants:
            self.to.setdefault(grant.principal, []).append(grant)

    def met(self, person, condition):
        """Since when a condition has been met, or None."""
        if condition is None:
            return 0
        own = [self.since[grant] for grant in self.to.get(person, ()) if grant.entitlement == condition]
        return own[0] if own and self.enabled[condition.resource] else None

    def walk(self, person, holder, held_since=0, seen=frozenset()):
        """Every grant that what a holder holds leads to, and since when."""
        for grant in self.to.get(holder, ()):
            needed = self.met(person, grant.condition)
            if needed is None or (holder != person and not grant.expandable):
                continue
            reached = max(held_since, self.since[grant], needed)
            yield grant, reached
            inner = grant.entitlement.resource
            if inner.type == "group" and grant.entitlement == member(inner.id) and inner not in seen:
                yield from self.walk(person, inner, reached, seen | {inner})

    def access(self):
        """(person, account, role) → can sign in, paths in order, since; in order."""
        found = {}
        for person in (ref for ref in self.enabled if ref.type == "user"):
            for grant, reached in self.walk(person, person):
                if grant.entitlement.resource.type == "account":
                    key = (person.id, grant.entitlement.resource.id, grant.entitlement.slug)
                    vias, since = found.get(key, (set(), reached))
                    found[key] = vias | vias_of(grant, person), min(since, reached)
        return {
            key: (self.enabled[Ref("user", key[0])], sorted(vias), since)
            for key, (vias, since) in sorted(found.items())
        }


def vias_of(grant, person):
    """Ids of groups; the empty one is a grant of one's own, which comes first."""
    if grant.principal != person:
        return {grant.principal.id}
    return {""} if grant.sources == () else {ref.id for ref in grant.sources or ()}


def computed(rows, order_of):
    assert all(
        via == Via("direct") or via.group_name == f"Group {via.group_id}" for row in rows for via in row.via
    )
    return {
        (row.user_id, row.account_id, row.role): (
            row.can_sign_in,
            [via.group_id for via in row.via],
            order_of[row.since],
        )
        for row in rows
    }


@settings(deadline=None, max_examples=60)
@given(worlds(), st.data())
def test_effective_access_equals_the_oracle(new_store, world, data):
    early = [grant for grant in world.grants if data.draw(st.booleans())]
    first = state(world.resources, ROLES, early)
    with new_store() as store:
        runs = [publish_state(store, first), publish_state(store, world)]
        order_of = {run.finished_at: number for number, run in enumerate(runs, start=1)}
        for run, content in zip(runs, (first, world), strict=True):
            since = {grant: 1 if grant in early else 2 for grant in content.grants}
            rows = list(effective_access(store, run))
            assert list(computed(rows, order_of).items()) == list(Oracle(content, since).access().items())
        only = data.draw(st.sampled_from(ROLES))
        narrowed = list(effective_access(store, runs[1], account=only.resource.id, role=only.slug))
        assert narrowed == [
            row for row in rows if (row.account_id, row.role) == (only.resource.id, only.slug)
        ]


@settings(deadline=None, max_examples=25)
@given(worlds(), st.sampled_from(PEOPLE), st.sampled_from(ROLES))
def test_an_answer_lists_a_path_that_counts_exactly_for_those_who_have_it(new_store, world, person, wanted):
    with new_store() as store:
        run = publish_state(store, world)
        question, rows = ask(store, run, person, wanted.resource.id, wanted.slug)
        everything = list(effective_access(store, run, user=person))
        assert list(rows) == [
            row for row in everything if (row.account_id, row.role) == (wanted.resource.id, wanted.slug)
        ]
        assert any(path.counts for path in question.paths) == bool(rows)
        through = {via.group_id for row in rows for via in row.via if via.kind == "group"}
        counted = {
            path.principal.id for path in question.paths if path.counts and path.principal.type == "group"
        }
        assert counted <= through
        assert question.entitlement == wanted
