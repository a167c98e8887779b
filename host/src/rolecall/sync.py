"""The sync engine: read a connector, or what changed of it, into staging; publish at once or not at all."""

import asyncio
import traceback
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

from sqlalchemy import Connection

from rolecall.connectors import open_connector
from rolecall.contracts import ConnectorContext, Forecast, Observer, Secret, SyncOutcome
from rolecall.errors import PluginError, Refused, RolecallError, StoreError, error_object
from rolecall.guard import ShrinkGuard, examine
from rolecall.journal import Journal, Progress
from rolecall.models import Finding
from rolecall.plugins import Plugins
from rolecall.reading import decide_mode, first_error, read_connector
from rolecall.sources import SourceSetting, source_findings, unmatched_findings
from rolecall.store.checkpoints import read_checkpoint
from rolecall.store.comparison import prepare
from rolecall.store.engine import Store
from rolecall.store.leases import LEASE_BEAT, renew_lease
from rolecall.store.publish import publish
from rolecall.store.reports import RunMode, SourceRead
from rolecall.store.runs import RunRecord, fail_run, find_run, start_run
from rolecall.store.source import PublishedSource, published_source, wanted_groups
from rolecall.store.staging import open_staging


@dataclass(frozen=True, slots=True)
class SyncJob:
    """One connector to sync, ready to be opened.

    Attributes:
        settings: What the kind's settings schema loaded.
        secrets: Setting name → secret.
        source: Its identity source, or None.
        dependents: Connectors whose identity source it is.
    """

    connector: str
    kind: str
    settings: object
    secrets: Mapping[str, Secret]
    source: SourceSetting | None = None
    dependents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SyncRules:
    """How runs are done.

    Attributes:
        mode: What was asked for; None: incremental where that can be, full when one is due.
        full_every: How old the last full run may be before the next one is full; zero: always full.
        guard: How much may vanish.
        failed: Connectors whose run by the same command wasn't published.
    """

    mode: RunMode | None = None
    full_every: timedelta = timedelta(hours=24)
    guard: ShrinkGuard = field(default_factory=ShrinkGuard)
    failed: Collection[str] = ()


async def sync_connectors(
    store: Store, plugins: Plugins, jobs: Sequence[SyncJob], rules: SyncRules, show: Progress
) -> list[RunRecord]:
    """Sync connectors one after the other; one that fails doesn't keep the next from running.

    Returns:
        A finished run for each job, in order.

    Raises:
        StoreError: The store can't be written.
        asyncio.CancelledError: Interrupted; the run under way is recorded as failed.
    """
    records: list[RunRecord] = []
    for job in jobs:
        failed = [record.connector for record in records if record.published is None]
        records.append(await sync_connector(store, plugins, job, replace(rules, failed=failed), show))
    return records


async def sync_connector(
    store: Store, plugins: Plugins, job: SyncJob, rules: SyncRules, show: Progress
) -> RunRecord:
    """Run one sync, record how it ended, and tell every plugin; see ``sync_connectors``."""
    run_id = start_run(store, job.connector, job.kind, rules.mode or "full")
    record = find_run(store, run_id)
    journal = Journal(store, run_id, show)
    show.started(job.connector)
    if record.error is not None:  # refused: another run of this connector is under way
        journal.write("error", f"run {run_id} refused: {record.error['message']}")
        show.finished(job.connector)
        plugins.announce_end(_outcome(record))
        return record
    plugins.announce("rolecall_sync_started", connector=job.connector, run_id=run_id)
    try:
        async with asyncio.TaskGroup() as tasks:
            beating = tasks.create_task(_keep_lease(store, run_id, job.connector))
            await _read_and_publish(store, plugins, job, rules, journal, run_id)
            beating.cancel()
    except asyncio.CancelledError:
        interrupted = RolecallError(
            "The run was interrupted; the last published run stands.", code="interrupted"
        )
        _record_failure(store, journal, run_id, job, interrupted)
        plugins.announce_end(_outcome(find_run(store, run_id)))
        raise
    except Exception as error:  # noqa: BLE001 - whatever went wrong, the run's record must say so
        _record_failure(store, journal, run_id, job, first_error(error))
    finally:
        show.finished(job.connector)
    record = find_run(store, run_id)
    plugins.announce_end(_outcome(record))
    return record


