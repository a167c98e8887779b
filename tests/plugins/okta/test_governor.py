"""Pacing in a time that passes only by waiting: what is promised to Okta, to others, and to the run."""

import asyncio
from math import floor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rolecall_okta.limits import RateHeaders
from rolecall_okta.windows import Bucket
from tests.plugins.okta.rationing import BUCKET, RationingOrg, Runner, in_virtual_time

LIMITS = st.integers(4, 400)
LATENCIES = st.floats(0.01, 3.0)
SHARES = st.sampled_from([0.1, 0.3, 0.5, 0.8, 1.0])
AHEAD = st.floats(1e9, 2e9)


@settings(max_examples=40, deadline=None)
@given(LIMITS, LATENCIES, SHARES, AHEAD, st.booleans(), st.integers(1, 60))
def test_one_run_keeps_to_its_share_and_draws_no_429_whatever_the_clocks_say(
    limit: int, latency: float, share: float, ahead: float, cut_off: bool, parallel: int
) -> None:
    ours = max(1, int(limit * share))
    least = [0.0]

    def watch(org: RationingOrg) -> None:
        least[0] = min(least[0], org.remaining - (1 - share) * limit * org.part_left())

    async def main() -> tuple[RationingOrg, float]:
        org = RationingOrg(limit, latency=latency, ahead=ahead, cut_off=cut_off, watch=watch)
        return org, await Runner("a", org, share, parallel).run(3 * ours)

    org, _ = in_virtual_time(main())
    # before its first reply, a bucket's limit isn't known: four calls may be more than the share
    assert all(window["a"] <= ours for window in org.by_window[1:])
    assert org.by_window[0]["a"] <= max(4, ours)
    assert org.refused == 0
    assert least[0] >= min(-1.0, ours - 4) - 0.02 * limit


@settings(max_examples=25, deadline=None)
@given(st.integers(40, 400), st.floats(0.01, 1.0), SHARES)
def test_run_takes_hardly_longer_than_the_share_makes_it(limit: int, latency: float, share: float) -> None:
    ours = max(1, int(limit * share))

    async def main() -> float:
        return await Runner("a", RationingOrg(limit, latency=latency), share).run(6 * ours)

    # The first window begins with the first call, and five more have to be waited for.
    assert 5 * 60 <= in_virtual_time(main()) <= 5 * 60 * 1.05 + 12 * latency + 2 * 6 * ours * latency / 40


@settings(max_examples=12, deadline=None)
@given(st.integers(40, 300), st.floats(0.02, 0.5))
def test_two_runs_leave_a_third_client_its_share_and_both_go_on(limit: int, latency: float) -> None:
    every = 60 / (limit * 0.5)

    async def main() -> tuple[RationingOrg, list[int], int, int]:
        org, asked, refused = RationingOrg(limit, latency=latency), 0, 0
        runs = [Runner(name, org) for name in "ab"]
        working = [asyncio.create_task(run.run(10_000)) for run in runs]
        for _ in range(int(limit * 0.5) * 4):
            asked += 1
            refused += (await org.call("third"))[1]
            await asyncio.sleep(max(0.0, every - latency))
        for task in working:
            task.cancel()
        await asyncio.gather(*working, return_exceptions=True)
        return org, [run.refused for run in runs], asked, refused

    org, ours, asked, refused = in_virtual_time(main())
    assert refused <= 0.1 * asked + 2
    for name in "ab":
        assert all(window.get(name, 0) >= 1 for window in org.by_window[:-1])
    assert sum(ours) <= 0.02 * org.served + 2


@settings(max_examples=10, deadline=None)
@given(st.integers(40, 200), st.floats(0.02, 0.5))
def test_two_runs_alone_stay_above_the_others_share_but_for_a_few_calls(limit: int, latency: float) -> None:
    least = [0.0]

    def watch(org: RationingOrg) -> None:
        least[0] = min(least[0], org.remaining - 0.5 * limit * org.part_left())

    async def main() -> RationingOrg:
        org = RationingOrg(limit, latency=latency, watch=watch)
        await asyncio.gather(*(Runner(name, org).run(limit) for name in "ab"))
        return org

    org = in_virtual_time(main())
    assert org.refused == 0
    assert least[0] >= -max(3.0, 0.04 * limit)


def test_org_whose_bucket_others_always_drain_is_called_again_in_each_window() -> None:
    async def main() -> Runner:
        org = RationingOrg(50)
        run = Runner("a", org)
        await run.one()

        async def drain() -> None:
            while True:
                while not (await org.call("greedy"))[1]:
                    pass
                await asyncio.sleep(0.5)

        draining = asyncio.create_task(drain())
        working = asyncio.create_task(run.run(1000))
        await asyncio.sleep(600)
        draining.cancel()
        working.cancel()
        return run

    run = in_virtual_time(main())
    assert run.made >= 10  # at least one in each of ten windows
    assert run.refused <= 15


