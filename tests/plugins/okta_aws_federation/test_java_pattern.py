"""Patterns mean what Java says they mean, or are refused."""

import pytest
import regex

from rolecall_okta_aws_federation.java_pattern import read_java_pattern
from rolecall_okta_aws_federation.java_scanner import PatternProblem
from rolecall_okta_aws_federation.java_syntax import written


def found(pattern, text):
    match = regex.compile(written(read_java_pattern(pattern).root), regex.VERSION1).search(text)
    return None if match is None else match[0]


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        pytest.param(r"\d+", "٣42", "42", id="digits are ASCII"),
        pytest.param(r"\w+", "éab_9é", "ab_9", id="word characters are ASCII"),
        pytest.param(r"\s", "\u00a0\u2003 ", " ", id="white space is ASCII"),
        pytest.param(r"\D", "1é", "é", id="not a digit"),
        pytest.param(r"[\W]", "aé", "é", id="not a word character, in a class"),
        pytest.param(r"\bb", "éb", "b", id="a word's edge is ASCII"),
        pytest.param(r"\Bb", "ab", "b", id="not a word's edge"),
        pytest.param(r"\h\v", "\u3000\x0b", "\u3000\x0b", id="horizontal and vertical space"),
        pytest.param(r"\R", "a\r\n", "\r\n", id="a line break is one"),
        pytest.param(r"a.c", "a\u2028c a-c", "a-c", id="a dot stops at any line end"),
        pytest.param(r"(?s)a.c", "a\nc", "a\nc", id="a dot takes all where told"),
        pytest.param(r"c$", "abc\u2029", "c", id="the end is before a last line end"),
        pytest.param(r"c$", "abc\r\n", "c", id="the end is before a last CR LF"),
        pytest.param(r"c\r$", "abc\r\n", None, id="the end is not inside CR LF"),
        pytest.param(r"c\z", "abc\n", None, id="the very end"),
        pytest.param(r"c\Z", "abc\n", "c", id="the end but for a line end"),
        pytest.param(r"(?m)^b$", "a\r\nb\r\nc", "b", id="lines"),
        pytest.param(r"(?m)^$", "", None, id="no line starts at the end"),
        pytest.param(r"a++a", "aaa", None, id="possessive"),
        pytest.param(r"a{2,3}?", "aaaa", "aa", id="lazy"),
        pytest.param(r"(?>a|ab)c", "abc", None, id="atomic"),
        pytest.param(r"\Qa.b|\E+", "a.b||", "a.b||", id="quoted"),
        pytest.param(r"\Qa.b", "xa.b", "a.b", id="quoted to the end"),
        pytest.param(r"[a-z&&[^aeiou]]+", "aebcd", "bcd", id="a class less another"),
        pytest.param(r"[a-z&&[def]&&[^e]]+", "aedf", "df", id="three classes"),
        pytest.param(r"[\w&&\D]+", "12ab", "ab", id="an intersection of predefined classes"),
        pytest.param(r"[a[0-9]]+", "xa1b", "a1", id="a class in a class"),
        pytest.param(r"[]a]+", "x]a", "]a", id="a bracket first is itself"),
        pytest.param(r"[a-]+", "b-a", "-a", id="a dash last is itself"),
        pytest.param(r"[+=,.@\-_]+", "a+=,.@-_", "+=,.@-_", id="signs in a class"),
        pytest.param(r"[^a-c]", "abcd", "d", id="a negated class"),
        pytest.param(r"[&a]+", "x&a", "&a", id="one ampersand is itself"),
        pytest.param(r"\p{Alpha}+", "é1ab", "ab", id="POSIX classes are ASCII"),
        pytest.param(r"\p{L}+", "1éa", "éa", id="categories are Unicode"),
        pytest.param(r"\pN\PL", "a2-", "2-", id="one-letter categories"),
        pytest.param(r"\p{IsLu}", "aÉ", "É", id="Is before a category"),
        pytest.param(r"(?i)aWs[x-z]", "AwSY", "AwSY", id="in any case"),
        pytest.param(r"(?i)k", "\u212a", None, id="in any case of ASCII only"),
        pytest.param(r"(?i)[^a]", "Ab", "b", id="negated in any case"),
        pytest.param(r"a(?i)b|c", "C", "C", id="a flag lasts over the alternatives"),
        pytest.param(r"(a(?i)b)c", "aBC", None, id="a flag ends with its group"),
        pytest.param(r"(?i:a)b", "Ab", "Ab", id="a flag for one group"),
        pytest.param(r"(?i)a(?-i)b", "AB", None, id="a flag switched off"),
        pytest.param(r"(?<x>a)\k<x>", "aa", "aa", id="a named back reference"),
        pytest.param(r"(a)(b)\2\1", "abba", "abba", id="numbered back references"),
        pytest.param(r"(?<=a)b(?!c)", "abc ab", "b", id="looking around"),
        pytest.param(r"\x41\x{1F600}\u0042\0101\t", "A😀BA\t", "A😀BA\t", id="characters by their code"),
        pytest.param(r"\#\_\-\/", "#_-/", "#_-/", id="escaped signs are themselves"),
        pytest.param("\ud800", "a\ud800", "\ud800", id="a lone surrogate"),
        pytest.param(r"a|b|", "b", "b", id="alternatives, one empty"),
        pytest.param(r"}]", "}]", "}]", id="closing brackets alone are themselves"),
    ],
)
def test_a_pattern_finds_what_java_finds(pattern, text, expected):
    assert found(pattern, text) == expected


