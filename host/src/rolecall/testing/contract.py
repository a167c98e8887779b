"""The contract suite: runs a connector as the host does, through the host's own checks.

Both functions sync into a temporary store, by the code that ``rolecall sync`` runs: settings are
loaded by the kind's schema, hooks are driven in the host's order, and what they yield must pass the
host's door.
"""

import asyncio
import inspect
import re
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from rolecall import (
    Capability,
    CheckReport,
    ConnectorContext,
    Entitlement,
    EntitlementRef,
    Event,
    Finding,
    Grant,
    Identity,
    ListRead,
    PluginError,
    Ref,
    Resource,
    hookimpl,
)
from rolecall.testing.rehearsal import UnderTest, Unwatched, job_of, raise_for, temporary_store

if TYPE_CHECKING:  # pytest loads this plugin in every project: the engine is imported by who uses it
    from rolecall.connectors import OpenConnector
    from rolecall.plugins import Plugins
    from rolecall.store import Store
    from rolecall.store.runs import RunRecord
    from rolecall.sync import SyncJob

WORD = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Collected:
    """What one sync run of a connector yielded and said.

    Attributes:
        resources: By reference; of repeats, the first.
        entitlements: By reference; of repeats, the first.
        grants: In the order yielded, repeats included.
        findings: By code and subject.
        reads: Lists that were read whole.
        identity: Whose credential it was, if the connector said so.
        log: The lines of the run's log.
        requests: How many the connector announced.
        events: What the provider's log said.
        checkpoint: What the run left for the next one, or None.
    """

    resources: Mapping[Ref, Resource]
    entitlements: Mapping[EntitlementRef, Entitlement]
    grants: tuple[Grant, ...]
    findings: tuple[Finding, ...]
    reads: tuple[ListRead, ...]
    identity: Identity | None
    log: tuple[str, ...]
    requests: int
    events: tuple[Event, ...] = ()
    checkpoint: bytes | None = None


async def collect(
    kind: str,
    settings: Mapping[str, object],
    secrets: Mapping[str, str] | None = None,
    plugins: "Plugins | None" = None,
) -> Collected:
    """Run one sync of a connector and give what it yielded, as values.

    Args:
        kind: The connector kind's id.
        settings: The connector's table, as in ``rolecall.toml``.
        secrets: Setting → secret, for the settings that are secrets.
        plugins: All installed ones, unless told otherwise.

    Raises:
        ConfigError: The settings don't fit the kind's schema.
        RolecallError: The run failed, with the run's own code, message and hint.
    """
    job, plugins = _prepared(kind, settings, secrets, plugins)
    with temporary_store() as store:
        run, collected = await _sync(store, plugins, job)
    raise_for(run)
    return collected


async def assert_contract(
    kind: str,
    settings: Mapping[str, object],
    secrets: Mapping[str, str] | None = None,
    plugins: "Plugins | None" = None,
) -> Collected:
    """Check what the host's door can't see in one run, and give what the first run yielded.

    Two full runs of the same provider state must yield the same, and an incremental run after them must
    change nothing; a reading that is broken off must leave nothing behind; no secret may appear in
    anything that is kept or shown; findings and capabilities must be worded as their types ask. Arguments
    and errors are those of ``collect``. ``Mirror`` proves incremental runs of a provider that changes.

    Raises:
        AssertionError: Names everything that the contract forbids.
    """
    job, plugins = _prepared(kind, settings, secrets, plugins)
    with temporary_store() as store:
        run, first = await _sync(store, plugins, job)
        raise_for(run)
        again, second = await _sync(store, plugins, job)
        raise_for(again)
        patched = await _patched(store, plugins, job) if second.checkpoint is not None else []
    report, left = await _broken_off(plugins, job)
    wrong = [
        *([] if again.status == "unchanged" else _moved(first, second)),
        *patched,
        *(f"a reading that was broken off left {task} running" for task in left),
        *(
            f"finding {each.code!r} isn't a snake_case word"
            for each in first.findings
            if not _word(each.code)
        ),
        *(f"finding {each.code} names no subject" for each in first.findings if not each.subject),
        *_capability_faults(report),
        *_secrets_shown(job, first, report),
    ]
    assert not wrong, "\n".join([f"kind {kind} breaks its contract:", *wrong])
    return first


