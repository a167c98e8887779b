"""What a grant notes of the things it rests on, and what is taken away when reasons end."""

from datetime import UTC, datetime, timedelta

import pytest

from rolecall import EntitlementRef, Ref
from rolecall.ledger import Holding, Intention, Reason, ended_with, ends, intend, lost
from rolecall.plans import Held

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ADMIN = EntitlementRef(Ref("account", "1"), "Admin")
READER = EntitlementRef(Ref("account", "1"), "Reader")
THING = Held("acme.okta.example", Ref("group", "g1"), Ref("user", "u1"), "member")


def reason(kind="request", hours=1, action=1, entitlement=ADMIN, connector="aws"):
    ends_at = None if hours is None else NOW + timedelta(hours=hours)
    return Reason(kind, connector, entitlement, NOW, ends_at, action)


STANDING = reason("standing", None, None)
BY_HAND = reason("grant", None, 2)
FOR_AN_HOUR = reason(hours=1, action=3)


def holding(*reasons, state="held", made=True):
    return Holding(THING, "aws", state, made, reasons)


@pytest.mark.parametrize(
    ("known", "gives", "noted"),
    [
        pytest.param(None, True, Intention("intended", False, False), id="given, and never heard of"),
        pytest.param(None, False, Intention("held", False, True), id="stood there before us"),
        pytest.param(
            holding(FOR_AN_HOUR), False, Intention("held", True, False), id="ours, held for another reason"
        ),
        pytest.param(
            holding(STANDING, made=False), False, Intention("held", False, False), id="standing as known"
        ),
        pytest.param(
            holding(state="ending"),
            False,
            Intention("held", True, False),
            id="ours, about to be taken away: what we gave for a time must not become standing",
        ),
        pytest.param(
            holding(state="gone", made=False),
            False,
            Intention("held", False, True),
            id="taken away once, and given back outside",
        ),
        pytest.param(
            holding(STANDING, made=False),
            True,
            Intention("intended", False, False, (STANDING,)),
            id="standing was taken away outside: it must not come back with a grant for a time",
        ),
        pytest.param(
            holding(BY_HAND, FOR_AN_HOUR),
            True,
            Intention("intended", False, False, (BY_HAND,)),
            id="of what was taken away outside, only what has an end goes on",
        ),
        pytest.param(
            holding(reason(action=9), state="intended"),
            False,
            Intention("held", True, False),
            id="an earlier attempt of the same grant gave it",
        ),
        pytest.param(
            holding(reason(action=9), state="intended", made=False),
            False,
            Intention("held", False, True),
            id="somebody else gave it before an earlier attempt had begun to",
        ),
        pytest.param(
            holding(reason(hours=None, action=9), state="intended"),
            True,
            Intention("intended", False, False),
            id="an earlier attempt didn't get so far, and its reason without an end is its own",
        ),
    ],
)
def test_what_is_noted_of_a_thing_before_a_grant(known, gives, noted):
    assert intend(known, gives=gives, action=9) == noted


@pytest.mark.parametrize(
    ("held", "taken"),
    [
        pytest.param(holding(), True, id="ours, for no reason any more"),
        pytest.param(holding(FOR_AN_HOUR), False, id="ours, for a reason"),
        pytest.param(holding(STANDING), False, id="ours, and standing"),
        pytest.param(holding(made=False), False, id="not ours"),
        pytest.param(holding(state="gone"), False, id="gone"),
        pytest.param(holding(state="ending"), True, id="being taken away, and still there"),
        pytest.param(holding(state="intended"), True, id="perhaps given by a grant that failed"),
    ],
)
def test_only_what_is_ours_and_has_no_reason_left_is_taken_away(held, taken):
    assert lost([held]) == ((held,) if taken else ())


def test_reasons_end_with_the_entitlement_that_they_serve():
    other, elsewhere = reason(entitlement=READER), reason(connector="okta")
    assert ended_with(holding(FOR_AN_HOUR, other, elsewhere), ADMIN, "aws") == (FOR_AN_HOUR,)


@pytest.mark.parametrize(
    ("reasons", "hours"),
    [
        pytest.param([], None, id="no reason is known"),
        pytest.param([reason(hours=2), reason(hours=5), reason(hours=1)], 5, id="the last one counts"),
        pytest.param([reason(hours=2), STANDING], None, id="one of them has no end"),
    ],
)
def test_access_ends_when_its_last_reason_does(reasons, hours):
    assert ends(reasons) == (None if hours is None else NOW + timedelta(hours=hours))
