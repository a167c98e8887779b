"""What a cycle of the service did, line by line, and for scripts."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from rolecall.errors import RolecallError, error_object

AT_ONCE = 8
"""So many tasks are worked on side by side."""

Item = TypeVar("Item")
Row = dict[str, Any]

log = logging.getLogger("rolecall.run")


@dataclass(slots=True)
class Report:
    """What was done, by kind; every line is said as it happens.

    Attributes:
        say: Where lines for people go.
        stop: Set when the service shall end: what is begun is finished, and nothing else is begun.
        resumed: Actions that were interrupted, and how they ended.
        expired: Requests, or reasons without one, whose time was over.
        revoked: Revocations that were worked on.
        granted: Requests that were granted, or couldn't be.
        lapsed: Requests that nobody approved in time.
        handoffs: Hand-offs that were seen done, or are overdue.
        settled: Revocations that a sync run closed or opened again.
        syncs: Runs.
        notices: How many got through.
        problems: What went wrong, and is tried again.
    """

    say: Callable[[str], None]
    stop: asyncio.Event
    resumed: list[Row] = field(default_factory=list)
    expired: list[Row] = field(default_factory=list)
    revoked: list[Row] = field(default_factory=list)
    granted: list[Row] = field(default_factory=list)
    lapsed: list[Row] = field(default_factory=list)
    handoffs: list[Row] = field(default_factory=list)
    settled: list[Row] = field(default_factory=list)
    syncs: list[Row] = field(default_factory=list)
    notices: int = 0
    problems: list[Row] = field(default_factory=list)

    def did(self, rows: list[Row], line: str, **row: object) -> None:
        """Note something that was done, and say so."""
        rows.append(row)
        self.line(line)

    def line(self, text: str) -> None:
        """Say something, with the time."""
        self.say(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} {text}")

    def failed(self, what: str, error: Exception) -> None:
        """Note that something went wrong; what is our bug keeps its traceback, in the log."""
        if isinstance(error, RolecallError):
            described = error_object(error)
        else:
            described = {
                "code": "internal_error",
                "message": f"{type(error).__name__}: {error}",
                "hint": None,
            }
            log.error("%s", what, exc_info=error)
        self.did(self.problems, f"{what} failed: {described['message']}", what=what, **described)

    async def each(
        self, items: Iterable[Item], what: Callable[[Item], str], work: Callable[[Item], Awaitable[None]]
    ) -> None:
        """Work on all of them, some at once; one that goes wrong is noted and stops no other."""
        slots = asyncio.Semaphore(AT_ONCE)

        async def one(item: Item) -> None:
            async with slots:
                if self.stop.is_set():
                    return
                try:
                    await work(item)
                except Exception as error:  # noqa: BLE001 - whatever one raises, the rest goes on
                    self.failed(what(item), error)

        async with asyncio.TaskGroup() as tasks:
            for item in items:
                tasks.create_task(one(item))

    def rows(self) -> dict[str, object]:
        """The report as scripts get it."""
        return {
            "resumed": self.resumed,
            "expired": self.expired,
            "revoked": self.revoked,
            "granted": self.granted,
            "lapsed": self.lapsed,
            "handoffs": self.handoffs,
            "settled": self.settled,
            "syncs": self.syncs,
            "notices": self.notices,
            "problems": self.problems,
        }
