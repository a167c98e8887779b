"""Syncs on schedule, identity sources first, and what their runs say about revocations."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from rolecall.builtin.requests.desk import Desk
from rolecall.builtin.service.report import Report
from rolecall.builtin.service.schedule import due_syncs
from rolecall.cli.progress import shown_progress
from rolecall.cli.session import Session
from rolecall.cli.sync import jobs_in_order
from rolecall.guard import ShrinkGuard
from rolecall.provisioning import settle_by_run
from rolecall.store.engine import Store
from rolecall.store.runs import RunRecord, find_run, newest_runs
from rolecall.store.service_state import keep_state, read_state
from rolecall.store.source import published_source
from rolecall.sync import SyncRules, sync_connector

SETTLED = "settled_runs"


async def sync_due(session: Session, desk: Desk, report: Report, every: timedelta) -> None:
    """Sync each connector whose last run began ``every`` ago or earlier; zero: none is synced."""
    if not every:
        return
    store, config = desk.engine.store, desk.engine.config
    last = {name: run.started_at for name, run in newest_runs(store).items()}
    failed: list[str] = []
    for job in jobs_in_order(config, due_syncs(config.connectors, last, every, datetime.now(UTC))):
        if report.stop.is_set():
            return
        try:
            record = await _sync(session, desk, report, job.connector, failed)
        except Exception as error:  # noqa: BLE001 - one connector's fault is no other's
            failed.append(job.connector)
            report.failed(f"sync of {job.connector}", error)
            continue
        if record is None:
            return
        if record.published is None:
            failed.append(job.connector)
        _note(report, record)


async def settle_by_runs(desk: Desk, report: Report) -> None:
    """Have each connector's newest published run settle what is open, once."""
    store = desk.engine.store
    with store.reading() as connection:
        kept = read_state(connection, SETTLED)
    settled: dict[str, int] = dict(kept) if isinstance(kept, dict) else {}
    for name in desk.engine.config.connectors:
        published = published_source(store, name)
        if published is None or settled.get(name) == published.run_id or report.stop.is_set():
            continue
        for task in await settle_by_run(desk.engine, find_run(store, published.run_id)):
            report.did(
                report.settled,
                f"task {task}: settled by run {published.run_id} of {name}",
                task=task,
                connector=name,
                run_id=published.run_id,
            )
        settled[name] = published.run_id
        with store.writing() as connection:
            keep_state(connection, SETTLED, settled)


def next_sync(store: Store, names: Sequence[str], every: timedelta) -> datetime | None:
    """When the next connector is to be synced; None where none is."""
    if not every or not names:
        return None
    last = newest_runs(store)
    return min(last[name].started_at + every if name in last else datetime.now(UTC) for name in names)


async def _sync(
    session: Session, desk: Desk, report: Report, name: str, failed: Sequence[str]
) -> RunRecord | None:
    """Sync one connector, its secrets read now; None where the service was told to end meanwhile."""
    config, _ = session.ready_to_open([name])
    (job,) = jobs_in_order(config, [name])
    rules = SyncRules(None, config.full_every, ShrinkGuard(config.max_shrink), failed)
    with shown_progress(session, f"syncing {name}") as show:
        syncing = asyncio.create_task(
            sync_connector(desk.engine.store, desk.engine.plugins, job, rules, show)
        )
        stopping = asyncio.create_task(report.stop.wait())
        await asyncio.wait({syncing, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not syncing.done():
            syncing.cancel()
            with suppress(asyncio.CancelledError):
                await syncing
            return None
        return syncing.result()


def _note(report: Report, record: RunRecord) -> None:
    error = record.error
    said = f"sync of {record.connector}: {record.status}" + (f": {error['message']}" if error else "")
    report.did(
        report.syncs,
        said,
        connector=record.connector,
        run_id=record.id,
        status=record.status,
        added=record.added,
        removed=record.removed,
    )
    if error:
        report.problems.append({"what": f"sync of {record.connector}", **error})
