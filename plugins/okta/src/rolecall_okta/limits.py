"""What Okta's rate limits allow right now: one memory per bucket, and how many calls run at once.

Okta counts calls per bucket (a family of paths) and minute, and says in each reply what is left. The
numbers are believed only as far as they make sense, so that a server that sends none, or nonsense, is
not called more slowly for it. Pacing before a bucket is empty belongs here too.
"""

import asyncio
import re
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import httpx

WINDOW = 65.0
"""Seconds; Okta counts per minute, so a reset further off than this is none."""
AFTER_RESET = 1.0
FEWEST_SLOTS = 4
NUMBER = re.compile(r"[0-9]{1,12}")
OBJECT = re.compile(r"/api/v1/(app|group|user)s/(?!rules$)[^/]+")
FAMILY = re.compile(r"/api/v1/([^/?]+)")


def bucket_of(path: str) -> str:
    """The bucket that a read of this path counts in; an app by id isn't counted with its users."""
    single = OBJECT.fullmatch(path)
    if single:
        return f"/api/v1/{single[1]}s/{{id}}"
    family = FAMILY.match(path)
    return family[0] if family else path


@dataclass(frozen=True, slots=True)
class RateHeaders:
    """A reply's ``X-Rate-Limit-*`` headers; None for each that is missing or no number.

    Attributes:
        limit: Calls per window; 0 when the concurrency limit was hit.
        remaining: Calls left in the window.
        seconds_to_reset: From the reply's own ``Date`` to the window's end.
    """

    limit: int | None
    remaining: int | None
    seconds_to_reset: float | None

    @property
    def concurrency(self) -> bool:
        """Whether a 429 with these headers is for too many calls at once."""
        return self.limit == 0 and self.remaining == 0


def rate_headers(headers: httpx.Headers) -> RateHeaders:
    """Read the headers; the local clock isn't asked, because it may be wrong."""
    remaining = _number(headers.get("x-rate-limit-remaining"))
    reset = _number(headers.get("x-rate-limit-reset"))
    seconds = None
    if reset is not None and not remaining:
        date = _date(headers.get("date"))
        seconds = None if date is None else reset - date
    return RateHeaders(_number(headers.get("x-rate-limit-limit")), remaining, seconds)


class Buckets:
    """When calls to each bucket may go on."""

    def __init__(self) -> None:
        self._remaining: dict[str, int] = {}
        self._held_until: dict[str, float] = {}

    def pause(self, bucket: str, now: float) -> float:
        """Seconds to wait before the next call; 0 for none."""
        return max(0.0, self._held_until.get(bucket, 0.0) - now)

    def answered(self, bucket: str, rate: RateHeaders, now: float) -> None:
        """Take note of a reply. A first 0 isn't believed: a true count comes down to it."""
        if rate.remaining is None or not rate.limit:
            return
        counted_down = self._remaining.get(bucket, 0) > 0
        self._remaining[bucket] = rate.remaining
        if rate.remaining == 0 and counted_down:
            self._hold(bucket, rate, now)

    def refused(self, bucket: str, rate: RateHeaders, now: float) -> None:
        """Take note of a 429, which is believed."""
        if rate.limit:
            self._hold(bucket, rate, now)

    def _hold(self, bucket: str, rate: RateHeaders, now: float) -> None:
        if rate.seconds_to_reset is not None and 0 < rate.seconds_to_reset <= WINDOW:
            self._held_until[bucket] = now + rate.seconds_to_reset + AFTER_RESET


class Slots:
    """Bounds the calls that run at once; the only place that does."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._free = asyncio.Semaphore(limit)
        self._withheld = 0

    async def take(self) -> None:
        """Wait for a slot."""
        await self._free.acquire()

    def give_back(self) -> None:
        """Free a slot, unless it is to go."""
        if self._withheld:
            self._withheld -= 1
        else:
            self._free.release()

    def lower(self) -> None:
        """One slot fewer from now on, down to a few."""
        if self.limit > FEWEST_SLOTS:
            self.limit -= 1
            self._withheld += 1


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and NUMBER.fullmatch(text) else None


def _date(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError, OSError):
        return None
