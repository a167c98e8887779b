"""One open connector: its hooks, reached one by one, with wrappers and nobody else's.

pluggy calls; it never awaits. ``OpenConnector`` is the one place that drives what the hooks return.
"""

import inspect
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Literal

import pluggy

from rolecall.contracts import Checkpoint, CheckReport, ConnectorContext, ConnectorKind, Forecast, SyncRun
from rolecall.errors import PluginError
from rolecall.models import (
    Change,
    Entitlement,
    EntitlementRef,
    Event,
    Grant,
    GrantRef,
    Ref,
    Resource,
    ResourceType,
)
from rolecall.plans import (
    GrantOutcome,
    Held,
    Plan,
    PrincipalNow,
    ProvisioningRequest,
    Recipe,
    Removal,
    Twin,
    WriteSeen,
    Writing,
)
from rolecall.plugins import Plugins
from rolecall.registration import INCREMENTAL_HOOKS, REQUIRED_HOOKS, addressed, forget, register

log = logging.getLogger(__name__)


class OpenConnector:
    """One open connector: its hooks, reached one by one, with wrappers and nobody else's."""

    def __init__(self, manager: pluggy.PluginManager, carrier: object, kind: ConnectorKind) -> None:
        self.kind = kind
        self._manager = manager
        self._carrier = carrier

    async def validate(self) -> None:
        """See ``rolecall_validate``."""
        proof = self._call("rolecall_validate")
        if proof is not None:
            await proof

    async def check(self) -> CheckReport:
        """See ``rolecall_check``."""
        report = self._call("rolecall_check")
        if report is None:
            raise PluginError(
                f"Connectors of kind {self.kind.id} can't be checked: the plugin has no rolecall_check."
            )
        checked: CheckReport = await report
        return checked

    def resources(self, resource_type: ResourceType, run: SyncRun) -> AsyncIterator[Sequence[Resource]]:
        """See ``rolecall_sync_resources``."""
        return self._stream("rolecall_sync_resources", resource_type=resource_type, run=run)

    def entitlements(self, resource_type: ResourceType, run: SyncRun) -> AsyncIterator[Sequence[Entitlement]]:
        """See ``rolecall_sync_entitlements``."""
        return self._stream("rolecall_sync_entitlements", resource_type=resource_type, run=run)

    def grants(self, resource_type: ResourceType, run: SyncRun) -> AsyncIterator[Sequence[Grant]]:
        """See ``rolecall_sync_grants``."""
        return self._stream("rolecall_sync_grants", resource_type=resource_type, run=run)

    @property
    def is_incremental(self) -> bool:
        """Whether it has all the hooks of an incremental run."""
        return all(hasattr(self._carrier, hook) for hook in INCREMENTAL_HOOKS)

    def events(self, checkpoint: Checkpoint | None, run: SyncRun) -> AsyncIterator[Sequence[Event]]:
        """See ``rolecall_sync_events``."""
        return self._stream("rolecall_sync_events", checkpoint=checkpoint, run=run)

    def changes(self, checkpoint: Checkpoint, run: SyncRun) -> AsyncIterator[Sequence[Change]]:
        """See ``rolecall_sync_changes``."""
        return self._stream("rolecall_sync_changes", checkpoint=checkpoint, run=run)

    async def checkpoint(self) -> bytes | None:
        """See ``rolecall_checkpoint``."""
        given = await self._call("rolecall_checkpoint")
        if given is not None and not isinstance(given, bytes):
            raise PluginError(
                f"rolecall_checkpoint of kind {self.kind.id} gave {type(given).__name__}, not bytes or None."
            )
        return given

    async def estimate(self, checkpoint: Checkpoint | None) -> Forecast | None:
        """See ``rolecall_estimate``; None from a connector that can't."""
        working_out = self._call("rolecall_estimate", checkpoint=checkpoint)
        forecast: Forecast | None = None if working_out is None else await working_out
        return forecast

    async def confirm(self, suspects: Sequence[Ref | GrantRef], run: SyncRun) -> Sequence[bool | None]:
        """See ``rolecall_confirm``; nothing can be told by a connector without it."""
        asking = self._call("rolecall_confirm", suspects=suspects, run=run)
        return [None] * len(suspects) if asking is None else await asking

    async def plan(self, request: ProvisioningRequest) -> Plan:
        """See ``rolecall_plan``."""
        plan: Plan = await self._needed("rolecall_plan", request=request)
        return plan

    async def carry_out(self, plan: Plan, writing: Writing) -> GrantOutcome:
        """See ``rolecall_grant`` and ``rolecall_revoke``: which of them the plan is for."""
        outcome: GrantOutcome = await self._needed(f"rolecall_{plan.operation}", plan=plan, writing=writing)
        return outcome

    async def find(self, principal: Ref | str) -> PrincipalNow | None:
        """See ``rolecall_find``."""
        found: PrincipalNow | None = await self._needed("rolecall_find", principal=principal)
        return found

    async def holds(self, grants: Sequence[GrantRef]) -> Sequence[bool | None]:
        """See ``rolecall_holds``; nothing can be told by a connector without it."""
        asking = self._call("rolecall_holds", grants=grants)
        return [None] * len(grants) if asking is None else await asking

    async def present(self, things: Sequence[Held]) -> Sequence[bool | None]:
        """See ``rolecall_present``; nothing can be told by a connector without it."""
        asking = self._call("rolecall_present", things=things)
        return [None] * len(things) if asking is None else await asking

    async def removals(self, entitlement: EntitlementRef, person: Ref) -> Sequence[Removal]:
        """See ``rolecall_removals``; none from a connector without it."""
        asking = self._call("rolecall_removals", entitlement=entitlement, person=person)
        return () if asking is None else await asking

    def writes_seen(self, since: datetime, until: datetime) -> AsyncIterator[Sequence[WriteSeen]]:
        """See ``rolecall_writes_seen``."""
        return self._stream("rolecall_writes_seen", since=since, until=until)

    async def twins(self) -> Sequence[Twin]:
        """See ``rolecall_twins``; none from a connector without it."""
        asking = self._call("rolecall_twins")
        return () if asking is None else await asking

    async def recipe(self, purpose: Literal["read", "write"]) -> Recipe:
        """See ``rolecall_recipe``."""
        recipe: Recipe = await self._needed("rolecall_recipe", purpose=purpose)
        return recipe

    async def close(self) -> None:
        """See ``rolecall_close``; what it raises is logged, since the command's outcome stands."""
        try:
            closing = self._call("rolecall_close")
            if closing is not None:
                await closing
        except Exception:  # a stranger can raise anything
            log.exception("closing a connector of kind %s failed", self.kind.id)

    def _needed(self, hook: str, **arguments: object) -> Any:
        answering = self._call(hook, **arguments)
        if answering is None:
            raise PluginError(f"Connectors of kind {self.kind.id} have no {hook}.")
        return answering

    def _call(self, hook: str, **arguments: object) -> Any:
        return addressed(self._manager, hook, self._carrier)(**arguments)

    async def _stream(self, hook: str, **arguments: object) -> AsyncIterator[Any]:
        batches = self._call(hook, **arguments)
        if not inspect.isasyncgen(batches):
            raise PluginError(
                f"{hook} of kind {self.kind.id} gave {type(batches).__name__}, not an async generator."
            )
        try:
            async for batch in batches:
                yield batch
        finally:
            await batches.aclose()


@asynccontextmanager
async def open_connector(plugins: Plugins, context: ConnectorContext) -> AsyncIterator[OpenConnector]:
    """Open a connector, and close it whatever happens in between.

    Raises:
        PluginError: The kind's plugin isn't loaded, or gave back something that doesn't fit.
        ConfigError: The plugin refuses the settings.
        ProviderError: The provider refuses.
    """
    kind = plugins.kind(context.kind, context.name)
    opening = addressed(plugins.manager, "rolecall_open", plugins.owners[context.kind])(context=context)
    if opening is None:
        raise PluginError(f"Kind {context.kind} can't be opened: its plugin has no rolecall_open.")
    carrier = await opening
    name = f"connector {context.name} {id(carrier)}"  # one may be open for reading and for writing at once
    connector = OpenConnector(plugins.manager, carrier, kind)
    try:
        register(plugins.manager, carrier, name)
        missing = [hook for hook in REQUIRED_HOOKS if not hasattr(carrier, hook)]
        if missing:
            raise PluginError(f"Kind {context.kind} opened a connector without {', '.join(missing)}.")
        yield connector
    finally:
        await connector.close()
        forget(plugins.manager, name)
