"""Two clients of one org that rations, over real sockets: both go on, and Okta has hardly to refuse."""

import asyncio
from time import monotonic

import pytest

from rolecall import Secret
from rolecall_okta import OktaClient, SswsAuth, normalise_domain
from rolecall_okta.simulator import Organisation, serve
from tests.plugins.okta.conftest import Watcher


def acme() -> tuple[Organisation, str]:
    org = Organisation(seed=3)
    people = [org.add_user(f"p{number}@acme.example") for number in range(3)]
    return org, org.add_group("admins", members=people).id


async def read(domain: str, token: str, group: str, calls: int, share: float) -> tuple[OktaClient, float]:
    left, began = iter(range(calls)), monotonic()

    async def work() -> None:
        for _ in left:
            async for _page in okta.group_members(group):
                pass

    okta = OktaClient(
        normalise_domain(domain), SswsAuth(Secret(token)), Watcher(), share=share, concurrency=10
    )
    async with okta:
        await asyncio.gather(*(work() for _ in range(10)))
    return okta, monotonic() - began


@pytest.mark.parametrize("tokens", [("super-token", "super-token"), ("super-token", "other-token")])
async def test_two_clients_share_what_okta_allows_without_being_refused(tokens: tuple[str, str]) -> None:
    org, group = acme()
    known = {"super-token": "super", "other-token": "super"}
    # 500 calls of the groups bucket in 2 seconds, of which a token may make 250
    with serve(org, known, enforce_limits=True, limit_window=2.0, latency=0.01) as simulator:
        runs = await asyncio.gather(*(read(simulator.domain, token, group, 200, 0.5) for token in tokens))
        uses = [okta.rates()["/api/v1/groups"] for okta, _ in runs]
        assert sum(use.requests for use in uses) >= 400
        assert sum(use.refused for use in uses) <= 4
        assert simulator.limits.refused <= 4
    assert all(use.waited > 1.0 for use in uses)
    assert all(took < 30 for _, took in runs)  # three windows of each run's share, and what the other left


async def test_run_takes_what_was_forecast_when_its_first_pages_were_in() -> None:
    org, group = acme()
    with serve(org, enforce_limits=True, limit_window=2.0, latency=0.01) as simulator:
        domain = normalise_domain(simulator.domain)
        async with OktaClient(domain, SswsAuth(Secret("super-token")), Watcher(), concurrency=10) as okta:
            left = iter(range(270))

            async def work(until: int) -> None:
                for number in left:
                    async for _page in okta.group_members(group):
                        pass
                    if number >= until:
                        return

            await asyncio.gather(*(work(130) for _ in range(10)))  # the windows' length is known by then
            remaining = 270 - okta.rates()["/api/v1/groups"].requests
            told, began = okta.forecast({"/api/v1/groups/{id}/users": remaining}), monotonic()
            await asyncio.gather(*(work(270) for _ in range(10)))
            took = monotonic() - began
    assert told.requests == remaining
    assert took == pytest.approx(told.seconds, rel=0.15, abs=0.7)
    assert simulator.limits.refused == 0
