"""Rate limits: which calls share a bucket, which headers are believed, how many calls run at once."""

import asyncio

import httpx
import pytest

from rolecall_okta.limits import FEWEST_SLOTS, Buckets, RateHeaders, Slots, bucket_of, rate_headers

DATE = "Tue, 24 Nov 2026 10:00:00 GMT"
EPOCH = 1795514400


@pytest.mark.parametrize(
    ("path", "bucket"),
    [
        ("/api/v1/apps", "/api/v1/apps"),
        ("/api/v1/apps/0oa1", "/api/v1/apps/{id}"),
        ("/api/v1/apps/0oa1/users", "/api/v1/apps"),
        ("/api/v1/groups/00g1", "/api/v1/groups/{id}"),
        ("/api/v1/groups/00g1/users", "/api/v1/groups"),
        ("/api/v1/groups/rules", "/api/v1/groups"),
        ("/api/v1/users/me", "/api/v1/users/{id}"),
        ("/api/v1/users/00u1/groups", "/api/v1/users"),
        ("/api/v1/meta/schemas/apps/0oa1/default", "/api/v1/meta"),
        ("/.well-known/okta-organization", "/.well-known/okta-organization"),
    ],
)
def test_paths_share_buckets_as_okta_counts_them(path: str, bucket: str) -> None:
    assert bucket_of(path) == bucket


def test_time_to_reset_is_measured_by_the_replys_own_date() -> None:
    headers = {
        "X-Rate-Limit-Limit": "50",
        "X-Rate-Limit-Remaining": "0",
        "X-Rate-Limit-Reset": str(EPOCH + 48),
    }
    assert rate_headers(httpx.Headers({**headers, "Date": DATE})) == RateHeaders(50, 0, 48.0)


@pytest.mark.parametrize("date", [None, "", "yesterday", "Tue, 99 Nov 2026 10:00:00 GMT"])
@pytest.mark.parametrize("number", ["", "-1", "many", "1e9", "9" * 400, "٣"])
def test_nonsense_headers_count_as_missing(number: str, date: str | None) -> None:
    raw = [(b"x-rate-limit-" + name, number.encode()) for name in (b"limit", b"remaining", b"reset")]
    headers = httpx.Headers(raw if date is None else [*raw, (b"date", date.encode())])
    assert rate_headers(headers) == RateHeaders(None, None, None)


def pause_after(*rates: RateHeaders) -> float:
    buckets = Buckets()
    for rate in rates:
        buckets.answered("b", rate, 100.0)
    return buckets.pause("b", 100.0)


def test_bucket_that_counted_down_to_zero_is_held_until_its_reset() -> None:
    assert pause_after(RateHeaders(50, 1, None), RateHeaders(50, 0, 30.0)) == 31.0


@pytest.mark.parametrize(
    "rates",
    [
        pytest.param([RateHeaders(None, None, None)] * 3, id="no headers"),
        pytest.param([RateHeaders(50, 0, 30.0)] * 3, id="always zero"),
        pytest.param([RateHeaders(0, 1, None), RateHeaders(0, 0, 30.0)], id="limit zero"),
        pytest.param([RateHeaders(50, 1, None), RateHeaders(50, 0, -5.0)], id="reset in the past"),
        pytest.param([RateHeaders(50, 1, None), RateHeaders(50, 0, 9e9)], id="reset far ahead"),
        pytest.param([RateHeaders(50, 1, None), RateHeaders(50, 0, None)], id="no reset"),
        pytest.param([RateHeaders(50, 2, None), RateHeaders(50, 1, None)], id="something left"),
    ],
)
def test_numbers_that_make_no_sense_hold_nothing(rates: list[RateHeaders]) -> None:
    assert pause_after(*rates) == 0.0


def test_refused_call_holds_its_bucket_and_no_other() -> None:
    buckets = Buckets()
    buckets.refused("apps", RateHeaders(50, 0, 10.0), 100.0)
    assert (buckets.pause("apps", 100.0), buckets.pause("groups", 100.0)) == (11.0, 0.0)
    assert buckets.pause("apps", 112.0) == 0.0


async def test_lowered_slots_let_fewer_run_at_once() -> None:
    slots, running, most = Slots(FEWEST_SLOTS + 2), 0, 0

    async def work() -> None:
        nonlocal running, most
        await slots.take()
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        slots.give_back()

    for _ in range(5):
        slots.lower()
    await asyncio.gather(*(work() for _ in range(2)))  # slots in use go as they are given back
    most = 0
    await asyncio.gather(*(work() for _ in range(20)))
    assert (slots.limit, most) == (FEWEST_SLOTS, FEWEST_SLOTS)
