"""Lets calls go bucket by bucket, in the order in which they came, and keeps the accounts of it."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import NamedTuple

from rolecall_okta.clock import Clock
from rolecall_okta.limits import RateHeaders
from rolecall_okta.windows import Allowance, Bucket, Ticket

SHORTEST = 0.001
"""Seconds; less than that, and a clock may not move at all."""


@dataclass(frozen=True, slots=True)
class BucketUse:
    """What one client has used of a bucket.

    Attributes:
        requests: Calls that went, repetitions included.
        refused: 429s among them.
        waited: Seconds during which calls had to wait for the bucket.
        limit: What Okta allows in a window; None where it doesn't say.
    """

    requests: int
    refused: int
    waited: float
    limit: int | None


class Governor:
    """Paces the calls of one client.

    Only the first of a bucket's waiting calls watches the time; the others queue behind it, so that a
    window's begin wakes one, which wakes the next. Waiting here takes no slot from other buckets.
    """

    def __init__(self, share: float, clock: Clock, announce: Callable[[float, str], None]) -> None:
        self._share = share
        self._clock = clock
        self._announce = announce
        self._gates: dict[str, _Gate] = {}

    async def enter(self, bucket: str) -> "Passage":
        """Wait until a call of this bucket may go; ``left`` must be told when it has ended."""
        gate = self._gates.get(bucket)
        if gate is None:
            gate = self._gates[bucket] = _Gate(bucket, Bucket(self._share))
        began = self._clock.now()
        if gate.changed is not None or gate.bucket.pause(began):  # somebody waits already, or this one must
            await self._turn(gate)
            return Passage(gate, gate.let_go(), self._clock.now() - began)
        return Passage(gate, gate.let_go(), 0.0)

    def answered(self, passage: "Passage", rate: RateHeaders, *, refused: bool) -> None:
        """A reply has come."""
        gate, ticket, _ = passage
        if refused:
            gate.refused += 1
            gate.bucket.refused(ticket, rate, self._clock.now())
        else:
            gate.bucket.answered(ticket, rate, self._clock.now())

    def left(self, passage: "Passage") -> None:
        """A call has ended, with a reply or without."""
        passage.gate.bucket.left()
        passage.gate.wake()

    def holds(self, passage: "Passage") -> bool:
        """Whether a refusal keeps the bucket closed."""
        return passage.gate.bucket.held_until > self._clock.now()

    def allowances(self) -> Mapping[str, Allowance | None]:
        """What each bucket that has answered allows; None for no limit."""
        now = self._clock.now()
        return {name: gate.bucket.allowance(now) for name, gate in self._gates.items() if gate.bucket.replied}

    def uses(self) -> Mapping[str, BucketUse]:
        """What was used of each bucket so far."""
        allowances = self.allowances()
        uses = {}
        for name, gate in self._gates.items():
            allowance = allowances.get(name)
            limit = None if allowance is None else allowance.limit
            uses[name] = BucketUse(gate.requests, gate.refused, gate.waited, limit)
        return uses

    async def _turn(self, gate: "_Gate") -> None:
        async with gate.queue:
            while pause := gate.bucket.pause(self._clock.now()):
                await self._watch(gate, pause)

    async def _watch(self, gate: "_Gate", pause: float) -> None:
        """Wait for the time, or for a call of the bucket to end, which may change everything."""
        began = self._clock.now()
        gate.changed = asyncio.get_running_loop().create_future()
        watched: set[asyncio.Future[None]] = {gate.changed}
        only_time_helps = not gate.bucket.in_flight
        if only_time_helps:
            self._announce(pause, f"Okta's rate limit on {gate.name}")
        if isfinite(pause):
            watched.add(asyncio.ensure_future(self._clock.sleep(max(pause, SHORTEST))))
        try:
            await asyncio.wait(watched, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in watched:
                each.cancel()
            gate.changed = None
            gate.waited += self._clock.now() - began if only_time_helps else 0.0


class Passage(NamedTuple):
    """One call's way through a bucket; ``held`` is how many seconds it waited."""

    gate: "_Gate"
    ticket: Ticket
    held: float


class _Gate:
    def __init__(self, name: str, bucket: Bucket) -> None:
        self.name = name
        self.bucket = bucket
        self.queue = asyncio.Lock()
        self.changed: asyncio.Future[None] | None = None
        self.requests = 0
        self.refused = 0
        self.waited = 0.0

    def let_go(self) -> Ticket:
        self.requests += 1
        return self.bucket.enter()

    def wake(self) -> None:
        if self.changed is not None and not self.changed.done():
            self.changed.set_result(None)
