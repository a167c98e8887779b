"""What the providers' logs said happened between runs, and where the logs may lack something."""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, Connection, func, insert, literal, select

from rolecall.models import Event, EventTarget
from rolecall.store import staging_tables as staging
from rolecall.store import tables
from rolecall.store.engine import Store

_CHUNK = 500


@dataclass(frozen=True, slots=True)
class KeptEvent:
    """One event, and the published run that read it first."""

    run_id: int
    event: Event


@dataclass(frozen=True, slots=True)
class EventGap:
    """A span of time of which events may be missing; it has no known beginning where ``since`` is None."""

    run_id: int
    since: datetime | None
    until: datetime
    why: str


def list_events(
    store: Store,
    connector: str,
    since: datetime | None = None,
    since_run: int | None = None,
    kind: str | None = None,
) -> Iterator[KeptEvent | EventGap]:
    """What is known to have happened, by time; a gap stands where it ends.

    Args:
        store: Where the runs are.
        connector: Its name.
        since: Only what happened then or later, and gaps that end later.
        since_run: Only what runs read that began after this one.
        kind: Only events of this kind, and gaps.
    """
    with store.reading() as connection:
        events = _events(connection, connector, since, since_run, kind)
        gaps = _gaps(connection, connector, since, since_run)
        for _, _, each in heapq.merge(events, gaps, key=lambda found: found[:2]):
            yield each


def publish_events(connection: Connection, connector_id: int, run_id: int) -> None:
    """Keep what a run staged, in its publish transaction; of one event told twice the first."""
    staged, kept = staging.event.c, tables.event.c
    first = select(func.min(staged.n)).group_by(staged.uuid)
    known = select(kept.id).where(kept.connector_id == connector_id, kept.uuid == staged.uuid).exists()
    names = ["uuid", "at", "kind", "outcome", "actor", "targets", "message"]
    new = (
        select(
            literal(connector_id, BigInteger), literal(run_id, BigInteger), *(staged[name] for name in names)
        )
        .where(staged.n.in_(first), ~known)
        .order_by(staged.n)
    )
    connection.execute(insert(tables.event).from_select(["connector_id", "run_id", *names], new))
    gap = staging.event_gap.c
    gaps = select(
        literal(connector_id, BigInteger), literal(run_id, BigInteger), gap.since, gap.until, gap.why
    ).order_by(gap.n)
    columns = ["connector_id", "run_id", "since", "until", "why"]
    connection.execute(insert(tables.event_gap).from_select(columns, gaps))


def _events(
    connection: Connection,
    connector: str,
    since: datetime | None,
    since_run: int | None,
    kind: str | None,
) -> Iterator[tuple[datetime, int, KeptEvent | EventGap]]:
    kept = tables.event.c
    query = select(tables.event).join(tables.connector).where(tables.connector.c.name == connector)
    if since is not None:
        query = query.where(kept.at >= since)
    if since_run is not None:
        query = query.where(kept.run_id > since_run)
    if kind is not None:
        query = query.where(kept.kind == kind)
    ordered = query.order_by(kept.at, kept.id).execution_options(yield_per=_CHUNK)
    for row in connection.execute(ordered):
        actor = None if row.actor is None else EventTarget(*row.actor)
        targets = tuple(EventTarget(*target) for target in row.targets)
        event = Event(row.uuid, row.at, row.kind, row.outcome, actor, targets, row.message)
        yield row.at, 0, KeptEvent(row.run_id, event)


def _gaps(
    connection: Connection, connector: str, since: datetime | None, since_run: int | None
) -> Iterator[tuple[datetime, int, KeptEvent | EventGap]]:
    gap = tables.event_gap.c
    query = (
        select(gap.run_id, gap.since, gap.until, gap.why)
        .join_from(tables.event_gap, tables.connector)
        .where(tables.connector.c.name == connector)
    )
    if since is not None:
        query = query.where(gap.until > since)
    if since_run is not None:
        query = query.where(gap.run_id > since_run)
    for row in connection.execute(query.order_by(gap.until, gap.id)):
        yield row.until, 1, EventGap(*row)
