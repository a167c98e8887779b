"""The configuration, ``rolecall.toml``: found, read, and every mistake in it named at once.

It is read at two depths. ``read_draft`` knows the host's own keys and the connectors' names, which
is all that reading the store needs, and works while a plugin is broken. ``configure`` has each
connector's kind and each plugin validate the rest, and reads the secrets of the connectors that are
about to be opened.
"""

import os
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, cast

from rolecall.accounts import Accounts, load_accounts
from rolecall.config_schemas import (
    HOST_KEYS,
    HOST_TABLES,
    TABLES,
    ConnectorSchema,
    did_you_mean,
    dotted,
    load_table,
    slip_of_host,
)
from rolecall.contracts import Secret
from rolecall.credentials import (
    WRITE_KEY,
    WriteCredential,
    load_settings,
    load_write_credential,
    read_secrets,
    secret_refs,
)
from rolecall.errors import ConfigError
from rolecall.plugin_tables import load_tables
from rolecall.plugins import Plugins
from rolecall.secrets import SecretRef, read_secret

FILE_NAME = "rolecall.toml"
DEFAULT_STORE = "sqlite:///rolecall.db"
DEFAULT_SHRINK = 0.2
DEFAULT_FULL_EVERY = timedelta(hours=24)
DEFAULT_MAX_AGE = timedelta(hours=24)
_KEYS_HINT = "the keys of a kind, or of a plugin's table: rolecall plugins schema NAME"
_ABOUT_KEYS = (": missing", ": unknown key", "'?)")
CONNECTOR_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]*")


@dataclass(frozen=True, slots=True)
class ConnectorConfig:
    """One connector, as configured.

    Attributes:
        name: Its name, unique in the file.
        kind: Id of its kind, which need not be installed.
        owners: People who answer for it.
        identity_source: Another connector's name, or None.
        source_match: What people have in common with the identity source's: ``id``, ``login`` or ``email``.
        source_max_age: From which age on the identity source's last run is stale.
        source_when_stale: Whether a stale or missing source is used as it is, or synced first.
        provisioning: While ``off``, every write is refused.
        table: The kind's own keys as they stand in the file. Not for showing: a person may have
            written a secret here.
        settings: What the kind's schema loaded; None as long as it hasn't.
        secret_refs: Setting → where the secret is; empty as long as settings is None.
        secrets: Setting → secret, of a connector about to be opened.
        write_table: The write credential as it stands in the file; None without one. Not for showing.
        write_credential: What the kind's schema made of it; None as long as it hasn't, or without one.
    """

    name: str
    kind: str
    owners: tuple[str, ...] = ()
    identity_source: str | None = None
    source_match: Literal["id", "login", "email"] = "id"
    source_max_age: timedelta = DEFAULT_MAX_AGE
    source_when_stale: Literal["use", "sync"] = "use"
    provisioning: Literal["off", "on"] = "off"
    table: Mapping[str, object] = field(default_factory=dict, repr=False)
    settings: object = None
    secret_refs: Mapping[str, SecretRef] = field(default_factory=dict)
    secrets: Mapping[str, Secret] = field(default_factory=dict)
    write_table: Mapping[str, object] | None = field(default=None, repr=False)
    write_credential: WriteCredential | None = None


@dataclass(frozen=True, slots=True)
class ProvisioningRules:
    """``[provisioning]``: what holds for every write.

    Attributes:
        patience: How long to wait for a read-back to show what was written.
        handoff_due: How long a person outside has for a change that was handed over.
        require_assurance: ``oidc``: who isn't signed in at the org can't have anything written.
    """

    patience: timedelta = timedelta(seconds=30)
    handoff_due: timedelta = timedelta(days=2)
    require_assurance: Literal["oidc"] | None = None


