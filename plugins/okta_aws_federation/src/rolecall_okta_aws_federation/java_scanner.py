"""A place in a pattern, and the moves that every part of its reader makes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

MAX_DEPTH = 60


class PatternProblem(Exception):
    """Why a pattern can't be used; the text reads after "the pattern": "has an unclosed group"."""


@dataclass(frozen=True, slots=True)
class Flags:
    """What ``(?i)``, ``(?s)`` and ``(?m)`` switch on."""

    any_case: bool = False
    dot_all: bool = False
    multiline: bool = False


class Scanner:
    """Moves through a pattern; ``flags`` are those in force where it is."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.flags = Flags()
        self._depth = 0

    def more(self) -> bool:
        """Whether the pattern goes on."""
        return self.at < len(self.text)

    def sees(self, expected: str) -> bool:
        """Whether this text comes next."""
        return self.text.startswith(expected, self.at)

    def accept(self, expected: str) -> bool:
        """Step over this text, if it comes next."""
        if self.sees(expected):
            self.at += len(expected)
            return True
        return False

    def take(self) -> str:
        """Step over the next character, and give it."""
        if not self.more():
            raise PatternProblem("ends too early")
        self.at += 1
        return self.text[self.at - 1]

    def until(self, end: str) -> str:
        """Step over everything to the end of this text, and give what is before it."""
        place = self.text.find(end, self.at)
        if place < 0:
            raise PatternProblem(f"lacks a '{end}'")
        found, self.at = self.text[self.at : place], place + len(end)
        return found

    @contextmanager
    def nested(self) -> Iterator[None]:
        """One level down, of not too many."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise PatternProblem(f"nests more than {MAX_DEPTH} deep")
        yield
        self._depth -= 1
