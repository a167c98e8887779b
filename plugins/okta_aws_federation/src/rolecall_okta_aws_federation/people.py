"""Everybody whom a run has met, once each, by number: compact, since there may be many."""

from collections.abc import Iterable
from typing import Self

from rolecall import Finding, Ref
from rolecall_okta import JsonObject, UserRow, user_row
from rolecall_okta_aws_federation.findings import finding, quoted

DEPROVISIONED = "DEPROVISIONED"
CANNOT_SIGN_IN = frozenset({"STAGED", "SUSPENDED", DEPROVISIONED})


class People:
    """People by number: 0 for the first one met. A number is a person's for as long as the object lives."""

    def __init__(self, rows: Iterable[UserRow] = (), undescribed: Iterable[int] = ()) -> None:
        """People under the numbers that are their places; ``undescribed`` of them by no list."""
        self._rows = list(rows)
        self._numbers = {row.id: number for number, row in enumerate(self._rows)}
        self._undescribed = set(undescribed)

    def copy(self) -> Self:
        """The same people under the same numbers, to go on from."""
        return type(self)(self._rows, self._undescribed)

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

    def describe(self, row: UserRow) -> int:
        """The number of a person, who is from now on as the row says."""
        number = self.meet(row)
        self._rows[number] = row
        return number

    def recognise(self, item: JsonObject) -> UserRow:
        """The row of a listed person; the one kept, for those whom a list has described before."""
        user_id = item.get("id")
        number = self._numbers.get(user_id) if isinstance(user_id, str) else None
        if number is None or number in self._undescribed:
            return user_row(item)
        return self._rows[number]

    def number(self, user_id: str) -> int | None:
        """The number of somebody, if they were met."""
        return self._numbers.get(user_id)

    def row(self, number: int) -> UserRow:
        return self._rows[number]

    def name(self, number: int) -> str:
        """A person's name for a sentence."""
        row = self._rows[number]
        return quoted(row.login or row.display_name)

    def undescribed(self) -> list[int]:
        """The numbers of those whom no list has described."""
        return sorted(self._undescribed)

    def lose(self, number: int) -> Finding:
        """Ask no more about a person who vanished while the run was reading."""
        self._undescribed.discard(number)
        return finding("person_gone", Ref("user", self._rows[number].id), person=self.name(number))
