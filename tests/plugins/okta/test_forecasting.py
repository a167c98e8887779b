"""How long requests will take, before they are made: against arithmetic, and against the pacing itself."""

import asyncio
from collections.abc import Mapping
from math import ceil

from hypothesis import given, settings
from hypothesis import strategies as st

from rolecall_okta import BucketUse
from rolecall_okta.forecasting import forecast, rationed
from rolecall_okta.limits import RateHeaders
from rolecall_okta.windows import Allowance, share_of
from tests.plugins.okta.rationing import BUCKET, RationingOrg, Runner, in_virtual_time

ALLOWANCES = st.builds(
    lambda ours, left, opens: Allowance(2 * ours, ours, min(left, ours), opens, 60.0),
    st.integers(1, 500),
    st.integers(0, 500),
    st.floats(0.0, 61.0),
)
PACES = st.floats(0.0, 2.0)


@given(st.integers(0, 5000), st.integers(1, 500), ALLOWANCES, PACES)
def test_more_requests_never_take_less(number: int, more: int, allowance: Allowance, pace: float) -> None:
    assert rationed(number, allowance, pace) <= rationed(number + more, allowance, pace)


@given(st.integers(0, 5000), ALLOWANCES, PACES)
def test_no_forecast_is_below_what_the_share_and_the_latency_allow(
    number: int, allowance: Allowance, pace: float
) -> None:
    windows = ceil(max(0, number - allowance.left) / allowance.per_window)
    least = allowance.opens + (windows - 1) * allowance.length if windows else 0.0
    assert rationed(number, allowance, pace) >= max(least, number * pace)


def test_buckets_run_side_by_side() -> None:
    known = {
        "/api/v1/apps": Allowance(50, 25, 25, 60.0, 60.0),
        "/api/v1/groups": Allowance(500, 250, 250, 60.0, 60.0),
    }
    alone = {name: forecast({name: 300}, known, share=0.5, pace=0.0).seconds for name in known}
    both = forecast(dict.fromkeys(known, 300), known, share=0.5, pace=0.0)
    assert both.seconds == max(alone.values()) > 600
    assert both.requests == 600


def test_templates_of_one_bucket_are_added_up() -> None:
    known = {"/api/v1/apps": Allowance(50, 25, 25, 60.0, 60.0)}
    found = forecast(
        {"/api/v1/apps/{id}/users": 20, "/api/v1/apps/{id}/groups": 10}, known, share=0.5, pace=0.0
    )
    assert (found.buckets, found.requests) == ({"/api/v1/apps": 30}, 30)
    assert 60 <= found.seconds <= 62


def test_bucket_that_has_no_limit_costs_latency_alone() -> None:
    found = forecast({"/api/v1/groups": 5000}, {"/api/v1/groups": None}, share=0.5, pace=0.005)
    assert found.seconds == 25.0


def test_bucket_not_heard_of_is_reckoned_with_what_okta_published_and_that_is_said() -> None:
    found = forecast({"/api/v1/apps/{id}/users": 100}, {}, share=0.5, pace=0.0, basis="30,000 app users")
    assert 180 <= found.seconds <= 190  # half of a token's half of 100 a minute
    assert found.basis == (
        "30,000 app users. Okta's rate limits: its published ones, where it hasn't stated them yet."
    )


@settings(max_examples=20, deadline=None)
@given(
    st.integers(10, 400),
    st.sampled_from([0.2, 0.5, 1.0]),
    st.floats(0.02, 0.5),
    st.integers(2, 8),
    st.floats(0, 50),
)
def test_forecast_is_what_the_pacing_then_takes(
    limit: int, share: float, latency: float, windows: int, later: float
) -> None:
    calls = windows * share_of(limit, share) + 1

    async def main() -> tuple[float, float]:
        run = Runner("a", RationingOrg(limit, latency=latency), share)
        for _ in range(2):
            await run.one()
        await asyncio.sleep(later)
        told = forecast(
            {BUCKET: calls}, run.governor.allowances(), share=share, pace=latency / run.parallel
        ).seconds
        return told, await run.run(calls)

    told, took = in_virtual_time(main())
    assert abs(told - took) <= 0.15 * took


def test_what_was_used_is_told_by_bucket() -> None:
    async def main() -> Mapping[str, BucketUse]:
        run = Runner("a", RationingOrg(20), parallel=5)
        await run.run(15)
        run.bucket = "/api/v1/users"
        run.governor.left(await run.governor.enter(run.bucket))
        return run.governor.uses()

    uses = in_virtual_time(main())
    groups, users = uses[BUCKET], uses["/api/v1/users"]
    assert (groups.requests, groups.refused, groups.limit) == (15, 0, 20)
    assert 55 <= groups.waited <= 65
    assert (users.requests, users.waited, users.limit) == (1, 0.0, None)


def test_token_and_org_with_limits_of_their_own_are_both_kept_to() -> None:
    """Replies tell of the one with less left, so the limit in the headers goes back and forth."""

    async def main() -> int:
        run = Runner("a", RationingOrg())
        made = 0

        def answer() -> RateHeaders:
            limit, reset = ((50, 1060), (100, 1075))[made % 2]
            return RateHeaders(limit, limit - made - 1, reset, reset - 1000.0 - made * 0.1)

        while made < 25:
            passage = await asyncio.wait_for(run.governor.enter(BUCKET), 1)
            await asyncio.sleep(0.1)
            run.governor.answered(passage, answer(), refused=False)
            run.governor.left(passage)
            made += 1
        try:
            await asyncio.wait_for(run.governor.enter(BUCKET), 30)
        except TimeoutError:
            return made
        return made + 1

    assert in_virtual_time(main()) == 25