def _prepared(
    kind: str,
    settings: Mapping[str, object],
    secrets: Mapping[str, str] | None,
    plugins: "Plugins | None",
) -> "tuple[SyncJob, Plugins]":
    from rolecall.plugins import load_plugins  # noqa: PLC0415 - see above

    plugins = plugins or load_plugins()
    return job_of(UnderTest(kind, settings, secrets or {}), plugins), plugins


async def _sync(
    store: "Store", plugins: "Plugins", job: "SyncJob", mode: Literal["full", "incremental"] = "full"
) -> "tuple[RunRecord, Collected]":
    from rolecall.guard import ShrinkGuard  # noqa: PLC0415 - see above
    from rolecall.store.checkpoints import read_checkpoint  # noqa: PLC0415
    from rolecall.store.runs import read_findings, read_log  # noqa: PLC0415
    from rolecall.sync import SyncRules, sync_connector  # noqa: PLC0415

    keeper = _Keeper()
    plugins.manager.register(keeper)
    try:
        rules = SyncRules(mode, guard=ShrinkGuard(accepted=True))
        run = await sync_connector(store, plugins, job, rules, Unwatched())
    finally:
        plugins.manager.unregister(keeper)
    lists, identity = run.completeness.get("lists", ()), run.completeness.get("identity")
    checkpoint = read_checkpoint(store, job.connector)
    return run, Collected(
        keeper.resources,
        keeper.entitlements,
        tuple(keeper.grants),
        tuple(read_findings(store, run.id)),
        tuple(ListRead(**reading) for reading in lists),
        None if identity is None else _identity(identity),
        tuple(line.message for line in read_log(store, job.connector, run.id)),
        run.requests,
        tuple(keeper.events),
        None if checkpoint is None else checkpoint.data,
    )


async def _patched(store: "Store", plugins: "Plugins", job: "SyncJob") -> list[str]:
    """What is wrong with an incremental run when nothing happened since the run before."""
    from rolecall.store.runs import read_findings, resolve_at  # noqa: PLC0415 - see above

    before = resolve_at(store, job.connector, None)
    run, _ = await _sync(store, plugins, job, "incremental")
    raise_for(run)
    found, found_before = (set(read_findings(store, each.id)) for each in (run, before))
    return [
        *(
            ["an incremental run was published as a change, though nothing happened"]
            if run.status != "unchanged"
            else []
        ),
        *(f"an incremental run no longer reports {each.code}" for each in found_before - found),
        *(f"only an incremental run reports {each.code}" for each in found - found_before),
    ]


def _identity(stored: Mapping[str, Any]) -> Identity:
    rights = stored["rights"]
    return Identity(stored["id"], stored["login"], None if rights is None else tuple(rights))


async def _broken_off(plugins: "Plugins", job: "SyncJob") -> tuple[CheckReport | None, list[str]]:
    """Check the connector, stop each reading at its first batch, and see what still runs after closing."""
    from rolecall.connectors import open_connector  # noqa: PLC0415

    before = asyncio.all_tasks()
    context = ConnectorContext(job.connector, job.kind, job.settings, job.secrets, observer=Unwatched())
    async with open_connector(plugins, context) as connector:
        report = await _checked(connector)
        await connector.validate()
        for resource_type in connector.kind.resource_types:
            batches = connector.resources(resource_type, Unwatched())
            await anext(batches, None)
            await batches.aclose()  # type: ignore[attr-defined]  # the host's own generator
    await asyncio.sleep(0)  # tasks that were cancelled end now
    return report, sorted(task.get_name() for task in asyncio.all_tasks() - before)


