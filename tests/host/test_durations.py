"""Lengths of time are read as people write them, and told in one unit."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolecall.durations import duration_text, parse_duration


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("45s", timedelta(seconds=45)),
        ("30m", timedelta(minutes=30)),
        ("24h", timedelta(hours=24)),
        ("7d", timedelta(days=7)),
        ("0", timedelta()),
    ],
)
def test_a_number_and_its_unit_are_a_length_of_time(text, length):
    assert parse_duration(text) == length


@pytest.mark.parametrize(
    "text", ["", "24", "h", "-1h", "1.5h", "24 h", "24H", "1d12h", "٢h", "0h", "9999999d", "24h\n"]
)
def test_anything_else_is_refused(text):
    with pytest.raises(ValueError, match="is not a duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(hours=26), "26 hours"),
        (timedelta(days=3, hours=1), "3 days"),
        (timedelta(minutes=90), "90 minutes"),
        (timedelta(seconds=100), "100 seconds"),
        (timedelta(seconds=1), "1 second"),
        (timedelta(seconds=-5), "0 seconds"),
    ],
)
def test_a_length_of_time_is_told_in_the_largest_unit_that_says_enough(length, text):
    assert duration_text(length) == text


@given(st.integers(1, 999_999), st.sampled_from("smhd"))
def test_whatever_can_be_written_can_be_read_and_told(count, unit):
    assert duration_text(parse_duration(f"{count}{unit}"))
