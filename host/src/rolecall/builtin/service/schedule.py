"""Arithmetic of the service: what to sync next, and how long to sleep."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta


def due_syncs(
    names: Iterable[str], last: Mapping[str, datetime], every: timedelta, now: datetime
) -> list[str]:
    """The connectors whose last run began ``every`` ago or earlier, or never.

    A run that began in the future is one that a clock was wrong for: it counts as none.
    """
    return [
        name for name in names if (began := last.get(name)) is None or began > now or began + every <= now
    ]


def sleep_until(now: datetime, every: timedelta, due: Iterable[datetime | None]) -> datetime:
    """When to look again: at the next thing that falls due, and after ``every`` in any case."""
    return min([now + every, *(max(at, now) for at in due if at is not None)])