async def _checked(connector: "OpenConnector") -> CheckReport | None:
    try:
        return await connector.check()
    except PluginError:
        return None  # the hook is one that a kind may leave out


def _moved(first: Collected, second: Collected) -> list[str]:
    kept = (
        ("resource", first.resources, second.resources),
        ("entitlement", first.entitlements, second.entitlements),
        ("grant", _by_key(first.grants), _by_key(second.grants)),
    )
    moved = [
        f"two runs of one provider state differ in the {what} {ref}"
        for what, one, other in kept
        for ref in sorted({*one, *other}, key=str)
        if one.get(ref) != other.get(ref)
    ]
    return moved or ["the second run of one provider state was published as a change"]


def _by_key(grants: Sequence[Grant]) -> Mapping[Any, object]:
    return {
        (str(grant.entitlement), str(grant.principal)): (
            grant.expandable,
            grant.condition,
            None if grant.sources is None else frozenset(grant.sources),
        )
        for grant in reversed(grants)
    }


def _capability_faults(report: CheckReport | None) -> list[str]:
    capabilities: Sequence[Capability] = report.capabilities if report else ()
    problems = report.problems if report else ()
    return [
        *(
            f"capability {each.name!r} is neither yes, no nor unknown but {each.allowed!r}"
            for each in capabilities
            if each.allowed not in {"yes", "no", "unknown"}
        ),
        *(f"capability {each.name!r} gives no evidence" for each in capabilities if not each.evidence),
        *(f"problem {each.code!r} isn't a snake_case word" for each in problems if not _word(each.code)),
    ]


def _secrets_shown(job: "SyncJob", collected: Collected, report: CheckReport | None) -> list[str]:
    shown = {name: repr(getattr(collected, name)).encode() for name in Collected.__slots__}
    shown["check"] = repr(report).encode()
    shown["checkpoint"] = _unpacked(collected.checkpoint or b"")
    return [
        f"the secret {setting} appears in {where}"
        for setting, secret in job.secrets.items()
        for where, text in shown.items()
        if secret.reveal().encode() in text
    ]


def _unpacked(data: bytes) -> bytes:
    """The bytes, and what they hold where a compressed stream begins in them."""
    for start in range(min(len(data), 16)):
        try:
            return data + zlib.decompressobj().decompress(data[start:])
        except zlib.error:
            continue
    return data


def _word(code: str) -> bool:
    return WORD.fullmatch(code) is not None


@dataclass(eq=False)
class _Keeper:
    """A plugin that wraps the sync hooks and keeps what passes."""

    resources: dict[Ref, Resource] = field(default_factory=dict)
    entitlements: dict[EntitlementRef, Entitlement] = field(default_factory=dict)
    grants: list[Grant] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    @hookimpl(wrapper=True)
    def rolecall_sync_events(self) -> Generator[None, Any, Any]:
        return _passing((yield), self.events.append)

    @hookimpl(wrapper=True)
    def rolecall_sync_resources(self) -> Generator[None, Any, Any]:
        return _passing((yield), lambda each: self.resources.setdefault(each.ref, each))

    @hookimpl(wrapper=True)
    def rolecall_sync_entitlements(self) -> Generator[None, Any, Any]:
        return _passing((yield), lambda each: self.entitlements.setdefault(each.ref, each))

    @hookimpl(wrapper=True)
    def rolecall_sync_grants(self) -> Generator[None, Any, Any]:
        return _passing((yield), self.grants.append)


def _passing(batches: Any, keep: Callable[[Any], object]) -> Any:
    """The same batches, kept as they pass; what is no async generator is the host's to refuse."""
    if not inspect.isasyncgen(batches):
        return batches
    stream: AsyncGenerator[Any, Any] = batches

    async def passing() -> AsyncIterator[Any]:
        async with aclosing(stream):
            async for batch in stream:
                yield batch  # the host's door comes first: what it refuses isn't kept
                for each in batch:
                    keep(each)

    return passing()
