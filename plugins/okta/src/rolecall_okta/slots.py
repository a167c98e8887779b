"""How many calls run at once."""

import asyncio

from rolecall_okta.clock import Clock

FEWEST = 4
RECOVERY = 5.0
"""Seconds after which one of the slots that were given up comes back."""
PATIENCE = 60.0
"""Seconds before as many as were refused last are tried again, which costs a refusal if nothing changed."""


class Slots:
    """Bounds the calls that run at once; the only place that does.

    Okta refuses what an org does at once over its own bound, which nobody tells. Each refusal halves
    the slots, and they come back one by one, those that were too many last.

    Attributes:
        limit: How many calls may run now.
    """

    def __init__(self, most: int, clock: Clock) -> None:
        self.limit = most
        self._most = most
        self._safe = most
        self._clock = clock
        self._free = asyncio.Semaphore(most)
        self._withheld = 0
        self._lowered = 0
        self._changed_at = 0.0

    async def take(self) -> int:
        """Wait for a slot.

        Returns:
            What to tell ``refused``, if the call is.
        """
        await self._free.acquire()
        while self._withheld:
            self._withheld -= 1
            await self._free.acquire()
        return self._lowered

    def give_back(self) -> None:
        """Free a slot, unless it is to go; another may come back."""
        if self._withheld:
            self._withheld -= 1
        else:
            self._free.release()
        pause = RECOVERY if self.limit < self._safe else PATIENCE
        if self.limit < self._most and self._clock.now() >= self._changed_at + pause:
            self._changed_at = self._clock.now()
            self.limit += 1
            if self._withheld:
                self._withheld -= 1
            else:
                self._free.release()

    def refused(self, taken: int) -> None:
        """Halve the slots, down to a few. Refusals of calls that ran together count once."""
        if taken == self._lowered and self.limit > FEWEST:
            self._safe = self.limit - 1
            fewer = max(FEWEST, self.limit // 2)
            self._withheld += self.limit - fewer
            self.limit = fewer
            self._lowered += 1
            self._changed_at = self._clock.now()
