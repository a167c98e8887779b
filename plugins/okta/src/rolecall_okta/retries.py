"""Whether to try a call again, and after how long: a write only if it surely wasn't done."""

from rolecall import ProviderError, RateLimited, Unavailable
from rolecall_okta.outcomes import NoAgent, OutcomeUnknown

MOST_ATTEMPTS = 4
MOST_TIMED_OUT = 2
MOST_RATE_LIMITED = 10
LONGEST_WAIT = 120.0
PATIENCE = 600.0
"""Seconds that one call waits in all after failures; waiting for its turn isn't counted."""
FIRST_BACKOFF = 0.5

PERMANENT = frozenset({"tls_failed", "proxy_failed"})


def retry_delay(error: ProviderError, attempt: int, waited: float, jitter: float) -> float | None:
    """Seconds to wait before the next attempt, or None to give up.

    Args:
        error: What the last attempt ended with.
        attempt: Its number, from 1.
        waited: Seconds that this call has waited after failures so far.
        jitter: A number from 0 to 1.
    """
    if attempt >= _most_attempts(error):
        return None
    backoff = FIRST_BACKOFF * 2 ** (attempt - 1)
    if isinstance(error, RateLimited) and error.code != "concurrency_limited":
        backoff = max(error.retry_after, backoff)
    delay = min(LONGEST_WAIT, backoff + jitter * min(backoff, 1.0))
    return delay if waited + delay <= PATIENCE else None


def _most_attempts(error: ProviderError) -> int:
    if isinstance(error, RateLimited):
        return MOST_RATE_LIMITED
    if isinstance(error, OutcomeUnknown | NoAgent):
        return 1
    if not isinstance(error, Unavailable) or error.code in PERMANENT:
        return 1
    return MOST_TIMED_OUT if error.code == "timed_out" else MOST_ATTEMPTS
