"""Rate limits: which calls share a bucket, and which headers can be true."""

import httpx
import pytest

from rolecall_okta.limits import RateHeaders, bucket_of, rate_headers

DATE = "Tue, 24 Nov 2026 10:00:00 GMT"
EPOCH = 1795514400


@pytest.mark.parametrize(
    ("path", "bucket"),
    [
        ("/api/v1/apps", "/api/v1/apps"),
        ("/api/v1/apps/0oa1", "/api/v1/apps/{id}"),
        ("/api/v1/apps/0oa1/users", "/api/v1/apps"),
        ("/api/v1/apps/0oa1/users/00u1", "/api/v1/apps"),
        ("/api/v1/groups/00g1", "/api/v1/groups/{id}"),
        ("/api/v1/groups/00g1/users", "/api/v1/groups"),
        ("/api/v1/groups/00g1/roles", "/api/v1/groups"),
        ("/api/v1/groups/rules", "/api/v1/groups"),
        ("/api/v1/users", "/api/v1/users"),
        ("/api/v1/users/me", "/api/v1/users/{id}"),
        ("/api/v1/users/00u1/groups", "/api/v1/users"),
        ("/api/v1/users/00u1/roles", "/api/v1/users"),
        ("/api/v1/logs", "/api/v1/logs"),
        ("/api/v1/iam/assignees/users", "/api/v1/iam"),
        ("/api/v1/org", "/api/v1/org"),
        ("/api/v1/meta/schemas/apps/0oa1/default", "/api/v1"),
        ("/.well-known/okta-organization", "/.well-known/okta-organization"),
    ],
)
def test_paths_share_buckets_as_okta_counts_them(path: str, bucket: str) -> None:
    assert bucket_of(path) == bucket
    assert bucket_of(bucket) == bucket


def test_template_of_a_path_has_the_bucket_of_the_path() -> None:
    assert bucket_of("/api/v1/groups/{id}/users") == bucket_of("/api/v1/groups/00g1/users")
    assert bucket_of("/api/v1/apps/{id}") == bucket_of("/api/v1/apps/0oa1")


def test_time_to_reset_is_measured_by_the_replys_own_date() -> None:
    headers = {
        "X-Rate-Limit-Limit": "50",
        "X-Rate-Limit-Remaining": "0",
        "X-Rate-Limit-Reset": str(EPOCH + 48),
    }
    assert rate_headers(httpx.Headers({**headers, "Date": DATE})) == RateHeaders(50, 0, EPOCH + 48, 48.0)


@pytest.mark.parametrize("date", [None, "", "yesterday", "Tue, 99 Nov 2026 10:00:00 GMT"])
@pytest.mark.parametrize("number", ["", "-1", "many", "1e9", "9" * 400, "٣"])
def test_nonsense_headers_count_as_missing(number: str, date: str | None) -> None:
    raw = [(b"x-rate-limit-" + name, number.encode()) for name in (b"limit", b"remaining", b"reset")]
    headers = httpx.Headers(raw if date is None else [*raw, (b"date", date.encode())])
    assert rate_headers(headers) == RateHeaders(None, None, None, None)


@pytest.mark.parametrize(
    ("rate", "sound"),
    [
        pytest.param(RateHeaders(50, 49, EPOCH + 30, 30.0), True, id="true ones"),
        pytest.param(RateHeaders(50, 0, EPOCH + 61, 61.0), True, id="nothing left"),
        pytest.param(RateHeaders(None, 49, EPOCH + 30, 30.0), False, id="no limit"),
        pytest.param(RateHeaders(50, None, EPOCH + 30, 30.0), False, id="no rest"),
        pytest.param(RateHeaders(50, 49, EPOCH + 30, None), False, id="no date"),
        pytest.param(RateHeaders(50, 50, EPOCH + 30, 30.0), False, id="this call not counted"),
        pytest.param(RateHeaders(0, 0, EPOCH + 30, 30.0), False, id="too many at once"),
        pytest.param(RateHeaders(50, 49, EPOCH - 5, -5.0), False, id="reset in the past"),
        pytest.param(RateHeaders(50, 49, EPOCH + 900, 900.0), False, id="reset far ahead"),
    ],
)
def test_headers_are_believed_as_far_as_they_can_be_true(rate: RateHeaders, sound: bool) -> None:
    assert rate.sound is sound
