"""The sync engine: read a connector whole into staging, then publish it at once or not at all."""

import asyncio
import traceback
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Literal, TypeVar

from rolecall.contracts import ConnectorContext, Secret, SyncOutcome
from rolecall.errors import PluginError, Refused, RolecallError, error_object
from rolecall.journal import Journal, Progress
from rolecall.models import ResourceType
from rolecall.plugins import OpenConnector, Plugins, open_connector
from rolecall.store.engine import Store
from rolecall.store.publish import publish
from rolecall.store.runs import RunRecord, fail_run, find_run, start_run
from rolecall.store.staging import Staging, open_staging

Batch = TypeVar("Batch")


@dataclass(frozen=True, slots=True)
class SyncJob:
    """One connector to sync, ready to be opened.

    Attributes:
        settings: What the kind's settings schema loaded.
        secrets: Setting name → secret.
    """

    connector: str
    kind: str
    settings: object
    secrets: Mapping[str, Secret]


@dataclass(frozen=True, slots=True)
class ShrinkGuard:
    """How much may vanish in one run before it is refused.

    Attributes:
        max_shrink: Share of a resource type's grants, 0 to 1.
        accepted: Resource types whose shrinking was announced; True is all of them.
    """

    max_shrink: float = 0.2
    accepted: Collection[str] | Literal[True] = ()


async def sync_connectors(
    store: Store, plugins: Plugins, jobs: Sequence[SyncJob], guard: ShrinkGuard, show: Progress
) -> list[RunRecord]:
    """Sync connectors one after the other; one that fails doesn't keep the next from running.

    Returns:
        A finished run for each job, in order.

    Raises:
        StoreError: The store can't be written.
        asyncio.CancelledError: Interrupted; the run under way is recorded as failed.
    """
    return [await sync_connector(store, plugins, job, guard, show) for job in jobs]


async def sync_connector(
    store: Store, plugins: Plugins, job: SyncJob, guard: ShrinkGuard, show: Progress
) -> RunRecord:
    """Run one sync, record how it ended, and tell every plugin; see ``sync_connectors``."""
    run_id = start_run(store, job.connector, job.kind, "full")
    journal = Journal(store, run_id, show)
    show.started(job.connector)
    plugins.announce("rolecall_sync_started", connector=job.connector, run_id=run_id)
    try:
        await _read_and_publish(store, plugins, job, guard, journal, run_id)
    except asyncio.CancelledError:
        interrupted = RolecallError(
            "The run was interrupted; the last published run stands.", code="interrupted"
        )
        _record_failure(store, journal, run_id, job, interrupted)
        plugins.announce_end(_outcome(find_run(store, run_id)))
        raise
    except Exception as error:  # noqa: BLE001 - whatever went wrong, the run's record must say so
        _record_failure(store, journal, run_id, job, _first(error))
    finally:
        show.finished(job.connector)
    record = find_run(store, run_id)
    plugins.announce_end(_outcome(record))
    return record


async def _read_and_publish(
    store: Store, plugins: Plugins, job: SyncJob, guard: ShrinkGuard, journal: Journal, run_id: int
) -> None:
    kind = plugins.kinds[job.kind]
    journal.log(f"run {run_id} of {job.connector} started")
    with open_staging(store, run_id, job.connector, kind.resource_types) as staging:
        context = ConnectorContext(job.connector, job.kind, job.settings, job.secrets, observer=journal)
        async with open_connector(plugins, context) as connector:
            await connector.validate()
            await _stage(connector, staging, journal)
        published = publish(
            staging,
            run_id,
            journal.report(staging.totals),
            max_shrink=guard.max_shrink,
            accept_shrink=guard.accepted,
        )
    journal.log(
        f"run {run_id} {published.status}: {published.added} grants added, {published.removed} removed, "
        f"{journal.requests} requests"
    )


async def _stage(connector: OpenConnector, staging: Staging, journal: Journal) -> None:
    """Read resources of all types, then entitlements, then grants; types overlap, the three don't."""

    async def resources(resource_type: ResourceType) -> None:
        stream = connector.resources(resource_type, journal)
        await _drain(stream, lambda batch: staging.add_resources(resource_type, batch))

    async def entitlements(resource_type: ResourceType) -> None:
        stream = connector.entitlements(resource_type, journal)
        await _drain(stream, lambda batch: staging.add_entitlements(resource_type, batch))

    async def grants(resource_type: ResourceType) -> None:
        stream = connector.grants(resource_type, journal)
        await _drain(stream, lambda batch: staging.add_grants(resource_type, batch))

    for read in (resources, entitlements, grants):
        async with asyncio.TaskGroup() as reading:
            for resource_type in connector.kind.resource_types:
                reading.create_task(read(resource_type))


async def _drain(stream: AsyncIterator[Batch], put: Callable[[Batch], None]) -> None:
    async with aclosing(stream) as batches:  # type: ignore[type-var]
        async for batch in batches:
            put(batch)


def _record_failure(store: Store, journal: Journal, run_id: int, job: SyncJob, error: Exception) -> None:
    known = error if isinstance(error, RolecallError) else _bug(job, error)
    known.connector = job.connector
    if known is not error:
        journal.write("debug", "".join(traceback.format_exception(error)))
    status: Literal["failed", "refused"] = "refused" if isinstance(known, Refused) else "failed"
    journal.write("error", f"run {run_id} {status}: {known.message}")
    fail_run(store, run_id, status, error_object(known), journal.report())


def _bug(job: SyncJob, error: Exception) -> PluginError:
    return PluginError(
        f"Connector {job.connector} (kind {job.kind}) broke with {type(error).__name__}: {error}",
        hint=f"the traceback is in: rolecall logs {job.connector}; report it to the plugin's author",
    )


def _first(error: Exception) -> Exception:
    """The error that made a group of tasks fail."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error


def _outcome(record: RunRecord) -> SyncOutcome:
    message = record.error["message"] if record.error else None
    return SyncOutcome(
        record.connector,
        record.id,
        record.status,  # type: ignore[arg-type]  # a finished run is never "running"
        record.added,
        record.removed,
        str(message) if message is not None else None,
    )
