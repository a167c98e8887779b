"""Finding plugins, checking that they fit, and calling their hooks: one connector, or all of them.

pluggy calls; it never awaits. ``OpenConnector`` is the one place that drives what the hooks return.
"""

import inspect
import logging
import re
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from importlib import import_module
from typing import Any, Literal

import click
import marshmallow as ma
import pluggy
from importlib_metadata import EntryPoint, entry_points, version

from rolecall import hookspecs, provisioning_hookspecs
from rolecall.config_schemas import slip_of_host
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
from rolecall.errors import PluginError, Refused, RolecallError
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
    Action,
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
from rolecall.plugin_settings import PluginSettings

ENTRY_POINT_GROUP = "rolecall.plugins"
HOST = "rolecall"
BUILTIN = {
    "audit": "rolecall.builtin.audit.plugin",
    "audit-file": "rolecall.builtin.audit.heads_file",
    "audit-syslog": "rolecall.builtin.audit.syslog",
    "mail": "rolecall.builtin.mail.plugin",
    "policy": "rolecall.builtin.policy.plugin",
    "requests": "rolecall.builtin.requests.plugin",
    "service": "rolecall.builtin.service.plugin",
    "webhook": "rolecall.builtin.webhook.plugin",
}
"""Plugins that come with the host: name → module, imported by ``load_plugins`` alone."""
REQUIRED_HOOKS = ("rolecall_sync_resources", "rolecall_sync_entitlements", "rolecall_sync_grants")
INCREMENTAL_HOOKS = ("rolecall_sync_events", "rolecall_sync_changes", "rolecall_checkpoint")
STREAMED = "rolecall_writes_seen"
ASYNC_HOOKS = frozenset(
    name
    for name, spec in (*vars(hookspecs).items(), *vars(provisioning_hookspecs).items())
    if name.startswith("rolecall_")
    and (
        inspect.iscoroutinefunction(spec)
        or name in (*REQUIRED_HOOKS, *INCREMENTAL_HOOKS, "rolecall_writes_seen")
    )
)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PluginInfo:
    """One installed plugin, whether it works or not.

    Attributes:
        state: ``ok``, ``disabled`` (by the configuration) or ``broken``.
        reason: Why it is disabled or broken; empty when it is ok.
    """

    name: str
    distribution: str
    version: str
    kinds: tuple[str, ...] = ()
    hooks: tuple[str, ...] = ()
    state: str = "ok"
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Plugins:
    """The plugins of one process.

    Attributes:
        manager: pluggy's manager, with every working plugin registered.
        inventory: Every installed plugin, by name.
        kinds: Connector kinds on offer, by id.
        commands: Commands that plugins add to the command line.
        owners: Kind id → the plugin that offers it.
        tables: Schemas of the plugins' own tables of the configuration, by the table's name.
    """

    manager: pluggy.PluginManager
    inventory: tuple[PluginInfo, ...]
    kinds: Mapping[str, ConnectorKind]
    commands: tuple[click.Command, ...]
    owners: Mapping[str, object]
    tables: Mapping[str, type[ma.Schema]] = field(default_factory=dict)

    def resolve_secret(self, scheme: str, reference: str) -> str | None:
        """Ask the plugins for a secret; None when the scheme is nobody's."""
        secret: str | None = self.manager.hook.rolecall_resolve_secret(scheme=scheme, reference=reference)
        return secret

    def kind(self, ident: str, connector: str) -> ConnectorKind:
        """The kind of a configured connector.

        Raises:
            PluginError: Its plugin isn't loaded.
        """
        if ident not in self.kinds:
            raise PluginError(
                f"The kind {ident} of {connector} isn't loaded.", hint="see: rolecall plugins list"
            )
        return self.kinds[ident]

    def explain(self, kind: str, question: AccessQuestion) -> Explanation:
        """The kind's own words for an access question; empty when its plugin isn't there."""
        if kind not in self.owners:
            return Explanation()
        caller = _addressed(self.manager, "rolecall_explain", self.owners[kind])
        return caller(question=question) or Explanation()

    async def setup_choices(self, context: ConnectorContext, setting: str) -> Sequence[Choice]:
        """Values to pick from for one setting of a connector that isn't configured yet.

        Raises:
            ProviderError: The provider can't list them.
        """
        caller = _addressed(self.manager, "rolecall_setup_choices", self.owners[context.kind])
        listing = caller(context=context, setting=setting)
        return await listing if listing is not None else ()

    def tables_of(self, name: str) -> frozenset[str]:
        """Names of the tables of the configuration that are this plugin's own."""
        plugin = self.manager.get_plugin(name)
        declared = _addressed(self.manager, "rolecall_settings", plugin)() if plugin is not None else []
        return frozenset(table for tables in declared for table in tables)

    def announce(self, hook: str, **arguments: object) -> None:
        """Broadcast a host hook, to implementations alone and not to wrappers.

        A plugin that raises is named in the log, and the others still hear it.
        """
        for implementation in getattr(self.manager.hook, hook).get_hookimpls():
            if implementation.wrapper or implementation.hookwrapper:
                continue
            try:
                implementation.function(**{name: arguments[name] for name in implementation.argnames})
            except RolecallError as error:
                log.error("plugin %s: %s", implementation.plugin_name, error.message)  # noqa: TRY400 - it says all
            except Exception:  # a stranger can raise anything; the run goes on
                log.exception("plugin %s failed in %s", implementation.plugin_name, hook)

    def ask_policies(self, action: Action, plan: Plan, settings: PluginSettings) -> None:
        """Let every plugin speak on a plan; see ``rolecall_before_provisioning``.

        A plugin that couldn't be loaded may be a policy, so it refuses too; but what Rolecall gave for a
        time is taken back all the same.

        Raises:
            Refused: A plugin said no, or failed: the first that did, which the message names.
        """
        hook = "rolecall_before_provisioning"
        broken = next((info for info in self.inventory if info.state == "broken"), None)
        if broken is not None and not action.dry_run and not action.request.undo:
            raise Refused(
                f"Plugin {broken.name} is broken, and may be a policy: {broken.reason}",
                hint="repair it, or name it in plugins.disabled",
                code="policy_broken",
                facts={"plugin": broken.name},
            )
        arguments = {"action": action, "plan": plan, "settings": settings}
        for implementation in getattr(self.manager.hook, hook).get_hookimpls():
            if implementation.wrapper or implementation.hookwrapper:
                continue
            try:
                implementation.function(**{name: arguments[name] for name in implementation.argnames})
            except Refused as veto:
                facts = {**veto.facts, "plugin": implementation.plugin_name}
                raise Refused(
                    f"Plugin {implementation.plugin_name} refused: {veto.message}",
                    hint=veto.hint,
                    code=veto.code,
                    accept=veto.accept,
                    facts=facts,
                ) from veto
            except Exception as error:  # a policy that breaks lets nothing through
                log.exception("plugin %s failed in %s", implementation.plugin_name, hook)
                raise Refused(
                    f"Plugin {implementation.plugin_name} broke in {hook} with {_one_line(error)}; "
                    "a policy that can't be asked refuses.",
                    hint="the traceback is in the log with -v; report it to the plugin's author",
                    code="policy_broken",
                    facts={"plugin": implementation.plugin_name},
                ) from error

    def announce_end(self, outcome: SyncOutcome) -> None:
        """Broadcast how a sync run ended."""
        failed = outcome.status == "failed"
        self.announce("rolecall_sync_failed" if failed else "rolecall_sync_finished", outcome=outcome)


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
        return _addressed(self._manager, hook, self._carrier)(**arguments)

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
    opening = _addressed(plugins.manager, "rolecall_open", plugins.owners[context.kind])(context=context)
    if opening is None:
        raise PluginError(f"Kind {context.kind} can't be opened: its plugin has no rolecall_open.")
    carrier = await opening
    name = f"connector {context.name} {id(carrier)}"  # one may be open for reading and for writing at once
    connector = OpenConnector(plugins.manager, carrier, kind)
    try:
        _register(plugins.manager, carrier, name)
        missing = [hook for hook in REQUIRED_HOOKS if not hasattr(carrier, hook)]
        if missing:
            raise PluginError(f"Kind {context.kind} opened a connector without {', '.join(missing)}.")
        yield connector
    finally:
        await connector.close()
        _forget(plugins.manager, name)


