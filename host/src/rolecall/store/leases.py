"""Who may sync a connector: one run at a time, from whichever host, until it ends or falls silent."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, func, select, update

from rolecall.store import tables
from rolecall.store.engine import Store
from rolecall.store.process import Process, is_gone

LEASE_SECONDS = 120.0
"""A run whose process can't be seen is taken for dead when its lease wasn't renewed for so long."""

LEASE_BEAT = 20.0
"""Seconds between renewals."""


def renew_lease(store: Store, run_id: int) -> bool:
    """Say that a run is alive; False where it has ended, or was taken for dead: it can't be published.

    Raises:
        StoreError: Others write to the store for long, which says nothing about the lease.
    """
    run = tables.run.c
    with store.writing() as connection:
        renewed = update(tables.run).where(run.id == run_id, run.status == "running")
        return bool(connection.execute(renewed.values(lease_until=lease_end(connection))).rowcount)


def lease_end(connection: Connection) -> datetime:
    """When a lease that is taken now ends."""
    return database_now(connection) + timedelta(seconds=LEASE_SECONDS)


def database_now(connection: Connection) -> datetime:
    """The database's clock, which is one for all hosts."""
    now = connection.execute(select(func.current_timestamp())).scalar_one()
    return now.replace(tzinfo=UTC) if now.tzinfo is None else now.astimezone(UTC)


def end_interrupted_runs(store: Store) -> None:
    """Record as failed the runs that are under way by their record, but whose process is gone."""
    with store.writing() as connection:
        end_interrupted(connection)


def end_interrupted(connection: Connection) -> None:
    """See ``end_interrupted_runs``; in the caller's transaction."""
    run = tables.run.c
    running = select(run.id, run.lease_until, run.pid, run.host, run.process_started)
    now = database_now(connection)
    for run_id, lease_until, *process in connection.execute(running.where(run.status == "running")).all():
        silent = lease_until is None or lease_until <= now  # the first release took no lease
        if is_gone(Process(*process), silent=silent):
            ended = update(tables.run).where(run.id == run_id)
            error = _interrupted(Process(*process))
            connection.execute(ended.values(status="failed", finished_at=datetime.now(UTC), error=error))


def _interrupted(process: Process) -> dict[str, object]:
    return {
        "code": "interrupted",
        "message": f"The process that ran this sync ({process.pid} on {process.host}) ended before the run "
        "did; the last published run stands.",
        "hint": None,
    }
