from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolecall.builtin.service.schedule import due_syncs, sleep_until

NOW = datetime(2026, 1, 31, 9, tzinfo=UTC)
EVERY = timedelta(minutes=15)

offsets = st.integers(-(10**6), 10**6).map(lambda seconds: NOW + timedelta(seconds=seconds))


@given(st.lists(st.none() | offsets))
def test_it_sleeps_until_the_next_thing_is_due_and_no_longer_than_asked(due):
    until = sleep_until(NOW, EVERY, due)
    assert NOW <= until <= NOW + EVERY
    assert all(until <= max(at, NOW) for at in due if at is not None)


@pytest.mark.parametrize(
    ("began", "due"),
    [
        (None, True),
        (NOW - EVERY, True),
        (NOW - EVERY + timedelta(seconds=1), False),
        (NOW, False),
        (NOW + timedelta(seconds=1), True),
    ],
)
def test_a_connector_is_synced_when_its_last_run_is_old_enough(began, due):
    last = {} if began is None else {"lab": began}
    assert due_syncs(["lab"], last, EVERY, NOW) == (["lab"] if due else [])
