"""The app's ``groupFilter``: which group names mean which account and role, and how to list fewer groups."""

from dataclasses import dataclass, field
from time import perf_counter
from unicodedata import category

import regex

from rolecall import Finding
from rolecall_okta_aws_federation.findings import finding
from rolecall_okta_aws_federation.java_pattern import ACCOUNT, ROLE, read_java_pattern
from rolecall_okta_aws_federation.java_scanner import PatternProblem
from rolecall_okta_aws_federation.java_syntax import written
from rolecall_okta_aws_federation.literals import RequiredText, required_text

SETTING = "groupFilter"
TIME_LIMIT = 2.0
"""Seconds that one pattern may take over all group names of a run."""
_BESIDE_A_WORDS_EDGE = frozenset("LNM")
"""Letters, digits and marks: parts of a word before Java 19, and none outside ASCII since."""


@dataclass(frozen=True, slots=True)
class NamedRole:
    """What a group's name says: an account and a role; either may be empty text."""

    account: str
    role: str


@dataclass(slots=True)
class GroupFilter:
    """A pattern ready for use.

    Attributes:
        required: What every matching name begins with or contains.
        left: Seconds that are left for matching; at 0 nothing matches any more.
    """

    required: RequiredText
    _pattern: "regex.Pattern[str]" = field(repr=False)
    _account: int
    _role: int
    _word_edges: bool
    left: float = TIME_LIMIT

    @property
    def search(self) -> str | None:
        """Expression for Okta's group search that no matching name fails, or None."""
        if self.required.prefix:
            return f'profile.name sw "{self.required.prefix}"'
        return f'profile.name co "{self.required.inner}"' if self.required.inner else None

    @property
    def exhausted(self) -> bool:
        """True when the pattern did not finish in time: groups that it didn't come to give nothing."""
        return self.left <= 0

    def is_ambiguous(self, name: str) -> bool:
        r"""Whether Java's releases may read a name differently: by ``\b`` beside letters outside ASCII."""
        return self._word_edges and any(
            not char.isascii() and category(char)[0] in _BESIDE_A_WORDS_EDGE for char in name
        )

    def read(self, name: str) -> NamedRole | None:
        """The account and role that a group's name means, or None when it doesn't match."""
        if self.left <= 0 or self.required.inner not in name:
            return None
        start = perf_counter()
        try:
            match = self._pattern.search(name, timeout=self.left)
        except TimeoutError:
            self.left = 0.0
            return None
        self.left -= perf_counter() - start
        return NamedRole(match[self._account] or "", match[self._role] or "") if match else None


def compile_group_filter(value: object) -> tuple[GroupFilter | None, list[Finding]]:
    """Make the setting usable; None where no name can be read by it, with a finding that says why."""
    if not isinstance(value, str) or not value:
        return None, [finding("group_filter_missing", SETTING)]
    text = value.replace("\\\\", "\\")
    found = [finding("group_filter_doubled_backslash", SETTING)] if text != value else []
    try:
        pattern = read_java_pattern(text)
        compiled = regex.compile(written(pattern.root), regex.VERSION1)
    except PatternProblem as refusal:
        return None, [*found, finding("group_filter_invalid", SETTING, problem=str(refusal))]
    except (regex.error, RecursionError, MemoryError, OverflowError) as error:
        problem = f"is refused: {str(error) or type(error).__name__}"
        return None, [*found, finding("group_filter_invalid", SETTING, problem=problem)]
    if pattern.account is None or pattern.role is None:
        lacking = ACCOUNT if pattern.account is None else ROLE
        return None, [*found, finding("group_filter_incomplete", SETTING, part="(?{{" + lacking + "}}…)")]
    required = required_text(pattern.root)
    return GroupFilter(required, compiled, pattern.account, pattern.role, pattern.word_edges), found