@dataclass(frozen=True, slots=True)
class Config:
    """The whole file.

    Attributes:
        path: Where it is.
        store_url: SQLAlchemy URL; a relative SQLite file is relative to ``folder``. It may hold a password.
        max_shrink: Share of a type's grants that may vanish in a run without asking.
        full_every: How old the last full run may be before the next one is full too; zero: always full.
        accounts: Names of accounts, from the CSV that the file names.
        disabled: Plugins that aren't loaded.
        allow: When given, the only distributions that are loaded.
        connectors: By name, in the file's order.
        provisioning: What holds for every write.
        tables: What the schemas of plugins' own tables loaded, by the table's name; None as long as no
            plugin was asked.
        idle_tables: Tables that no loaded plugin declares, while there are plugins that aren't loaded.
    """

    path: Path
    store_url: str = field(default=DEFAULT_STORE, repr=False)
    max_shrink: float = DEFAULT_SHRINK
    full_every: timedelta = DEFAULT_FULL_EVERY
    accounts: Accounts = field(default_factory=Accounts)
    disabled: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    connectors: Mapping[str, ConnectorConfig] = field(default_factory=dict)
    provisioning: ProvisioningRules = field(default_factory=ProvisioningRules)
    tables: Mapping[str, object] | None = field(default=None, repr=False)
    idle_tables: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        """What relative paths in the file are relative to."""
        return self.path.parent


@dataclass(frozen=True, slots=True)
class Draft:
    """A file that was read: what is right in it, and the host's own mistakes.

    Attributes:
        config: What could be read; parts with mistakes are left at their defaults.
        problems: The mistakes, by dotted key.
        plugins_known: False when ``[plugins]`` doesn't say what may be loaded, so that nothing may be.
        others: Everything in the file that isn't the host's, and may be a plugin's.
    """

    config: Config
    problems: tuple[str, ...]
    plugins_known: bool
    others: Mapping[str, object] = field(default_factory=dict, repr=False)


def find_config(named: str | Path | None, folder: Path) -> Path | None:
    """Where the configuration is: the file named, or the nearest one in ``folder`` or above, or None.

    Args:
        named: From ``--config`` or ``ROLECALL_CONFIG``; empty counts as not given.
        folder: Where the search begins.

    Raises:
        ConfigError: The file named isn't there.
    """
    if named:
        path = Path(os.path.expanduser(named)).absolute()  # noqa: PTH111 - it leaves an unknown ~name as it is
        if "\0" in str(path) or not path.is_file():
            raise ConfigError(f"There is no configuration file {path}.", hint="create one: rolecall init")
        return path
    candidates = (place / FILE_NAME for place in (folder, *folder.parents))
    return next((path for path in candidates if path.is_file()), None)


def settled(draft: Draft) -> Config:
    """The draft's configuration.

    Raises:
        ConfigError: All mistakes in the host's keys.
    """
    if draft.problems:
        raise _invalid(draft.config.path, draft.problems)
    return draft.config


def read_draft(path: Path) -> Draft:
    """Read the file; mistakes in the host's keys are in the draft.

    Raises:
        ConfigError: It can't be read, or isn't TOML.
    """
    return draft_from(_parse(path), path)


def draft_from(document: Mapping[str, Any], path: Path) -> Draft:
    """The draft of a parsed file; see ``read_draft``."""
    problems: list[str] = []
    others = {key: value for key, value in document.items() if key not in HOST_TABLES}
    slips = {key: guess for key in others if (guess := slip_of_host(key))}
    problems.extend(f"{dotted('', key)}: unknown key{guess}" for key, guess in slips.items())
    loaded: dict[str, Mapping[str, Any]] = {}
    for name, schema in TABLES.items():
        table = load_table(schema(), document.get(name, {}), name, problems) if name in document else {}
        if table is not None:
            loaded[name] = table
    connectors = _connectors(document.get("connectors", {}), problems)
    plugins = loaded.get("plugins", {})
    unbounded = (
        [] if plugins.get("allow") else [c.name for c in connectors.values() if c.provisioning == "on"]
    )
    problems.extend(
        f"plugins.allow: must name the distributions to load, since {dotted('connectors', name)} "
        "has provisioning on"
        for name in unbounded
    )
    file = loaded.get("accounts", {}).get("file")
    config = Config(
        path,
        store_url=_store_url(loaded.get("store", {}).get("url", DEFAULT_STORE), path.parent, problems),
        max_shrink=loaded.get("sync", {}).get("max_shrink", DEFAULT_SHRINK),
        full_every=loaded.get("sync", {}).get("full_every", DEFAULT_FULL_EVERY),
        accounts=_accounts(path.parent / file if file else None, problems),
        disabled=tuple(plugins.get("disabled", ())),
        allow=tuple(plugins.get("allow", ())),
        connectors=connectors,
        provisioning=ProvisioningRules(**loaded.get("provisioning", {})),
    )
    return Draft(
        config,
        tuple(problems),
        plugins_known="plugins" in loaded and not unbounded,
        others={key: value for key, value in others.items() if key not in slips},
    )


