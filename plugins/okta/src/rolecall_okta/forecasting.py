"""How long a number of requests will take within the rate limits, worked out before they are made."""

from collections import Counter
from collections.abc import Mapping
from math import ceil

from rolecall import Forecast
from rolecall_okta.limits import AFTER_RESET, bucket_of
from rolecall_okta.windows import WINDOW, Allowance, share_of

PUBLISHED: Mapping[str, int] = {
    "/api/v1/apps": 100,
    "/api/v1/apps/{id}": 500,
    "/api/v1/groups": 500,
    "/api/v1/groups/{id}": 1000,
    "/api/v1/users": 600,
    "/api/v1/users/{id}": 2000,
    "/api/v1/logs": 120,
    "/api/v1/iam": 100,
    "/api/v1/org": 100,
    "/api/v1": 1200,
}
"""A minute, for workforce orgs, as Okta published them last (2025-05); for buckets not heard of yet."""
TOKEN_SHARE = 0.5
"""What an API token may use of an org's limit, unless an admin changed it."""


def forecast(
    requests: Mapping[str, int],
    allowances: Mapping[str, Allowance | None],
    *,
    share: float,
    pace: float,
    basis: str = "",
) -> Forecast:
    """What these requests will cost.

    Args:
        requests: Bucket, or template of a path → how many.
        allowances: What is known of each bucket; None where it has no limit.
        share: The share of each limit that is ours.
        pace: Seconds from one request to the next where no limit holds them.
        basis: What the numbers of requests are worked out from, as a sentence.
    """
    buckets = Counter[str]()
    for path, number in requests.items():
        buckets[bucket_of(path)] += number
    total, assumed = buckets.total(), False
    seconds = total * pace
    for bucket, number in buckets.items():
        known = allowances.get(bucket) if bucket in allowances else _assumed(bucket, share)
        assumed |= bucket not in allowances
        if known is not None:
            seconds = max(seconds, rationed(number, known, pace))
    source = "its published ones, where it hasn't stated them yet" if assumed else "all stated by it"
    said = f"{basis.rstrip('.')}. " if basis else ""
    return Forecast(total, seconds, share, dict(buckets), f"{said}Okta's rate limits: {source}.")


def rationed(number: int, allowance: Allowance, pace: float) -> float:
    """Seconds until the last of so many requests of one bucket is done.

    Each window lets its share go at once; what is over waits for the next. The end is bound by the
    requests alone, by the first window that has to be waited for, or by the last.
    """
    over = number - allowance.left
    if over <= 0:
        return number * pace
    full = ceil(over / allowance.per_window) - 1
    begin_of_last = allowance.opens + full * (allowance.length + AFTER_RESET)
    return max(
        number * pace,
        allowance.opens + over * pace,
        begin_of_last + (over - full * allowance.per_window) * pace,
    )


def _assumed(bucket: str, share: float) -> Allowance | None:
    published = PUBLISHED.get(bucket)
    if published is None:
        return None
    limit = int(published * TOKEN_SHARE)
    ours = share_of(limit, share)
    return Allowance(limit, ours, ours, WINDOW + AFTER_RESET, WINDOW)
