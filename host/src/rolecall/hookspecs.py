"""The hooks: what a plugin may implement, each a contract with a stranger.

Three families. *Connector hooks* reach exactly one connector, plus every wrapper around the hook
(``@hookimpl(wrapper=True)`` in any plugin), and nobody else. *Host hooks* are broadcast to every
plugin. *Extension hooks* add to the host. The order below is the order of a connector's life. The hooks of
provisioning stand in ``provisioning_hookspecs``.

An entry point in the group ``rolecall.plugins`` names a module or an object with hook
implementations. A hook marked ``async`` here must be implemented by ``async def``: a coroutine, or
an async generator where it yields. Implementations take the arguments they need and leave out the rest.
"""

from collections.abc import AsyncIterator, Sequence

import click
import pluggy

from rolecall.contracts import (
    AccessQuestion,
    Checkpoint,
    CheckReport,
    Choice,
    ConnectorContext,
    ConnectorKind,
    Explanation,
    Forecast,
    SyncOutcome,
    SyncRun,
)
from rolecall.models import (
    Change,
    Entitlement,
    Event,
    Grant,
    GrantRef,
    Ref,
    Resource,
    ResourceType,
)

PROJECT = "rolecall"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


# --- Connector hooks: described and opened by the plugin that offers the kind ------------------------


@hookspec
def rolecall_connector_kinds() -> Sequence[ConnectorKind]:  # type: ignore[empty-body]
    """Describe the connector kinds that this plugin offers.

    Called once at start, on every plugin. Do no I/O and read no configuration.

    Returns:
        Kinds whose ids no other installed plugin uses; the plugin that comes second is broken.

    Raises:
        Exception: The plugin is listed as broken with the reason, and the others go on.

    Must not: depend on other plugins being loaded.
    """


@hookspec(firstresult=True)
async def rolecall_setup_choices(context: ConnectorContext, setting: str) -> Sequence[Choice]:  # type: ignore[empty-body]
    """List values for one setting of a connector that isn't configured yet. Async.

    Called by ``rolecall init`` on the plugin that offers the kind, for a question marked
    ``choices``. The settings asked for earlier are in ``context.settings``, as a plain mapping.

    Args:
        context: What is known so far.
        setting: The setting to list values for.

    Returns:
        Values to pick from, best first; empty when there are none.

    Raises:
        ProviderError: Shown; the person types the value instead.

    Must not: write to the provider.
    """


@hookspec(firstresult=True)
async def rolecall_open(context: ConnectorContext) -> object:
    """Open one connector and return the object that carries its connector hooks. Async.

    Called on the plugin that offers the kind, once per command that needs the connector, after
    the settings were validated and the secrets read. The host registers the object, calls
    hooks on it, and ends with ``rolecall_close`` whatever happens in between.

    Args:
        context: Name, settings, secrets and observer.

    Returns:
        An object with implementations of the hooks from ``rolecall_validate`` to ``rolecall_close``.

    Raises:
        ConfigError: The settings are each right, but don't go together; the run fails, saying so.
        ProviderError: The run fails, and the last published run stands.

    Must not: write to the provider, or keep the secrets anywhere but in the object.
    """


@hookspec(firstresult=True)
def rolecall_explain(question: AccessQuestion) -> Explanation:  # type: ignore[empty-body]
    """Put into words why a person has an entitlement, or hasn't.

    Called by ``rolecall explain`` on the plugin that offers the kind, without opening the
    connector: everything to go by is in the question. The host's own answer (has it or not, by
    which paths) stands; this adds the provider's rules and settings.

    Args:
        question: The facts of a published run.

    Returns:
        Settings, reasons and changes. Text may quote hostile strings; the host shows them safely.

    Raises:
        Exception: A bug of the plugin; it is reported as such.

    Must not: do any I/O.
    """


# --- Connector hooks: on the object that rolecall_open returned ---------------------------------------


@hookspec(firstresult=True)
async def rolecall_validate() -> None:
    """Prove that the connector can work: provider, credential and app are what they should be. Async.

    Called after ``rolecall_open`` and before a sync. Keep what was read: the same connector
    object serves the run that follows, and nothing should be fetched twice.

    Raises:
        AuthRefused: The credential is refused; the run fails, naming it.
        NotFound: What the configuration names doesn't exist; the run fails, naming it.
        ProviderError: The run fails, and the last published run stands.

    Must not: write to the provider.
    """


