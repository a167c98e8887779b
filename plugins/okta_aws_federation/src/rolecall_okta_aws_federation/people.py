"""Everybody whom a run has met, once each, and who is in which group: compact, since there may be many."""

from array import array
from collections.abc import Iterable, Iterator

from rolecall import Finding, Ref
from rolecall_okta import JsonObject, UserRow, user_row
from rolecall_okta_aws_federation.findings import finding, quoted

DEPROVISIONED = "DEPROVISIONED"
CANNOT_SIGN_IN = frozenset({"STAGED", "SUSPENDED", DEPROVISIONED})


class People:
    """People by number: 0 for the first one met."""

    def __init__(self) -> None:
        self._rows: list[UserRow] = []
        self._numbers: dict[str, int] = {}
        self._undescribed: set[int] = set()
        self._gone: set[int] = set()

    def __iter__(self) -> Iterator[tuple[int, UserRow]]:
        """Everybody who is still there, with their numbers."""
        return ((number, row) for number, row in enumerate(self._rows) if number not in self._gone)

    def meet(self, row: UserRow) -> int:
        """The number of a person; the first description of them stays."""
        number = self._numbers.get(row.id)
        if number is None:
            number = self._numbers[row.id] = len(self._rows)
            self._rows.append(row)
        elif self._undescribed and number in self._undescribed:
            self._undescribed.discard(number)
            self._rows[number] = row
        return number

    def meet_undescribed(self, user_id: str, login: str | None) -> int:
        """The number of a person of whom only this much is known so far."""
        if user_id in self._numbers:
            return self._numbers[user_id]
        number = self.meet(UserRow(user_id, login, None, None, None, login or user_id, None))
        self._undescribed.add(number)
        return number

    def recognise(self, item: JsonObject) -> UserRow:
        """The row of a listed person; the one kept, for those whom a list has described before."""
        user_id = item.get("id")
        number = self._numbers.get(user_id) if isinstance(user_id, str) else None
        if number is None or number in self._undescribed:
            return user_row(item)
        return self._rows[number]

    def row(self, number: int) -> UserRow:
        return self._rows[number]

    def name(self, number: int) -> str:
        """A person's name for a sentence."""
        row = self._rows[number]
        return quoted(row.login or row.display_name)

    def lose(self, number: int) -> Finding:
        """Drop a person who vanished while the run was reading."""
        self._gone.add(number)
        return finding("person_gone", Ref("user", self._rows[number].id), person=self.name(number))

    def is_gone(self, number: int) -> bool:
        return number in self._gone

    def undescribed(self) -> list[int]:
        """The numbers of those whom no list has described."""
        return sorted(self._undescribed - self._gone)

    def findings(self) -> list[Finding]:
        """One for each person whom nothing described."""
        return [
            finding("person_undescribed", Ref("user", self._rows[number].id), person=self.name(number))
            for number in self.undescribed()
        ]


class Memberships:
    """Who is in which group, for the groups that were listed."""

    def __init__(self, people: People) -> None:
        self._people = people
        self._members: dict[str, array[int]] = {}
        self._everyone: set[str] = set()

    def __contains__(self, group_id: str) -> bool:
        return group_id in self._members or group_id in self._everyone

    def list_group(self, group_id: str) -> None:
        """Take a group for listed: who isn't added isn't in it."""
        self._members.setdefault(group_id, array("I"))

    def hold_everyone(self, group_id: str) -> None:
        """Take a group for the one that holds everybody, known without asking."""
        self._everyone.add(group_id)

    def add(self, group_id: str, numbers: Iterable[int]) -> None:
        self._members[group_id].extend(numbers)

    def drop(self, group_id: str) -> None:
        """Forget a group that vanished."""
        self._members.pop(group_id, None)
        self._everyone.discard(group_id)

    def groups(self) -> list[str]:
        return [*self._members, *self._everyone]

    def members(self, group_id: str) -> Iterator[int]:
        """The numbers of a group's members, once each; nobody who is gone."""
        if group_id in self._everyone:
            return (number for number, row in self._people if row.status != DEPROVISIONED)
        numbers = dict.fromkeys(self._members.get(group_id, ()))
        return (number for number in numbers if not self._people.is_gone(number))
