"""What a connector is opened with: its settings as its kind's schema loads them, and its secrets.

The write credential takes the place of those settings that say whose credential is used.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rolecall.config_schemas import HOST_KEYS, did_you_mean, dotted, load_table
from rolecall.contracts import ConnectorKind, Secret
from rolecall.errors import ConfigError, PluginError
from rolecall.plugins import Plugins
from rolecall.secrets import SecretField, SecretRef, read_secret

WRITE_KEY = "write_credential"


@dataclass(frozen=True, slots=True)
class WriteCredential:
    """A connector's settings with the write credential in place of the other one.

    Attributes:
        settings: What the kind's schema loaded.
        secret_refs: Setting → where the secret is.
        own: Those of these settings that stand under the key ``write_credential``.
    """

    settings: object = field(repr=False)
    secret_refs: Mapping[str, SecretRef]
    own: frozenset[str]


def load_settings(kind: ConnectorKind, table: Mapping[str, object], path: str, problems: list[str]) -> object:
    """What the kind's schema loads; mistakes are added to ``problems``.

    Raises:
        PluginError: The schema broke.
    """
    try:
        return load_table(kind.settings(), table, path, problems, also_known=HOST_KEYS)
    except Exception as error:  # a stranger's schema can raise anything
        raise PluginError(
            f"The settings schema of kind {kind.id} broke with {type(error).__name__} on {path}.",
            hint="report it to the plugin's author",
        ) from error


def load_write_credential(
    kind: ConnectorKind,
    table: Mapping[str, object],
    written: Mapping[str, object],
    path: str,
    problems: list[str],
) -> WriteCredential | None:
    """A connector's settings with its write credential; its mistakes are added to ``problems``.

    Args:
        kind: The connector's.
        table: The kind's keys as they stand in the connector's table.
        written: What stands under ``write_credential``.
        path: Dotted key of the connector's table.
        problems: Where mistakes go, each by its key under ``write_credential``.

    Returns:
        None when there are mistakes.

    Raises:
        PluginError: The kind's schema broke.
    """
    where, allowed = dotted(path, WRITE_KEY), kind.credential_settings
    if not allowed:
        problems.append(f"{where}: connectors of kind {kind.id} take none")
        return None
    strange = [key for key in written if key not in allowed]
    mistakes = [f"{dotted(where, key)}: unknown key{did_you_mean(key, allowed)}" for key in strange]
    kept = {key: value for key, value in table.items() if key not in allowed}
    merged = kept | {key: value for key, value in written.items() if key in allowed}
    found: list[str] = []
    settings = load_settings(kind, merged, where, found)
    # A mistake in the other settings is told where they stand.
    others = [dotted(where, name) for name in (*kind.settings().fields, *kept) if name not in allowed]
    mistakes += [
        line for line in found if not line.startswith(tuple(f"{key}{end}" for key in others for end in ":."))
    ]
    problems.extend(mistakes)
    if mistakes or found:
        return None
    return WriteCredential(settings, secret_refs(kind, merged), frozenset(written))


def secret_refs(kind: ConnectorKind, table: Mapping[str, object]) -> dict[str, SecretRef]:
    """Where the secrets of a connector's table are, by setting; those written wrongly are left out."""
    refs = {}
    for name, schema_field in kind.settings().fields.items():
        value = table.get(schema_field.data_key or name)
        if isinstance(schema_field, SecretField) and isinstance(value, Mapping) and len(value) == 1:
            ((scheme, reference),) = value.items()
            if isinstance(reference, str) and reference:
                refs[name] = SecretRef(str(scheme), reference)
    return refs


def read_secrets(
    refs: Mapping[str, SecretRef], path: str, folder: Path, plugins: Plugins, problems: list[str]
) -> dict[str, Secret]:
    """The secrets, by setting; those that can't be read are added to ``problems``."""
    secrets = {}
    for setting, ref in refs.items():
        try:
            secrets[setting] = read_secret(ref, folder, plugins.resolve_secret)
        except ConfigError as error:
            problems.append(f"{dotted(path, setting)}: {error.message}")
        except Exception as error:  # noqa: BLE001 - a path that can't be one, or a plugin's bug
            problems.append(f"{dotted(path, setting)}: can't be read ({type(error).__name__})")
    return secrets