@hookspec(firstresult=True)
async def rolecall_check() -> CheckReport:  # type: ignore[empty-body]
    """Measure what this credential can do, and whether a sync would work. Async.

    Called by ``rolecall check``. Ask the provider; never assume. What nothing harmless can
    prove is ``unknown``.

    Returns:
        The report; what is wrong with credential, app or settings is a problem in it.

    Raises:
        ProviderError: Only when the provider can't be reached at all.

    Must not: write to the provider.
    """


@hookspec(firstresult=True)
async def rolecall_estimate(checkpoint: Checkpoint | None) -> Forecast:  # type: ignore[empty-body]
    """Work out what the next sync would cost, with as few requests as can be. Async.

    Called by ``rolecall sync --estimate``, after ``rolecall_validate``. Optional.

    Args:
        checkpoint: What the last published run left behind, or None when everything would be read.

    Returns:
        Requests and seconds, and what they are worked out from.

    Raises:
        ProviderError: What it needs can't be read.

    Must not: write to the provider.
    """


@hookspec(firstresult=True)
def rolecall_sync_events(checkpoint: Checkpoint | None, run: SyncRun) -> AsyncIterator[Sequence[Event]]:  # type: ignore[empty-body]
    """Yield what the provider's log says happened since the last published run. Async generator.

    Called in every run, full or incremental, after ``rolecall_validate`` and before anything else is
    read, so that nothing falls between the log and the lists. Optional: without it, and without
    ``rolecall_sync_changes`` and ``rolecall_checkpoint``, every run is full. Keep the log's position:
    it belongs into the checkpoint.

    Args:
        checkpoint: What the last published run left behind, or None.
        run: Where to report findings and lists read.

    Yields:
        Batches of events, in the log's order. The host keeps them as history; repeats are harmless.

    Raises:
        FullRunNeeded: The log can't prove that nothing is missing since the checkpoint (no right to
            read it, a lost position, older than it is kept). The events yielded are kept, a gap is
            recorded, and the run reads everything.
        ProviderError: The run fails, and the last published run stands.

    Must not: write to the provider.
    """


@hookspec(firstresult=True)
def rolecall_sync_changes(checkpoint: Checkpoint, run: SyncRun) -> AsyncIterator[Sequence[Change]]:  # type: ignore[empty-body]
    """Yield what differs from the last published run, instead of everything. Async generator.

    Called in an incremental run, after ``rolecall_sync_events``, in place of the three hooks below. What
    it doesn't mention stays as published; applied to that, its changes must give what a full run would
    give now. The findings reported are all that hold now, not only new ones.

    Args:
        checkpoint: What the last published run left behind.
        run: Where to report findings and lists read.

    Yields:
        Batches of changes, in any order, but a resource before its entitlements, and both before
        grants of them. Putting what is so already is harmless.

    Raises:
        FullRunNeeded: Changes alone can't give the state of a full run (other settings, an unreadable
            checkpoint). Nothing of the changes is kept, and the run reads everything.
        ProviderError: The run fails, and the last published run stands.

    Must not: write to the provider.
    """


@hookspec(firstresult=True)
def rolecall_sync_resources(resource_type: ResourceType, run: SyncRun) -> AsyncIterator[Sequence[Resource]]:  # type: ignore[empty-body]
    """Yield every resource of one type, in batches. Async generator.

    Called once per resource type in a sync run, after ``rolecall_validate``; calls for different
    types overlap. The host may stop reading at any batch; release what you hold in ``finally``.

    Args:
        resource_type: One that the kind declared.
        run: Where to report findings and lists read.

    Yields:
        Batches of resources of that type, in any order. Repeats are harmless: the first counts.

    Raises:
        ProviderError: The run fails, and the last published run stands. An object that
            vanished during the run is no error: skip it, report a finding and go on.

    Must not: write to the provider, or yield an empty list because a list could not be read:
    an empty list means that all access is gone.
    """


@hookspec(firstresult=True)
def rolecall_sync_entitlements(  # type: ignore[empty-body]
    resource_type: ResourceType, run: SyncRun
) -> AsyncIterator[Sequence[Entitlement]]:
    """Yield every entitlement of resources of one type, in batches. Async generator.

    Called once per resource type in a sync run, after the run's resources are in; calls for
    different types overlap.

    Args:
        resource_type: One that the kind declared.
        run: Where to report findings and lists read.

    Yields:
        Batches of entitlements of resources yielded before, in any order. Repeats are harmless.

    Raises:
        ProviderError: The run fails, and the last published run stands.

    Must not: write to the provider, or name a resource that the run doesn't hold.
    """


