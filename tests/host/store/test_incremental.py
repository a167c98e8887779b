"""Changes published one after the other give the state that a full run would have given."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rolecall import (
    MEMBER,
    Entitlement,
    EntitlementRef,
    Gone,
    Grant,
    GrantRef,
    Ref,
    Regranted,
    Resource,
)
from tests.host.states import (
    State,
    idents,
    publish_changes,
    publish_state,
    states,
)
from tests.host.store.test_history import pairs, read, told, version_count

LONG = settings(
    deadline=None, max_examples=20, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
NAMES = st.lists(idents, min_size=1, max_size=2, unique=True)
KINDS = ("user", "group", "app", "account")


def totals(state):
    """What a run of this state must say that it holds."""
    return {
        kind: {
            "resources": sum(each.ref.type == kind for each in state.resources),
            "entitlements": sum(each.ref.resource.type == kind for each in state.entitlements),
            "grants": sum(each.entitlement.resource.type == kind for each in state.grants),
        }
        for kind in KINDS
    }


@st.composite
def steps(draw, before, after, others):
    """Batches of changes that lead from one state to another, said in one way or another."""
    held, offered = ({each.ref: each for each in things} for things in (after.resources, after.entitlements))
    granted = {GrantRef(each.entitlement, each.principal): each for each in after.grants}
    anew = draw(st.sets(st.sampled_from(sorted(held)), max_size=1)) if held else set()
    gone = [ref for each in before.resources if (ref := each.ref) not in held or ref in anew]
    lost = [
        each.ref
        for each in before.entitlements
        if each.ref not in offered and (each.ref.resource not in gone or draw(st.booleans()))
    ]
    read_whole = [ref for ref in offered if draw(st.integers(0, 3)) == 0]
    ended = [
        pair
        for pair in pairs(before) - set(granted)
        if pair.entitlement in offered and pair.entitlement not in read_whole and pair.principal in held
    ]

    def said(thing, was, forced):
        return forced or thing not in was or draw(st.integers(0, 3)) == 0

    puts = [each for each in after.resources if said(each, before.resources, each.ref in anew)]
    puts += [
        each for each in after.entitlements if said(each, before.entitlements, each.ref.resource in anew)
    ]
    grants = [
        each
        for ref, each in granted.items()
        if said(
            each,
            before.grants,
            ref.entitlement in read_whole or ref.principal in anew or ref.entitlement.resource in anew,
        )
    ]
    first = draw(st.permutations([Gone(each) for each in (*gone, *lost)]))
    noise = [Gone(ref) for ref in others if ref not in held and draw(st.booleans())]
    last = draw(
        st.permutations(
            [*grants, *(Gone(pair) for pair in ended), *(Regranted(ref) for ref in read_whole), *noise]
        )
    )
    early = [each for each in before.resources if each.ref in held and draw(st.booleans())]
    changes = [*early, *first, *puts, *last]
    cuts = sorted(draw(st.lists(st.integers(0, len(changes)), max_size=3)))
    return [changes[start:end] for start, end in zip([0, *cuts], [*cuts, len(changes)], strict=True)]


@LONG
@given(st.data())
def test_incremental_and_full_runs_agree_and_every_past_state_reads_back(new_store, data):
    names = data.draw(NAMES)
    published = []
    others = [Ref(kind, ident) for kind in KINDS for ident in names]
    with new_store() as store:
        state = data.draw(states(names))
        published.append((state, publish_state(store, state, checkpoint=b"")))
        for _ in range(data.draw(st.integers(1, 3))):
            before, state = state, data.draw(st.just(state) | states(names))
            versions = version_count(store)
            if data.draw(st.integers(0, 3)) == 0:
                run = publish_state(store, state, checkpoint=b"")
            else:
                run = publish_changes(store, data.draw(steps(before, state, others)))
            published.append((state, run))
            assert run.completeness["totals"] == totals(state)
            assert run.resources == len(state.resources)
            assert (run.added, run.removed) == (
                len(pairs(state) - pairs(before)),
                len(pairs(before) - pairs(state)),
            )
            same = told(state, "aws") == told(before, "aws")
            assert (run.status == "unchanged") is (same and version_count(store) == versions)
        for state, run in published:
            assert read(store, run) == told(state, "aws")


class Model:
    """The state as plain dictionaries, changed by one change after the other."""

    def __init__(self):
        self.resources = {}
        self.entitlements = {}
        self.grants = {}

    def fits(self, change):
        """Whether what a change builds on is there."""
        match change:
            case Entitlement(ref):
                return ref.resource in self.resources
            case Grant(entitlement, principal):
                return entitlement in self.entitlements and principal in self.resources
        return True

    def apply(self, change):
        match change:
            case Resource(ref):
                self.resources[ref] = change
            case Entitlement(ref):
                self.entitlements[ref] = change
            case Grant(entitlement, principal):
                self.grants[GrantRef(entitlement, principal)] = change
            case Gone(GrantRef() as pair):
                self.grants.pop(pair, None)
            case Gone(EntitlementRef() as ref):
                self.end(ref)
            case Gone(ref):
                self.resources.pop(ref, None)
                for offered in [each for each in self.entitlements if each.resource == ref]:
                    self.end(offered)
                self.grants = {pair: each for pair, each in self.grants.items() if pair.principal != ref}

    def end(self, ref):
        self.entitlements.pop(ref, None)
        self.grants = {pair: each for pair, each in self.grants.items() if pair.entitlement != ref}

    def state(self):
        return State(*(tuple(each.values()) for each in (self.resources, self.entitlements, self.grants)))


REFS = [Ref("user", "a"), Ref("user", "b"), Ref("group", "g")]
"""Few, so that several changes of a run are about the same thing."""
OFFERED = [EntitlementRef(REFS[2], MEMBER)]


WORDS = st.sampled_from(["one", "two"])
CHANGES = st.lists(
    st.one_of(
        st.builds(Resource, st.sampled_from(REFS), WORDS),
        st.builds(Entitlement, st.sampled_from(OFFERED), WORDS),
        st.builds(
            Grant, st.sampled_from(OFFERED), st.sampled_from(REFS), sources=st.sampled_from([(), None])
        ),
        st.sampled_from([Gone(each) for each in (*REFS, *OFFERED)]),
        st.sampled_from([Gone(GrantRef(what, who)) for what in OFFERED for who in REFS]),
    ),
    min_size=8,
    max_size=16,
)


@settings(LONG, max_examples=10)
@given(st.lists(st.tuples(CHANGES, st.integers(0, 16)), min_size=2, max_size=3))
def test_about_one_thing_the_last_word_counts(new_store, runs):
    model = Model()
    for change in (*map(Resource, REFS, "abc"), *(Entitlement(each, "one") for each in OFFERED)):
        model.apply(change)
    with new_store() as store:
        publish_state(store, model.state(), checkpoint=b"")
        for drawn, cut in runs:
            changes = []
            for change in drawn:
                if model.fits(change):
                    model.apply(change)
                    changes.append(change)
            run = publish_changes(store, [changes[:cut], changes[cut:]])
            assert read(store, run) == told(model.state(), "aws")
            assert run.completeness["totals"] == totals(model.state())
