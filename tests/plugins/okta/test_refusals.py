"""From an answer that is no success to the error that says what to do."""

import json

import httpx
import pytest

from rolecall import AuthRefused, NotFound, ProviderError, RateLimited, Unavailable
from rolecall_okta.calls import Call
from rolecall_okta.quoting import Quoting
from rolecall_okta.refusals import refusal

ORG = Quoting("acme.okta.example")
CALL = Call("/api/v1/groups/00g1", "expand=stats")
DATE = "Tue, 24 Nov 2026 10:00:00 GMT"


def refused(status: int, body: bytes | str | dict[str, object] = b"", **headers: str) -> ProviderError:
    content = json.dumps(body).encode() if isinstance(body, dict) else body
    raw = content if isinstance(content, bytes) else content.encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return refusal(ORG, CALL, httpx.Response(status, headers=named), raw)


def okta(code: str, summary: str = "", causes: object = ()) -> dict[str, object]:
    return {"errorCode": code, "errorSummary": summary, "errorCauses": causes or []}


@pytest.mark.parametrize(
    ("status", "body", "kind", "code"),
    [
        pytest.param(401, okta("E0000011"), AuthRefused, "auth_refused", id="bad token"),
        pytest.param(401, b"", AuthRefused, "auth_refused", id="401 without a body"),
        pytest.param(401, okta("E0000015"), AuthRefused, "feature_missing", id="feature missing"),
        pytest.param(403, okta("E0000006"), AuthRefused, "right_missing", id="right missing"),
        pytest.param(403, okta("E0000005"), AuthRefused, "right_missing", id="invalid session"),
        pytest.param(403, okta("E0000038"), ProviderError, "provider_failed", id="403 about the object"),
        pytest.param(404, okta("E0000007"), NotFound, "not_found", id="object missing"),
        pytest.param(404, okta("E0000008"), NotFound, "path_not_found", id="path missing"),
        pytest.param(404, b"<html>", ProviderError, "not_okta", id="404 of something else"),
        pytest.param(429, okta("E0000047"), RateLimited, "rate_limited", id="rate limit"),
        pytest.param(429, b"", RateLimited, "rate_limited", id="429 of a gateway"),
        pytest.param(500, okta("E0000009"), Unavailable, "unavailable", id="inner error"),
        pytest.param(502, b"<html>Bad gateway</html>", Unavailable, "unavailable", id="HTML of a gateway"),
        pytest.param(503, b"", Unavailable, "unavailable", id="empty"),
        pytest.param(501, okta("E0000060"), ProviderError, "provider_failed", id="unsupported"),
        pytest.param(423, b"", Unavailable, "unavailable", id="locked"),
        pytest.param(409, okta("E0000112"), Unavailable, "unavailable", id="busy"),
        pytest.param(409, okta("E0000062"), ProviderError, "provider_failed", id="conflict"),
        pytest.param(400, okta("E0000031"), ProviderError, "provider_failed", id="bad search"),
        pytest.param(400, b"[]", ProviderError, "not_okta", id="list instead of an error"),
        pytest.param(400, {"error": "invalid_scope"}, ProviderError, "provider_failed", id="OAuth error"),
    ],
)
def test_status_and_code_choose_the_error(
    status: int, body: bytes | dict[str, object], kind: type[ProviderError], code: str
) -> None:
    error = refused(status, body)
    assert (type(error), error.code, error.status) == (kind, code, status)


def test_error_says_what_failed_where_and_what_support_asks_for() -> None:
    causes = [{"errorSummary": "Invalid search."}]
    error = refused(400, okta("E0000031", "Api validation failed", causes), x_okta_request_id="ab1")
    assert str(error) == (
        "GET acme.okta.example/api/v1/groups/00g1: Okta refused the call: "
        "Api validation failed: Invalid search. (400 E0000031, request ab1)"
    )
    assert (error.provider_code, error.request_id) == ("E0000031", "ab1")
    assert (error.method, error.path) == ("GET", "/api/v1/groups/00g1")


def test_bad_token_says_how_to_make_a_token_and_a_missing_right_does_not() -> None:
    assert "make a new token" in str(refused(401, okta("E0000011")).hint)
    assert "token" not in str(refused(401, okta("E0000015")).hint)
    assert "admin role" in str(refused(403, okta("E0000006")).hint)


@pytest.mark.parametrize(
    "causes", [{"errorSummary": "why"}, [{"errorSummary": "why"}], [{"errorSummary": "why"}, 7]]
)
def test_cause_may_be_a_list_or_an_object(causes: object) -> None:
    assert "what: why" in str(refused(400, okta("E0000001", "what", causes)))


@pytest.mark.parametrize("causes", [7, "x", [None], [[]], {"errorSummary": 7}])
def test_cause_of_another_shape_is_left_out(causes: object) -> None:
    assert "refused the call: what (400" in str(refused(400, okta("E0000001", "what", causes)))


def test_hostile_words_are_short_and_on_one_line() -> None:
    error = refused(400, okta("E1\x1b[31m", "x\n\x00\u202e\ud800" + "y" * 9000), x_okta_request_id="a" * 999)
    assert str(error).isprintable()
    assert len(str(error)) < 600
    assert "\\u202e\\ud800" in str(error)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        pytest.param(
            {"reset": "1795514448", "date": DATE}, 49.0, id="reset by the reply's date, and a second"
        ),
        pytest.param({"reset": "1795514448"}, 1.0, id="no date"),
        pytest.param({"reset": "1795514000", "date": DATE}, 1.0, id="reset in the past"),
        pytest.param({"reset": "soon", "date": DATE}, 1.0, id="nonsense"),
    ],
)
def test_rate_limit_says_when_to_come_back(headers: dict[str, str], seconds: float) -> None:
    named = {"date" if name == "date" else f"x_rate_limit_{name}": value for name, value in headers.items()}
    error = refused(429, okta("E0000047"), x_rate_limit_limit="50", x_rate_limit_remaining="0", **named)
    assert isinstance(error, RateLimited)
    assert error.retry_after == seconds


def test_limit_zero_is_the_concurrency_limit() -> None:
    error = refused(429, okta("E0000047"), x_rate_limit_limit="0", x_rate_limit_remaining="0")
    assert error.code == "concurrency_limited"
