"""Locks that several processes respect: one writer at a time for a principal, one runner of the service.

A lock belongs to one holder in one process. It is free again when it is given back, when its process is
gone, or, where that can't be seen from here, when it wasn't renewed for ``LEASE_SECONDS``.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

from sqlalchemy import Connection, delete, insert, select, update

from rolecall.errors import Refused, StoreError
from rolecall.store.engine import Store
from rolecall.store.leases import LEASE_BEAT, database_now, lease_end
from rolecall.store.process import Process, is_gone, this_process
from rolecall.store.provisioning_tables import lock

RUNNER = "runner"
"""The lock of ``rolecall run``; a plan's locks hold a ``/``."""

_POLL = 0.2


@dataclass(frozen=True, slots=True)
class Locks:
    """Locks that are held.

    Attributes:
        token: Tells this holder from others in the same process.
        waited: Whether others had to give them back first: what was read before may be outdated.
    """

    names: tuple[str, ...]
    token: str
    waited: bool = False


def try_locks(connection: Connection, names: Collection[str], token: str) -> Process | None:
    """Take all of these locks, or none; gives None, or the process that holds one of them."""
    now = database_now(connection)
    held = select(lock).where(lock.c.name.in_(sorted(names)), lock.c.token != token)
    for row in connection.execute(held.order_by(lock.c.name)).all():
        process = Process(row.pid, row.host, row.process_started)
        if not is_gone(process, silent=row.until <= now):
            return process
    connection.execute(delete(lock).where(lock.c.name.in_(sorted(names))))
    mine, until = this_process(), lease_end(connection)
    facts = {"token": token, "pid": mine.pid, "host": mine.host, "process_started": mine.started}
    rows = [{"name": name, "until": until, **facts} for name in sorted(set(names))]
    if rows:
        connection.execute(insert(lock), rows)
    return None


def renew_locks(connection: Connection, locks: Locks) -> bool:
    """Say that the holder is alive; False where one was taken by somebody else: stop writing."""
    own = lock.c.name.in_(locks.names) & (lock.c.token == locks.token)
    renewed = connection.execute(update(lock).where(own).values(until=lease_end(connection)))
    return renewed.rowcount == len(set(locks.names))


def free_locks(connection: Connection, locks: Locks) -> None:
    """Give locks back; those that somebody else took stay theirs."""
    own = lock.c.name.in_(locks.names) & (lock.c.token == locks.token)
    connection.execute(delete(lock).where(own))


@asynccontextmanager
async def holding_locks(
    store: Store,
    names: Collection[str],
    patience: timedelta | None,
    waiting: Callable[[Process], None] = lambda _process: None,
    lost: Callable[[], None] = lambda: None,
) -> AsyncIterator[Locks]:
    """Hold locks, renewing them meanwhile, and give them back whatever happens.

    Args:
        store: Where they are.
        names: Of all of them; they are taken together.
        patience: How long to wait for others; None: as long as it takes.
        waiting: Told once who is waited for.
        lost: Called once where this process stood still for so long that another took a lock.

    Raises:
        Refused: Others held one for longer (code ``locked``); nothing was done.
    """
    locks = await _taken(store, names, patience, waiting)
    beating = asyncio.create_task(_beat(store, locks, lost))
    try:
        yield locks
    finally:
        beating.cancel()
        try:
            await asyncio.wait([beating])
        finally:
            with store.writing() as connection:
                free_locks(connection, locks)


async def _taken(
    store: Store,
    names: Collection[str],
    patience: timedelta | None,
    waiting: Callable[[Process], None],
) -> Locks:
    token, waited, clock = uuid4().hex, False, asyncio.get_running_loop().time
    until = None if patience is None else clock() + patience.total_seconds()
    while True:
        with store.writing() as connection:
            holder = try_locks(connection, names, token)
        if holder is None:
            return Locks(tuple(sorted(set(names))), token, waited)
        if until is not None and clock() >= until:
            raise Refused(
                f"Process {holder.pid} on {holder.host} is writing to the same person or group.",
                hint="try again when it has ended",
                code="locked",
            )
        if not waited:
            waiting(holder)
        waited = True
        await asyncio.sleep(_POLL)


async def _beat(store: Store, locks: Locks, lost: Callable[[], None]) -> None:
    while True:
        await asyncio.sleep(LEASE_BEAT)
        own = True
        with suppress(StoreError), store.writing() as connection:  # others write for long: a beat is near
            own = renew_locks(connection, locks)
        if not own:
            lost()
            return