@pytest.mark.parametrize(
    "pattern",
    [
        "(", ")", "a)", "[", "[a", "*a", "a**", "a{", "a{x}", "a{3,2}", "a{2}{3}", "{2}", "a\\", r"\q", r"\8",
        r"(a)\2", r"(\1a)", r"\k<x>", r"[z-a]", r"[a-\d]", r"[a&&]", r"[^a[b]]", r"[^a&&b]", r"[a[b]&&c]",
        r"(?x)a", r"(?u)a", r"\b{g}", r"\G", r"\X", r"\N{DASH}", r"\p{IsLatin}", r"\p{javaLowerCase}",
        r"(?i)\p{Lu}", r"(?i)(a)\1", r"(?<=a*)b", r"(?<a-b>x)", r"\x{110000}", r"\xg0", r"\u12", r"\0", "(?",
        "(?{{other}}a)", r"(?{{role}}\w)+", r"(?:x(?{{accountid}}\d))*", r"(?:(?:(?{{role}}a))?){2}",
        r"(?{{role}}a){0}", r"(?{{role}}a){0,2}", r"(?{{role}}a){1,}", "(a{1000}){1000}",
        r"(?:(?:\b){200}){100}",
        "(" * 200 + ")" * 200, "[" * 200, "a" * 5000, "(?{{role}}a)(?{{role}}b)", "a{99999}",
    ],
)  # fmt: skip
def test_what_java_refuses_or_what_is_not_supported_is_a_problem(pattern):
    with pytest.raises(PatternProblem):
        read_java_pattern(pattern)


@pytest.mark.parametrize("bounds", ["", "?", "??", "?+", "{1}", "{1,1}", "{0,1}"])
def test_a_named_part_may_be_taken_once_or_not_at_all(bounds):
    assert read_java_pattern(f"(?:x(?{{{{role}}}}a)){bounds}").role == 1


@pytest.mark.parametrize(
    ("pattern", "uses"),
    [(r"\bx", True), (r"(?:x\B)?", True), (r"\w\Ax\\b", False), (r"[\x62]b", False)],
)
def test_a_pattern_says_whether_it_asks_for_the_edges_of_words(pattern, uses):
    assert read_java_pattern(pattern).word_edges is uses


def test_named_parts_are_numbered_among_all_groups():
    pattern = read_java_pattern("(a)(?<role>b)(?{{role}}c)(?:d)(?{{accountid}}e)")

    assert (pattern.role, pattern.account) == (3, 4)
