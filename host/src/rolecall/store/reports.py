"""What a run says about itself when it ends, and the completeness statement made of it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import Literal

from rolecall.contracts import Forecast
from rolecall.models import Finding, Identity, ListRead, Ref

RunMode = Literal["full", "incremental"]


@dataclass(frozen=True, slots=True)
class Totals:
    """How much of one resource type a run holds."""

    resources: int = 0
    entitlements: int = 0
    grants: int = 0


@dataclass(frozen=True, slots=True)
class SourceRead:
    """Which run of the connector's identity source a run read."""

    connector: str
    run_id: int
    finished_at: datetime


@dataclass(frozen=True, slots=True)
class Counted:
    """A list about one resource that was shorter than the provider's own count of it."""

    resource: Ref
    listed: int
    expected: int


@dataclass(frozen=True, slots=True)
class RunReport:
    """What a run says about itself when it ends.

    Attributes:
        totals: By resource type; empty when the run ended before it was all read. Of a published run
            they are counted anew.
        mode: What it turned out to be, or None when it is what it began as.
        partial: Resource types that it doesn't list whole → why.
        source: The run of the identity source that it read, or None.
        forecast: What it was expected to cost, or None.
        seconds: How long it took, or None.
        counted: Lists that fell short.
        full_because: Why it read everything where only changes might have been read, or None.
    """

    requests: int
    findings: tuple[Finding, ...]
    reads: tuple[ListRead, ...]
    identity: Identity | None
    totals: Mapping[str, Totals]
    mode: RunMode | None = None
    partial: Mapping[str, str] = field(default_factory=dict)
    source: SourceRead | None = None
    forecast: Forecast | None = None
    seconds: float | None = None
    counted: tuple[Counted, ...] = ()
    full_because: str | None = None


def completeness(report: RunReport) -> dict[str, object]:
    """The statement, as JSON values."""
    return {
        "lists": [_reading(reading) for reading in report.reads],
        "identity": asdict(report.identity) if report.identity else None,
        "totals": {kind: asdict(total) for kind, total in report.totals.items()},
        "partial": dict(report.partial),
        "full_because": report.full_because,
        "source": report.source and _source(report.source),
        "forecast": report.forecast and _forecast(report.forecast),
        "actual": {"requests": report.requests, "seconds": report.seconds},
        "counted": [
            {"resource": str(each.resource), "listed": each.listed, "expected": each.expected}
            for each in report.counted
        ],
    }


def _reading(reading: ListRead) -> dict[str, object]:
    # Not by asdict, which fails on a mapping that can't be copied.
    described = {field.name: getattr(reading, field.name) for field in fields(reading)}
    return described | {"dropped": dict(reading.dropped)}


def _source(source: SourceRead) -> dict[str, object]:
    return {
        "connector": source.connector,
        "run_id": source.run_id,
        "finished_at": source.finished_at.isoformat(),
    }


def _forecast(forecast: Forecast) -> dict[str, object]:
    return {
        "requests": forecast.requests,
        "seconds": forecast.seconds,
        "share": forecast.share,
        "buckets": dict(forecast.buckets),
        "basis": forecast.basis,
        "at_least": forecast.at_least,
    }
