"""Reads a pattern in the syntax of Java's ``java.util.regex``, as Okta's ``groupFilter`` is written.

What can't be rendered with the same meaning is an error, never a guess: a pattern decides who has access.
"""

from dataclasses import dataclass, replace

from rolecall_okta_aws_federation.expansion import MAX_EXPANSION, expanded_size
from rolecall_okta_aws_federation.java_classes import WORD, read_char_escape, read_class, read_set_escape
from rolecall_okta_aws_federation.java_scanner import PatternProblem, Scanner
from rolecall_okta_aws_federation.java_syntax import (
    NEWLINES,
    Anchor,
    BackReference,
    CharSet,
    Choice,
    Group,
    Literal,
    Look,
    Node,
    Repeat,
    Sequence,
)

ACCOUNT = "accountid"
ROLE = "role"
MAX_LENGTH = 4_000
MAX_REPEAT = 1_000

_FINAL_NEWLINE = r"(?=(?:\r\n|(?<!\r)\n|[\r\x85\u2028\u2029])?\Z)"
_ANCHORS = {
    "A": Anchor(r"\A", start=True),
    "z": Anchor(r"\Z"),
    "Z": Anchor(_FINAL_NEWLINE),
    "b": Anchor(f"(?:(?<=[{WORD}])(?![{WORD}])|(?<![{WORD}])(?=[{WORD}]))"),
    "B": Anchor(f"(?:(?<=[{WORD}])(?=[{WORD}])|(?<![{WORD}])(?![{WORD}]))"),
}
_LINE_START = r"(?:\A|(?<=[\n\x85\u2028\u2029])|(?<=\r)(?!\n))(?!\Z)"
_LINE_END = r"(?:(?=[\r\x85\u2028\u2029]|\Z)|(?<!\r)(?=\n))"
_AT_MOST_ONCE = ((0, 1), (1, 1))
_LOOKS = ("(?=", "(?!", "(?<=", "(?<!")


@dataclass(frozen=True, slots=True)
class JavaPattern:
    r"""A pattern's parts, and the numbers of the groups that capture account and role.

    Attributes:
        word_edges: Whether it uses ``\b`` or ``\B``, of which Java's releases disagree outside ASCII.
    """

    root: Node
    account: int | None
    role: int | None
    word_edges: bool = False


def read_java_pattern(text: str) -> JavaPattern:
    """Read a pattern with Okta's named parts ``(?{{accountid}}…)`` and ``(?{{role}}…)``.

    Raises:
        PatternProblem: Java would refuse it, or it uses what can't be rendered faithfully.
    """
    if len(text) > MAX_LENGTH:
        raise PatternProblem(f"is longer than {MAX_LENGTH} characters")
    reader = _Reader(_without_quotes(text))
    root = reader.choice()
    if reader.more():
        raise PatternProblem("has a ')' too many")
    if expanded_size(root) > MAX_EXPANSION:
        raise PatternProblem(f"is larger than {MAX_EXPANSION} parts once its repetitions are written out")
    return JavaPattern(root, reader.names.get(ACCOUNT), reader.names.get(ROLE), reader.word_edges)


_FLAG_NAMES = {"i": "any_case", "s": "dot_all", "m": "multiline"}


