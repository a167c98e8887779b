"""Time and chance, in one place so that a test can supply its own."""

import asyncio
import random


class Clock:
    """The running loop's clock."""

    def now(self) -> float:
        """Seconds since some moment; only differences mean something."""
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)

    def jitter(self) -> float:
        """A number from 0 to 1, so that calls that wait together don't return together."""
        return random.random()  # noqa: S311 - spreads waits, guards nothing
