"""Writing ``rolecall.toml`` for ``rolecall init``: commented, always valid TOML, never overwritten."""

import json
import os
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from rolecall.config_schemas import BARE_KEY
from rolecall.errors import ConfigError, UsageError
from rolecall.secrets import SecretRef

PRIVATE = 0o600
_HEAD = """\
# Rolecall's configuration. Secrets are never written here, only where they are.
# Every key of a connector kind: rolecall plugins schema KIND

[store]
url = "sqlite:///rolecall.db"           # relative to this file

# [sync]
# max_shrink = 0.2                      # refuse a run in which a larger share of the grants would go
# full_every = "24h"                    # in between, only what changed is read

# [accounts]
# file = "accounts.csv"                 # account_id,name,owner,tags: shown beside account ids

# [plugins]
# disabled = []                         # plugins that are not loaded
# allow = []                            # distributions that may be loaded; needed with provisioning = "on"
"""


def add_connector(path: Path, name: str, kind: str, settings: Mapping[str, object]) -> None:
    """Add a connector's table to the file, which is made where there is none; what is there stays.

    Args:
        path: The configuration file.
        name: The new connector's name.
        kind: Id of its kind.
        settings: Text, truth values, numbers, and ``SecretRef`` for secrets.

    Raises:
        UsageError: There is a connector of that name.
        ConfigError: The file can't be read or written, or a table can't be added to it.
    """
    before = _read(path)
    if before is not None and name in _names(before, path):
        raise UsageError(
            f"There is a connector {name} in {path} already.", hint="choose another name with --name"
        )
    text = (before if before is not None else _HEAD).rstrip("\n") + "\n\n" + _table(name, kind, settings)
    _names(text, path)
    try:
        _replace(path, text) if before is not None else _create(path, text)
    except OSError as error:
        raise ConfigError(f"Can't write {path}: {error.strerror}.") from error


def connector_names(path: Path) -> Sequence[str]:
    """Names of the connectors in the file; none where there is no file.

    Raises:
        ConfigError: It can't be read.
    """
    text = _read(path)
    return [] if text is None else _names(text, path)


def toml_string(text: str) -> str:
    """The text as a TOML basic string.

    Raises:
        UsageError: It holds a lone surrogate, which no TOML file can.
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise UsageError("A value is not valid text (UTF-8).") from error
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _read(path: Path) -> str | None:
    try:
        return path.read_bytes().decode("utf-8-sig") if path.exists() else None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"Can't read {path}: {error}.") from error


def _table(name: str, kind: str, settings: Mapping[str, object]) -> str:
    lines = [f"[connectors.{_key(name)}]", f"kind = {toml_string(kind)}"]
    lines += [f"{_key(key)} = {_value(value)}" for key, value in settings.items()]
    lines += [
        'provisioning = "off"                    # "on" is a decision: while off, every write is refused',
        '# owners = ["alice@acme.example"]       # who answers for this connector',
    ]
    return "\n".join(lines) + "\n"


def _key(key: str) -> str:
    return key if BARE_KEY.fullmatch(key) else toml_string(key)


def _value(value: object) -> str:
    match value:
        case SecretRef():
            return f"{{ {_key(value.scheme)} = {toml_string(value.reference)} }}"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case _:
            return toml_string(str(value))


def _names(text: str, path: Path) -> Sequence[str]:
    try:
        connectors = tomllib.loads(text).get("connectors", {})
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            f"Can't add a connector to {path}: {error}", hint="add it by hand, as a [connectors.NAME] table"
        ) from error
    return list(connectors) if isinstance(connectors, Mapping) else []


def _create(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def _replace(path: Path, text: str) -> None:
    """Put the new text in the file's place at once, so that no reader meets half of it."""
    target = path.resolve()
    descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=".rolecall-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        Path(temporary).chmod(target.stat().st_mode & 0o7777)
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
