"""Which failures are worth another attempt, and how long to wait before it."""

import pytest

from rolecall import AuthRefused, BadPayload, NotFound, ProviderError, RateLimited, Unavailable
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
