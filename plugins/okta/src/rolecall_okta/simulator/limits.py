"""Rate limits: buckets of endpoints counted per minute, and the number of requests at one time."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import Final

PER_MINUTE: Final[Mapping[str, int]] = {
    "apps": 100,
    "app": 500,
    "groups": 500,
    "group": 1000,
    "users": 600,
    "user": 2000,
    "org": 100,
    "iam": 100,
    "logs": 120,
    "token": 300,
    "other": 1200,
}
"""An org's limits by bucket, as last published for workforce orgs; one token may use a share of each."""

Headers = list[tuple[bytes, bytes]]


@dataclass(slots=True)
class Window:
    """One counting period of a bucket."""

    limit: int
    ends: float
    used: int = 0

    @property
    def left(self) -> int:
        return self.limit - self.used


@dataclass(slots=True)
class Limits:
    """Counts requests and says what is left; refuses only when ``enforced``.

    A request must fit the org's bucket and the share of it that its token may use; the headers tell
    of the one with less left. Not enforced, every reply shows a bucket with one request used, so
    that a well-behaved client is never slowed.
    """

    enforced: bool = False
    scale: float = 1.0
    share: float = 0.5
    window: float = 60.0
    concurrency: int = 75
    per_minute: Mapping[str, int] = field(default_factory=lambda: PER_MINUTE)
    clock: Callable[[], float] = time.time
    in_flight: int = 0
    admitted_by: Counter[str] = field(default_factory=Counter)
    """By bucket."""
    refused_by: Counter[str] = field(default_factory=Counter)
    """By bucket; ``concurrency`` counts those of too many at one time."""
    _windows: dict[tuple[str | None, str], Window] = field(default_factory=dict)
    """By token and bucket; ``None`` is the whole org."""
    _idle: dict[tuple[str, int], tuple[int, Headers]] = field(default_factory=dict)

    @property
    def refused(self) -> int:
        return self.refused_by.total()

    def capacity(self, bucket: str, share: float | None = None) -> int:
        """What a token with this share (else the usual one) may use of a bucket in a window."""
        part = self.share if share is None else share
        return max(1, int(self.per_minute[bucket] * part * self.scale))

    def admit(self, token: str, bucket: str, share: float | None = None) -> tuple[bool, Headers]:
        """Count one request; whether it is within the limits, and the headers that say so."""
        now = self.clock()
        capacity = self.capacity(bucket, share)
        if not self.enforced:
            self.admitted_by[bucket] += 1
            return True, self._unlimited(bucket, capacity, now)
        if self.in_flight > self.concurrency:
            self.refused_by["concurrency"] += 1
            return False, headers(0, 0, ceil(now) + 1)
        own = self._window(token, bucket, capacity, now)
        whole = self._window(None, bucket, self.capacity(bucket, 1.0), now)
        applicable = own if own.left <= whole.left else whole
        admitted = applicable.left > 0
        (self.admitted_by if admitted else self.refused_by)[bucket] += 1
        if admitted:
            own.used += 1
            whole.used += 1
        return admitted, headers(applicable.limit, applicable.left, int(applicable.ends))

    def _window(self, token: str | None, bucket: str, limit: int, now: float) -> Window:
        window = self._windows.get((token, bucket))
        if window is None or now >= window.ends:
            window = self._windows[token, bucket] = Window(limit, float(ceil(now + self.window)))
        return window

    def _unlimited(self, bucket: str, capacity: int, now: float) -> Headers:
        second = int(now)
        held = self._idle.get((bucket, capacity))
        if held is None or held[0] != second:
            told = headers(capacity, max(1, capacity - 1), second + 60)
            held = self._idle[bucket, capacity] = (second, told)
        return held[1]


def headers(limit: int, remaining: int, reset: int) -> Headers:
    """Okta's three lines; a refusal for concurrency shows a limit and a rest of 0."""
    return [
        (b"x-rate-limit-limit", b"%d" % limit),
        (b"x-rate-limit-remaining", b"%d" % remaining),
        (b"x-rate-limit-reset", b"%d" % reset),
    ]
