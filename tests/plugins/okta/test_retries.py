"""Which failures are worth another attempt, and how long to wait before it."""

import json

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolecall import AuthRefused, BadPayload, NotFound, ProviderError, RateLimited, Unavailable
from rolecall_okta import Call, NoAgent, OutcomeUnknown
from rolecall_okta.quoting import Quoting
from rolecall_okta.refusals import refusal
from rolecall_okta.retries import LONGEST_WAIT, PATIENCE, retry_delay


def rate_limited(retry_after: float, code: str | None = None) -> RateLimited:
    error = RateLimited("x", code=code)
    error.retry_after = retry_after
    return error


@pytest.mark.parametrize(
    ("error", "delays"),
    [
        pytest.param(Unavailable("x"), [0.5, 1.0, 2.0, None], id="unavailable"),
        pytest.param(Unavailable("x", code="timed_out"), [0.5, None], id="timed out"),
        pytest.param(Unavailable("x", code="tls_failed"), [None], id="TLS"),
        pytest.param(OutcomeUnknown("x"), [None], id="write of unknown outcome"),
        pytest.param(NoAgent("x"), [None], id="no agent of the directory"),
        pytest.param(rate_limited(48.0), [48.0, 48.0, 48.0, 48.0], id="rate limit with a reset"),
        pytest.param(rate_limited(1.0), [1.0, 1.0, 2.0, 4.0], id="rate limit without one"),
        pytest.param(rate_limited(9999.0), [LONGEST_WAIT] * 4, id="rate limit with nonsense"),
        pytest.param(rate_limited(48.0, "concurrency_limited"), [0.5, 1.0, 2.0], id="concurrency limit"),
        pytest.param(AuthRefused("x"), [None], id="credential"),
        pytest.param(NotFound("x"), [None], id="not found"),
        pytest.param(BadPayload("x"), [None], id="payload"),
        pytest.param(ProviderError("x"), [None], id="other"),
    ],
)
def test_delays_of_successive_attempts(error: ProviderError, delays: list[float | None]) -> None:
    got = [retry_delay(error, attempt, 0.0, 0.0) for attempt in range(1, len(delays) + 1)]
    assert got == delays


@pytest.mark.parametrize(("error", "attempt"), [(Unavailable("x"), 1), (rate_limited(48.0), 3)])
def test_jitter_only_lengthens_a_delay(error: ProviderError, attempt: int) -> None:
    plain, late = retry_delay(error, attempt, 0.0, 0.0), retry_delay(error, attempt, 0.0, 1.0)
    assert plain is not None
    assert late is not None
    assert plain < late <= plain + 1.0


def test_a_call_gives_up_when_it_has_waited_long_enough() -> None:
    assert retry_delay(rate_limited(60.0), 5, PATIENCE - 59.0, 0.0) is None
    assert retry_delay(rate_limited(1.0), 10, 0.0, 0.0) is None


def errors() -> st.SearchStrategy[ProviderError]:
    kinds = st.sampled_from([Unavailable, RateLimited, OutcomeUnknown, NoAgent, AuthRefused, ProviderError])
    codes = st.sampled_from([None, "timed_out", "tls_failed", "concurrency_limited", "outcome_unknown"])
    return st.builds(lambda kind, code: kind("x", code=code), kinds, codes)


@given(errors(), st.integers(1, 30), st.floats(0, 2000), st.floats(0, 1))
def test_a_write_of_unknown_outcome_is_never_repeated_and_every_wait_is_bounded(
    error: ProviderError, attempt: int, waited: float, jitter: float
) -> None:
    delay = retry_delay(error, attempt, waited, jitter)
    if isinstance(error, OutcomeUnknown | NoAgent) or not isinstance(error, Unavailable | RateLimited):
        assert delay is None
    if delay is not None:
        assert 0 < delay <= LONGEST_WAIT
        assert waited + delay <= PATIENCE


STATUSES = st.sampled_from([*range(300, 310), *range(400, 431), *range(500, 512)])
CODES = st.sampled_from([None, "E0000006", "E0000009", "E0000010", "E0000047", "E0000100", "E0000112"])
NOT_DONE = {(503, "E0000010"), (409, "E0000112")}


@given(st.sampled_from(["PUT", "POST", "DELETE", "PATCH"]), STATUSES, CODES)
def test_only_what_okta_surely_did_not_do_may_be_sent_again(
    method: str, status: int, code: str | None
) -> None:
    call = Call.written(method, "/api/v1/groups/00g1/users/00u1")
    body = b"" if code is None else json.dumps({"errorCode": code}).encode()
    error = refusal(Quoting("acme.okta.example"), call, httpx.Response(status), body)
    again = retry_delay(error, 1, 0.0, 0.0) is not None
    assert again == (status in {423, 429} or (status, code) in NOT_DONE)
    unclear = (status >= 500 and status != 501 and (status, code) not in NOT_DONE) or status == 408
    assert isinstance(error, OutcomeUnknown) == unclear
