"""A pattern as its parts, and each part as text for the ``regex`` package, which is not Java's."""

from dataclasses import dataclass

NEWLINES = r"\n\r\x85\u2028\u2029"


@dataclass(frozen=True, slots=True)
class Literal:
    """One character; ``any_case`` adds its other case where it is an ASCII letter."""

    char: str
    any_case: bool = False


@dataclass(frozen=True, slots=True)
class CharSet:
    """One character of a set, written for the ``regex`` package."""

    source: str


@dataclass(frozen=True, slots=True)
class Sequence:
    """Parts that follow each other."""

    items: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Choice:
    """Parts of which one matches."""

    options: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Repeat:
    """A part repeated; ``mode`` is ``?`` for lazy and ``+`` for possessive."""

    item: "Node"
    least: int
    most: int | None
    mode: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """A bracketed part whose text is part of the match; ``opening`` says how it is captured."""

    opening: str
    item: "Node"


@dataclass(frozen=True, slots=True)
class Look:
    """A look ahead or behind: it takes no characters."""

    opening: str
    item: "Node"


@dataclass(frozen=True, slots=True)
class Anchor:
    """A place; ``start`` where it is only ever the start of the text."""

    source: str
    start: bool = False


@dataclass(frozen=True, slots=True)
class BackReference:
    """The text that a group took before."""

    number: int


Node = Literal | CharSet | Sequence | Choice | Repeat | Group | Look | Anchor | BackReference


def written(node: Node) -> str:  # noqa: PLR0911 - one for each kind of part
    """The part as text for ``regex.compile(…, regex.VERSION1)``."""
    match node:
        case Literal(char, any_case):
            return f"[{with_case(char)}]" if any_case and char.isascii() and char.isalpha() else escaped(char)
        case CharSet(source) | Anchor(source):
            return source
        case Sequence(items):
            return "".join(map(written, items))
        case Choice(options):
            return "(?:" + "|".join(map(written, options)) + ")"
        case Repeat(item, least, most, mode):
            return f"(?:{written(item)}){{{least},{'' if most is None else most}}}{mode}"
        case Group(opening, item) | Look(opening, item):
            return f"{opening}{written(item)})"
        case BackReference(number):
            return f"(?:\\{number})"


def escaped(char: str) -> str:
    """A character that stands for itself, inside sets and outside."""
    if char.isascii() and char.isalnum():
        return char
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\U{code:08x}"  # noqa: PLR2004 - two hexadecimal digits


def with_case(char: str) -> str:
    """A character and its other ASCII case, for a set."""
    return escaped(char) + (escaped(char.swapcase()) if char.isascii() and char.isalpha() else "")


def range_with_case(first: str, last: str) -> str:
    """The other ASCII case of the letters in a range, for a set."""
    return "".join(
        escaped(chr(code).swapcase())
        for code in range(ord(first), min(ord(last), 0x7F) + 1)
        if chr(code).isalpha()
    )
