import asyncio

import httpx
import pytest

from rolecall_okta.simulator import Token, serve
from rolecall_okta.simulator.limits import Limits


@pytest.fixture
def clock():
    class Clock:
        now = 1000.0

        def __call__(self):
            return self.now

    return Clock()


def shown(headers):
    return [int(value) for _, value in headers]


def test_half_of_a_bucket_is_a_tokens_share(clock):
    limits = Limits(enforced=True, clock=clock)
    assert shown(limits.admit("token", "apps")[1]) == [50, 49, 1060]


def test_over_the_limit_is_refused_until_the_window_ends(clock):
    limits = Limits(enforced=True, scale=0.04, clock=clock)
    answers = [limits.admit("token", "apps") for _ in range(3)]
    assert [admitted for admitted, _ in answers] == [True, True, False]
    assert [shown(headers)[1] for _, headers in answers] == [1, 0, 0]
    assert not limits.admit("token", "apps")[0]
    clock.now = 1060.0
    assert limits.admit("token", "apps")[0]
    assert limits.refused == 2


def test_buckets_and_tokens_count_apart(clock):
    limits = Limits(enforced=True, scale=0.02, clock=clock)
    assert limits.admit("one", "apps")[0]
    assert limits.admit("one", "iam")[0]
    assert limits.admit("two", "apps")[0]
    assert not limits.admit("one", "apps")[0]


def test_all_tokens_together_stay_within_the_orgs_bucket(clock):
    limits = Limits(enforced=True, scale=0.1, share=0.8, clock=clock)
    answers = [limits.admit(token, "apps") for token in ("one", "two") * 8]
    assert sum(admitted for admitted, _ in answers) == 10
    assert shown(answers[0][1])[:2] == [8, 7]
    assert shown(answers[9][1])[:2] == [10, 0]
    assert limits.refused_by == {"apps": 6}
    assert limits.admitted_by == {"apps": 10}
    clock.now += 60
    assert limits.admit("two", "apps")[0]


def test_a_refusal_of_one_token_takes_nothing_from_the_others(clock):
    limits = Limits(enforced=True, scale=0.04, clock=clock)
    assert [limits.admit("greedy", "apps")[0] for _ in range(9)].count(True) == 2
    assert [limits.admit("modest", "apps")[0] for _ in range(2)] == [True, True]


def test_a_token_may_have_a_share_of_its_own(acme):
    tokens = {"whole-token": Token("super", share=1.0), "usual-token": "super"}
    with serve(acme.org, tokens) as okta:
        url = f"http://{okta.domain}/api/v1/logs"
        shown_limits = [
            httpx.get(url, headers={"Authorization": f"SSWS {token}"}).headers["x-rate-limit-limit"]
            for token in tokens
        ]
    assert shown_limits == ["120", "60"]


def test_too_many_at_one_time_shows_a_limit_of_nothing(clock):
    limits = Limits(enforced=True, concurrency=2, clock=clock, in_flight=3)
    admitted, headers = limits.admit("token", "groups")
    assert (admitted, shown(headers)[:2]) == (False, [0, 0])


def test_limits_that_are_not_enforced_never_run_down(clock):
    limits = Limits(clock=clock)
    answers = [limits.admit("token", "apps") for _ in range(200)]
    assert {(admitted, *shown(headers)) for admitted, headers in answers} == {(True, 50, 49, 1060)}


def test_a_used_up_bucket_answers_429_with_okta_headers(acme):
    with serve(acme.org, enforce_limits=True, limit_scale=0.02) as okta, httpx.Client() as client:
        url, headers = f"http://{okta.domain}/api/v1/apps", {"Authorization": "SSWS super-token"}
        first, second = (
            client.get(url, headers=headers),
            client.get(f"{url}/{acme.app.id}/users", headers=headers),
        )
        other = client.get(f"{url}/{acme.app.id}", headers=headers)
    assert (first.status_code, second.status_code, other.status_code) == (200, 429, 200)
    assert second.json()["errorCode"] == "E0000047"
    assert second.headers["x-rate-limit-remaining"] == "0"
    assert int(second.headers["x-rate-limit-reset"]) > 1_700_000_000
    assert "retry-after" not in second.headers


async def test_the_concurrency_limit_counts_requests_at_one_time(acme):
    with serve(acme.org, enforce_limits=True, concurrency=3, latency=0.8) as okta:
        async with httpx.AsyncClient() as client:
            url, headers = f"http://{okta.domain}/api/v1/groups", {"Authorization": "SSWS super-token"}
            replies = await asyncio.gather(*(client.get(url, headers=headers) for _ in range(5)))
    statuses = sorted(reply.status_code for reply in replies)
    assert statuses == [200, 200, 200, 429, 429]
    refused = [reply for reply in replies if reply.status_code == 429]
    assert {reply.headers["x-rate-limit-limit"] for reply in refused} == {"0"}
