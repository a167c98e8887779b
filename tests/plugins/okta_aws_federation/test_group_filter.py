"""A group's name is read by Okta's two named parts, and fewer groups are listed only where that is proven."""

import pytest
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
        pytest.param(r"(?i)^AWS_", 'profile.name sw "AWS_"', id="in any case, as the search is"),
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
    """Whether Okta's search, which ignores case, returns a group of that name."""
    if search is None:
        return True
    _, operator, quoted = search.split(" ", 2)
    literal, name = quoted[1:-1].lower(), name.lower()
    return name.startswith(literal) if operator == "sw" else literal in name


@given(PATTERNS, PATTERNS, st.lists(NAMES, min_size=10, max_size=20))
@settings(max_examples=800, deadline=None)
def test_no_name_that_matches_is_missing_from_the_narrowed_list(front, back, texts):
    names, _ = compile_group_filter(f"{front}(?{{{{role}}}}{back})(?{{{{accountid}}}}.*)")
    assume(names is not None)

    lost = [text for text in texts if names.read(text) is not None and not admits(names.search, text)]

    assert lost == []
