"""What fits a hook: plugins and open connectors are registered with pluggy, and called one by one."""

import inspect
from collections.abc import Iterator
from typing import Any

import pluggy

from rolecall import hookspecs, provisioning_hookspecs
from rolecall.errors import PluginError, one_line

REQUIRED_HOOKS = ("rolecall_sync_resources", "rolecall_sync_entitlements", "rolecall_sync_grants")
INCREMENTAL_HOOKS = ("rolecall_sync_events", "rolecall_sync_changes", "rolecall_checkpoint")
STREAMED = "rolecall_writes_seen"
ASYNC_HOOKS = frozenset(
    name
    for name, spec in (*vars(hookspecs).items(), *vars(provisioning_hookspecs).items())
    if name.startswith("rolecall_")
    and (inspect.iscoroutinefunction(spec) or name in (*REQUIRED_HOOKS, *INCREMENTAL_HOOKS, STREAMED))
)


def register(manager: pluggy.PluginManager, plugin: object, name: str) -> None:
    """Register a plugin, or raise a PluginError that says why it doesn't fit."""
    try:
        manager.register(plugin, name=name)
        manager.check_pending()  # a misspelt hook name shows here, not as silence in a sync run
    except (pluggy.PluginValidationError, ValueError) as error:
        raise PluginError(one_line(error)) from error
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


def forget(manager: pluggy.PluginManager, name: str) -> None:
    """Have a plugin no more, if it is there at all."""
    if manager.has_plugin(name):
        manager.unregister(name=name)


def addressed(manager: pluggy.PluginManager, hook: str, target: object) -> pluggy.HookCaller:
    """A caller that reaches one plugin and every wrapper, and nobody else."""
    caller: pluggy.HookCaller = getattr(manager.hook, hook)
    others = [
        implementation.plugin
        for implementation in caller.get_hookimpls()
        if implementation.plugin is not target and not _wraps(implementation)
    ]
    return manager.subset_hook_caller(hook, remove_plugins=others)


class Listener:
    """One plugin's own implementation of a hook that is broadcast.

    Attributes:
        plugin: The plugin's name.
    """

    def __init__(self, implementation: pluggy.HookImpl) -> None:
        self.plugin = implementation.plugin_name
        self._implementation = implementation

    def hear(self, **arguments: object) -> Any:
        """Call it with those of the hook's arguments that it takes; it gives and raises what it will."""
        wanted = self._implementation.argnames
        return self._implementation.function(**{name: arguments[name] for name in wanted})


def listeners(manager: pluggy.PluginManager, hook: str) -> Iterator[Listener]:
    """Who hears a broadcast, in pluggy's order; wrappers don't."""
    for implementation in getattr(manager.hook, hook).get_hookimpls():
        if not _wraps(implementation):
            yield Listener(implementation)


def _wraps(implementation: pluggy.HookImpl) -> bool:
    return implementation.wrapper or implementation.hookwrapper
