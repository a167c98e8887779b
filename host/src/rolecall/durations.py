"""Lengths of time as people write them: ``30m``, ``24h``, ``7d``, and ``0`` for none."""

import re
from datetime import timedelta

PATTERN = r"0|[1-9][0-9]{0,5}[smhd]"
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def parse_duration(text: str) -> timedelta:
    """The length of time that a text says: ``45s``, ``30m``, ``24h``, ``7d`` or ``0``.

    Raises:
        ValueError: It says none.
    """
    if not re.fullmatch(PATTERN, text):
        raise ValueError(f"{text!r} is not a duration")
    if text == "0":
        return timedelta()
    return timedelta(**{_UNITS[text[-1]]: int(text[:-1])})


def duration_text(length: timedelta) -> str:
    """About how long, in one unit: ``26 hours``, ``1 minute``."""
    seconds = max(0.0, length.total_seconds())
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        # Two of a unit before it is used, so that "26 hours" isn't told as "1 day".
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}s"
    count = round(seconds)
    return f"{count} second" if count == 1 else f"{count} seconds"
