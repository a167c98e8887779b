"""The host's own part of ``rolecall.toml``, table by table, and its mistakes put into words."""

import difflib
import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import marshmallow as ma

from rolecall.durations import PATTERN, parse_duration
from rolecall.secrets import SecretField, SecretRef

MATCHES = ("id", "login", "email")
BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")

_WORDS = {
    "Missing data for required field.": "missing",
    "Unknown field.": "unknown key",
    "Not a valid string.": "must be a text, in quotes",
    "Not a valid boolean.": "must be true or false",
    "Not a valid list.": "must be a list, in [ ]",
    "Not a valid number.": "must be a number",
    "Not a valid integer.": "must be a whole number",
    "Not a valid mapping type.": "must be a table",
    "Invalid input type.": "must be a table",
    "Field may not be null.": "must not be empty",
}
_NOT_EMPTY = ma.validate.Length(min=1, error="must not be empty")


class Share(ma.fields.Field[float]):
    """A number from 0 to 1, written as one."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise ma.ValidationError("must be a number from 0 to 1, such as 0.2")
        return float(value)


class FilePath(ma.fields.Field[Path]):
    """A path in quotes; ``~`` is somebody's home."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_: Any) -> Path:
        if not isinstance(value, str) or not value or "\0" in value:
            raise ma.ValidationError("must be a path, in quotes")
        try:
            return Path(value).expanduser()
        except RuntimeError as error:
            raise ma.ValidationError("there is no such home folder") from error


class Duration(ma.fields.Field[timedelta]):
    """A length of time, in quotes: a whole number and its unit, or "0"."""

    def __init__(self, description: str) -> None:
        super().__init__(
            metadata={
                "type": "string",
                "pattern": f"^({PATTERN})$",
                "examples": ["30m", "24h", "7d"],
                "description": description,
            }
        )

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_: Any
    ) -> timedelta:
        try:
            return parse_duration(value)
        except (TypeError, ValueError) as error:
            raise ma.ValidationError('must be a duration such as "30m", "24h" or "7d"') from error


_PASSWORD = re.compile(r"//[^/@]*:[^@]*@|[?&]password=")


class StoreUrl(ma.fields.Field[str | SecretRef]):
    """A database's URL, or where it is: it may hold a password."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_: Any
    ) -> str | SecretRef:
        if isinstance(value, Mapping):
            return SecretField().deserialize(value)
        if not isinstance(value, str):
            raise ma.ValidationError('must be a text, in quotes, or { env = "NAME" }')
        if not value:
            raise ma.ValidationError("must not be empty")
        if _PASSWORD.search(value):
            raise ma.ValidationError(
                'a password is never written here; say where the URL is: { env = "NAME" }'
            )
        return value


class StoreSchema(ma.Schema):
    """``[store]``."""

    url = StoreUrl()


class SyncSchema(ma.Schema):
    """``[sync]``."""

    max_shrink = Share()
    full_every = Duration("How old the last full run may be before the next one is full too.")


class AccountsSchema(ma.Schema):
    """``[accounts]``."""

    file = FilePath(required=True)


class PluginsSchema(ma.Schema):
    """``[plugins]``."""

    disabled = ma.fields.List(ma.fields.String(validate=_NOT_EMPTY))
    allow = ma.fields.List(ma.fields.String(validate=_NOT_EMPTY))


class ConnectorSchema(ma.Schema):
    """The host's keys of a connector's table; the other keys are its kind's."""

    class Meta:
        unknown = ma.EXCLUDE

    kind = ma.fields.String(
        required=True,
        validate=_NOT_EMPTY,
        metadata={"description": "The connector kind, as offered by an installed plugin."},
    )
    owners = ma.fields.List(
        ma.fields.String(validate=_NOT_EMPTY),
        metadata={"description": "E-mail addresses of the people who answer for this connector."},
    )
    identity_source = ma.fields.String(
        validate=_NOT_EMPTY,
        metadata={"description": "Name of the connector whose users and groups this one shares."},
    )
    identity_source_match = ma.fields.String(
        validate=ma.validate.OneOf(MATCHES, error='must be "id", "login" or "email"'),
        metadata={
            "description": "What people here and in the identity source have in common: their id within one "
            "org (the default), or login or email across systems."
        },
    )
    identity_source_max_age = Duration(
        "How old the identity source's last run may be before it counts as stale; 24h unless given."
    )
    identity_source_when_stale = ma.fields.String(
        validate=ma.validate.OneOf(["use", "sync"], error='must be "use" or "sync"'),
        metadata={
            "description": "What a sync does about a stale or missing identity source: use what there is, "
            "with a finding (the default), or sync the source first."
        },
    )
    provisioning = ma.fields.String(
        validate=ma.validate.OneOf(["off", "on"], error='must be "off" or "on"'),
        load_default="off",
        metadata={"description": "While off, every write is refused before a plugin runs."},
    )
    write_credential = ma.fields.Dict(
        keys=ma.fields.String(),
        validate=_NOT_EMPTY,
        metadata={"description": "A second credential, opened only while a plan is carried out."},
    )


TABLES: Mapping[str, type[ma.Schema]] = {
    "store": StoreSchema,
    "sync": SyncSchema,
    "accounts": AccountsSchema,
    "plugins": PluginsSchema,
}
HOST_KEYS = tuple(ConnectorSchema().fields)


def load_table(
    schema: ma.Schema, table: object, path: str, problems: list[str], *, also_known: Iterable[str] = ()
) -> Any:
    """Load one table; its mistakes are added to ``problems`` by dotted key.

    Args:
        schema: What the table must be.
        table: What stands in the file.
        path: Dotted key of the table.
        problems: Where mistakes go.
        also_known: Keys beside the schema's that an unknown key may have been meant for.

    Returns:
        What the schema loads, or None when there are mistakes.
    """
    if not isinstance(table, Mapping):
        problems.append(f"{path}: must be a table")
        return None
    known = [field.data_key or name for name, field in schema.fields.items()] + list(also_known)
    try:
        return schema.load(table)
    except ma.ValidationError as error:
        problems.extend(_described(error.messages, path, known))
        return None


def dotted(path: str, key: str) -> str:
    """The dotted key of ``key`` within ``path``, quoted as TOML needs it."""
    quoted = key if BARE_KEY.fullmatch(key) else f'"{key}"'
    return f"{path}.{quoted}" if path else quoted


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`` (did you mean 'x'?)``, or nothing when no known word is near."""
    near = difflib.get_close_matches(word, list(known), n=1)
    return f" (did you mean '{near[0]}'?)" if near else ""


def _described(messages: object, path: str, known: Iterable[str] = ()) -> list[str]:
    """One line per mistake from marshmallow's nested messages."""
    match messages:
        case Mapping():
            lines = []
            for key, inner in messages.items():
                where = path if key == ma.exceptions.SCHEMA else dotted(path, str(key))
                for line in _described(inner, where):
                    unknown = line == f"{where}: unknown key"
                    lines.append(line + did_you_mean(str(key), known) if unknown else line)
            return lines
        case list() | tuple():
            return [line for message in messages for line in _described(message, path)]
        case _:
            text = str(messages)
            return [f"{path}: {_WORDS.get(text, text)}"]
