"""Members are read again unless a clock proves that they are those that were read."""

from datetime import UTC, datetime, timedelta

import pytest

from rolecall_okta import GroupRow, MemberClocks

AT = datetime(2026, 11, 24, 10, tzinfo=UTC)
SINCE = AT - timedelta(minutes=10)


def group(moved: str | None, group_id: str = "00g1") -> GroupRow:
    return GroupRow(group_id, "staff", None, None, None, 1, last_membership_updated=moved)


def written(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.000Z"


@pytest.mark.parametrize("seconds", [0, 1, 2, 60])
def test_only_members_read_well_after_the_clock_are_those_of_the_clock(seconds: int) -> None:
    clocks = MemberClocks()
    clocks.take(group(written(AT)), AT + timedelta(seconds=seconds))

    assert clocks.moved(group(written(AT)), SINCE) == (seconds < 2)


def test_a_reading_too_soon_after_a_move_forgets_what_was_known() -> None:
    clocks = MemberClocks({"00g1": written(AT - timedelta(minutes=1))})
    clocks.take(group(written(AT)), AT)

    assert clocks == MemberClocks()


def test_what_was_met_again_unmoved_keeps_its_clock() -> None:
    clocks = MemberClocks({"00g1": written(AT)})
    clocks.take_moved([group(written(AT)), group(written(AT), "00g2")], AT)

    assert clocks.plain() == {"00g1": written(AT)}


@pytest.mark.parametrize("clock", [None, "no time"])
def test_without_a_clock_members_may_always_have_moved(clock: str | None) -> None:
    clocks = MemberClocks()
    clocks.take(group(clock), AT)

    assert clocks.moved(group(clock), SINCE)


def test_a_clock_from_before_the_last_run_needs_no_memory() -> None:
    assert not MemberClocks().moved(group(written(SINCE - timedelta(seconds=1))), SINCE)
    assert MemberClocks().moved(group(written(SINCE)), SINCE)


def test_what_no_run_can_meet_again_is_dropped() -> None:
    old, new = written(SINCE - timedelta(seconds=1)), written(SINCE)

    assert MemberClocks({"old": old, "new": new}).after(SINCE).plain() == {"new": new}
