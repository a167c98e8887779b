"""``rolecall sync --estimate``: what a sync would cost."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from rolecall.cli.progress import shown_progress
from rolecall.cli.session import Session
from rolecall.contracts import Forecast
from rolecall.durations import duration_text
from rolecall.errors import RolecallError
from rolecall.output import Column, Format, Listing
from rolecall.output.encoding import encode_json_text
from rolecall.plugins import Plugins
from rolecall.store.engine import Store
from rolecall.store.reports import RunMode
from rolecall.sync import SyncJob, SyncRules, estimate_connector

ESTIMATES = Listing(
    ("connector", "mode", "requests", "seconds", "share", "buckets", "basis"),
    (
        Column("connector", "CONNECTOR"),
        Column("mode", "MODE"),
        Column("requests", "REQUESTS"),
        Column("seconds", "TIME"),
        Column("share", "SHARE OF LIMITS"),
        Column("basis", "BASIS"),
    ),
    cells={"buckets": encode_json_text},
    table_cells={
        "seconds": lambda seconds: "" if seconds is None else duration_text(timedelta(seconds=seconds)),
        "share": lambda share: "" if share is None else f"{share:.0%}",
    },
)


def print_estimates(session: Session, store: Store, jobs: Sequence[SyncJob], rules: SyncRules) -> None:
    """Ask each connector what its next run would cost, and write that down; nothing is synced.

    Raises:
        RolecallError: One of them can't be asked.
    """
    rows = [_estimated(session, session.plugins(), store, job, rules) for job in jobs]
    if session.form is Format.JSON:
        session.print_object({"estimates": rows})
    else:
        session.print_rows(ESTIMATES, rows)


def _estimated(
    session: Session, plugins: Plugins, store: Store, job: SyncJob, rules: SyncRules
) -> dict[str, object]:
    with shown_progress(session, f"estimating {job.connector}") as show:
        show.started(job.connector)
        try:
            mode, forecast = asyncio.run(estimate_connector(store, plugins, job, rules, show))
        except RolecallError as error:
            error.connector = job.connector
            raise
    return _row(job.connector, mode, forecast)


def _row(connector: str, mode: RunMode, forecast: Forecast | None) -> dict[str, object]:
    return {
        "connector": connector,
        "mode": mode,
        "requests": forecast and forecast.requests,
        "seconds": forecast and round(forecast.seconds, 1),
        "share": forecast and forecast.share,
        "buckets": dict(forecast.buckets) if forecast else {},
        "basis": forecast.basis if forecast else "connectors of this kind can't tell",
    }
