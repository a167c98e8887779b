"""Notices that wait to be told: put down with the fact that they tell of, told afterwards by each plugin.

Every function works in the caller's transaction.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, TypeAlias

from sqlalchemy import Connection, Row, and_, insert, or_, select, update

from rolecall.plan_json import to_json
from rolecall.plans import Notice
from rolecall.store.provisioning_tables import notice, notice_delivery

Outcome: TypeAlias = Literal["pending", "told", "refused", "given_up", "unwanted"]
KEPT = timedelta(days=3)
"""How long it is tried to tell a notice."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One notice that a plugin is to tell.

    Attributes:
        tries: How often it has failed to.
    """

    notice: Notice
    plugin: str
    tries: int


@dataclass(frozen=True, slots=True)
class Delivered:
    """What came of a notice at one plugin.

    Attributes:
        state: ``pending`` (it failed, and is tried again), ``told``, ``refused``, ``given_up``, or
            ``unwanted`` (nothing of the plugin's was configured).
        receipt: The number by which the receiver calls it, or None.
        error: One line, or None.
    """

    plugin: str
    state: Outcome
    tries: int
    receipt: str | None
    error: str | None


def queue_notice(connection: Connection, told: Notice) -> None:
    """Put a notice down; one with an id that was there before is the same, and isn't told again."""
    if connection.execute(select(notice.c.id).where(notice.c.id == told.id)).one_or_none() is None:
        connection.execute(
            insert(notice).values(
                id=told.id,
                at=told.at,
                kind=told.kind,
                connector=told.connector,
                summary=told.summary,
                facts=to_json(told.facts),
                recipients=list(told.to),
                task_id=told.task,
            )
        )


def due_deliveries(connection: Connection, plugins: Collection[str], now: datetime) -> list[Delivery]:
    """Notices to tell now, by plugin, the oldest first.

    A notice older than ``KEPT`` isn't new to a plugin that came later than others; it is when nobody was
    there to tell it to any.
    """
    found = []
    delivery = notice_delivery.c
    told_to_some = select(delivery.plugin).where(delivery.notice_id == notice.c.id).correlate(notice).exists()
    is_new = and_(delivery.state.is_(None), or_(notice.c.at > now - KEPT, ~told_to_some))
    for plugin in sorted(plugins):
        of_plugin = and_(delivery.notice_id == notice.c.id, delivery.plugin == plugin)
        again = and_(delivery.state == "pending", delivery.next_try_at <= now)
        query = (
            select(notice, delivery.tries)
            .outerjoin(notice_delivery, of_plugin)
            .where(or_(is_new, again))
            .order_by(notice.c.at, notice.c.id)
        )
        found += [Delivery(_notice(row), plugin, row.tries or 0) for row in connection.execute(query)]
    return found


def take_delivery(connection: Connection, due: Delivery, now: datetime, until: datetime) -> bool:
    """Whether a delivery is still due; then it is to nobody else until ``until``, whatever becomes of us."""
    delivery = notice_delivery.c
    query = select(delivery.tries, delivery.state, delivery.next_try_at).where(
        delivery.notice_id == due.notice.id, delivery.plugin == due.plugin
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        still_due = due.tries == 0
    else:
        still_due = row.state == "pending" and row.tries == due.tries and row.next_try_at <= now
    if still_due:
        record_delivery(connection, due, "pending", now, next_try_at=until)
    return still_due


def next_delivery(connection: Connection) -> datetime | None:
    """When the next notice that failed is tried again; None where none is."""
    delivery = notice_delivery.c
    query = (
        select(delivery.next_try_at)
        .where(delivery.state == "pending")
        .order_by(delivery.next_try_at)
        .limit(1)
    )
    found: datetime | None = connection.execute(query).scalar_one_or_none()
    return found


def record_delivery(
    connection: Connection,
    tried: Delivery,
    state: Outcome,
    now: datetime,
    *,
    next_try_at: datetime | None = None,
    receipt: str | None = None,
    error: str | None = None,
) -> None:
    """Note what came of telling a notice; ``next_try_at`` is for a pending one."""
    delivery = notice_delivery.c
    named = {"notice_id": tried.notice.id, "plugin": tried.plugin}
    facts = {
        "state": state,
        "tries": tried.tries + 1,
        "tried_at": now,
        "next_try_at": next_try_at if state == "pending" else None,
        "receipt": receipt,
        "error": error,
    }
    own = (delivery.notice_id == tried.notice.id) & (delivery.plugin == tried.plugin)
    changed = connection.execute(update(notice_delivery).where(own).values(**facts))
    if not changed.rowcount:
        connection.execute(insert(notice_delivery).values(**named, **facts))


def find_deliveries(connection: Connection, notice_id: str) -> list[Delivered]:
    """What came of one notice, by plugin."""
    delivery = notice_delivery.c
    query = (
        select(delivery.plugin, delivery.state, delivery.tries, delivery.receipt, delivery.error)
        .where(delivery.notice_id == notice_id)
        .order_by(delivery.plugin)
    )
    return [Delivered(*row) for row in connection.execute(query)]


def _notice(row: Row[Any]) -> Notice:
    return Notice(
        row.id,
        row.at,
        row.kind,
        row.connector,
        row.summary,
        row.facts,
        tuple(row.recipients),
        row.task_id,
    )
