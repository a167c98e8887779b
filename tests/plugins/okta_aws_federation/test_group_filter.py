"""A group's name is read by Okta's two named parts, and fewer groups are listed only where that is proven."""

import resource
import subprocess
import sys
from time import perf_counter

import pytest
import regex
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rolecall_okta_aws_federation.group_filter import NamedRole, compile_group_filter

ACCOUNT_FIRST = r"aws_(?{{accountid}}\d+)_(?{{role}}[a-zA-Z0-9+=,.@\-_]+)"
ROLE_FIRST = r"^aws\#\S+\#(?{{role}}[\w\-]+)\#(?{{accountid}}\d+)$"


@pytest.mark.parametrize(
    ("pattern", "name", "account", "role"),
    [
        pytest.param(ACCOUNT_FIRST, "aws_123456789012_Admin", "123456789012", "Admin", id="account first"),
        pytest.param(ACCOUNT_FIRST, "my aws_042_a,b@c more", "042", "a,b@c", id="searched anywhere"),
        pytest.param(
            ROLE_FIRST, "aws#dev#Read-Only#123456789012", "123456789012", "Read-Only", id="role first"
        ),
        pytest.param(ROLE_FIRST.replace("\\", "\\\\"), "aws#dev#R#1", "1", "R", id="doubled backslashes"),
        pytest.param(r"(x|y)(?{{role}}\w)(z)(?{{accountid}}\d)", "yRz7", "7", "R", id="further groups"),
        pytest.param(r"a(?{{role}}b)?(?{{accountid}}\d*)", "a", "", "", id="parts that take nothing"),
    ],
)
def test_a_name_is_read_by_its_named_parts(pattern, name, account, role):
    names, _ = compile_group_filter(pattern)

    assert names.read(name) == NamedRole(account, role)


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        pytest.param(ROLE_FIRST, "x aws#dev#R#123456789012", id="anchored in front"),
        pytest.param(ROLE_FIRST, "aws#dev#R#123456789012x", id="anchored at the end"),
        pytest.param(ROLE_FIRST, "aws#dev#Rölé#123456789012", id="ASCII words"),
        pytest.param(ACCOUNT_FIRST, "AWS_123456789012_Admin", id="case counts"),
    ],
)
def test_a_name_that_does_not_match_means_nothing(pattern, name):
    names, _ = compile_group_filter(pattern)

    assert names.read(name) is None


@pytest.mark.parametrize(
    ("value", "code", "words"),
    [
        pytest.param(None, "group_filter_missing", "groupFilter", id="null"),
        pytest.param("", "group_filter_missing", "groupFilter", id="empty"),
        pytest.param(7, "group_filter_missing", "groupFilter", id="no text"),
        pytest.param("aws_(?{{role}}", "group_filter_invalid", "unclosed group", id="invalid"),
        pytest.param("(?{{role}}a)", "group_filter_incomplete", "accountid", id="no account"),
        pytest.param("(?{{accountid}}a)(role)", "group_filter_incomplete", "(?{{role}}…)", id="no role"),
    ],
)
def test_a_filter_that_can_not_be_used_is_a_finding_that_names_the_setting(value, code, words):
    names, findings = compile_group_filter(value)

    assert names is None
    assert [(finding.code, finding.subject) for finding in findings] == [(code, "groupFilter")]
    assert words in findings[0].message
    assert "groupFilter" in findings[0].message


def test_doubled_backslashes_are_a_finding():
    _, findings = compile_group_filter(ROLE_FIRST.replace("\\", "\\\\"))

    assert [finding.code for finding in findings] == ["group_filter_doubled_backslash"]


HUGE = [
    "(a{1000}){1000}",
    "((a{1000}){1000}){10}",
    "(?:" * 55 + "a?" + "){1,2}" * 55,
    "(?:" * 55 + "a" + ")+" * 55,
    "(?:" * 50 + "(?:a|b|" * 5 + "c" + ")" * 5 + "){2}" * 50,
    r"(?:(?:(?:\b){60}){20}){50}",
]
COMPILE = """
import sys
from rolecall_okta_aws_federation.group_filter import compile_group_filter
names, findings = compile_group_filter(sys.argv[1] + "(?{{accountid}}a)(?{{role}}b)")
print(names, *(f"{finding.code} {finding.message}" for finding in findings))
"""


