"""What a sync run says about itself while it runs: findings, lists read, requests, log lines, progress."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

from rolecall.contracts import Forecast
from rolecall.durations import duration_text
from rolecall.models import Finding, Identity, ListRead, Ref, Severity
from rolecall.store.engine import Store
from rolecall.store.reports import Counted, RunMode, RunReport
from rolecall.store.runs import LogLine, append_log

LONG_WAIT = 5.0
"""Seconds; a longer wait is worth a line in the log."""
WAIT_LINES = 30.0
"""Seconds between two such lines: many calls may wait for one limit."""

WORTH_SAYING = 0.2
"""Share by which a forecast's time must move to be logged again."""


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

    def forecast(self, forecast: Forecast) -> None:
        """The run will cost so much; the newest word counts."""

    def logged(self, level: str, message: str) -> None:
        """A line was added to the connector's log."""

    def finished(self, connector: str) -> None:
        """The run has ended."""


class Journal:
    """The account of one run: implements ``SyncRun`` and ``Observer`` for the connector.

    Attributes:
        requests: How many were sent so far.
        mode: What the run has turned out to be, or None as long as that is open.
        short: Lists that are shorter than the provider's own count of them.
    """

    def __init__(self, store: Store, run_id: int, show: Progress) -> None:
        self.requests = 0
        self.mode: RunMode | None = None
        self.short: dict[Ref, Counted] = {}
        self._store = store
        self._run_id = run_id
        self._show = show
        self._began = time.monotonic()
        self._wait_logged = -WAIT_LINES
        self._findings: dict[Finding, None] = {}
        self._reads: list[ListRead] = []
        self._partial: dict[str, str] = {}
        self._identity: Identity | None = None
        self._forecast: Forecast | None = None
        self._full_because: str | None = None
        self.keep()

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

    def partial(self, resource_type: str, why: str) -> None:
        """See ``SyncRun``."""
        self._partial[resource_type] = why

    def forecast(self, forecast: Forecast) -> None:
        """See ``SyncRun``."""
        before, self._forecast = self._forecast, forecast
        self._show.forecast(forecast)
        if before is None or _is_news(before, forecast):
            self.log(f"expects {forecast_text(forecast)}")

    def counted(self, resource: Ref, listed: int, expected: int) -> None:
        """See ``SyncRun``."""
        if listed < expected:
            self.short[resource] = Counted(resource, listed, expected)

    def requested(self, what: str) -> None:
        """See ``Observer``."""
        self.requests += 1
        self._show.requested(self.requests)

    def waiting(self, seconds: float, why: str) -> None:
        """See ``Observer``."""
        self._show.waiting(seconds, why)
        now = time.monotonic()
        if seconds >= LONG_WAIT and now - self._wait_logged >= WAIT_LINES:
            self._wait_logged = now
            self.log(f"waiting {seconds:.0f} s: {why}")

    def write(self, level: str, message: str) -> None:
        """Add a line of a level (``info``, ``warning``, ``error``, ``debug``) to the connector's log."""
        append_log(self._store, self._run_id, [LogLine(datetime.now(UTC), level, message)])
        self._show.logged(level, message)

    def reads_everything(self, because: str) -> None:
        """Record why a run that might have read only what changed reads everything."""
        self._full_because = because
        self.log(f"reads everything: {because}")

    def keep(self) -> None:
        """What was said so far stays, even if what follows is forgotten."""
        self._kept = dict(self._findings), list(self._reads), dict(self._partial), dict(self.short)

    def forget(self) -> None:
        """Take back what was said since ``keep``: it was about a reading that is thrown away."""
        self._findings, self._reads, self._partial, self.short = self._kept
        self._forecast = None

    def report(self) -> RunReport:
        """All that was said, for the run's record."""
        short = tuple(self.short[resource] for resource in sorted(self.short))
        return RunReport(
            requests=self.requests,
            findings=(*self._findings, *(_list_short(each) for each in short)),
            reads=tuple(self._reads),
            identity=self._identity,
            totals={},
            mode=self.mode,
            partial=dict(self._partial),
            forecast=self._forecast,
            seconds=round(time.monotonic() - self._began, 1),
            counted=short,
            full_because=self._full_because,
        )

    def outcome(self) -> str:
        """What the run cost, against what it was expected to cost."""
        seconds = time.monotonic() - self._began
        spent = f"{self.requests} requests in {seconds:.1f} s"
        if self._forecast is None:
            return spent
        return f"{spent}; the forecast was {forecast_text(self._forecast)}"


def forecast_text(forecast: Forecast) -> str:
    """``about 1900 requests in 14 minutes at 50 % of the rate limits``, or ``at least`` so many."""
    share = "" if forecast.share is None else f" at {forecast.share * 100:.0f} % of the rate limits"
    length = duration_text(timedelta(seconds=forecast.seconds))
    if forecast.at_least:
        return f"at least {forecast.requests} requests and {length}{share}"
    return f"about {forecast.requests} requests in {length}{share}"


def _is_news(before: Forecast, now: Forecast) -> bool:
    """Whether a forecast says enough more than the one before to be worth another line in the log."""
    moved = abs(now.seconds - before.seconds) > WORTH_SAYING * before.seconds
    return not now.at_least and (before.at_least or moved)


def _list_short(counted: Counted) -> Finding:
    return Finding(
        "list_short",
        Severity.MEDIUM,
        f"The list about {counted.resource} has {counted.listed} entries, but the provider counts "
        f"{counted.expected}.",
        str(counted.resource),
    )
