"""The tables of ``rolecall.toml`` that belong to plugins: validated by them, and handed to their hooks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rolecall.accounts import Account, Accounts
from rolecall.config_schemas import HOST_TABLES, did_you_mean, dotted, load_table
from rolecall.contracts import Secret
from rolecall.errors import PluginError
from rolecall.plugins import Plugins
from rolecall.secrets import Resolver, SecretRef, read_secret


def _nobody(_scheme: str, _reference: str) -> None:
    return None


@dataclass(frozen=True, slots=True)
class LoadedSettings:
    """``PluginSettings`` as hooks get it; secrets are read when they are asked for, and not kept.

    Attributes:
        folder: What relative paths in the configuration are relative to.
        tables: What each table's schema loaded, by the table's name.
        resolver: Asked for secrets whose scheme isn't the host's own.
        accounts: What the accounts file has.
    """

    folder: Path
    tables: Mapping[str, object] = field(default_factory=dict, repr=False)
    resolver: Resolver = _nobody
    accounts: Accounts = field(default_factory=Accounts)

    def table(self, name: str) -> Any:
        """See ``PluginSettings.table``."""
        return self.tables.get(name)

    def account(self, account_id: str) -> Account | None:
        """See ``PluginSettings.account``."""
        return self.accounts.by_id.get(account_id)

    def secret(self, ref: SecretRef) -> Secret:
        """See ``PluginSettings.secret``."""
        return read_secret(ref, self.folder, self.resolver)


def load_tables(
    given: Mapping[str, object], plugins: Plugins, problems: list[str]
) -> tuple[dict[str, object], tuple[str, ...]]:
    """Have plugins validate their tables.

    A table that nobody declares is a mistake, unless it reads like none that is known and may be that of a
    plugin that is broken or disabled.

    Args:
        given: What stands in the file beside the host's own tables, by name.
        plugins: Whose tables they may be.
        problems: Where mistakes go.

    Returns:
        What each table's schema loaded, by name; and the names of those that may be of a plugin that
        isn't there.

    Raises:
        PluginError: A plugin's schema broke.
    """
    loaded: dict[str, object] = {}
    idle = []
    missing = any(info.state != "ok" for info in plugins.inventory)
    for name, table in given.items():
        if name in plugins.tables:
            loaded[name] = _loaded(name, table, plugins, problems)
            continue
        guess = did_you_mean(name, (*HOST_TABLES, *plugins.tables))
        if missing and isinstance(table, Mapping) and not guess:
            idle.append(name)
        else:
            problems.append(f"{dotted('', name)}: unknown key{guess}")
    return loaded, tuple(idle)


def _loaded(name: str, table: object, plugins: Plugins, problems: list[str]) -> object:
    try:
        return load_table(plugins.tables[name](), table, name, problems)
    except Exception as error:  # a stranger's schema can raise anything
        raise PluginError(
            f"The schema of the table [{name}] broke with {type(error).__name__}.",
            hint="report it to the plugin's author",
        ) from error
