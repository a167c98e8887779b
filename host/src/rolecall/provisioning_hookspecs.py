"""The hooks of provisioning; ``hookspecs`` has the others, and says what all have in common.

The order of life: somebody asks, ``rolecall_plan`` reads and decides, ``rolecall_before_provisioning`` lets
policies speak, the plan is shown, and ``rolecall_grant`` or ``rolecall_revoke`` carries that plan out.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal

import marshmallow as ma

from rolecall.hookspecs import hookspec
from rolecall.models import EntitlementRef, GrantRef, Ref
from rolecall.plans import (
    Action,
    ActionOutcome,
    AuditHead,
    GrantOutcome,
    Held,
    Notice,
    Plan,
    PrincipalNow,
    ProvisioningRequest,
    Recipe,
    Removal,
    Twin,
    WriteSeen,
    Writing,
)
from rolecall.plugin_settings import PluginSettings

# --- Connector hooks: on the object that rolecall_open returned ---------------------------------------


@hookspec(firstresult=True)
async def rolecall_plan(request: ProvisioningRequest) -> Plan:  # type: ignore[empty-body]
    """Work out how a request would be carried out, from a fresh read of the provider. Async.

    Called before every write, for a dry run, and again when a plan that was interrupted is gone on with:
    what is so already needs no step.

    Args:
        request: What shall be so.

    Returns:
        The plan: the exact calls, and who gains and loses what. Nothing to do is a plan too.

    Raises:
        Refused: It can't be done, or must not be by the provider's rules or the settings; the message names
            the facts, the hint the way forward. With ``accept`` where whoever asks may accept the effect.
        ProviderError: The provider can't be read.

    Must not: write to the provider.
    """


@hookspec(firstresult=True)
async def rolecall_grant(plan: Plan, writing: Writing) -> GrantOutcome:  # type: ignore[empty-body]
    """Carry out a plan to grant. Async, idempotent.

    Called on a connector opened with the write credential, only where the configuration has
    ``provisioning = "on"``, one plan at a time for each of the plan's locks. Policy plugins veto by raising
    ``Refused`` before their wrapper yields; audit plugins wrap the coroutine.

    For each step: read what ``expects`` tells of, say ``begins``, send the very call of the step, say
    ``answered``, read back, say ``ended``. At a hand-off stop and say so.

    Args:
        plan: As ``rolecall_plan`` gave it.
        writing: Where to say what is being done.

    Returns:
        What came of it. A read-back that doesn't show the effect within ``writing.patience`` is no
        failure: ``verified`` is False.

    Raises:
        PlanOutdated: Something isn't any more what the plan was made from; nothing was written by
            the step.
        Refused: This credential can't do it; nothing was written.
        ProviderError: A write failed, or its outcome is unknown; ``writing`` was told which steps are so.

    Must not: send any write that isn't a step, repeat one whose outcome is unknown without reading back
    first, or change what anybody holds but as the plan says.
    """


@hookspec(firstresult=True)
async def rolecall_revoke(plan: Plan, writing: Writing) -> GrantOutcome:  # type: ignore[empty-body]
    """Carry out a plan to revoke. Async, idempotent.

    Called under the same conditions as ``rolecall_grant``, and does the same for each step.

    Args:
        plan: As ``rolecall_plan`` gave it.
        writing: Where to say what is being done.

    Returns:
        What came of it. ``verified`` says that a read showed that what the plan takes is gone.

    Raises:
        PlanOutdated: See ``rolecall_grant``.
        Refused: See ``rolecall_grant``.
        ProviderError: See ``rolecall_grant``.

    Must not: see ``rolecall_grant``.
    """


@hookspec(firstresult=True)
async def rolecall_find(principal: Ref | str) -> PrincipalNow | None:
    """Find a user or group as the provider has it now. Async.

    Called for people who request, approve or receive access, at each of these moments.

    Args:
        principal: A reference, or an exact login or e-mail address.

    Returns:
        The one that it names, or None.

    Raises:
        Refused: It names several; the message names them.
        ProviderError: The provider can't be read.

    Must not: write to the provider.
    """


@hookspec(firstresult=True)
async def rolecall_holds(grants: Sequence[GrantRef]) -> Sequence[bool | None]:  # type: ignore[empty-body]
    """Tell whether principals hold entitlements now, effectively and by any path. Async.

    Called where a decision depends on it: eligibility, approval, and whether revoked access is really gone.
    Read single objects, not lists that lag behind.

    Args:
        grants: Who, and what; any group's ``member`` entitlement may be asked for, listed or not.

    Returns:
        For each, in order; None when that can't be told.

    Raises:
        ProviderError: The provider can't be read.

    Must not: write to the provider.
    """


@hookspec(firstresult=True)
async def rolecall_present(things: Sequence[Held]) -> Sequence[bool | None]:  # type: ignore[empty-body]
    """Tell whether these very things are there now, whatever they give. Async.

    Called to close hand-offs and revocations, and to see whether what the ledger holds is still so.

    Args:
        things: As steps gave or took them.

    Returns:
        For each, in order; None when that can't be told.

    Raises:
        ProviderError: The provider can't be read.

    Must not: write to the provider.
    """


@hookspec(firstresult=True)
async def rolecall_removals(entitlement: EntitlementRef, person: Ref) -> Sequence[Removal]:  # type: ignore[empty-body]
    """List every path by which a person has an entitlement, each with the change that would end it. Async.

    Called by ``rolecall explain`` and by a revocation that is refused because the access is inherited.

    Args:
        entitlement: What the person has.
        person: Who.

    Returns:
        The smallest change first: one that ends the access and takes least from least people.

    Raises:
        ProviderError: The provider can't be read.

    Must not: write to the provider.
    """


@hookspec(firstresult=True)
def rolecall_writes_seen(since: datetime, until: datetime) -> AsyncIterator[Sequence[WriteSeen]]:  # type: ignore[empty-body]
    """Yield what the provider's log tells of changes to access, in batches. Async generator.

    Called by ``rolecall audit reconcile``. Changes by anybody, in the connector's own reach.

    Args:
        since: From when on, aware.
        until: Until when, aware.

    Yields:
        Batches in the log's order; repeats are harmless.

    Raises:
        ProviderError: The log can't be read.

    Must not: write to the provider.
    """


@hookspec(firstresult=True)
async def rolecall_twins() -> Sequence[Twin]:  # type: ignore[empty-body]
    """List roles with the groups by which they can be had. Async.

    Called by ``rolecall jit twins``. Optional.

    Returns:
        In any order; empty where roles aren't had by groups.

    Raises:
        ProviderError: The provider can't be read.

    Must not: write to the provider.
    """


@hookspec(firstresult=True)
async def rolecall_recipe(purpose: Literal["read", "write"]) -> Recipe:  # type: ignore[empty-body]
    """Give the smallest admin role and credential that this connector needs. Async.

    Called by ``rolecall check --recipe``.

    Args:
        purpose: To sync, or to sync and provision.

    Returns:
        In the provider's words, for this org.

    Raises:
        ProviderError: The provider can't be read.

    Must not: write to the provider.
    """


# --- Host hooks: broadcast to every plugin ------------------------------------------------------------


@hookspec
def rolecall_before_provisioning(action: Action, plan: Plan, settings: PluginSettings) -> None:
    """Let a policy speak on a plan, before it is shown or anything is written.

    Called for every plan, for a dry run too, and again just before a plan is carried out later.

    Args:
        action: Who wants what, and why.
        plan: How.
        settings: The plugins' own tables of the configuration.

    Raises:
        Refused: Vetoed; the message says why, and the command exits with 3.
        Exception: Any other is a veto too, naming the plugin: a broken policy lets nothing through.

    Must not: write to the provider.
    """


@hookspec
def rolecall_after_provisioning(outcome: ActionOutcome) -> None:
    """Note how an action ended: applied, handed off, refused or failed.

    Called after it was recorded.

    Args:
        outcome: With the plan, where one was made.

    Raises:
        Exception: Logged as this plugin's fault; what was done stands.

    Must not: block for long.
    """


@hookspec
def rolecall_audit_head(head: AuditHead, settings: PluginSettings) -> None:
    """Keep the end of the audit chain where nobody who can write the store can change it.

    Called after each record; each head implies all records before it.

    Args:
        head: Number, hash and time.
        settings: The plugins' own tables of the configuration.

    Raises:
        Exception: Logged as this plugin's fault, and told by ``rolecall audit verify`` as a gap.

    Must not: block for long.
    """


@hookspec
def rolecall_audit_heads(settings: PluginSettings) -> Iterable[AuditHead]:  # type: ignore[empty-body]
    """Give back the heads that this plugin keeps, to hold the store's chain against them.

    Called by ``rolecall audit verify``, and by ``rolecall run`` when it starts: a head that the store
    hasn't means that the store is older than what was done.

    Args:
        settings: The plugins' own tables of the configuration.

    Returns:
        In the order kept; empty from a sink that can't be read back.

    Raises:
        Exception: Told as this plugin's fault; the verification isn't passed.

    Must not: change anything.
    """


@hookspec
async def rolecall_notify(notice: Notice, settings: PluginSettings) -> str | None:
    """Tell people something. Async.

    Called once for each plugin that has the hook; after a failure again, later and later, for three days.

    Args:
        notice: What, and to whom.
        settings: The plugins' own tables of the configuration.

    Returns:
        The number by which the receiver calls it, such as a ticket's, or None.

    Raises:
        ProviderError: It didn't get through; it is tried again.
        Refused: It never will; it isn't tried again.

    Must not: raise because nothing is configured: then there is nothing to do.
    """


# --- Extension hooks ----------------------------------------------------------------------------------


@hookspec
def rolecall_settings() -> Mapping[str, type[ma.Schema]]:  # type: ignore[empty-body]
    """Declare the tables of ``rolecall.toml`` that are this plugin's.

    Called once at start.

    Returns:
        Table's name → marshmallow schema, ``unknown`` being RAISE. What its ``load`` returns is what
        ``PluginSettings.table`` gives. Secrets are ``rolecall.SecretField``.

    Raises:
        Exception: The plugin is listed as broken with the reason, and the others go on.

    Must not: name a table of the host's or of another plugin.
    """
