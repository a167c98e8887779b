"""Lists that are shown some seconds late."""

from collections.abc import Callable
from typing import Generic, TypeVar

Item = TypeVar("Item")


class LaggingLists(Generic[Item]):
    """Lists by the id of whose they are, as they were ``lag()`` seconds ago."""

    def __init__(self, clock: Callable[[], float], lag: Callable[[], float]) -> None:
        self._clock = clock
        self._lag = lag
        self._past: dict[str, list[tuple[float, list[Item]]]] = {}

    def keep(self, owner: str, items: list[Item]) -> None:
        """Remember a list that is about to change."""
        self._past.setdefault(owner, []).append((self._clock(), list(items)))

    def view(self, owner: str, items: list[Item]) -> list[Item]:
        """The list as it is shown now."""
        kept = self._past.get(owner)
        if kept is None:
            return items
        moment = self._clock() - self._lag()
        late = [version for version in kept if version[0] > moment]
        if not late:
            self._past.pop(owner, None)
            return items
        self._past[owner] = late
        return late[0][1]
