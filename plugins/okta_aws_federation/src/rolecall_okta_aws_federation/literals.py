"""What every name that matches a pattern must begin with, or contain: proven, so that nothing is lost."""

from dataclasses import dataclass
from itertools import takewhile

from rolecall_okta_aws_federation.java_syntax import Anchor, Group, Literal, Look, Node, Repeat, Sequence

SAFE = frozenset("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-.#@+=:/")
"""Characters that need no escape in a search expression and that no search folds into any but their other
case. Whether Okta's search of groups minds case isn't documented, so what is proven holds either way."""


@dataclass(frozen=True, slots=True)
class RequiredText:
    """Texts that a matching name has, letter for letter: at its beginning, and the longest anywhere."""

    prefix: str
    inner: str


def required_text(root: Node) -> RequiredText:
    """Read them off a pattern's parts. Either is empty where nothing is proven."""
    runs = _Runs()
    runs.follow(root)
    runs.end()
    inner = max((piece for run in runs.ended for piece in _safe_pieces(run)), key=len, default="")
    return RequiredText("".join(takewhile(SAFE.__contains__, runs.prefix)), inner)


class _Runs:
    """The runs of literal characters that lie side by side in every match, in order."""

    def __init__(self) -> None:
        self.ended: list[str] = []
        self.prefix = ""
        self._run = ""
        self._consumed = False
        self._anchored = False
        self._run_is_prefix = False

    def follow(self, node: Node) -> None:
        match node:
            case Sequence(items):
                for item in items:
                    self.follow(item)
            case Group(_, item):
                self.follow(item)
            case Literal(char, any_case) if not (any_case and _is_cased(char)):
                self._run_is_prefix |= self._anchored and not self._consumed
                self._consumed = True
                self._run += char
            case Anchor(_, start):
                self._anchored |= start
            case Look():
                pass
            case Repeat(item, least, _) if least > 0:
                self.end()
                self.follow(item)
                self.end()
                self._consumed = True
            case _:
                self.end()
                self._consumed = True

    def end(self) -> None:
        if self._run:
            self.ended.append(self._run)
            if self._run_is_prefix:
                self.prefix = self._run
        self._run = ""
        self._run_is_prefix = False


def _is_cased(char: str) -> bool:
    return char.lower() != char.upper()


def _safe_pieces(run: str) -> list[str]:
    return "".join(char if char in SAFE else "\0" for char in run).split("\0")
