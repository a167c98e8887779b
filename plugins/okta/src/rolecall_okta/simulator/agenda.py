"""What is still to happen in an org, by the org's own clock."""

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from threading import Lock


class Agenda:
    """Effects that come some time after their cause; whoever asks for the org first lets them happen."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._numbers = count()
        self._lock = Lock()
        self._waiting: list[tuple[float, int, Callable[[], object]]] = []

    def after(self, seconds: float, action: Callable[[], object]) -> None:
        """Plan an action; one that needs no waiting is done at once."""
        if seconds <= 0:
            action()
            return
        with self._lock:
            heappush(self._waiting, (self._clock() + seconds, next(self._numbers), action))

    def due(self) -> list[Callable[[], object]]:
        """Take the actions whose time has come, in the order of their times."""
        if not self._waiting:
            return []
        now, found = self._clock(), []
        with self._lock:
            while self._waiting and self._waiting[0][0] <= now:
                found.append(heappop(self._waiting)[2])
        return found