def load_plugins(disabled: Collection[str] = (), allow: Collection[str] = ()) -> Plugins:
    """Register every installed plugin; those that don't fit are named, and the rest go on.

    Args:
        disabled: Plugin or distribution names to leave out; the plugins that come with the host are of
            the distribution ``rolecall``.
        allow: When given, distribution names to which loading is confined, beside the host's.
    """
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.add_hookspecs(provisioning_hookspecs)
    inventory: list[PluginInfo] = []
    kinds: dict[str, ConnectorKind] = {}
    owners: dict[str, object] = {}
    commands: list[click.Command] = []
    tables: dict[str, type[ma.Schema]] = {}
    for info, load in (*_built_in(), *_installed()):
        barred = _barred(info, disabled, allow)
        if barred:
            inventory.append(_in_state(info, "disabled", barred))
            continue
        plugin: object = None
        try:
            plugin = load()
            _register(manager, plugin, info.name)
            offered = _kinds_of(manager, plugin, taken=kinds)
            added = _commands_of(manager, plugin, taken=commands)
            declared = _tables_of(manager, plugin, taken=tables)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - importing a stranger can raise anything
            if manager.get_plugin(info.name) is plugin:
                _forget(manager, info.name)
            inventory.append(_in_state(info, "broken", _one_line(error)))
            continue
        kinds.update(offered)
        owners.update(dict.fromkeys(offered, plugin))
        commands.extend(added)
        tables.update(declared)
        hooks = sorted(caller.name for caller in manager.get_hookcallers(plugin) or ())
        inventory.append(
            PluginInfo(info.name, info.distribution, info.version, tuple(sorted(offered)), tuple(hooks))
        )
    inventory.sort(key=lambda info: info.name)
    return Plugins(manager, tuple(inventory), kinds, tuple(commands), owners, tables)


