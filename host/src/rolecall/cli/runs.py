"""``rolecall runs``: the sync runs that there were."""

import click

from rolecall.cli.options import RolecallCommand
from rolecall.cli.session import Session, known_connectors
from rolecall.output import Column, Listing
from rolecall.store.engine import Store
from rolecall.store.queries import finding_row
from rolecall.store.runs import RunRecord, list_runs, read_findings

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
        "error",
        "completeness",
    ),
    (
        Column("run_id", "RUN"),
        Column("connector", "CONNECTOR"),
        Column("status", "STATUS"),
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
    },
)


@click.command(cls=RolecallCommand)
@click.argument("name", required=False)
@click.pass_obj
def runs(session: Session, name: str | None) -> None:
    """List sync runs, of one connector or of all, oldest first.

    JSON has each run's completeness statement too: every list read, whose credential it was, and totals.

    Examples:
      rolecall runs
      rolecall runs aws-prod -o json
    """
    config = session.config()
    if name is not None:
        known_connectors(config, [name])
    with session.store(config) as store:
        rows = (
            {**run_row(store, record), "completeness": record.completeness}
            for record in list_runs(store, name)
        )
        session.print_rows(RUNS, rows)


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
    if record.error is not None:
        row["error"] = record.error
    return row
