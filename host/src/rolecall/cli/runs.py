"""``rolecall runs``: the sync runs that there were."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import click

from rolecall.cli.options import RolecallCommand
from rolecall.cli.session import Session, known_connectors
from rolecall.durations import duration_text
from rolecall.output import Column, Listing
from rolecall.store.engine import Store
from rolecall.store.queries import finding_row
from rolecall.store.runs import RunRecord, list_runs, read_findings


def source_text(source: Mapping[str, Any] | None) -> str:
    """Which run of the identity source, and how old: ``okta-prod run 7, 26 hours old``."""
    if source is None:
        return ""
    age = duration_text(timedelta(seconds=source["age_seconds"]))
    return f"{source['connector']} run {source['run_id']}, {age} old"


RUNS = Listing(
    (
        "connector",
        "run_id",
        "status",
        "mode",
        "started_at",
        "finished_at",
        "requests",
        "resources",
        "entitlements",
        "grants",
        "added",
        "removed",
        "findings",
        "source",
        "error",
        "completeness",
    ),
    (
        Column("run_id", "RUN"),
        Column("connector", "CONNECTOR"),
        Column("status", "STATUS"),
        Column("mode", "MODE"),
        Column("started_at", "STARTED"),
        Column("requests", "REQUESTS"),
        Column("resources", "RESOURCES"),
        Column("grants", "GRANTS"),
        Column("added", "ADDED"),
        Column("removed", "REMOVED"),
        Column("findings", "FINDINGS"),
    ),
    cells={
        "findings": lambda findings: str(len(findings)),
        "source": source_text,
    },
)


@click.command(cls=RolecallCommand)
@click.argument("name", required=False)
@click.pass_obj
def runs(session: Session, name: str | None) -> None:
    """List sync runs, of one connector or of all, oldest first.

    JSON has each run's completeness statement too: every list read, whose credential it was, totals, and
    what the run was expected to cost.

    Examples:
      rolecall runs
      rolecall runs aws-prod -o json
    """
    config = session.config()
    if name is not None:
        known_connectors(config, [name])
    with session.store(config) as store:
        records = list_runs(store, name)
        rows = ({**run_row(store, record), "completeness": record.completeness} for record in records)
        session.print_rows(runs_listing(records), rows)


def runs_listing(records: Iterable[RunRecord]) -> Listing:
    """How these runs are listed: with their identity sources where one of them has any."""
    if not any(record.source for record in records):
        return RUNS
    return replace(RUNS, columns=(*RUNS.columns, Column("source", "SOURCE")))


def run_row(store: Store, record: RunRecord) -> dict[str, object]:
    """A run as scripts get it, with its findings."""
    row: dict[str, object] = {
        "connector": record.connector,
        "run_id": record.id,
        "status": record.status,
        "mode": record.mode,
        "started_at": record.started_at,
        "finished_at": record.finished_at,
        "requests": record.requests,
        "resources": record.resources,
        "entitlements": record.entitlements,
        "grants": record.grants,
        "added": record.added,
        "removed": record.removed,
        "findings": [finding_row(finding) for finding in read_findings(store, record.id)],
    }
    if record.source is not None:
        row["source"] = {
            "connector": record.source.connector,
            "run_id": record.source.run_id,
            "age_seconds": round((record.started_at - record.source.finished_at).total_seconds()),
        }
    if record.error is not None:
        row["error"] = record.error
    return row
