"""The plugins of a process: finding them, checking what they offer, and calling the hooks of all of them."""

import logging
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from typing import Any

import click
import marshmallow as ma
import pluggy
from importlib_metadata import EntryPoint, entry_points, version

from rolecall import hookspecs, provisioning_hookspecs
from rolecall.config_schemas import slip_of_host
from rolecall.contracts import (
    AccessQuestion,
    Choice,
    ConnectorContext,
    ConnectorKind,
    Explanation,
    SyncOutcome,
)
from rolecall.errors import PluginError, Refused, RolecallError, one_line
from rolecall.plans import Action, Plan
from rolecall.plugin_settings import PluginSettings
from rolecall.registration import addressed, forget, listeners, register

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
        caller = addressed(self.manager, "rolecall_explain", self.owners[kind])
        return caller(question=question) or Explanation()

    async def setup_choices(self, context: ConnectorContext, setting: str) -> Sequence[Choice]:
        """Values to pick from for one setting of a connector that isn't configured yet.

        Raises:
            ProviderError: The provider can't list them.
        """
        caller = addressed(self.manager, "rolecall_setup_choices", self.owners[context.kind])
        listing = caller(context=context, setting=setting)
        return await listing if listing is not None else ()

    def tables_of(self, name: str) -> frozenset[str]:
        """Names of the tables of the configuration that are this plugin's own."""
        plugin = self.manager.get_plugin(name)
        declared = addressed(self.manager, "rolecall_settings", plugin)() if plugin is not None else []
        return frozenset(table for tables in declared for table in tables)

    def announce(self, hook: str, **arguments: object) -> None:
        """Broadcast a host hook, to implementations alone and not to wrappers.

        A plugin that raises is named in the log, and the others still hear it.
        """
        for listener in listeners(self.manager, hook):
            try:
                listener.hear(**arguments)
            except RolecallError as error:
                log.error("plugin %s: %s", listener.plugin, error.message)  # noqa: TRY400 - it says all
            except Exception:  # a stranger can raise anything; the run goes on
                log.exception("plugin %s failed in %s", listener.plugin, hook)

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
        for listener in listeners(self.manager, hook):
            try:
                listener.hear(action=action, plan=plan, settings=settings)
            except Refused as veto:
                facts = {**veto.facts, "plugin": listener.plugin}
                raise Refused(
                    f"Plugin {listener.plugin} refused: {veto.message}",
                    hint=veto.hint,
                    code=veto.code,
                    accept=veto.accept,
                    facts=facts,
                ) from veto
            except Exception as error:  # a policy that breaks lets nothing through
                log.exception("plugin %s failed in %s", listener.plugin, hook)
                raise Refused(
                    f"Plugin {listener.plugin} broke in {hook} with {one_line(error)}; "
                    "a policy that can't be asked refuses.",
                    hint="the traceback is in the log with -v; report it to the plugin's author",
                    code="policy_broken",
                    facts={"plugin": listener.plugin},
                ) from error

    def announce_end(self, outcome: SyncOutcome) -> None:
        """Broadcast how a sync run ended."""
        failed = outcome.status == "failed"
        self.announce("rolecall_sync_failed" if failed else "rolecall_sync_finished", outcome=outcome)


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
            register(manager, plugin, info.name)
            offered = _kinds_of(manager, plugin, taken=kinds)
            added = _commands_of(manager, plugin, taken=commands)
            declared = _tables_of(manager, plugin, taken=tables)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - importing a stranger can raise anything
            if manager.get_plugin(info.name) is plugin:
                forget(manager, info.name)
            inventory.append(_in_state(info, "broken", one_line(error)))
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


def _kinds_of(
    manager: pluggy.PluginManager, plugin: object, taken: Mapping[str, ConnectorKind]
) -> dict[str, ConnectorKind]:
    offered: dict[str, ConnectorKind] = {}
    for kind in _answers(addressed(manager, "rolecall_connector_kinds", plugin)()):
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
    for command in _answers(addressed(manager, "rolecall_commands", plugin)()):
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
    for tables in addressed(manager, "rolecall_settings", plugin)():
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
