"""Everybody whom a run has met, by number, and who is in which group: compact, since there may be many."""

from array import array
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from rolecall import Ref
from rolecall_okta.directory.emission import user_ref
from rolecall_okta.rows import ProfiledUserRow


class Member(NamedTuple):
    """A person on a page of a group's members."""

    id: str
    number: int


class People:
    """People by number: 0 for the first one met.

    Of those whom the people list holds, only the id is kept. Of those met in a group before that, the
    row is kept until the list comes to them, which it does unless they were made meanwhile.
    """

    def __init__(self) -> None:
        self._ids: list[str] = []
        self._numbers: dict[str, int] = {}
        self._in_everyone = bytearray()
        self._unlisted: dict[int, ProfiledUserRow] = {}

    def __contains__(self, user_id: str) -> bool:
        return user_id in self._numbers

    def __len__(self) -> int:
        return len(self._ids)

    def list_person(self, row: ProfiledUserRow) -> None:
        """Take note of a person of the people list."""
        number = self._number(row)
        self._in_everyone[number] = row.is_in_everyone
        self._unlisted.pop(number, None)

    def meet(self, user_id: str) -> Member | None:
        """A person whom any list has described already."""
        number = self._numbers.get(user_id)
        return None if number is None else Member(user_id, number)

    def meet_unlisted(self, row: ProfiledUserRow) -> Member:
        """A person whom no list has described yet."""
        number = self._number(row)
        self._unlisted[number] = row
        return Member(row.id, number)

    def take_unlisted(self) -> list[ProfiledUserRow]:
        """Those whom only groups have described, once the list was read."""
        rows = [*self._unlisted.values()]
        for row in rows:
            self.list_person(row)
        return rows

    def ref(self, number: int) -> Ref:
        return user_ref(self._ids[number])

    def everyone(self) -> Iterator[int]:
        """The numbers of the members of Okta's group Everyone."""
        return (number for number, holds in enumerate(self._in_everyone) if holds)

    def _number(self, row: ProfiledUserRow) -> int:
        number = self._numbers.get(row.id)
        if number is None:
            number = self._numbers[row.id] = len(self._ids)
            self._ids.append(row.id)
            self._in_everyone.append(row.is_in_everyone)
        return number


class Memberships:
    """Who is in which group, for the groups whose members are known."""

    def __init__(self, people: People) -> None:
        self._people = people
        self._members: dict[str, array[int]] = {}
        self._everyone: str | None = None

    def __contains__(self, group_id: str) -> bool:
        return group_id in self._members or group_id == self._everyone

    def put(self, group_id: str, numbers: Iterable[int]) -> None:
        """Say who is in a group: these, and nobody else."""
        self._members[group_id] = array("I", numbers)

    def hold_everyone(self, group_id: str) -> None:
        """Take a group for the one that holds everybody, known without asking."""
        self._everyone = group_id

    def groups(self) -> Iterator[str]:
        yield from self._members
        if self._everyone is not None:
            yield self._everyone

    def members(self, group_id: str) -> Iterator[int]:
        """The numbers of a group's members."""
        return self._people.everyone() if group_id == self._everyone else iter(self._members[group_id])
