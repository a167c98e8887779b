"""The domain setting: what is put right, and what is refused and why."""

import marshmallow as ma
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rolecall_okta import DomainError, OktaDomain, OktaDomainField, normalise_domain
from rolecall_okta.domain import OKTA_SUFFIXES


@pytest.mark.parametrize(
    ("text", "url"),
    [
        pytest.param("acme.okta.com", "https://acme.okta.com", id="bare"),
        pytest.param("  https://ACME.okta.com/ \n", "https://acme.okta.com", id="pasted from a browser"),
        pytest.param("acme.oktapreview.com:443", "https://acme.oktapreview.com", id="default port"),
        pytest.param("acme.okta.com:8443", "https://acme.okta.com:8443", id="other port"),
        pytest.param("login.acme.example", "https://login.acme.example", id="custom domain"),
        pytest.param(
            "sys-admin.acme.example", "https://sys-admin.acme.example", id="custom domain with -admin"
        ),
        pytest.param("xn--mnchen-3ya.example", "https://xn--mnchen-3ya.example", id="punycode"),
        pytest.param("127.0.0.1:8080", "http://127.0.0.1:8080", id="loopback"),
        pytest.param("http://127.9.8.7:8080/", "http://127.9.8.7:8080", id="loopback with http"),
        pytest.param("https://localhost:8443", "https://localhost:8443", id="loopback with https"),
        pytest.param("LOCALHOST:80", "http://localhost", id="loopback at the default port"),
        pytest.param("[::1]:8080", "http://[::1]:8080", id="loopback IPv6"),
    ],
)
def test_host_is_kept_and_its_surroundings_dropped(text: str, url: str) -> None:
    domain = normalise_domain(text)
    assert (domain.url, domain.note) == (url, None)


@pytest.mark.parametrize("suffix", OKTA_SUFFIXES)
@pytest.mark.parametrize(
    "form", ["acme-admin.{}", "https://acme-admin.{}/", "https://acme-admin.{}/admin/apps/active"]
)
def test_admin_console_is_replaced_by_its_org_and_noted(form: str, suffix: str) -> None:
    domain = normalise_domain(form.format(suffix))
    assert domain.url == f"https://acme.{suffix}"
    assert domain.note is not None
    assert f"acme-admin.{suffix}" in domain.note


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("", "empty", id="empty"),
        pytest.param(" \t", "empty", id="blank"),
        pytest.param("ftp://acme.okta.com", "scheme", id="other scheme"),
        pytest.param("http://acme.okta.com", "plain http", id="http off loopback"),
        pytest.param("https://https://acme.okta.com", "two schemes", id="two schemes"),
        pytest.param("https://user:pw@acme.okta.com", "user name or password", id="userinfo"),
        pytest.param("acme.okta.com/api/v1", "path", id="path"),
        pytest.param("acme.okta.com/admin", "path", id="console path without the console"),
        pytest.param("acme-admin.okta.com/administer", "path", id="path like the console's"),
        pytest.param("127.0.0.1:80/x", "path", id="path on loopback"),
        pytest.param("acme.okta.com?x=1", "query", id="query"),
        pytest.param("acme.okta.com#x", "fragment", id="fragment"),
        pytest.param("acme okta.com", "blanks", id="blank inside"),
        pytest.param("acme.okta.com\x00x", "control characters", id="NUL"),
        pytest.param("https://{yourOktaDomain}", "placeholder", id="placeholder"),
        pytest.param("${OKTA_DOMAIN}", "placeholder", id="unexpanded variable"),
        pytest.param("<your-org>.okta.com", "placeholder", id="angle brackets"),
        pytest.param("acme.okta.com.com", ".com twice", id=".com.com"),
        pytest.param("acme", "no dot", id="no dot"),
        pytest.param("acme.okta.com:", "port", id="port missing"),
        pytest.param("acme.okta.com:0", "port", id="port 0"),
        pytest.param("acme.okta.com:65536", "port", id="port too large"),
        pytest.param("acme.okta.com:44a", "port", id="port no number"),
        pytest.param("acme.okta.com:1:2", "port", id="two ports"),
        pytest.param("\u0430cme.okta.com", "ASCII", id="Cyrillic a"),
        pytest.param("acme\u3002okta\u3002com", "ASCII", id="ideographic full stop"),
        pytest.param("acme_x.okta.com", "no host name", id="underscore"),
        pytest.param("acme.okta.com\\@evil.example", "user name", id="backslash"),
        pytest.param("-acme.okta.com", "no host name", id="hyphen in front"),
        pytest.param("acme..okta.com", "no host name", id="empty label"),
        pytest.param(f"{'a' * 64}.okta.com", "no host name", id="long label"),
        pytest.param("10.0.0.1", "address", id="IP address"),
        pytest.param("[2001:db8::1]:443", "no host name", id="IPv6 address"),
        pytest.param("x-admin-admin.okta.com", "twice", id="-admin twice"),
    ],
)
def test_anything_else_is_refused_with_the_reason_and_the_way_out(text: str, reason: str) -> None:
    with pytest.raises(DomainError, match=reason) as caught:
        normalise_domain(text)
    assert "; write " in str(caught.value)
    assert str(caught.value).isprintable()


def test_refusal_never_repeats_a_password() -> None:
    with pytest.raises(DomainError) as caught:
        normalise_domain("https://user:hunter2@acme.okta.com")
    assert "hunter2" not in str(caught.value)


HOSTS = ["acme", "acme-admin", ".", "okta.com", "com", "-admin", "localhost", "127.0.0.1", "[::1]"]
AROUND = ["https://", "http://", ":", "8080", "/", "admin", "@", "?", "#", "{", " ", "é", "\\", "\ud800"]
PIECES = st.sampled_from([*HOSTS, *AROUND])


@given(st.one_of(st.text(), st.lists(PIECES, max_size=8).map("".join)))
@example("https://acme-admin.okta.com/admin")
@example("https://localhost:443")
def test_any_text_gives_a_stable_host_out_of_itself_or_the_refusal(text: str) -> None:
    try:
        domain = normalise_domain(text)
    except DomainError:
        return
    assert normalise_domain(str(domain)) == domain
    assert domain.host in text.lower() or domain.host.replace(".", "-admin.", 1) in text.lower()
    assert domain.scheme == "https" or domain.is_loopback


class Settings(ma.Schema):
    domain = OktaDomainField(required=True)


def test_field_loads_a_domain() -> None:
    assert Settings().load({"domain": "https://acme.okta.example/"}) == {
        "domain": OktaDomain("acme.okta.example")
    }


@pytest.mark.parametrize("value", ["http://acme.okta.example", 7, ["acme.okta.example"]])
def test_field_says_what_is_wrong(value: object) -> None:
    assert set(Settings().validate({"domain": value})) == {"domain"}
