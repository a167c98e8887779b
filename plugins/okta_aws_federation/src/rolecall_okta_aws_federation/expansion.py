"""How large a pattern is once its repetitions are written out, which is what compiling it costs."""

from rolecall_okta_aws_federation.java_syntax import (
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

MAX_EXPANSION = 50_000
_SOURCE_A_PART = 16
"""Characters of a set's or an anchor's own text that count as one part."""


def expanded_size(node: Node) -> int:
    """The number of parts with every repetition written out as often as it may be."""
    match node:
        case Literal() | BackReference():
            return 1
        case CharSet(source) | Anchor(source):
            return 1 + len(source) // _SOURCE_A_PART
        case Sequence(items):
            return max(1, sum(map(expanded_size, items)))
        case Choice(options):
            return 1 + sum(map(expanded_size, options))
        case Group(_, item) | Look(_, item):
            return 1 + expanded_size(item)
        case Repeat(item, least, most):
            return 1 + expanded_size(item) * _copies(least, most)


def _copies(least: int, most: int | None) -> int:
    """Without a limit, the compiler writes the part out ``least`` times and then once more, to loop."""
    return max(least + 1 if most is None else most, 1)