@hookspec(firstresult=True)
def rolecall_sync_grants(resource_type: ResourceType, run: SyncRun) -> AsyncIterator[Sequence[Grant]]:  # type: ignore[empty-body]
    """Yield every grant on resources of one type, in batches, as the provider states them. Async generator.

    Called once per resource type in a sync run, after the run's entitlements are in. Calls for
    different types overlap. The host may stop reading at any batch; release what you hold in
    ``finally``.

    A role held by a group is one grant, to the group, expandable only where the provider
    passes it to every member: the host works out the members. Order is free and repeats are
    harmless.

    Args:
        resource_type: One that the kind declared.
        run: Where to report findings and lists read.

    Yields:
        Batches of grants of entitlements, to principals, that were yielded before.

    Raises:
        ProviderError: The run fails, and the last published run stands. An object that
            vanished during the run is no error: skip it, report a finding and go on.

    Must not: write to the provider, or name a principal of an undeclared type.
    """


@hookspec(firstresult=True)
async def rolecall_confirm(suspects: Sequence[Ref | GrantRef], run: SyncRun) -> Sequence[bool | None]:  # type: ignore[empty-body]
    """Ask the provider about single things that a run no longer found: are they still there? Async.

    Called before publishing, when a run lost unusually much: with a sample of the resources and
    grants that would end. Ask by another way than the list that lost them: each object on its own, or the
    list once more. Optional; without it, the host's circuit breaker is the only guard.

    Args:
        suspects: Up to a few dozen, of the connector's own types.
        run: Where to report lists read.

    Returns:
        For each suspect, in order: True when it is still there, so that the run is refused; False when
        it is gone; None when that can't be told.

    Raises:
        ProviderError: The run fails, and the last published run stands.

    Must not: write to the provider.
    """


@hookspec(firstresult=True)
async def rolecall_checkpoint() -> bytes | None:
    """Give what the next run needs to read only what changed. Async.

    Called once in a run, after everything was read, of connectors that have ``rolecall_sync_changes``.
    It is kept with the run if that is published, and handed to the next one.

    Returns:
        Bytes in a form of the connector's own that a later release can tell from its own; None when
        the next run must be full.

    Raises:
        Exception: A bug of the plugin: the run fails.

    Must not: do any I/O, or put a secret in.
    """


@hookspec(firstresult=True)
async def rolecall_close() -> None:
    """Release the connector's connections and files. Async.

    Called once, last, also after an error or a cancellation.

    Raises:
        Exception: Logged; the command's own outcome stands.

    Must not: fail because an earlier hook failed.
    """


# --- Host hooks: broadcast to every plugin ------------------------------------------------------------


@hookspec
def rolecall_sync_started(connector: str, run_id: int) -> None:
    """Note that a sync run has begun; nothing was read yet.

    Called before the connector is opened.

    Args:
        connector: The connector's name.
        run_id: Number of the run.

    Raises:
        Exception: Logged as this plugin's fault; the run goes on.

    Must not: block for long: the run waits.
    """


@hookspec
def rolecall_sync_finished(outcome: SyncOutcome) -> None:
    """Note that a sync run was published, or refused by a guard.

    Called after the store was changed; what the run holds can be read.

    Args:
        outcome: How it ended.

    Raises:
        Exception: Logged as this plugin's fault; the run stands.

    Must not: block for long.
    """


@hookspec
def rolecall_sync_failed(outcome: SyncOutcome) -> None:
    """Note that a sync run failed; the last published run stands.

    Called after the failure was recorded.

    Args:
        outcome: With the error's one line.

    Raises:
        Exception: Logged as this plugin's fault.

    Must not: block for long.
    """


# --- Extension hooks ----------------------------------------------------------------------------------


@hookspec
def rolecall_commands() -> Sequence[click.Command]:  # type: ignore[empty-body]
    """Add commands to the ``rolecall`` command line.

    Called once at start. Import what a command needs inside it, so that ``rolecall --help`` stays quick.

    Returns:
        Click commands or groups. One that an earlier plugin has too makes this plugin broken; one
        of the host's own names is left out.

    Raises:
        Exception: The plugin is listed as broken with the reason, and the others go on.

    Must not: do any I/O.
    """


@hookspec(firstresult=True)
def rolecall_resolve_secret(scheme: str, reference: str) -> str | None:
    """Read a secret from where the configuration says it is: ``{ SCHEME = "REFERENCE" }``.

    Called when a connector is about to be opened. ``env``, ``file`` and ``keyring`` are the host's own.

    Args:
        scheme: The key of the reference, such as ``vault``.
        reference: Its value.

    Returns:
        The secret, or None for a scheme that isn't this plugin's.

    Raises:
        ConfigError: The reference is this plugin's, but leads nowhere.

    Must not: log or keep the secret.
    """