def test_a_bucket_that_waits_keeps_no_other_waiting() -> None:
    async def main() -> float:
        apps, groups = RationingOrg(2), RationingOrg(1000)
        run = Runner("a", apps)
        waiting = [asyncio.create_task(run.run(20))]
        await asyncio.sleep(5)
        run.org, run.bucket = groups, "/api/v1/users"
        began = asyncio.get_running_loop().time()
        await run.run(100)
        took = asyncio.get_running_loop().time() - began
        waiting[0].cancel()
        return took

    assert in_virtual_time(main()) < 2.0


def test_refusal_closes_the_bucket_until_the_reset_and_wakes_few_at_once() -> None:
    async def main() -> tuple[RationingOrg, float]:
        org = RationingOrg(100)
        run = Runner("a", org, parallel=20)
        while not (await org.call("other"))[1]:
            pass
        began = asyncio.get_running_loop().time()
        await run.run(40)
        return org, asyncio.get_running_loop().time() - began

    org, took = in_virtual_time(main())
    assert org.refused - 1 <= 4  # those that went before the first reply
    assert 50 <= took <= 70


def test_cancelled_call_leaves_the_queue_moving() -> None:
    async def main() -> float:
        org = RationingOrg(4)
        run = Runner("a", org, parallel=1)
        await run.run(2)
        waiting = [asyncio.create_task(run.one()) for _ in range(3)]
        await asyncio.sleep(1)
        waiting[0].cancel()
        began = asyncio.get_running_loop().time()
        await asyncio.gather(*waiting[1:])
        return asyncio.get_running_loop().time() - began

    assert in_virtual_time(main()) < 65


RESET = 1_795_514_430


@pytest.mark.parametrize(
    "rates",
    [
        pytest.param([RateHeaders(None, None, None, None)], id="no headers"),
        pytest.param([RateHeaders(50, 49, RESET, 30.0)], id="a rest that never falls"),
        pytest.param([RateHeaders(50, 0, RESET, 30.0)], id="always nothing left"),
        pytest.param([RateHeaders(50, 50, RESET, 30.0)], id="more left than can be"),
        pytest.param([RateHeaders(0, 1, RESET, 30.0)], id="limit zero"),
        pytest.param([RateHeaders(50, 1, RESET, -5.0)], id="reset in the past"),
        pytest.param([RateHeaders(50, 1, RESET, 9e9)], id="reset far ahead"),
        pytest.param([RateHeaders(50, 1, RESET, None)], id="no date"),
        pytest.param(
            [RateHeaders(50, left, RESET, 30.0) for left in (7, 31, 2, 44, 12)], id="a rest that jumps"
        ),
    ],
)
def test_headers_that_make_no_sense_slow_nothing(rates: list[RateHeaders]) -> None:
    async def main() -> float:
        org = RationingOrg(latency=0.1)
        run = Runner("a", org)
        answers = iter(rates * 2000)

        async def call(who: str) -> tuple[RateHeaders, bool]:
            await asyncio.sleep(0.1)
            return next(answers), False

        org.call = call  # type: ignore[method-assign]
        return await run.run(2000)

    assert in_virtual_time(main()) < 8.0  # fifty rounds of forty, and a few with four


def test_server_that_starts_to_count_is_paced_from_its_first_refusal() -> None:
    async def main() -> RationingOrg:
        org = RationingOrg(50, latency=0.1)
        run = Runner("a", org)
        idle = RateHeaders(50, 49, floor(org.now()) + 60, 60.0)
        for _ in range(10):
            passage = await run.governor.enter(BUCKET)
            run.governor.answered(passage, idle, refused=False)
            run.governor.left(passage)
        await run.run(200)
        return org

    org = in_virtual_time(main())
    assert org.refused <= 40  # what was in flight when the first came
    assert all(window["a"] <= 25 for window in org.by_window[1:])


def test_run_that_lost_its_connection_for_a_while_is_not_blocked_by_what_never_came_back() -> None:
    async def main() -> float:
        org = RationingOrg(20)
        run = Runner("a", org)
        for _ in range(50):
            run.governor.left(await asyncio.wait_for(run.governor.enter(BUCKET), 100))
        await run.run(10)
        for _ in range(9):
            run.governor.left(await run.governor.enter(BUCKET))
        began = asyncio.get_running_loop().time()
        await run.run(5)
        return asyncio.get_running_loop().time() - began

    assert in_virtual_time(main()) < 65


def test_a_window_that_one_server_takes_for_over_and_another_does_not_is_waited_for() -> None:
    bucket = Bucket(0.5)
    bucket.answered(bucket.enter(), RateHeaders(100, 99, 1060, 10.0), now=0.0)
    bucket.left()
    assert bucket.pause(11.1) == 0, "over, by the clock of the server that answered"

    for _ in range(4):
        ticket = bucket.enter()
        bucket.answered(ticket, RateHeaders(100, 98, 1060, 2.0), now=11.2)
        bucket.left()

    assert 2.0 < bucket.pause(11.2) < 4.0
    assert bucket.pause(14.3) == 0
