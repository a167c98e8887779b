"""What a sync run says about itself while it runs: findings, lists read, requests, log lines, progress."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Protocol

from rolecall.models import Finding, Identity, ListRead
from rolecall.store.engine import Store
from rolecall.store.runs import LogLine, RunReport, Totals, append_log

LONG_WAIT = 5.0
"""Seconds; a longer wait is worth a line in the log."""


class Progress(Protocol):
    """Where people at a terminal watch a run; the command line has one, tests may have another."""

    def started(self, connector: str) -> None:
        """A run of this connector begins."""

    def requested(self, total: int) -> None:
        """So many requests were sent so far."""

    def waiting(self, seconds: float, why: str) -> None:
        """The connector waits."""

    def progress(self, what: str, done: int, total: int | None) -> None:
        """The reading has come so far."""

    def logged(self, level: str, message: str) -> None:
        """A line was added to the connector's log."""

    def finished(self, connector: str) -> None:
        """The run has ended."""


class Journal:
    """The account of one run: implements ``SyncRun`` and ``Observer`` for the connector."""

    def __init__(self, store: Store, run_id: int, show: Progress) -> None:
        self.requests = 0
        self._store = store
        self._run_id = run_id
        self._show = show
        self._findings: dict[Finding, None] = {}
        self._reads: list[ListRead] = []
        self._identity: Identity | None = None

    def found(self, finding: Finding) -> None:
        """See ``SyncRun``."""
        self._findings[finding] = None

    def read(self, reading: ListRead) -> None:
        """See ``SyncRun``."""
        self._reads.append(reading)
        narrowed = f" where {reading.filter}" if reading.filter else ""
        self.log(f"read {reading.name}{narrowed}: {reading.items} items, {reading.pages} pages")

    def identified(self, identity: Identity) -> None:
        """See ``SyncRun``."""
        self._identity = identity

    def log(self, message: str) -> None:
        """See ``SyncRun``."""
        self.write("info", message)

    def progress(self, what: str, done: int, total: int | None = None) -> None:
        """See ``SyncRun``."""
        self._show.progress(what, done, total)

    def requested(self, what: str) -> None:
        """See ``Observer``."""
        self.requests += 1
        self._show.requested(self.requests)

    def waiting(self, seconds: float, why: str) -> None:
        """See ``Observer``."""
        self._show.waiting(seconds, why)
        if seconds >= LONG_WAIT:
            self.log(f"waiting {seconds:.0f} s: {why}")

    def write(self, level: str, message: str) -> None:
        """Add a line of a level (``info``, ``warning``, ``error``, ``debug``) to the connector's log."""
        append_log(self._store, self._run_id, [LogLine(datetime.now(UTC), level, message)])
        self._show.logged(level, message)

    def report(self, totals: Callable[[], Mapping[str, Totals]] | None = None) -> RunReport:
        """All that was said, for the run's record; ``totals`` counts what was staged."""
        return RunReport(
            requests=self.requests,
            findings=tuple(self._findings),
            reads=tuple(self._reads),
            identity=self._identity,
            totals=totals() if totals else {},
        )