def within_half_a_gigabyte():
    resource.setrlimit(resource.RLIMIT_AS, (512 * 2**20, 512 * 2**20))


@pytest.mark.parametrize("pattern", HUGE)
def test_a_filter_that_would_take_all_memory_is_refused_before_it_is_compiled(pattern):
    done = subprocess.run(
        [sys.executable, "-c", COMPILE, pattern],
        preexec_fn=within_half_a_gigabyte,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    start = perf_counter()
    names, _ = compile_group_filter(pattern)

    assert perf_counter() - start < 2
    assert names is None
    assert done.stdout.startswith("None group_filter_invalid"), done.stderr
    assert "once its repetitions are written out" in done.stdout


@pytest.mark.parametrize(
    "pattern",
    [r"(?:[\w.]{1,64}-){1,64}", "(?:(?:ab|cd){50}){100}", "(?:" * 55 + "a*" + ")*" * 55, r"(?:\b){1000}"],
)
def test_a_filter_of_a_usual_size_is_used(pattern):
    names, findings = compile_group_filter(pattern + r"(?{{accountid}}\d*)(?{{role}}\w*)")

    assert names is not None
    assert findings == []


@pytest.mark.parametrize(
    "error", [MemoryError(), RecursionError("too deep"), OverflowError(), regex.error("no")]
)
def test_whatever_compiling_raises_is_a_finding(monkeypatch, error):
    def refuse(*_):
        raise error

    monkeypatch.setattr(regex, "compile", refuse)
    names, findings = compile_group_filter(ACCOUNT_FIRST)

    assert names is None
    assert [finding.code for finding in findings] == ["group_filter_invalid"]
    assert not findings[0].message.endswith("refused: .")


@pytest.mark.parametrize(
    ("pattern", "name", "ambiguous"),
    [
        pytest.param(r"\b(?{{role}}a)(?{{accountid}}1)", "éa1", True, id="a letter"),
        pytest.param(r"\B(?{{role}}a)(?{{accountid}}1)", "xa1 ٣", True, id="a digit"),
        pytest.param(r"\b(?{{role}}a)(?{{accountid}}1)", "-a1 €", False, id="a sign"),
        pytest.param(r"\b(?{{role}}a)(?{{accountid}}1)", "a1", False, id="ASCII"),
        pytest.param(r"(?{{role}}a)(?{{accountid}}1)", "éa1", False, id="no edge asked for"),
    ],
)
def test_a_name_that_javas_releases_may_read_differently_is_told(pattern, name, ambiguous):
    names, _ = compile_group_filter(pattern)

    assert names.read(name) == NamedRole("1", "a")
    assert names.is_ambiguous(name) is ambiguous


def test_a_slow_filter_stops_for_good_when_its_time_is_used_up():
    names, _ = compile_group_filter(r"^(?:\w|\w\w|[a-z]+)+(?{{role}}!)(?{{accountid}}\d)$")
    names.left = 0.05

    assert names.read("x!1") == NamedRole("1", "!")
    assert names.read("a" * 60 + "!x") is None
    assert names.exhausted
    assert names.read("x!1") is None


@pytest.mark.parametrize(
    ("pattern", "search"),
    [
        pytest.param(ACCOUNT_FIRST, 'profile.name co "aws_"', id="not anchored"),
        pytest.param("^" + ACCOUNT_FIRST, 'profile.name sw "aws_"', id="anchored"),
        pytest.param(r"\Aok-", 'profile.name sw "ok-"', id="anchored the other way"),
        pytest.param(ROLE_FIRST, 'profile.name sw "aws#"', id="escaped literal"),
        pytest.param(r"^(?:aws)_x", 'profile.name sw "aws_x"', id="a group that doesn't capture"),
        pytest.param(r"^aws-?x", 'profile.name sw "aws"', id="an optional character ends the literal"),
        pytest.param(r"^aws|^okta", None, id="alternatives"),
        pytest.param(r"(?:aws|gcp)_role", 'profile.name co "_role"', id="a literal after alternatives"),
        pytest.param(r"(?i)^AWS", None, id="letters in any case, since the search may mind case"),
        pytest.param(r"(?i)^aws_42-x", 'profile.name co "_42-"', id="what has no case, between such letters"),
        pytest.param(
            r"(?i)^42_aws", 'profile.name sw "42_"', id="what has no case, in front of such letters"
        ),
        pytest.param(r"^a(?i:w)s_x", 'profile.name sw "a"', id="one letter in any case"),
        pytest.param(r"(?:long-literal)?ab", 'profile.name co "ab"', id="an optional literal"),
        pytest.param(r"(?:xyz)+a", 'profile.name co "xyz"', id="a repeated literal"),
        pytest.param(r"(?!nope)ab(?=cde)c", 'profile.name co "abc"', id="looking around takes nothing"),
        pytest.param(r"a\x22\x5c+", 'profile.name co "a"', id="quotes are left out"),
        pytest.param(r"é-é", 'profile.name co "-"', id="letters that a search may fold are left out"),
        pytest.param(r"(?m)^aws", 'profile.name co "aws"', id="the start of any line"),
        pytest.param(r"\d+", None, id="no literal"),
        pytest.param(r".*^x", 'profile.name co "x"', id="an anchor that is not in front"),
    ],
)
def test_only_a_proven_literal_narrows_the_list(pattern, search):
    parts = "" if "(?{{" in pattern else r"(?{{role}}\w*)(?{{accountid}}\d*)"
    names, _ = compile_group_filter(pattern + parts)

    assert names.search == search


PIECES = ["a", "B", "k", "_", "-", "9", "ab", "k_", "kB", "A", "b", "K", " ", "\n", "\u017f", "\u212a"]
ATOMS = st.sampled_from(
    [
        *(
            "a",
            "B",
            "k",
            "_",
            r"\-",
            "9",
            "ab",
            "k_",
            r"\w",
            r"\d",
            ".",
            "[aB]",
            "[^a]",
            "^",
            "$",
            r"\A",
            r"\b",
        ),
        *("(?=a)", "(?i)", "(?-i)", r"\x6b", "(?m)", r"\QkB\E", "[_]"),
    ]
)
REPEATS = st.sampled_from(["?", "*", "+", "{0,1}", "{2}", "{1,2}?", "+?", "*+"])
LITERALS = st.sampled_from(["a", "B", "k", "_", "ab", "k_"])
PARTS = (
    ATOMS
    | LITERALS
    | st.recursive(
        ATOMS,
        lambda inner: st.one_of(
            st.lists(inner, min_size=2, max_size=3).map("".join),
            st.lists(inner, min_size=2, max_size=3).map(lambda parts: "(?:" + "|".join(parts) + ")"),
            st.tuples(inner, REPEATS).map(lambda pair: f"(?:{pair[0]}){pair[1]}"),
            inner.map(lambda part: f"({part})"),
            inner.map(lambda part: f"(?>{part})"),
        ),
        max_leaves=4,
    )
)
PATTERNS = st.lists(PARTS, min_size=1, max_size=4).map("".join)
NAMES = st.lists(st.sampled_from(PIECES), max_size=6).map("".join)


def admits(search, name):
    """Whether a search that minds case returns a group of that name; one that doesn't returns more."""
    if search is None:
        return True
    _, operator, quoted = search.split(" ", 2)
    literal = quoted[1:-1]
    return name.startswith(literal) if operator == "sw" else literal in name


@given(PATTERNS, PATTERNS, st.lists(NAMES, min_size=10, max_size=20))
@settings(max_examples=800, deadline=None)
def test_no_name_that_matches_is_missing_from_the_narrowed_list(front, back, texts):
    names, _ = compile_group_filter(f"{front}(?{{{{role}}}}{back})(?{{{{accountid}}}}.*)")
    assume(names is not None)

    lost = [text for text in texts if names.read(text) is not None and not admits(names.search, text)]

    assert lost == []
