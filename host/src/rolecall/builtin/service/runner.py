"""The service's life: one runner at a time, cycle after cycle, until it is told to end."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from rolecall.builtin.requests.desk import Desk
from rolecall.builtin.service.cycle import next_due, run_cycle
from rolecall.builtin.service.report import Report
from rolecall.builtin.service.starting import look_back
from rolecall.cli.progress import TerminalProgress
from rolecall.cli.session import Session
from rolecall.errors import StoreError
from rolecall.provisioning import open_engine
from rolecall.store.engine import Store
from rolecall.store.locks import RUNNER, Locks, holding_locks, renew_locks
from rolecall.store.process import Process

CYCLE = timedelta(minutes=15)
"""How far apart cycles are at most, whatever is due."""

PAUSE, PAUSE_AFTER_PROBLEMS = timedelta(seconds=1), timedelta(seconds=10)
"""How far apart cycles are at least."""

POLL = timedelta(seconds=10)
"""How long it sleeps at most before it looks at the clock and the store again: either may have moved."""

LET_FINISH = 5.0
"""For so many seconds what is under way may come to its end once the service is told to end."""


async def serve(session: Session, every: timedelta, say: Callable[[str], None], *, once: bool) -> Report:
    """Do what is due, cycle after cycle; gives the report of the last one.

    Args:
        session: Of the command.
        every: How often connectors are synced; zero: never.
        say: Where lines for people go.
        once: Stop after one cycle.

    Raises:
        ConfigError: The configuration has mistakes.
        StoreError: The store can't be opened or written.
    """
    ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ending.set)
    config = session.configured()
    with session.store(config) as store:
        while True:
            report, lost = await _shift(session, store, every, say, ending, once=once)
            if not lost or ending.is_set():
                return report


async def _shift(
    session: Session,
    store: Store,
    every: timedelta,
    say: Callable[[str], None],
    ending: asyncio.Event,
    *,
    once: bool,
) -> tuple[Report, bool]:
    """Be the one runner until the end, or until another is, as after this machine was suspended.

    Gives the last cycle's report, and whether another took its place.
    """
    stop, lost = asyncio.Event(), asyncio.Event()
    report = Report(say, stop)
    relaying = asyncio.create_task(_relay(ending, stop))

    def replaced() -> None:
        report.line("this service stood still, and another took its place; waiting for it")
        lost.set()
        stop.set()

    try:
        async with AsyncExitStack() as exits:
            looked = False
            locks = await _runner_lock(store, exits, report, replaced)
            if locks is None:
                return report, False
            while not stop.is_set():
                report = Report(say, stop)
                holds = _holds(store, locks, report)
                if holds is None and once:
                    break
                if holds is None:
                    await _pause(stop)
                    continue
                if not holds:
                    replaced()
                    break
                async with _desk(session, store) as desk:
                    looked = await _unless_stuck(_cycle(session, desk, report, every, looked=looked), report)
                    if once:
                        return report, lost.is_set()
                    await _sleep(desk, every, report, looked=looked)
    finally:
        relaying.cancel()
    return report, lost.is_set()


async def _relay(ending: asyncio.Event, stop: asyncio.Event) -> None:
    await ending.wait()
    stop.set()


async def _runner_lock(
    store: Store, exits: AsyncExitStack, report: Report, lost: Callable[[], None]
) -> Locks | None:
    """Become the one runner, waiting for another to end; None where this one was told to end first."""

    def waiting(other: Process) -> None:
        report.line(f"another service runs already (process {other.pid} on {other.host}); waiting for it")

    lock = holding_locks(store, [RUNNER], None, waiting, lost)
    taking = asyncio.create_task(lock.__aenter__())
    stopping = asyncio.create_task(report.stop.wait())
    await asyncio.wait({taking, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not taking.done():
        taking.cancel()
        await asyncio.wait({taking})
        return None
    exits.push_async_exit(lock.__aexit__)
    return taking.result()


def _holds(store: Store, locks: Locks, report: Report) -> bool | None:
    """Whether this is the one runner still: a machine may have slept since the last beat.

    None where the store can't tell, such as on a full disk, which doesn't end the service.
    """
    try:
        with store.writing() as connection:
            return renew_locks(connection, locks)
    except StoreError as error:
        report.failed("looking whether this is the one service", error)
        return None


async def _pause(stop: asyncio.Event) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), PAUSE_AFTER_PROBLEMS.total_seconds())


async def _unless_stuck(cycle: Coroutine[Any, Any, bool], report: Report) -> bool:
    """A cycle to its end; once the service is told to end, it is broken off where that takes too long.

    It may be waiting for a rate limit, or for an answer. What is known of a write is put on record.
    """
    working = asyncio.create_task(cycle)
    waiting = asyncio.create_task(_stopped_for(LET_FINISH, report))
    await asyncio.wait({working, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if working.done():
        return working.result()
    report.line("what was under way is broken off; the next service goes on with it")
    working.cancel()
    await asyncio.wait({working})
    return False


async def _stopped_for(seconds: float, report: Report) -> None:
    await report.stop.wait()
    await asyncio.sleep(seconds)


async def _cycle(session: Session, desk: Desk, report: Report, every: timedelta, *, looked: bool) -> bool:
    looked = looked or await _look_back(desk, report)
    if looked:
        await run_cycle(session, desk, report, every)
    return looked


async def _look_back(desk: Desk, report: Report) -> bool:
    """Whether the store is known to be no older than what was done, or was brought up to it."""
    try:
        await look_back(desk, report)
    except Exception as error:  # noqa: BLE001 - whatever it is, nothing may be written until it is gone
        report.failed("comparing the store with what was done", error)
        return False
    return True


@asynccontextmanager
async def _desk(session: Session, store: Store) -> AsyncIterator[Desk]:
    """A desk for one cycle: connectors are opened anew, so that secrets and settings are today's."""
    config = session.configured()
    settings = session.plugin_settings(config)
    quiet = TerminalProgress(session, None)  # what is done is said line by line
    async with open_engine(store, session.plugins(), config, settings, quiet) as engine:
        yield Desk(engine)


async def _sleep(desk: Desk, every: timedelta, report: Report, *, looked: bool) -> None:
    """Until the next thing is due, or the end is; what went wrong isn't tried again at once."""
    began, stop = datetime.now(UTC), report.stop
    soonest = began + (PAUSE_AFTER_PROBLEMS if report.problems else PAUSE)
    limit = began + (min(every, CYCLE) if every else CYCLE)
    while not stop.is_set():
        now = datetime.now(UTC)
        due = min(_next_due(desk, every, now, report), limit) if looked else soonest
        until = max(due, soonest)
        if until <= now or now < began:  # the clock was set back: what is due is looked at anew
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), min(until - now, POLL).total_seconds())


def _next_due(desk: Desk, every: timedelta, now: datetime, report: Report) -> datetime:
    try:
        return next_due(desk, every, POLL, now)
    except StoreError as error:  # a database that restarts doesn't end the service
        report.failed("looking at what is due", error)
        return now + POLL
