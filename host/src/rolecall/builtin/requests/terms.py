"""Arithmetic of time-limited access: when it ends, how far it may be extended, when a notice is due."""

from datetime import datetime, timedelta

NOTICE_SHARE = 0.25
NOTICE_AT_MOST = timedelta(hours=24)


def end_of(
    now: datetime, duration: timedelta, cap: timedelta, current_end: datetime | None = None
) -> datetime:
    """When access that is granted now ends.

    An extension begins where what it extends ends, so that there is no gap and no time is lost; it never
    reaches further from now than the rule allows.

    Args:
        now: When it is granted.
        duration: For how long.
        cap: The rule's longest duration.
        current_end: When what it extends ends, or None; it may be over.
    """
    begin = now if current_end is None else max(now, current_end)
    return min(begin + duration, now + cap)


def longest_extension(now: datetime, cap: timedelta, current_end: datetime) -> timedelta:
    """How long an extension may be that is granted now; nothing where the end is as far off as can be."""
    return max(timedelta(), now + cap - max(now, current_end))


def notice_at(granted_at: datetime, ends_at: datetime) -> datetime:
    """When to say that access is about to end: a quarter of its time before, a day at most."""
    return ends_at - min((ends_at - granted_at) * NOTICE_SHARE, NOTICE_AT_MOST)
