"""Our calls and the provider's log are held against each other, both ways."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolecall import Ref
from rolecall.ledger import Holding
from rolecall.plans import Held, WriteSeen
from rolecall.reconciliation import WrittenCall, reconcile

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
GROUP, ADA = Ref("group", "g1"), Ref("user", "u1")
GIVEN = frozenset({(True, GROUP, ADA)})


def call(n=0, at=NOON, status=204, request_id="r", **facts):
    facts = {"audit_id": 2, "applied": True, "things": GIVEN, "connector": "okta", **facts}
    named = {"action": 1, "task": None, "entitlement": "group:g1:member", "principal": "user:u1"}
    request = request_id and f"{request_id}{n}"
    return WrittenCall(
        n=n, at=at, method="PUT", path="/x", status=status, request_id=request, **named, **facts
    )


def event(n=0, at=NOON, request_id="r", **facts):
    facts = {"outcome": "SUCCESS", "actor": "robot", "ours": True, "gives": True, **facts}
    request = request_id and f"{request_id}{n}"
    seen = {"object": GROUP, "principal": ADA, "request_id": request, **facts}
    return WriteSeen(id=f"e{n}", at=at, kind="group.user_membership.add", **seen)


def holding(state="held"):
    return Holding(Held("acme.okta.example", GROUP, ADA, "member"), "okta", state, True)


def reconciled(calls, seen, holdings=(), **window):
    window = {"since": NOON - HOUR, "until": NOON + HOUR, "settled": NOON + HOUR, **window}
    return reconcile(calls, seen, holdings, connector="okta", **window)


def told(found):
    return (
        found.matched,
        [seen.id for seen in found.unrecorded],
        [missing.n for missing in found.unseen],
        [(drift.seen.id, drift.change) for drift in found.drift],
    )


@pytest.mark.parametrize(
    ("calls", "seen", "found"),
    [
        pytest.param([], [], (0, [], [], []), id="nothing"),
        pytest.param([call()], [event()], (1, [], [], []), id="a call and its event"),
        pytest.param(
            [call()],
            [event(), replace(event(), id="e9", gives=None)],
            (1, [], [], []),
            id="a call with several events",
        ),
        pytest.param([call()], [event(), event()], (1, [], [], []), id="an event told twice"),
        pytest.param([], [event()], (0, ["e0"], [], []), id="written behind our back"),
        pytest.param([], [event(outcome="FAILURE")], (0, [], [], []), id="tried behind our back, and failed"),
        pytest.param([call()], [], (0, [], [0], []), id="forged: there was no such call"),
        pytest.param(
            [call(request_id=None)], [], (0, [], [0], []), id="forged: answered, but without a request's id"
        ),
        pytest.param([call(status=403)], [], (0, [], [], []), id="a call that the provider refused"),
        pytest.param(
            [call(status=None, request_id=None)], [], (0, [], [], []), id="a call without an answer"
        ),
        pytest.param([call(applied=False)], [], (0, [], [], []), id="a call seen not to have done anything"),
        pytest.param(
            [call(status=None, request_id=None)],
            [event(7, NOON + MINUTE)],
            (1, [], [], []),
            id="the answer was cut off, and the write wasn't",
        ),
        pytest.param(
            [call(status=None, request_id=None)],
            [event(7, gives=False)],
            (0, ["e7"], [], []),
            id="the opposite of a call without an answer",
        ),
        pytest.param(
            [call(status=None, request_id=None)],
            [event(7, NOON + 30 * MINUTE)],
            (0, ["e7"], [], []),
            id="too long after a call without an answer",
        ),
        pytest.param(
            [call(connector="aws")], [event()], (0, [], [], []), id="another connector's, same credential"
        ),
        pytest.param([call(connector="aws")], [], (0, [], [], []), id="another connector's own affair"),
        pytest.param(
            [call()],
            [event(ours=False), event(1, ours=False)],
            (1, ["e1"], [], []),
            id="the log was read with another credential: who makes our calls is us",
        ),
        pytest.param(
            [call()],
            [event(), event(1, ours=False)],
            (1, [], [], []),
            id="our credential is known: its owner may work by hand",
        ),
        pytest.param([], [event(ours=False)], (0, [], [], []), id="others give what we don't hold"),
    ],
)
def test_calls_and_events_are_held_against_each_other(calls, seen, found):
    assert told(reconciled(calls, seen)) == found


def test_what_is_too_new_for_the_log_does_not_count_as_unseen():
    late = [call(0, NOON), call(1, NOON + 10 * MINUTE)]
    assert told(reconciled(late, [], settled=NOON + MINUTE)) == (0, [], [0], [])


def test_what_is_outside_the_time_asked_about_is_told_neither_way():
    calls = [call(0, NOON - 2 * HOUR), call(1, NOON + 2 * HOUR)]
    seen = [event(2, NOON - 2 * HOUR), event(3, NOON + 2 * HOUR)]
    assert told(reconciled(calls, seen)) == (0, [], [], [])


def test_an_event_just_inside_finds_its_call_just_outside():
    calls, seen = [call(0, NOON - HOUR - MINUTE)], [event(0, NOON - HOUR + MINUTE)]
    assert told(reconciled(calls, seen)) == (0, [], [], [])


@pytest.mark.parametrize(
    ("state", "gives", "change"),
    [
        pytest.param("held", False, "taken", id="taken away by somebody else"),
        pytest.param("held", None, "changed", id="changed by somebody else"),
        pytest.param("held", True, None, id="given once more"),
        pytest.param("ending", True, "given", id="given back while it is being taken away"),
    ],
)
def test_others_changes_to_what_the_ledger_holds_are_drift(state, gives, change):
    seen = [event(ours=False, actor="eve@acme.example", gives=gives), event(1, ours=None, object=None)]
    found = reconciled([], seen, [holding(state)])
    assert told(found)[3] == ([] if change is None else [("e0", change)])
    assert told(found)[:3] == (0, [], [])


@given(st.sets(st.integers(0, 9)), st.sets(st.integers(0, 9)), st.randoms())
def test_whatever_is_missing_on_either_side_is_told_and_nothing_else(recorded, logged, random):
    calls, seen = [call(n) for n in recorded], [event(n) for n in logged]
    random.shuffle(calls)
    random.shuffle(seen)
    matched, unrecorded, unseen, drift = told(reconciled(calls, seen))
    assert matched == len(recorded & logged)
    assert sorted(unrecorded) == sorted(f"e{n}" for n in logged - recorded)
    assert sorted(unseen) == sorted(recorded - logged)
    assert drift == []
