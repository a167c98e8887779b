"""The index behind ``search`` and ``filter``, which learns of changes some seconds late."""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from operator import attrgetter
from threading import Lock
from typing import Generic, TypeVar

Item = TypeVar("Item")
_by_id = attrgetter("id")


class LaggingIndex(Generic[Item]):
    """Objects by id, as they were ``lag`` seconds ago; with a lag of 0, as they are."""

    def __init__(self, clock: Callable[[], float], copy: Callable[[Item], Item]) -> None:
        self.lag = 0.0
        self._clock = clock
        self._copy = copy
        self._lock = Lock()
        self._past: dict[str, list[tuple[float, Item | None]]] = {}

    def keep(self, object_id: str, held: Item | None) -> None:
        """Remember an object that is about to change; ``None`` for one about to be made."""
        if self.lag:
            past = None if held is None else self._copy(held)
            with self._lock:
                self._past.setdefault(object_id, []).append((self._clock(), past))

    def view(self, items: Sequence[Item]) -> Sequence[Item]:
        """A list in the order of ids, as the index knows it now."""
        unknown = self._unknown()
        if not unknown:
            return items
        seen = list(items)
        for object_id, past in unknown.items():
            place = bisect_left(seen, object_id, key=_by_id)
            there = place < len(seen) and _by_id(seen[place]) == object_id
            seen[place : place + there] = [] if past is None else [past]
        return seen

    def _unknown(self) -> dict[str, Item | None]:
        """What changed since the moment that the index stands at, as it was then."""
        moment = self._clock() - self.lag
        with self._lock:
            for object_id, kept in list(self._past.items()):
                late = [version for version in kept if version[0] > moment]
                if late:
                    self._past[object_id] = late
                else:
                    del self._past[object_id]
            return {object_id: kept[0][1] for object_id, kept in self._past.items()}
