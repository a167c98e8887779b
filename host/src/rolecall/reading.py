"""How a run reads a connector: what changed where that can be proven, else everything."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from rolecall.connectors import OpenConnector
from rolecall.contracts import Checkpoint
from rolecall.durations import duration_text
from rolecall.errors import FullRunNeeded, UsageError
from rolecall.journal import Journal
from rolecall.models import ResourceType
from rolecall.store.checkpoints import read_checkpoint
from rolecall.store.engine import Store
from rolecall.store.reports import RunMode
from rolecall.store.runs import RunRecord, resolve_at
from rolecall.store.staging import Staging

Batch = TypeVar("Batch")


def decide_mode(
    asked: RunMode | None,
    full_every: timedelta,
    *,
    incremental: bool,
    checkpoint: Checkpoint | None,
    now: datetime,
) -> tuple[RunMode, str | None]:
    """What a run will be, and why it is full where somebody might have expected otherwise.

    Args:
        asked: What was asked for, or None.
        full_every: How old the last full run may be before the next one is full; zero: always full.
        incremental: Whether the connector has the hooks of an incremental run.
        checkpoint: What its last published run left behind.
        now: The present time.
    """
    if asked == "full":
        return "full", None
    if not incremental:
        return "full", "connectors of its kind can't read only what changed" if asked else None
    if checkpoint is None:
        return "full", "no earlier run left a place to go on from" if asked else None
    age = now - checkpoint.full_at
    if asked is None and age >= full_every:
        return "full", f"its last full run is {duration_text(age)} old" if full_every else None
    return "incremental", None


async def read_connector(
    store: Store,
    connector: OpenConnector,
    staged: Staging,
    journal: Journal,
    asked: RunMode | None,
    full_every: timedelta,
) -> bytes | None:
    """Read what the run is to hold, and give the checkpoint that it leaves behind.

    Raises:
        PluginError: The connector gave what its contract forbids.
        ProviderError: The provider refused.
    """
    checkpoint = read_checkpoint(store, staged.connector) if connector.is_incremental else None
    mode, because = decide_mode(
        asked,
        full_every,
        incremental=connector.is_incremental,
        checkpoint=checkpoint,
        now=datetime.now(UTC),
    )
    if connector.is_incremental:
        missing = await _read_events(store, connector, staged, checkpoint, journal)
        if missing is not None and asked != "full":
            mode, because = "full", because or missing
    if mode == "incremental" and checkpoint is not None:
        journal.mode = mode
        because = await _read_changes(connector, staged, checkpoint, journal)
        mode = "incremental" if because is None else "full"
    if because is not None:
        journal.reads_everything(because)
    journal.mode = mode
    if mode == "full":
        await _read_everything(connector, staged, journal)
    return await connector.checkpoint() if connector.is_incremental else None


async def _read_events(
    store: Store,
    connector: OpenConnector,
    staged: Staging,
    checkpoint: Checkpoint | None,
    journal: Journal,
) -> str | None:
    """Read what happened since the last published run; gives why something may be missing since, or None."""
    before = _newest_published(store, staged.connector)
    missing = None if checkpoint else "the run before left no place in the log to go on from"
    try:
        await _drain(connector.events(checkpoint, journal), staged.add_events)
    except (FullRunNeeded, ExceptionGroup) as error:
        missing = _reason_for_full_run(error)
    if missing is None or before is None:
        return None
    staged.add_gap(before.started_at, missing)
    return missing


async def _read_changes(
    connector: OpenConnector, staged: Staging, checkpoint: Checkpoint, journal: Journal
) -> str | None:
    """Read what changed since the checkpoint; gives why everything must be read instead, or None."""
    journal.keep()
    staged.begin_changes(checkpoint.run_id)
    try:
        await _drain(connector.changes(checkpoint, journal), staged.add_changes)
    except (FullRunNeeded, ExceptionGroup) as error:
        because = _reason_for_full_run(error)
        staged.start_over()
        journal.forget()
        return because
    return None


async def _read_everything(connector: OpenConnector, staged: Staging, journal: Journal) -> None:
    """Read resources of all types, then entitlements, then grants; types overlap, the three don't."""

    async def resources(resource_type: ResourceType) -> None:
        stream = connector.resources(resource_type, journal)
        await _drain(stream, lambda batch: staged.add_resources(resource_type, batch))

    async def entitlements(resource_type: ResourceType) -> None:
        stream = connector.entitlements(resource_type, journal)
        await _drain(stream, lambda batch: staged.add_entitlements(resource_type, batch))

    async def grants(resource_type: ResourceType) -> None:
        stream = connector.grants(resource_type, journal)
        await _drain(stream, lambda batch: staged.add_grants(resource_type, batch))

    for read in (resources, entitlements, grants):
        async with asyncio.TaskGroup() as reading:
            for resource_type in connector.kind.resource_types:
                reading.create_task(read(resource_type))


async def _drain(stream: AsyncIterator[Batch], put: Callable[[Batch], object]) -> None:
    async with aclosing(stream) as batches:  # type: ignore[type-var]
        async for batch in batches:
            put(batch)


def _reason_for_full_run(error: Exception) -> str:
    """Why everything must be read, from the exception that is being handled; any other goes on."""
    first = first_error(error)
    if not isinstance(first, FullRunNeeded):
        raise error
    return first.message


def _newest_published(store: Store, connector: str) -> RunRecord | None:
    try:
        return resolve_at(store, connector, None)
    except UsageError:
        return None


def first_error(error: Exception) -> Exception:
    """The error that made a group of tasks fail."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error
