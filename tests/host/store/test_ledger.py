"""What is held for which reasons survives grants, ends, revocations, others' changes and killed processes."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from rolecall import Ref
from rolecall.store import ledger
from rolecall.store.actions import interrupted_actions
from rolecall.store.provisioning_tables import action
from rolecall.store.writing import record_begins, record_end, record_ended, record_intent
from tests.host.store.provisioning import ADA, Org, asked, grant_plan, revoke_plan, thing

THINGS = [thing(name) for name in ("g1", "g2", "g3")]
DAY = timedelta(days=1)


@dataclass
class Known:
    """What should be on record of one thing: whether it is ours, and when each reason ends (None: never)."""

    ours: bool = False
    reasons: dict = field(default_factory=dict)


class Model:
    """The rules in a few lines, beside the store; one clock for both."""

    def __init__(self, store):
        self.store, self.org = store, Org(store)
        self.known = {each: Known() for each in THINGS}
        self.now = datetime.now(UTC) + DAY  # after all that the store stamps by itself

    def grant(self, things, hours, killed_after):
        ends_at = None if hours is None else self.now + timedelta(hours=hours)
        request, plan = asked(hours=hours), grant_plan(things=things, there=self.org.there)
        before = set(self.org.there)
        recorded = self.org.do(request, plan, killed_after, ends_at)
        if recorded is None:
            return
        while self.kill_and_resume(things, ends_at):
            pass
        for each in things:
            known = self.known[each]
            if each not in before:
                known.ours = True
                known.reasons = {n: end for n, end in known.reasons.items() if end is not None}
            elif not known.ours and not known.reasons:
                known.reasons["standing"] = None
            known.reasons[recorded.action] = ends_at

    def kill_and_resume(self, things, ends_at):
        with self.store.writing() as connection:  # the process that ran it is no more
            connection.execute(update(action).values(pid=2**22 + 1))
            found = interrupted_actions(connection)
        for each in found:
            self.org.resume(each.id, grant_plan(things=things, there=self.org.there), ends_at)
        return found

    def expire(self):
        """What the service does in a cycle; gives what it takes away."""
        with self.store.writing() as connection:
            due = ledger.due_reasons(connection, self.now)
            over = ledger.end_reasons(connection, [each.reason.id for each in due], self.now, "expiry")
        self.take(over)
        return {each.held for each in over}

    def take(self, over):
        if over:
            undo = [each.held for each in over]
            there = [each for each in undo if each in self.org.there]
            self.org.do(asked("revoke", undo=undo), revoke_plan(things=there))

    def should_go(self):
        over = set()
        for each, known in self.known.items():
            ended = {n for n, end in known.reasons.items() if end is not None and end <= self.now}
            for n in ended:
                del known.reasons[n]
            if known.ours and ended and not known.reasons:
                known.ours = False
                over.add(each)
        return over

    def revoke(self, each):
        if each in self.org.there:
            self.org.do(asked("revoke", via=each.object), revoke_plan(things=[each]))
            self.known[each] = Known()

    def agree(self):
        with self.store.reading() as connection:
            stored = ledger.find_held(connection, THINGS)
        for each, known in self.known.items():
            held = stored.get(each)
            reasons = held.reasons if held else ()
            assert sorted(map(str, known.reasons.values())) == sorted(str(one.ends_at) for one in reasons)
            assert known.ours == bool(held and held.made and held.state != "gone")


things = st.lists(st.sampled_from(THINGS), min_size=1, max_size=3, unique=True)
doings = st.one_of(
    st.tuples(st.just("grant"), things, st.none() | st.integers(1, 5), st.none() | st.integers(0, 10)),
    st.tuples(st.just("pass"), st.integers(1, 4)),
    st.tuples(st.just("revoke"), st.sampled_from(THINGS)),
    st.tuples(st.just("given outside"), st.sampled_from(THINGS)),
    st.tuples(st.just("taken outside"), st.sampled_from(THINGS)),
)


@settings(max_examples=40)
@given(st.lists(doings, max_size=12))
def test_access_goes_exactly_with_the_last_reason_of_what_we_gave(new_store, sequence):
    with new_store() as store:
        model = Model(store)
        for what, *given_to in sequence:
            match what:
                case "grant":
                    model.grant(*given_to)
                case "pass":
                    model.now += timedelta(hours=given_to[0])
                    standing = model.org.there - {each for each in THINGS if model.known[each].ours}
                    should = model.should_go()
                    assert model.expire() == should
                    assert model.org.there.isdisjoint(should)
                    assert standing <= model.org.there
                    assert model.expire() == set()
                case "revoke":
                    model.revoke(*given_to)
                case "given outside":
                    model.org.there |= set(given_to)
                case "taken outside":
                    model.org.there -= set(given_to)
            model.agree()
        model.now += 10 * DAY
        should = model.should_go()
        assert model.expire() == should


def test_what_stood_before_a_grant_for_an_hour_stays_afterwards(store):
    model = Model(store)
    model.org.there.add(THINGS[0])
    model.grant([THINGS[0], THINGS[1]], 1, None)
    model.now += DAY
    assert model.expire() == {THINGS[1]}
    assert model.org.there == {THINGS[0]}


def test_of_two_reasons_the_later_one_keeps_the_access(store):
    model = Model(store)
    model.grant([THINGS[0]], 1, None)
    model.grant([THINGS[0]], 3, None)
    model.now += timedelta(hours=2)
    assert model.expire() == set()
    model.now += timedelta(hours=2)
    assert model.expire() == {THINGS[0]}


def test_a_grant_that_failed_before_it_gave_anything_takes_its_reasons_back(store):
    with store.writing() as connection:
        recorded = record_intent(connection, asked(hours=1), grant_plan(things=THINGS[:1]))
        record_end(connection, recorded.action, "failed", verified=False, error={"code": "x"})
        assert ledger.find_held(connection, THINGS)[THINGS[0]].state == "gone"
        assert ledger.due_reasons(connection, datetime.now(UTC) + DAY) == []


def test_a_grant_that_failed_half_way_keeps_its_reasons_so_that_what_it_gave_goes_in_time(store):
    with store.writing() as connection:
        recorded = record_intent(connection, asked(hours=1), grant_plan(things=THINGS[:2]))
        record_begins(connection, recorded.action, 0, "PUT", "/x")
        record_ended(connection, recorded.action, 0, "unknown")
        record_end(connection, recorded.action, "failed", verified=False, error={"code": "x"})
        due = ledger.due_reasons(connection, datetime.now(UTC) + DAY)
        over = ledger.end_reasons(connection, [each.reason.id for each in due], datetime.now(UTC), "expiry")
    assert [each.held for each in over] == THINGS[:1]


def test_a_step_that_is_known_not_to_have_been_applied_gave_nothing(store):
    with store.writing() as connection:
        recorded = record_intent(connection, asked(hours=1), grant_plan(things=THINGS[:1]))
        record_begins(connection, recorded.action, 0, "PUT", "/x")
        record_ended(connection, recorded.action, 0, "unknown")
        record_ended(connection, recorded.action, 0, "not_applied")
        record_end(connection, recorded.action, "failed", verified=False, error={"code": "x"})
        assert ledger.reasons_of_action(connection, recorded.action) == []


def test_a_revocation_by_a_person_tells_which_requests_it_ends(store):
    org = Org(store)
    org.do(asked(hours=1, task=7, rule="r"), grant_plan(things=THINGS[:2]))
    org.do(asked(task=8), grant_plan(things=THINGS[:2], there=org.there))
    ended = org.do(asked("revoke"), revoke_plan(things=THINGS[:1]))
    assert sorted((each.reason.task, each.holding.held.object.id) for each in ended.ended) == [
        (7, "g1"),
        (7, "g2"),
        (8, "g1"),
        (8, "g2"),
    ]
    assert [each.held for each in ended.lost] == [THINGS[1]]


def test_a_revocation_ends_what_the_grant_rests_on_of_another_principal_too(store):
    org = Org(store)
    entry = thing("app", Ref("group", "entry"))
    org.do(asked(), grant_plan(things=[THINGS[0], entry], there={entry}))
    org.do(asked("revoke", connector="twin"), revoke_plan(things=THINGS[:1]))
    with store.reading() as connection:
        reasons = ledger.find_held(connection, [entry])[entry].reasons
    assert [each.kind for each in reasons] == ["standing"]


def test_of_two_revocations_of_the_same_the_one_that_ends_first_leaves_nothing_to_take(store):
    org = Org(store)
    org.do(asked(), grant_plan(things=THINGS[:1]))
    plan = revoke_plan(things=THINGS[:1])
    with store.writing() as connection:
        first = record_intent(connection, asked("revoke"), plan).action
        second = record_intent(connection, asked("revoke"), plan).action
        assert record_end(connection, first, "applied", verified=True).lost == ()
        assert record_end(connection, second, "applied", verified=True).lost == ()
        assert ledger.holdings_of(connection, ADA) == []


def test_a_revocation_of_one_path_leaves_the_reasons_of_the_others(store):
    org = Org(store)
    org.do(asked(hours=1), grant_plan(things=THINGS[:2]))
    ended = org.do(asked("revoke", via=THINGS[0].object), revoke_plan(things=THINGS[:1]))
    assert [each.holding.held for each in ended.ended] == THINGS[:1]
    with store.reading() as connection:
        [still] = ledger.holdings_of(connection, ADA)
    assert still.held == THINGS[1]
    assert len(still.reasons) == 1


def test_a_revocation_that_failed_leaves_what_is_held_as_it_was(store):
    org = Org(store)
    org.do(asked(), grant_plan(things=THINGS[:1]))
    with store.writing() as connection:
        recorded = record_intent(connection, asked("revoke"), revoke_plan(things=THINGS[:1]))
        assert ledger.find_held(connection, THINGS)[THINGS[0]].state == "ending"
        record_end(connection, recorded.action, "failed", verified=False, error={"code": "x"})
        held = ledger.find_held(connection, THINGS)[THINGS[0]]
    assert (held.state, held.made, len(held.reasons)) == ("held", True, 1)


def test_a_revocation_not_seen_yet_is_open_until_a_read_shows_it(store):
    org = Org(store)
    org.do(asked(), grant_plan(things=THINGS[:1]))
    with store.writing() as connection:
        recorded = record_intent(connection, asked("revoke"), revoke_plan(things=THINGS[:1]))
        record_end(connection, recorded.action, "applied", verified=False, why="it is still listed")
        [held] = ledger.holdings_of(connection, ADA)
        assert (held.state, held.reasons) == ("ending", ())
        assert ledger.without_reason(connection, [held.id]) == (held,)
        ledger.set_state(connection, [held.id], "gone", datetime.now(UTC))
        assert ledger.holdings_of(connection, ADA) == []


def test_the_clock_of_a_hand_off_begins_when_it_is_seen(store):
    later = datetime.now(UTC) + 3 * DAY
    with store.writing() as connection:
        recorded = record_intent(connection, asked(hours=1), grant_plan(things=THINGS[:1]))
        record_end(connection, recorded.action, "handed_off", verified=False, handed_off=0)
        assert ledger.due_reasons(connection, later) == []
        assert ledger.next_end(connection) is None
        ledger.set_end(connection, recorded.action, later)
        assert ledger.next_end(connection) == later
        [due] = ledger.due_reasons(connection, later)
    assert (due.holding.held, due.holding.made) == (THINGS[0], True)


def test_what_the_inverse_needs_comes_back_as_it_was_given(store):
    org = Org(store)
    org.do(asked(), grant_plan(things=THINGS[:1]))
    with store.reading() as connection:
        [made] = [each.held for each in ledger.holdings_of(connection, ADA) if each.made]
    assert (made, made.detail) == (THINGS[0], {"was": ["g1"]})


def test_only_access_whose_every_reason_ends_has_an_end(store):
    org, soon = Org(store), datetime.now(UTC) + DAY
    org.do(asked(hours=1), grant_plan(things=THINGS[:2]), ends_at=soon)
    org.do(asked(name="g2", hours=2), grant_plan("g2", THINGS[1:2], org.there), ends_at=soon + DAY)
    org.do(asked(name="g3"), grant_plan("g3", THINGS[2:], org.there))
    with store.reading() as connection:
        until = {each.held: each for each in ledger.holdings_until(connection, ["okta"])}
        assert ledger.holdings_until(connection, ["aws"]) == []
    assert {each: known.until for each, known in until.items()} == {
        THINGS[0]: soon,
        THINGS[1]: soon + DAY,
    }
    assert until[THINGS[1]].entitlements == {("okta", "group:g1:member"), ("okta", "group:g2:member")}