def _built_in() -> Iterator[tuple[PluginInfo, Callable[[], object]]]:
    """The host's own plugins: imported by name, since the host's core knows none of them."""
    release = version(HOST)
    for name, module in BUILTIN.items():
        yield PluginInfo(name, HOST, release), partial(import_module, module)


def _installed() -> Iterator[tuple[PluginInfo, Callable[[], object]]]:
    for entry_point in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda point: point.name):
        yield _describe(entry_point), entry_point.load


def _describe(entry_point: EntryPoint) -> PluginInfo:
    distribution = entry_point.dist
    if distribution is None:
        return PluginInfo(entry_point.name, "unknown", "unknown")
    return PluginInfo(entry_point.name, distribution.name, distribution.version)


def _barred(info: PluginInfo, disabled: Collection[str], allow: Collection[str]) -> str:
    if info.name in disabled or info.distribution in disabled:
        return "named in plugins.disabled"
    if allow and info.distribution not in (HOST, *allow):
        return "not named in plugins.allow"
    return ""


def _in_state(info: PluginInfo, state: str, reason: str) -> PluginInfo:
    return PluginInfo(info.name, info.distribution, info.version, state=state, reason=reason)


def _register(manager: pluggy.PluginManager, plugin: object, name: str) -> None:
    """Register a plugin, or raise a PluginError that says why it doesn't fit."""
    try:
        manager.register(plugin, name=name)
        manager.check_pending()  # a misspelt hook name shows here, not as silence in a sync run
    except (pluggy.PluginValidationError, ValueError) as error:
        raise PluginError(_one_line(error)) from error
    implementations = {
        implementation.function.__name__: implementation
        for caller in manager.get_hookcallers(plugin) or ()
        for implementation in caller.get_hookimpls()
        if implementation.plugin is plugin
    }
    unmarked = [
        hook
        for hook, member in inspect.getmembers(plugin, inspect.isroutine)
        if hook.startswith("rolecall_") and hook not in implementations
    ]
    if unmarked:
        raise PluginError(f"{', '.join(unmarked)}: not marked with @rolecall.hookimpl")
    for hook, implementation in implementations.items():
        function = implementation.function
        runs_async = inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)
        if hook in ASYNC_HOOKS and not runs_async and not implementation.wrapper:
            raise PluginError(f"{hook} must be async")
        if hook not in ASYNC_HOOKS and runs_async:
            raise PluginError(f"{hook} must not be async")


