"""The part of Okta's expression language that the simulator's group rules understand.

    user.department=="Engineering" and not isMemberOfAnyGroup("00g1", "00g2")

Comparisons of a profile attribute with a text (``==``, ``!=``), ``String.stringContains`` and
``String.startsWith`` of an attribute, the ``isMemberOf…`` functions, ``true``, ``false``, and
``and``/``&&``, ``or``/``||``, ``not``/``!`` with brackets.
"""

import re
from collections.abc import Callable, Iterable
from typing import Final

from rolecall_okta.simulator.objects import Group, User

Test = Callable[[User, list[Group]], bool]
"""Whether a person, who is in these groups, is meant."""

_TOKEN: Final = re.compile(
    r"""\s*(?:(?P<text>"[^"\\]*"|'[^'\\]*')|(?P<mark>==|!=|&&|\|\||[!(),])|(?P<name>[A-Za-z_][\w.]*))"""
)


def parse(expression: str) -> Test | None:
    """The expression as a test; ``None`` if it says something else than the above."""
    try:
        reader = _Reader(list(_tokens(expression)))
        test = reader.either()
        reader.expect("")
    except ValueError:
        return None
    return test


def _tokens(expression: str) -> Iterable[str]:
    place, expression = 0, expression.strip()
    while place < len(expression):
        found = _TOKEN.match(expression, place)
        if found is None:
            raise ValueError(expression)
        place = found.end()
        yield found[0].strip()
    yield ""


class _Reader:
    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens

    def either(self) -> Test:
        tests = [self.both()]
        while self.took("or", "||"):
            tests.append(self.both())
        return lambda user, groups: any(test(user, groups) for test in tests)

    def both(self) -> Test:
        tests = [self.single()]
        while self.took("and", "&&"):
            tests.append(self.single())
        return lambda user, groups: all(test(user, groups) for test in tests)

    def single(self) -> Test:
        if self.took("not", "!"):
            denied = self.single()
            return lambda user, groups: not denied(user, groups)
        if self.took("("):
            inner = self.either()
            self.expect(")")
            return inner
        name = self.tokens.pop(0)
        if name.lower() in ("true", "false"):
            truth = name.lower() == "true"
            return lambda user, groups: truth
        if name.startswith("user."):
            return self.comparison(name.removeprefix("user."))
        return self.function(name)

    def comparison(self, attribute: str) -> Test:
        equal = self.took("==")
        if not equal:
            self.expect("!=")
        wanted = self.text()
        return lambda user, groups: (_attribute(user, attribute) == wanted) is equal

    def function(self, name: str) -> Test:
        self.expect("(")
        if name in ("String.stringContains", "String.startsWith"):
            attribute = self.tokens.pop(0)
            if not attribute.startswith("user."):
                raise ValueError(attribute)
            attribute = attribute.removeprefix("user.")
            self.expect(",")
            part = self.text()
            self.expect(")")
            begins = name == "String.startsWith"

            def holds(user: User, groups: list[Group]) -> bool:
                value = _attribute(user, attribute) or ""
                return value.startswith(part) if begins else part in value

            return holds
        named = [self.text()]
        while self.took(","):
            named.append(self.text())
        self.expect(")")
        return _membership(name, tuple(named))

    def text(self) -> str:
        token = self.tokens.pop(0)
        if not token.startswith(('"', "'")):
            raise ValueError(token)
        return token[1:-1]

    def took(self, *wanted: str) -> bool:
        if self.tokens[0].lower() not in wanted:
            return False
        self.tokens.pop(0)
        return True

    def expect(self, wanted: str) -> None:
        if not self.tokens or self.tokens.pop(0) != wanted:
            raise ValueError(wanted)


def _membership(function: str, named: tuple[str, ...]) -> Test:
    if function in ("isMemberOfGroup", "isMemberOfAnyGroup"):
        return lambda user, groups: any(group.id in named for group in groups)
    if function == "isMemberOfGroupName":
        return lambda user, groups: any(group.name in named for group in groups)
    if function == "isMemberOfGroupNameStartsWith":
        return lambda user, groups: any((group.name or "").startswith(named) for group in groups)
    raise ValueError(function)


def _attribute(user: User, name: str) -> str | None:
    value = user.profile.get(name) if isinstance(user.profile, dict) else None
    return value if isinstance(value, str) else None
