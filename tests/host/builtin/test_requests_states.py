from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolecall import Ref
from rolecall.builtin.requests.states import ENDS, OUTCOMES, Deed, Parties, State, after, objection
from rolecall.builtin.requests.terms import NOTICE_AT_MOST, end_of, longest_extension, notice_at

ANN, BOB, CYD, DAN = (Ref("user", name) for name in ("ann", "bob", "cyd", "dan"))
PARTIES = Parties(ANN, BOB)
BY_PEOPLE = (Deed.APPROVE, Deed.DENY, Deed.CANCEL, Deed.EXTEND, Deed.REVIEW)

states = st.sampled_from(State)
people = st.sampled_from([ANN, BOB, CYD, DAN])
times = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
lengths = st.integers(1, 30 * 86400).map(lambda seconds: timedelta(seconds=seconds))

ALLOWED = {
    State.PENDING: {Deed.APPROVE, Deed.DENY, Deed.CANCEL, Deed.LAPSE},
    State.APPROVED: {Deed.GRANT, Deed.CANCEL, Deed.FAIL},
    State.ACTIVE: {Deed.CANCEL, Deed.EXPIRE, Deed.REVOKE, Deed.EXTEND},
}


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("deed", [deed for deed in Deed if deed is not Deed.REVIEW])
def test_a_state_allows_its_deeds_and_no_other(state, deed):
    assert (after(state, deed) is not None) is (deed in ALLOWED.get(state, ()))


def test_an_ended_request_stays_as_it_ended():
    ended = set(State) - set(ALLOWED)
    assert ended == {State.DENIED, State.CANCELLED, State.EXPIRED, State.REVOKED, State.FAILED}
    assert not [deed for state, deed in ENDS if state in ended]


def test_a_grant_has_one_outcome_on_every_way_from_pending_to_the_end():
    def ways(state, outcomes):
        onward = [(deed, end) for (begin, deed), end in ENDS.items() if begin is state and end is not state]
        if not onward:
            yield outcomes
        for deed, end in onward:
            outcome = OUTCOMES.get((state, deed))
            yield from ways(end, [*outcomes, outcome] if outcome else outcomes)

    assert [len(outcomes) for outcomes in ways(State.PENDING, [])] == [1] * 8


@given(states, st.sampled_from([Deed.APPROVE, Deed.DENY, Deed.REVIEW]), people, people, st.booleans())
def test_who_asks_or_gets_never_decides(state, deed, requester, beneficiary, approver):
    parties = Parties(requester, beneficiary, reviewed=False)
    for person in (requester, beneficiary):
        assert objection(state, deed, parties, person, approver=approver) is not None


@given(states, st.sampled_from([Deed.APPROVE, Deed.DENY, Deed.REVIEW]), people)
def test_nobody_decides_who_is_no_approver(state, deed, person):
    assert objection(state, deed, Parties(ANN, BOB, reviewed=False), person, approver=False) is not None


@given(states, st.sampled_from(BY_PEOPLE), people, st.booleans())
def test_nothing_is_done_that_the_state_does_not_allow(state, deed, person, approver):
    if after(state, deed) is None:
        said = objection(state, deed, PARTIES, person, approver=approver)
        assert said == f"it is {state} already"


@pytest.mark.parametrize(
    ("state", "deed", "person", "approver", "parties", "said"),
    [
        (State.PENDING, Deed.APPROVE, CYD, True, PARTIES, None),
        (State.PENDING, Deed.DENY, CYD, True, PARTIES, None),
        (State.PENDING, Deed.APPROVE, CYD, True, Parties(ANN, BOB, frozenset({DAN})), None),
        (
            State.PENDING,
            Deed.APPROVE,
            CYD,
            True,
            Parties(ANN, BOB, frozenset({CYD})),
            "they have approved it already, and another approval is needed",
        ),
        (State.PENDING, Deed.DENY, CYD, True, Parties(ANN, BOB, frozenset({CYD})), None),
        (State.PENDING, Deed.CANCEL, ANN, False, PARTIES, None),
        (State.ACTIVE, Deed.CANCEL, BOB, False, PARTIES, None),
        (
            State.ACTIVE,
            Deed.CANCEL,
            CYD,
            True,
            PARTIES,
            "only who asked for it, or whom it is for, can do that",
        ),
        (State.ACTIVE, Deed.EXTEND, ANN, False, PARTIES, None),
        (State.ACTIVE, Deed.REVIEW, CYD, True, Parties(ANN, BOB, reviewed=False), None),
        (State.EXPIRED, Deed.REVIEW, CYD, True, Parties(ANN, BOB, reviewed=False), None),
        (
            State.ACTIVE,
            Deed.REVIEW,
            CYD,
            True,
            PARTIES,
            "there is nothing to review: it is no open emergency",
        ),
    ],
)
def test_who_may_do_what(state, deed, person, approver, parties, said):
    assert objection(state, deed, parties, person, approver=approver) == said


@given(times, lengths, lengths, st.none() | times)
def test_access_ends_after_it_began_and_never_further_off_than_the_rule_allows(now, duration, cap, end):
    ends_at = end_of(now, duration, cap, end)
    assert now < ends_at <= now + cap


@given(times, lengths, lengths, lengths)
def test_an_extension_begins_where_the_access_ends(now, left, duration, more):
    cap = left + duration + more
    assert end_of(now, duration, cap, now + left) == now + left + duration


@given(times, lengths, lengths)
def test_an_extension_of_what_is_over_begins_now(now, ago, duration):
    assert end_of(now, duration, duration, now - ago) == now + duration


@given(times, lengths, lengths, times)
def test_what_can_be_extended_at_most_is_not_cut(now, cap, duration, end):
    longest = longest_extension(now, cap, end)
    if duration <= longest:
        assert end_of(now, duration, cap, end) == max(now, end) + duration
    else:
        assert end_of(now, duration, cap, end) == now + cap


@given(times, lengths)
def test_a_notice_comes_before_the_end_and_after_the_grant(granted_at, duration):
    at = notice_at(granted_at, granted_at + duration)
    assert granted_at < at < granted_at + duration
    assert granted_at + duration - at <= NOTICE_AT_MOST


def test_a_notice_comes_a_quarter_before_the_end_or_a_day():
    start = datetime(2026, 1, 1, tzinfo=UTC)
    assert notice_at(start, start + timedelta(hours=4)) == start + timedelta(hours=3)
    assert notice_at(start, start + timedelta(days=30)) == start + timedelta(days=29)


@given(
    st.lists(st.tuples(st.sampled_from([Deed.APPROVE, Deed.DENY, Deed.CANCEL]), people), max_size=12),
    people,
    people,
    st.frozensets(people),
    st.integers(1, 3),
)
def test_whatever_people_try_only_enough_approvers_who_are_not_involved_approve(
    tries, requester, beneficiary, approvers, needed
):
    state, decided = State.PENDING, frozenset()
    for deed, person in tries:
        parties = Parties(requester, beneficiary, decided)
        if objection(state, deed, parties, person, approver=person in approvers) is not None:
            continue
        if deed is Deed.APPROVE:
            decided |= {person}
        if deed is not Deed.APPROVE or len(decided) == needed:
            state = after(state, deed)
        assert state is not None
    assert decided <= approvers - {requester, beneficiary}
    assert (state is State.APPROVED) <= (len(decided) >= needed)