def _forget(manager: pluggy.PluginManager, name: str) -> None:
    if manager.has_plugin(name):
        manager.unregister(name=name)


def _kinds_of(
    manager: pluggy.PluginManager, plugin: object, taken: Mapping[str, ConnectorKind]
) -> dict[str, ConnectorKind]:
    offered: dict[str, ConnectorKind] = {}
    for kind in _answers(_addressed(manager, "rolecall_connector_kinds", plugin)()):
        if not isinstance(kind, ConnectorKind):
            raise PluginError(f"rolecall_connector_kinds gave a {type(kind).__name__}, not a ConnectorKind")
        if kind.id in taken or kind.id in offered:
            raise PluginError(f"connector kind {kind.id} is already offered by another plugin")
        _check_kind(kind)
        offered[kind.id] = kind
    return offered


def _check_kind(kind: ConnectorKind) -> None:
    if not (isinstance(kind.settings, type) and issubclass(kind.settings, ma.Schema)):
        raise PluginError(f"connector kind {kind.id}: settings must be a marshmallow Schema class")
    type_ids = [resource_type.id for resource_type in kind.resource_types]
    wrong = [ident for ident in (kind.id, *type_ids) if not re.fullmatch(r"[a-z][a-z0-9_]*", ident)]
    if wrong:
        raise PluginError(f"connector kind {kind.id}: ids must be lower-case words: {', '.join(wrong)}")
    if len(set(type_ids)) != len(type_ids):
        raise PluginError(f"connector kind {kind.id}: a resource type is declared twice")


def _commands_of(
    manager: pluggy.PluginManager, plugin: object, taken: Iterable[click.Command]
) -> list[click.Command]:
    names = {command.name for command in taken}
    added = []
    for command in _answers(_addressed(manager, "rolecall_commands", plugin)()):
        if not isinstance(command, click.Command):
            raise PluginError(f"rolecall_commands gave a {type(command).__name__}, not a click command")
        if command.name in names:
            raise PluginError(f"command {command.name} is already added by another plugin")
        added.append(command)
    return added


def _tables_of(
    manager: pluggy.PluginManager, plugin: object, taken: Mapping[str, type[ma.Schema]]
) -> dict[str, type[ma.Schema]]:
    declared: dict[str, type[ma.Schema]] = {}
    for tables in _addressed(manager, "rolecall_settings", plugin)():
        for name, schema in tables.items():
            if not (isinstance(schema, type) and issubclass(schema, ma.Schema)):
                raise PluginError(f"table {name}: its settings must be a marshmallow Schema class")
            if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
                raise PluginError(f"table {name}: the name must be a lower-case word")
            if slip := slip_of_host(name):
                # A slip in a table of the host's is told before plugins are asked for theirs.
                raise PluginError(f"table {name}: too like one of the host's{slip}")
            if name in taken:
                raise PluginError(f"table {name} is already another plugin's")
            declared[name] = schema
    return declared


def _answers(results: list[Sequence[Any]]) -> list[Any]:
    return [answer for result in results for answer in result]


def _addressed(manager: pluggy.PluginManager, hook: str, target: object) -> pluggy.HookCaller:
    """A caller that reaches one plugin and every wrapper, and nobody else."""
    caller: pluggy.HookCaller = getattr(manager.hook, hook)
    others = [
        implementation.plugin
        for implementation in caller.get_hookimpls()
        if implementation.plugin is not target and not (implementation.wrapper or implementation.hookwrapper)
    ]
    return manager.subset_hook_caller(hook, remove_plugins=others)


def _one_line(error: BaseException) -> str:
    text = error.message if isinstance(error, RolecallError) else f"{type(error).__name__}: {error}"
    return " ".join(text.split())