async def estimate_connector(
    store: Store, plugins: Plugins, job: SyncJob, rules: SyncRules, show: Observer
) -> tuple[RunMode, Forecast | None]:
    """Work out what the next run of a connector would be and cost; nothing is recorded.

    Returns:
        Its mode, and the forecast, None from a kind that can't give one.

    Raises:
        ConfigError: The plugin refuses the settings.
        PluginError: The plugin doesn't keep its contract.
        ProviderError: The provider refuses.
    """
    source = published_source(store, job.source.connector) if job.source else None
    async with open_connector(plugins, _context(store, job, show, source)) as connector:
        await connector.validate()
        checkpoint = read_checkpoint(store, job.connector) if connector.is_incremental else None
        mode, _ = decide_mode(
            rules.mode,
            rules.full_every,
            incremental=connector.is_incremental,
            checkpoint=checkpoint,
            now=datetime.now(UTC),
        )
        return mode, await connector.estimate(checkpoint if mode == "incremental" else None)


def _context(
    store: Store, job: SyncJob, observer: Observer, source: PublishedSource | None
) -> ConnectorContext:
    wanted = wanted_groups(store, job.dependents) if job.dependents else frozenset()
    return ConnectorContext(job.connector, job.kind, job.settings, job.secrets, observer, source, wanted)


async def _keep_lease(store: Store, run_id: int, connector: str) -> None:
    """Renew the run's lease for as long as it lasts; a lost one ends the run."""
    while True:
        await asyncio.sleep(LEASE_BEAT)
        try:
            kept = await asyncio.to_thread(renew_lease, store, run_id)
        except StoreError:  # others write for long, which says nothing about the lease
            continue
        if not kept:
            raise StoreError(
                f"Run {run_id} of {connector} was taken for dead and ended by another process; "
                "nothing was published.",
                hint=f"rolecall runs {connector}",
                code="lease_lost",
            )


async def _read_and_publish(
    store: Store, plugins: Plugins, job: SyncJob, rules: SyncRules, journal: Journal, run_id: int
) -> None:
    kind = plugins.kinds[job.kind]
    journal.log(f"run {run_id} of {job.connector} started")
    source = _source(store, job, rules, journal)
    with open_staging(store, run_id, job.connector, kind.resource_types) as staged:
        async with open_connector(plugins, _context(store, job, journal, source)) as connector:
            await connector.validate()
            checkpoint = await read_connector(store, connector, staged, journal, rules.mode, rules.full_every)
            compared = prepare(staged, run_id)
            await examine(store, staged, compared, rules.guard, connector, journal)

        def last_word(connection: Connection) -> Sequence[Finding]:
            if job.source is None or source is None:
                return ()
            return unmatched_findings(connection, job.connector, job.source, source)

        read = SourceRead(source.connector, source.run_id, source.finished_at) if source else None
        published = publish(
            staged,
            run_id,
            replace(journal.report(), source=read),
            checkpoint=checkpoint,
            last_word=last_word,
        )
    journal.log(
        f"run {run_id} {published.status}: {published.added} grants added, {published.removed} removed, "
        f"{journal.outcome()}"
    )


def _source(store: Store, job: SyncJob, rules: SyncRules, journal: Journal) -> PublishedSource | None:
    if job.source is None:
        return None
    source = published_source(store, job.source.connector)
    for finding in source_findings(job.source, source, datetime.now(UTC), rules.failed):
        journal.found(finding)
        journal.write("warning", finding.message)
    return source


def _record_failure(store: Store, journal: Journal, run_id: int, job: SyncJob, error: Exception) -> None:
    if find_run(store, run_id).published is not None:  # the interrupt came too late
        return
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
