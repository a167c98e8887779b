"""Time and chance, in one place so that a test can supply its own."""

import asyncio
import random
import time


class Clock:
    """The running loop's clock, and the one on the wall."""

    def now(self) -> float:
        """Seconds since some moment; only differences mean something."""
        return asyncio.get_running_loop().time()

    def since_1970(self) -> float:
        """The local wall clock, in seconds; it may be wrong."""
        return time.time()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)

    def jitter(self) -> float:
        """A number from 0 to 1, so that calls that wait together don't return together."""
        return random.random()  # noqa: S311 - spreads waits, guards nothing
