"""The ``Date`` of a reply: the only clock that Okta's times are compared with."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache


@lru_cache(maxsize=16)  # replies of one second bear the same
def http_date(text: str | None) -> datetime | None:
    """The time that the header gives, aware and in whole seconds, or None."""
    if text is None:
        return None
    try:
        given = parsedate_to_datetime(text)
        return given.replace(tzinfo=UTC) if given.tzinfo is None else given.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None
