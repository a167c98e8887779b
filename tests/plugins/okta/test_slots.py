"""How many calls run at once: fewer when Okta says so, and more again later."""

import asyncio

from rolecall_okta.slots import FEWEST, PATIENCE, RECOVERY, Slots
from tests.plugins.okta.conftest import FakeClock


async def most_at_once(slots: Slots, calls: int = 40) -> int:
    running = most = 0

    async def work() -> None:
        nonlocal running, most
        await slots.take()
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        slots.give_back()

    await asyncio.gather(*(work() for _ in range(calls)))
    return most


async def test_refusals_of_calls_that_ran_together_halve_the_slots_once(clock: FakeClock) -> None:
    slots = Slots(20, clock)
    taken = [await slots.take() for _ in range(20)]
    for each in taken:
        slots.refused(each)
        slots.give_back()
    assert (slots.limit, await most_at_once(slots)) == (10, 10)


async def test_a_few_slots_stay_however_often_calls_are_refused(clock: FakeClock) -> None:
    slots = Slots(20, clock)
    for _ in range(10):
        slots.refused(await slots.take())
        slots.give_back()
    assert (slots.limit, await most_at_once(slots)) == (FEWEST, FEWEST)


async def test_slots_come_back_one_by_one_and_no_more_than_there_were(clock: FakeClock) -> None:
    slots = Slots(8, clock)
    slots.refused(await slots.take())
    slots.give_back()
    assert await most_at_once(slots) == 4
    for expected in (5, 6, 7):
        clock.time += RECOVERY
        assert await most_at_once(slots) <= expected
        assert slots.limit == expected
    clock.time += PATIENCE - RECOVERY
    assert await most_at_once(slots) == 7, "eight were refused a short while ago"
    for _ in range(2):
        clock.time += PATIENCE
        assert await most_at_once(slots) <= 8
        assert slots.limit == 8
    assert await most_at_once(slots) == 8
