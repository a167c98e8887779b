"""A run within enforced rate limits, beside a second client of the same token that draws the other share."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from rolecall_okta.simulator import Recipe
from tests.bench import organisations
from tests.bench.measuring import TOKEN, measure
from tests.bench.scenarios import simulated, workspace

ROLE_GROUPS = 2_000
GROUPS_A_MINUTE, TOKEN_SHARE, OUR_SHARE = 500, 0.5, 0.5


@dataclass(frozen=True)
class Rationed:
    """What one run within limits took.

    Attributes:
        scale: What the limits were multiplied with.
        forecast_s: What the run itself expected, when it knew the groups.
        rationed_s: What its requests take at least, at its share of the limit.
        refused: Calls of the run that were answered with 429.
        other_wanted: Calls of the second client in the same time, at its share.
        other_refused: Those of them that were answered with 429.
    """

    scale: float
    requests: int
    wall: float
    forecast_s: float
    rationed_s: float
    refused: int
    other_wanted: int
    other_refused: int


def measure_rationed(scale: float) -> Rationed:
    """Sync ``ROLE_GROUPS`` role groups at our share of what the token may use; another draws the rest."""
    wanted = Recipe(
        people=5_000, groups=ROLE_GROUPS + 200, role_groups=ROLE_GROUPS, accounts=100, app_users=4_000
    )
    limits = ["--enforce-limits", "--limit-scale", str(scale), "--control"]
    org = organisations.organisation(wanted)
    in_groups = organisations.minimum_alone(org) - organisations.minimum_of_app(org)
    a_minute = int(GROUPS_A_MINUTE * scale * TOKEN_SHARE)
    with simulated(wanted, *limits) as okta, workspace(okta, with_source=False) as folder:
        httpx.post(f"http://{okta.domain}/simulator/stats/reset")
        with other_client(okta.domain, a_minute * (1 - OUR_SHARE)) as other:
            cost = measure(folder, "sync", "-o", "json")
        stats = httpx.get(f"http://{okta.domain}/simulator/stats").json()
        (shown,) = json.loads(measure(folder, "runs", "-o", "json").out)
    (run,) = json.loads(cost.out)["runs"]
    return Rationed(
        scale, run["requests"], round(cost.wall, 1), shown["completeness"]["forecast"]["seconds"],
        ((in_groups - 1) // int(a_minute * OUR_SHARE)) * 60.0,
        stats["refused"] - other.refused, other.sent, other.refused,
    )  # fmt: skip


class OtherClient:
    """Asks for groups at a steady pace, and counts what it gets."""

    def __init__(self, domain: str, a_minute: float) -> None:
        self.sent = self.refused = 0
        self._domain = domain
        self._pause = 60.0 / a_minute
        self._ended = threading.Event()

    def run(self) -> None:
        asyncio.run(self._ask())

    def end(self) -> None:
        self._ended.set()

    async def _ask(self) -> None:
        headers = {"Authorization": f"SSWS {TOKEN}"}
        began = time.monotonic()
        async with httpx.AsyncClient(base_url=f"http://{self._domain}", headers=headers) as http:
            while not self._ended.is_set():
                reply = await http.get("/api/v1/groups", params={"limit": 1})
                self.sent += 1
                self.refused += reply.status_code == httpx.codes.TOO_MANY_REQUESTS
                await asyncio.sleep(max(0.0, began + self.sent * self._pause - time.monotonic()))


@contextmanager
def other_client(domain: str, a_minute: float) -> Iterator[OtherClient]:
    other = OtherClient(domain, a_minute)
    thread = threading.Thread(target=other.run)
    thread.start()
    try:
        yield other
    finally:
        other.end()
        thread.join()
