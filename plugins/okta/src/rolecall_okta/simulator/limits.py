"""Rate limits: buckets of endpoints counted per minute, and the number of requests at one time."""

import time
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
    "other": 1200,
}
"""An org's limits by bucket, as last published for workforce orgs; one token may use a share of each."""

Headers = list[tuple[bytes, bytes]]


@dataclass(slots=True)
class Window:
    """One counting period of a bucket."""

    ends: float
    used: int = 0


@dataclass(slots=True)
class Limits:
    """Counts requests and says what is left; refuses only when ``enforced``.

    Not enforced, every reply shows a bucket with one request used, so that a well-behaved client
    is never slowed.
    """

    enforced: bool = False
    scale: float = 1.0
    share: float = 0.5
    window: float = 60.0
    concurrency: int = 75
    per_minute: Mapping[str, int] = field(default_factory=lambda: PER_MINUTE)
    clock: Callable[[], float] = time.time
    in_flight: int = 0
    refused: int = 0
    _windows: dict[tuple[str, str], Window] = field(default_factory=dict)
    _idle: dict[str, tuple[int, Headers]] = field(default_factory=dict)

    def capacity(self, bucket: str) -> int:
        """What one token may use of a bucket in a window."""
        return max(1, int(self.per_minute[bucket] * self.share * self.scale))

    def admit(self, token: str, bucket: str) -> tuple[bool, Headers]:
        """Count one request; whether it is within the limits, and the headers that say so."""
        now = self.clock()
        if not self.enforced:
            return True, self._unlimited(bucket, now)
        if self.in_flight > self.concurrency:
            self.refused += 1
            return False, headers(0, 0, ceil(now) + 1)
        window = self._windows.get((token, bucket))
        if window is None or now >= window.ends:
            window = self._windows[token, bucket] = Window(float(ceil(now + self.window)))
        capacity = self.capacity(bucket)
        window.used += 1
        left = capacity - window.used
        if left < 0:
            self.refused += 1
        return left >= 0, headers(capacity, max(0, left), int(window.ends))

    def _unlimited(self, bucket: str, now: float) -> Headers:
        second = int(now)
        held = self._idle.get(bucket)
        if held is None or held[0] != second:
            capacity = self.capacity(bucket)
            held = self._idle[bucket] = (second, headers(capacity, max(1, capacity - 1), second + 60))
        return held[1]


def headers(limit: int, remaining: int, reset: int) -> Headers:
    """Okta's three lines; a refusal for concurrency shows a limit and a rest of 0."""
    return [
        (b"x-rate-limit-limit", b"%d" % limit),
        (b"x-rate-limit-remaining", b"%d" % remaining),
        (b"x-rate-limit-reset", b"%d" % reset),
    ]