class _Reader(Scanner):
    """A recursive descent over the pattern; flags last to the end of the group they are in, as in Java."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.captured = 0
        self.closed: set[int] = set()
        self.names: dict[str, int] = {}
        self.java_names: dict[str, int] = {}
        self.word_edges = False

    def choice(self) -> Node:
        options = [self.sequence()]
        while self.accept("|"):
            options.append(self.sequence())
        return options[0] if len(options) == 1 else Choice(tuple(options))

    def sequence(self) -> Node:
        items: list[Node] = []
        while self.more() and not self.sees("|") and not self.sees(")"):
            named = len(self.names)
            atom = self.atom()
            if atom is not None:
                items.append(self.repeated(atom, list(self.names)[named:]))
        return Sequence(tuple(items))

    def atom(self) -> Node | None:
        char = self.take()
        opened = {"(": self.group, "[": self.char_class, "\\": self.escape}.get(char)
        if opened is not None:
            return opened()
        if char in "*+?{":
            raise PatternProblem(f"has a '{char}' with nothing to repeat")
        return self.special(char) or Literal(char, self.flags.any_case)

    def char_class(self) -> Node:
        return read_class(self)

    def special(self, char: str) -> Node | None:
        if char == ".":
            return CharSet(r"[\x00-\U0010ffff]" if self.flags.dot_all else f"[^{NEWLINES}]")
        if char == "^":
            return Anchor(_LINE_START) if self.flags.multiline else Anchor(r"\A", start=True)
        if char == "$":
            return Anchor(_LINE_END if self.flags.multiline else _FINAL_NEWLINE)
        return None

    def repeated(self, atom: Node, names: list[str]) -> Node:
        bounds = self.bounds()
        if bounds is None:
            return atom
        if names and bounds not in _AT_MOST_ONCE:
            raise PatternProblem(f"repeats the part '{names[0]}', of which only one text can count")
        mode = self.take() if self.sees("?") or self.sees("+") else ""
        if self.more() and self.text[self.at] in "*+?{":
            raise PatternProblem(f"repeats a repetition with '{self.text[self.at]}'")
        return Repeat(atom, *bounds, mode)

    def bounds(self) -> tuple[int, int | None] | None:
        for sign, least, most in (("*", 0, None), ("+", 1, None), ("?", 0, 1)):
            if self.accept(sign):
                return least, most
        if not self.accept("{"):
            return None
        written_as = self.until("}")
        first, comma, second = written_as.partition(",")
        if not _is_number(first) or (second and not _is_number(second)):
            raise PatternProblem("has a '{' that opens no repetition")
        lower = int(first)
        upper = None if comma and not second else int(second or first)
        if max(lower, upper or 0) > MAX_REPEAT or (upper is not None and upper < lower):
            raise PatternProblem(f"repeats {{{written_as}}} times")
        return lower, upper

    def group(self) -> Node | None:
        outer = self.flags
        with self.nested():
            node = self.group_body()
        if node is not None:
            self.flags = outer
        return node

    def group_body(self) -> Node | None:
        for part in (ACCOUNT, ROLE):
            if self.accept("?{{" + part + "}}"):
                return self.capturing(self.names, part)
        if not self.sees("?"):
            return self.capturing({}, "")
        for opening in ("(?:", "(?>"):
            if self.accept(opening[1:]):
                return Group(opening, self.closing())
        return self.look() or self.java_named() or self.flag_group()

    def look(self) -> Node | None:
        for opening in _LOOKS:
            if self.accept(opening[1:]):
                inner = self.closing()
                if opening.startswith("(?<") and _is_unbounded(inner):
                    raise PatternProblem("looks behind without a limit")
                return Look(opening, inner)
        return None

    def java_named(self) -> Node | None:
        if not self.accept("?<"):
            return None
        name = self.until(">")
        if not (name.isascii() and name.isalnum() and name[0].isalpha()):
            raise PatternProblem(f"has a group with the name '{name}'")
        return self.capturing(self.java_names, name)

    def capturing(self, names: dict[str, int], name: str) -> Node:
        if name in names:
            raise PatternProblem(f"has the part '{name}' twice")
        self.captured += 1
        number = names[name] = self.captured
        group = Group("(", self.closing())
        self.closed.add(number)
        return group

    def closing(self) -> Node:
        inner = self.choice()
        if not self.accept(")"):
            raise PatternProblem("has an unclosed group")
        return inner

    def flag_group(self) -> Node | None:
        self.take()
        value = True
        while (char := self.take()) not in ":)":
            if char == "-" and value:
                value = False
            elif char in _FLAG_NAMES:
                self.flags = replace(self.flags, **{_FLAG_NAMES[char]: value})
            else:
                raise PatternProblem(f"has a group '(?{char}…' that is not understood")
        return Group("(?:", self.closing()) if char == ":" else None

    def escape(self) -> Node:
        char = self.take()
        if char in _ANCHORS:
            if char == "b" and self.sees("{"):
                raise PatternProblem("uses '\\b{', which is not supported")
            self.word_edges |= char in "bB"
            return _ANCHORS[char]
        if char == "R":
            return CharSet(r"(?>\r\n|[\n\x0b\f\r\x85\u2028\u2029])")
        if char == "k":
            name = self.until(">").removeprefix("<")
            return self.back_reference(self.java_names.get(name), f"\\k<{name}>")
        if char in "123456789":
            if self.more() and self.text[self.at] in "0123456789":
                raise PatternProblem(f"uses '\\{char}{self.text[self.at]}', which is not supported")
            return self.back_reference(int(char), f"\\{char}")
        found = read_set_escape(self, char)
        return (
            CharSet(f"[{found}]")
            if found is not None
            else Literal(read_char_escape(self, char), self.flags.any_case)
        )

    def back_reference(self, number: int | None, written_as: str) -> Node:
        if number not in self.closed or number is None:
            raise PatternProblem(f"refers to a group that it doesn't have: '{written_as}'")
        if self.flags.any_case:
            raise PatternProblem(f"uses '{written_as}' in any case, which is not supported")
        return BackReference(number)


def _without_quotes(text: str) -> str:
    r"""The pattern with each ``\Q…\E`` written as escaped characters."""
    pieces: list[str] = []
    at = 0
    while at < len(text):
        if text.startswith("\\Q", at):
            end = text.find("\\E", at + 2)
            quoted = text[at + 2 : end if end >= 0 else len(text)]
            pieces.extend(char if char.isalnum() else f"\\{char}" for char in quoted)
            at = end + 2 if end >= 0 else len(text)
        else:
            step = 2 if text[at] == "\\" else 1
            pieces.append(text[at : at + step])
            at += step
    return "".join(pieces)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 7  # noqa: PLR2004 - far above MAX_REPEAT


def _is_unbounded(node: Node) -> bool:
    match node:
        case Repeat(item, _, most):
            return most is None or _is_unbounded(item)
        case Sequence(items) | Choice(items):
            return any(map(_is_unbounded, items))
        case Group(_, item):
            return _is_unbounded(item)
        case BackReference():
            return True
        case _:
            return False
