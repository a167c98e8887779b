"""Text from outside is shown so that nothing in it is hidden, and nothing steers a terminal."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolecall.output import safe

ANY_TEXT = st.text(st.characters(exclude_categories=()))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("\x1b[31mred", "\\x1b[31mred", id="escape sequence"),
        pytest.param("a\u202eb", "a\\u202eb", id="right-to-left override"),
        pytest.param("a\u2066b\u2069", "a\\u2066b\\u2069", id="bidi isolate"),
        pytest.param("ad\u200bmin", "ad\\u200bmin", id="zero-width space"),
        pytest.param("admin\ufe0f", "admin\\ufe0f", id="variation selector"),
        pytest.param("admin\u3164", "admin\\u3164", id="blank letter"),
        pytest.param("x\U000e0041", "x\\U000e0041", id="tag character"),
        pytest.param("a\ud800", "a\\ud800", id="lone surrogate"),
        pytest.param("a\x00b\x9bc", "a\\x00b\\x9bc", id="NUL and C1"),
        pytest.param("a\r\n\tb", "a\\r\\n\\tb", id="line ends and tabs"),
        pytest.param("a\u2028b", "a\\u2028b", id="line separator"),
        pytest.param("[bold]x[/bold]", "[bold]x[/bold]", id="rich markup is text"),
        pytest.param("Zoë 山田　太郎 🚀", "Zoë 山田　太郎 🚀", id="names of the world"),
    ],
)
def test_what_cannot_be_seen_is_written_out(text, shown):
    assert safe(text) == shown


@given(ANY_TEXT)
def test_nothing_that_steers_or_hides_survives(text):
    shown = safe(text)

    assert not {unicodedata.category(character) for character in shown} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    shown.encode()


@given(ANY_TEXT)
def test_showing_twice_changes_nothing_more(text):
    assert safe(safe(text)) == safe(text)
