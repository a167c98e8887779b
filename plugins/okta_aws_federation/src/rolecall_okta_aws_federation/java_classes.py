"""Characters by escapes and in brackets: Java's classes, written for the ``regex`` package."""

from dataclasses import dataclass
from string import hexdigits

from rolecall_okta_aws_federation.java_scanner import PatternProblem, Scanner
from rolecall_okta_aws_federation.java_syntax import (
    CharSet,
    Literal,
    Node,
    escaped,
    range_with_case,
    with_case,
)

MAX_CODE = 0x10FFFF
WORD = "0-9A-Za-z_"
_PREDEFINED = {
    "d": "0-9",
    "w": WORD,
    "s": r"\x20\t\n\x0b\f\r",
    "h": r"\x20\t\xa0\u1680\u180e\u2000-\u200a\u202f\u205f\u3000",
    "v": r"\n\x0b\f\r\x85\u2028\u2029",
}
_POSIX = {
    "Lower": "a-z",
    "Upper": "A-Z",
    "ASCII": r"\x00-\x7f",
    "Alpha": "a-zA-Z",
    "Digit": "0-9",
    "Alnum": "0-9a-zA-Z",
    "Punct": r"\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e",
    "Graph": r"\x21-\x7e",
    "Print": r"\x20-\x7e",
    "Blank": r"\x20\t",
    "Cntrl": r"\x00-\x1f\x7f",
    "XDigit": "0-9a-fA-F",
    "Space": r"\x20\t\n\x0b\f\r",
}
_CATEGORIES = frozenset(
    (
        *("L", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "Me", "N", "Nd", "Nl", "No"),
        *("P", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "S", "Sm", "Sc", "Sk", "So"),
        *("Z", "Zs", "Zl", "Zp", "C", "Cc", "Cf"),
    )
)
_CASED = frozenset({"Lower", "Upper", "Lu", "Ll", "Lt"})
_CONTROLS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "a": "\a", "e": "\x1b"}


@dataclass(slots=True)
class _Set:
    """A bracketed class being read: what is in it so far, and whether that nests."""

    body: str = ""
    nested: int = 0
    plain: int = 0
    single: str | None = None


def read_class(scanner: Scanner) -> Node:
    """A class. Java's releases disagree on negated nested classes and mixed intersections: refused."""
    body, negated, single = _class_body(scanner)
    if single is not None and not negated:
        return Literal(single, scanner.flags.any_case)
    return CharSet(f"[^{body}]" if negated else f"[{body}]")


def read_set_escape(scanner: Scanner, char: str) -> str | None:
    r"""The members that an escape such as ``\d`` stands for, or None when it isn't such a one."""
    if char.lower() in _PREDEFINED:
        members = _PREDEFINED[char.lower()]
        return members if char.islower() else f"[^{members}]"
    if char not in "pP":
        return None
    name = scanner.until("}") if scanner.accept("{") else scanner.take()
    if name in _POSIX:
        members = _POSIX[name]
    else:
        category = name.removeprefix("Is")
        if category not in _CATEGORIES:
            raise PatternProblem(f"uses '\\{char}{{{name}}}', which is not supported")
        members = rf"\p{{{category}}}"
    if scanner.flags.any_case and name.removeprefix("Is") in _CASED:
        raise PatternProblem(f"uses '\\{char}{{{name}}}' in any case, which is not supported")
    return members if char == "p" else f"[^{members}]"


def read_char_escape(scanner: Scanner, char: str) -> str:
    """The character that an escape stands for."""
    if char in _CONTROLS:
        return _CONTROLS[char]
    if char == "x":
        return _code(scanner.until("}") if scanner.accept("{") else scanner.take() + scanner.take())
    if char == "u":
        return _code("".join(scanner.take() for _ in range(4)))
    if char == "c":
        return chr(ord(scanner.take()) ^ 64)
    if char == "0":
        return _octal(scanner)
    if char.isascii() and char.isalpha():
        raise PatternProblem(f"uses '\\{char}', which is not supported")
    return char


def _code(digits: str) -> str:
    if not digits or not all(digit in hexdigits for digit in digits) or int(digits, 16) > MAX_CODE:
        raise PatternProblem(f"has a character code '{digits}'")
    return chr(int(digits, 16))


def _octal(scanner: Scanner) -> str:
    start = scanner.at
    while scanner.at - start < 3 and scanner.more() and scanner.text[scanner.at] in "01234567":  # noqa: PLR2004
        scanner.at += 1
    digits = scanner.text[start : scanner.at]
    if len(digits) == 3 and digits[0] > "3":  # noqa: PLR2004 - Java reads \0377 at most
        scanner.at -= 1
        digits = digits[:2]
    if not digits:
        raise PatternProblem("has an empty '\\0'")
    return chr(int(digits, 8))


def _class_body(scanner: Scanner) -> tuple[str, bool, str | None]:
    negated = scanner.accept("^")
    operands = [_Set()]
    while not (scanner.sees("]") and (operands[-1].nested or operands[-1].plain)):
        if scanner.accept("&&"):
            operands.append(_Set())
        elif scanner.accept("["):
            _nested_class(scanner, operands[-1])
        else:
            _class_item(scanner, operands[-1])
    scanner.take()
    nests = any(operand.nested for operand in operands)
    if negated and (nests or len(operands) > 1):
        raise PatternProblem("negates a class that holds classes, which is not supported")
    if len(operands) == 1:
        return operands[0].body, negated, None if nests else operands[0].single
    if any(operand.nested + bool(operand.plain) != 1 for operand in operands):
        raise PatternProblem("mixes characters and classes in an intersection, which is not supported")
    return "&&".join(f"[{operand.body}]" for operand in operands), False, None


def _nested_class(scanner: Scanner, outer: _Set) -> None:
    with scanner.nested():
        body, negated, _ = _class_body(scanner)
    outer.body += f"[^{body}]" if negated else f"[{body}]"
    outer.nested += 1


def _class_item(scanner: Scanner, into: _Set) -> None:
    into.plain += 1
    first = _class_char(scanner, into)
    if first is None:
        into.single = None
        return
    if scanner.sees("-") and not scanner.text.startswith(("-]", "-["), scanner.at):
        scanner.take()
        last = _class_char(scanner, None)
        if last is None or last < first:
            raise PatternProblem("has a range that ends before it begins")
        into.body += f"{escaped(first)}-{escaped(last)}"
        into.body += range_with_case(first, last) if scanner.flags.any_case else ""
        into.single = None
        return
    into.body += with_case(first) if scanner.flags.any_case else escaped(first)
    into.single = first if into.plain == 1 else None


def _class_char(scanner: Scanner, into: _Set | None) -> str | None:
    """The next character of a class, or None when it was a class of its own, which is added."""
    char = scanner.take()
    if char != "\\":
        return char
    char = scanner.take()
    found = read_set_escape(scanner, char)
    if found is None:
        return read_char_escape(scanner, char)
    if into is not None:
        into.body += found
    return None
