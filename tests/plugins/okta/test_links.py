"""The Link header in every spelling."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolecall_okta.links import Link, LinkError, next_target, resolved

NEXT = "https://acme.okta.example/api/v1/groups?after=1,2&limit=200"


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param([f'<{NEXT}>; rel="next"'], id="alone"),
        pytest.param(['<https://x/self>; rel="self"', f'<{NEXT}>; rel="next"'], id="separate lines"),
        pytest.param([f'<https://x/self>; rel="self", <{NEXT}>; rel="next"'], id="joined"),
        pytest.param([f'<{NEXT}>; rel="next",<https://x/self>; rel="self"'], id="joined, first, no blank"),
        pytest.param([f"<{NEXT}>;rel=next"], id="no quotes"),
        pytest.param([f"<{NEXT}>; rel='next'"], id="single quotes"),
        pytest.param([f'<{NEXT}> ; title="a, <b>; rel=self" ; REL = "NEXT"'], id="other parameters"),
        pytest.param([f'<{NEXT}>; rel="last next"'], id="several relations"),
    ],
)
def test_next_link_is_found(headers: list[str]) -> None:
    assert next_target(headers) == NEXT


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param([], id="none"),
        pytest.param(['<https://x/self>; rel="self"'], id="self only"),
        pytest.param(['<https://x>; rel="self"; rel="next"'], id="second rel doesn't count"),
        pytest.param(['<https://x>; title="rel=next"'], id="inside another parameter"),
        pytest.param(["https://x; rel=next"], id="no brackets"),
        pytest.param(['<https://x>; rel="nextish"'], id="longer word"),
    ],
)
def test_list_without_next_link_ends(headers: list[str]) -> None:
    assert next_target(headers) is None


@given(
    st.lists(
        st.tuples(
            st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="<>"), max_size=30),
            st.sampled_from(['rel="self"', "rel=prev", 'title="x,y"; rel="self"']),
        ),
        max_size=4,
    ),
    st.booleans(),
)
def test_next_is_found_among_any_others(others: list[tuple[str, str]], joined: bool) -> None:
    lines = [f"<{target}>; {parameters}" for target, parameters in others] + [f'<{NEXT}>; rel="next"']
    assert next_target([", ".join(lines)] if joined else lines) == NEXT


@given(st.lists(st.text(st.sampled_from("<>;,=\"' relnxt/\\?\x80é")), max_size=3))
def test_any_header_is_parsed_without_an_error(headers: list[str]) -> None:
    target = next_target(headers)
    assert target is None or "<" not in target


@pytest.mark.parametrize(
    ("target", "link"),
    [
        pytest.param(NEXT, Link("acme.okta.example", "/api/v1/groups", "after=1,2&limit=200"), id="whole"),
        pytest.param("?after=x", Link("127.0.0.1:8080", "/api/v1/groups", "after=x"), id="query only"),
        pytest.param("/api/v1/users?a", Link("127.0.0.1:8080", "/api/v1/users", "a"), id="path"),
        pytest.param("//Evil.example:443/x", Link("evil.example", "/x", ""), id="other host"),
        pytest.param("https://[::1]:9/x", Link("[::1]:9", "/x", ""), id="IPv6"),
    ],
)
def test_link_is_seen_from_the_call(target: str, link: Link) -> None:
    assert resolved(target, "https://127.0.0.1:8080/api/v1/groups?limit=2") == link


@pytest.mark.parametrize(
    "target",
    ["javascript:x", "https://u@acme.okta.example/", "https://[x/", "https://a:999999/"],
)
def test_target_that_is_no_address_is_an_error(target: str) -> None:
    with pytest.raises(LinkError, match="no "):
        resolved(target, "https://127.0.0.1:8080/api/v1/groups")