def configure(draft: Draft, plugins: Plugins, opening: Collection[str] = ()) -> Config:
    """The whole configuration, validated by the connectors' kinds and the plugins whose tables it has.

    A connector whose kind isn't there is a mistake, unless it isn't about to be opened and a plugin
    that might offer the kind is broken or disabled: one bad plugin doesn't stop the others. The same goes for
    a table that such a plugin might have declared.

    Args:
        draft: The file.
        plugins: The plugins that the draft's ``disabled`` and ``allow`` let in.
        opening: Names of connectors about to be opened, whose secrets are read.

    Raises:
        ConfigError: All mistakes: the host's, each kind's, each plugin's, and missing secrets.
    """
    problems = list(draft.problems)
    missing = tuple(info for info in plugins.inventory if info.state != "ok")
    connectors = {}
    for name, connector in draft.config.connectors.items():
        path = dotted("connectors", name)
        kind = plugins.kinds.get(connector.kind)
        if kind is None:
            if name in opening or not missing:
                problems.append(
                    f"{dotted('connectors', name)}.kind: {_no_such_kind(connector.kind, plugins)}"
                )
            connectors[name] = connector
            continue
        settings = load_settings(kind, connector.table, path, problems)
        refs = secret_refs(kind, connector.table)
        secrets: dict[str, Secret] = {}
        if name in opening:
            secrets = read_secrets(refs, path, draft.config.folder, plugins, problems)
        write = connector.write_table and load_write_credential(
            kind, connector.table, connector.write_table, path, problems
        )
        connectors[name] = replace(
            connector, settings=settings, secret_refs=refs, secrets=secrets, write_credential=write or None
        )
    tables, idle = load_tables(draft.others, plugins, problems)
    if problems:
        raise _invalid(draft.config.path, problems)
    return replace(draft.config, connectors=connectors, tables=tables, idle_tables=idle)


def connector_secrets(
    config: Config, connector: ConnectorConfig, plugins: Plugins, *, write: bool
) -> dict[str, Secret]:
    """The secrets of a connector that is about to be opened, by setting, read now.

    Args:
        config: Whose connector it is, validated by its kind.
        connector: The connector.
        plugins: Asked for schemes that aren't the host's own.
        write: With its write credential.

    Raises:
        ConfigError: Some can't be read.
    """
    credential = connector.write_credential if write else None
    refs = credential.secret_refs if credential else connector.secret_refs
    own = credential.own if credential else frozenset[str]()
    path, problems = dotted("connectors", connector.name), list[str]()
    secrets: dict[str, Secret] = {}
    for place, inside in ((path, False), (dotted(path, WRITE_KEY), True)):
        chosen = {name: ref for name, ref in refs.items() if (name in own) is inside}
        secrets |= read_secrets(chosen, place, config.folder, plugins, problems)
    if problems:
        raise _invalid(config.path, problems)
    return secrets


def _parse(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"Can't read {path}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 text (byte {error.start}).") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from error
    except (RecursionError, ValueError) as error:  # nested too deep, or a number too long to read
        raise ConfigError(f"{path} is not valid TOML: {type(error).__name__}") from error


