"""Which groups' members need not be read again, by the clock that Okta keeps of each group's members."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Self

from rolecall_okta.events import instant
from rolecall_okta.rows import GroupRow

SETTLED = timedelta(seconds=2)
"""Okta's clocks may tell whole seconds, and its servers' clocks differ: a change just before members were
read looks like one just after it."""


class MemberClocks:
    """Group's id → when its members changed last, as Okta wrote it, where they were read well after that."""

    def __init__(self, known: Mapping[str, str] | None = None) -> None:
        self._clocks = dict(known or {})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MemberClocks) and self._clocks == other._clocks

    __hash__ = None  # type: ignore[assignment]  # it changes

    def copy(self) -> Self:
        """The same, to go on from."""
        return type(self)(self._clocks)

    def take(self, group: GroupRow, read_at: datetime | None) -> None:
        """Take note that a group's members were read, and not before a time of Okta's clock."""
        clock = group.last_membership_updated
        moved = instant(clock)
        if clock is None or moved is None or read_at is None or read_at < moved + SETTLED:
            self._clocks.pop(group.id, None)
        else:
            self._clocks[group.id] = clock

    def take_moved(self, groups: Iterable[GroupRow], read_at: datetime | None) -> None:
        """Take note of the same for those of these groups whose members weren't known as they are."""
        for group in groups:
            if self._clocks.get(group.id) != group.last_membership_updated:
                self.take(group, read_at)

    def forget(self, group_id: str) -> None:
        """Forget a group."""
        self._clocks.pop(group_id, None)

    def moved(self, group: GroupRow, since: datetime) -> bool:
        """Whether members that were read after ``since`` may have changed after they were read."""
        clock = group.last_membership_updated
        moved = instant(clock)
        return moved is None or (moved >= since and self._clocks.get(group.id) != clock)

    def after(self, since: datetime) -> Self:
        """What of them a run can meet again that asks for what changed after a time."""
        return type(self)(
            {
                group_id: clock
                for group_id, clock in self._clocks.items()
                if (moved := instant(clock)) is not None and moved >= since
            }
        )

    def plain(self) -> dict[str, str]:
        """As what the constructor takes."""
        return dict(self._clocks)
