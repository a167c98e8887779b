"""The audit chain as stored: records appended in the caller's transaction, and read back."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, or_, select

from rolecall.audit import AuditRecord, next_record
from rolecall.plans import AuditHead
from rolecall.store.provisioning_tables import action, audit_record

_CHUNK = 500


def append_record(
    connection: Connection,
    kind: str,
    facts: Mapping[str, Any],
    *,
    connector: str | None = None,
    action: int | None = None,
    task: int | None = None,
    at: datetime | None = None,
) -> AuditHead:
    """Add a record to the chain, in a durable write transaction; its head is to be broadcast after it.

    Args:
        connection: Of ``store.writing(durable=True)``.
        kind: See ``AuditRecord``.
        facts: JSON facts; see ``plan_json.to_json``.
        connector: Name of the one concerned.
        action: Number of the action that it tells of.
        task: Number of the task that it belongs to.
        at: When; now unless given.
    """
    record = next_record(
        chain_head(connection),
        kind,
        at or datetime.now(UTC),
        facts,
        connector=connector,
        action=action,
        task=task,
    )
    connection.execute(
        insert(audit_record).values(
            number=record.number,
            at=record.at,
            kind=kind,
            connector=connector,
            action_id=action,
            task_id=task,
            body=record.body,
            prev_hash=record.prev_hash,
            hash=record.hash,
        )
    )
    return record.head


def chain_head(connection: Connection) -> AuditHead | None:
    """The last record's number and hash; None where there is none."""
    last = audit_record.c
    query = select(last.number, last.hash, last.at).order_by(last.number.desc()).limit(1)
    row = connection.execute(query).one_or_none()
    return None if row is None else AuditHead(*row)


def read_chain(connection: Connection, since: datetime | None = None) -> Iterator[AuditRecord]:
    """Every record, by number; or those of then or later. Whoever has seen enough leaves nothing open."""
    query = select(audit_record).order_by(audit_record.c.number).limit(_CHUNK)
    if since is not None:
        query = query.where(audit_record.c.at >= since)
    rows = connection.execute(query).all()
    while rows:
        yield from map(_record, rows)
        rows = connection.execute(query.where(audit_record.c.number > rows[-1].number)).all()


def provisioning_records(
    connection: Connection,
    connector: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Iterator[AuditRecord]:
    """The last record of each action, by number: how it ended, or that it was intended.

    Args:
        connection: Of a reading transaction.
        connector: Only of this one.
        since: Only records of then or later.
        until: Only records of before then.
    """
    kept = audit_record.c
    newest = select(func.max(kept.number)).where(kept.action_id.is_not(None)).group_by(kept.action_id)
    query = select(audit_record).where(kept.number.in_(newest)).order_by(kept.number)
    if connector is not None:
        query = query.where(kept.connector == connector)
    if since is not None:
        query = query.where(kept.at >= since)
    if until is not None:
        query = query.where(kept.at < until)
    return map(_record, connection.execute(query.execution_options(yield_per=_CHUNK)))


def actions_off_record(connection: Connection) -> list[int]:
    """Actions that the chain doesn't tell of as it must, since each is put on it as it is stored.

    A store that was restored has none: its chain and its actions are of one moment. Where the chain's end was
    cut off alone, it has.
    """
    told = audit_record.c
    ends = told.kind.in_(("ended", "refused"))
    due = or_(action.c.status == "running", ends)
    on_record = select(told.number).where(told.action_id == action.c.id, due)
    query = select(action.c.id).where(~on_record.exists()).order_by(action.c.id)
    return list(connection.execute(query).scalars())


def _record(row: Row[Any]) -> AuditRecord:
    return AuditRecord(
        row.number,
        row.at,
        row.kind,
        row.connector,
        row.action_id,
        row.task_id,
        row.body,
        row.prev_hash,
        row.hash,
    )
