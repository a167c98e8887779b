"""One writer at a time: a plan's locks, held while it is carried out, with the action kept alive."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

from rolecall.contracts import Observer
from rolecall.errors import StoreError
from rolecall.store.actions import renew_actions
from rolecall.store.engine import Store
from rolecall.store.leases import LEASE_BEAT
from rolecall.store.locks import Locks, holding_locks
from rolecall.store.process import Process

PATIENCE = timedelta(minutes=5)
"""How long to wait for others who write to the same person or group."""


@asynccontextmanager
async def locked(store: Store, names: Collection[str], observer: Observer) -> AsyncIterator[Locks]:
    """Hold the locks; those given say whether others had to give them back first.

    Raises:
        Refused: Others hold one for long (code ``locked``).
    """

    def waiting(process: Process) -> None:
        observer.waiting(0.0, f"for process {process.pid} on {process.host}, which writes to the same")

    beating = asyncio.create_task(_keep_alive(store))
    try:
        async with holding_locks(store, names, PATIENCE, waiting) as locks:
            yield locks
    finally:
        beating.cancel()


async def _keep_alive(store: Store) -> None:
    while True:
        await asyncio.sleep(LEASE_BEAT)
        with suppress(StoreError), store.writing() as connection:  # others write for long: that ends
            renew_actions(connection)