def _accounts(file: Path | None, problems: list[str]) -> Accounts:
    try:
        return load_accounts(file)
    except ConfigError as error:
        problems.extend(error.problems or [error.message])
        return Accounts()


def _store_url(given: str | SecretRef, folder: Path, problems: list[str]) -> str:
    """The URL; from where it is, when the file says so. Plugins aren't asked: none is loaded yet."""
    if isinstance(given, str):
        return given
    try:
        return read_secret(given, folder, lambda _scheme, _reference: None).reveal()
    except ConfigError as error:
        problems.append(f"store.url: {error.message}")
        return DEFAULT_STORE


def _connectors(tables: object, problems: list[str]) -> dict[str, ConnectorConfig]:
    if not isinstance(tables, Mapping):
        problems.append("connectors: must be a table with one table for each connector")
        return {}
    connectors = {}
    for name, table in tables.items():
        path = dotted("connectors", name)
        if not CONNECTOR_NAME.fullmatch(name):
            problems.append(f"{path}: a name has a-z, 0-9, '-', '_' and '.' only, and begins with a-z or 0-9")
        loaded = load_table(ConnectorSchema(), table, path, problems)
        if loaded is not None:
            connectors[name] = _connector(name, loaded, cast("Mapping[str, object]", table))
        source = table.get("identity_source") if isinstance(table, Mapping) else None
        if isinstance(source, str) and source and (source not in tables or source == name):
            others = [other for other in tables if other != name]
            problems.append(
                f"{path}.identity_source: must name another connector{did_you_mean(source, others)}"
            )
        if isinstance(table, Mapping) and source is None:
            problems.extend(
                f"{dotted(path, key)}: needs an identity_source"
                for key in table
                if str(key).startswith("identity_source_") and key in HOST_KEYS
            )
    problems.extend(_source_cycles(connectors))
    return connectors


def _source_cycles(connectors: Mapping[str, ConnectorConfig]) -> Iterator[str]:
    """One mistake for each ring of identity sources; a connector that names itself is told elsewhere."""
    told: set[str] = set()
    for name in connectors:
        chain = [name]
        while (source := connectors[chain[-1]].identity_source) and source in connectors:
            if source in chain:
                break
            chain.append(source)
        ring = chain[chain.index(source) :] if source in chain else []
        if len(ring) > 1 and told.isdisjoint(ring):
            told.update(ring)
            shown = " → ".join([*ring, ring[0]])
            yield f"{dotted('connectors', ring[0])}.identity_source: goes round in a circle ({shown})"


def _connector(name: str, loaded: Mapping[str, Any], table: Mapping[str, object]) -> ConnectorConfig:
    return ConnectorConfig(
        name,
        loaded["kind"],
        tuple(loaded.get("owners", ())),
        loaded.get("identity_source"),
        loaded.get("identity_source_match", "id"),
        loaded.get("identity_source_max_age", DEFAULT_MAX_AGE),
        loaded.get("identity_source_when_stale", "use"),
        loaded["provisioning"],
        {key: value for key, value in table.items() if key not in HOST_KEYS},
        write_table=loaded.get("write_credential"),
    )


def _no_such_kind(kind: str, plugins: Plugins) -> str:
    installed = ", ".join(sorted(plugins.kinds)) or "none"
    lines = [f"no plugin offers the kind '{kind}'{did_you_mean(kind, plugins.kinds)}; installed: {installed}"]
    lines += [
        f"plugin {info.name} ({info.distribution}) is {info.state}: {info.reason}"
        for info in plugins.inventory
        if info.state != "ok"
    ]
    return "; ".join(lines)


def _invalid(path: Path, problems: Collection[str]) -> ConfigError:
    count = "a mistake" if len(problems) == 1 else f"{len(problems)} mistakes"
    return ConfigError(
        f"{path} has {count}; nothing was attempted.",
        problems=tuple(dict.fromkeys(problems)),
        hint=_KEYS_HINT if any(problem.endswith(_ABOUT_KEYS) for problem in problems) else None,
    )
