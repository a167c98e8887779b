"""An org that rations, in a time that passes only by waiting, so that an hour of pacing takes no time."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from math import ceil, floor
from typing import Any, TypeVar

from rolecall_okta.clock import Clock
from rolecall_okta.governor import Governor
from rolecall_okta.limits import RateHeaders

BUCKET = "/api/v1/groups"
Result = TypeVar("Result")


def in_virtual_time(main: Coroutine[Any, Any, Result]) -> Result:
    """Run it on a loop whose clock jumps to the next thing that is due."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main)


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self.now = 1000.25
        super().__init__(JumpingSelector(self))

    def time(self) -> float:
        return self.now


class JumpingSelector(selectors.SelectSelector):
    def __init__(self, loop: VirtualTimeLoop) -> None:
        super().__init__()
        self.loop = loop

    def select(self, timeout: float | None = None) -> Any:
        assert timeout is not None, "everybody waits, and nothing will ever happen"
        self.loop.now += max(0.0, timeout)
        return super().select(0)


@dataclass
class RationingOrg:
    """Counts one bucket as Okta does: a window begins with its first call.

    ``ahead`` is how far its clock is ahead of the local one; ``cut_off`` whether its windows end at
    fractions of a second, of which the reset header doesn't tell.
    """

    limit: int = 100
    window: float = 60.0
    latency: float = 0.1
    ahead: float = 1_795_514_400.0
    cut_off: bool = False
    most_at_once: int = 1000
    ends: float = 0.0
    used: int = 0
    refused: int = 0
    served: int = 0
    at_once: int = 0
    by_window: list[dict[str, int]] = field(default_factory=list)
    watch: Callable[["RationingOrg"], None] = lambda _: None

    @property
    def remaining(self) -> int:
        return self.limit - self.used

    def part_left(self) -> float:
        return max(0.0, min(1.0, (self.ends - self.now()) / self.window))

    def now(self) -> float:
        return asyncio.get_running_loop().time() + self.ahead

    async def call(self, who: str) -> tuple[RateHeaders, bool]:
        """A call that takes ``latency``; what its reply's headers say, and whether it is a 429."""
        self.at_once += 1
        await asyncio.sleep(self.latency / 2)
        rate, refused = self._count(who)
        await asyncio.sleep(self.latency / 2)
        self.at_once -= 1
        return rate, refused

    def _count(self, who: str) -> tuple[RateHeaders, bool]:
        now = self.now()
        self.served += 1
        if self.at_once > self.most_at_once:
            self.refused += 1
            return RateHeaders(0, 0, ceil(now) + 1, 1.0), True
        if now >= self.ends:
            self.ends = now + self.window if self.cut_off else float(ceil(now + self.window))
            self.used = 0
            self.by_window.append({})
        refused = self.used >= self.limit
        self.refused += refused
        if not refused:
            self.used += 1
            counts = self.by_window[-1]
            counts[who] = counts.get(who, 0) + 1
            self.watch(self)
        reset = floor(self.ends)
        return RateHeaders(self.limit, self.remaining, reset, float(reset - floor(now))), refused


@dataclass
class Runner:
    """One client's calls, governed and at most so many at once."""

    name: str
    org: RationingOrg
    share: float = 0.5
    parallel: int = 40
    waits: list[float] = field(default_factory=list)
    refused: int = 0
    made: int = 0
    bucket: str = BUCKET

    def __post_init__(self) -> None:
        self.governor = Governor(self.share, Clock(), lambda seconds, why: self.waits.append(seconds))

    async def run(self, calls: int) -> float:
        """Make so many calls, each until it isn't refused; how many seconds it took."""
        began = asyncio.get_running_loop().time()
        left = iter(range(calls))
        await asyncio.gather(*(self._work(left) for _ in range(self.parallel)))
        return asyncio.get_running_loop().time() - began

    async def _work(self, left: Any) -> None:
        for _ in left:
            while await self.one():
                pass

    async def one(self) -> bool:
        passage = await self.governor.enter(self.bucket)
        try:
            rate, refused = await self.org.call(self.name)
            self.governor.answered(passage, rate, refused=refused)
        finally:
            self.governor.left(passage)
        self.refused += refused
        self.made += 1
        return refused
