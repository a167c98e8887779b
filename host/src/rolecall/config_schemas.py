"""The host's own part of ``rolecall.toml``, table by table, and its mistakes put into words."""

import difflib
import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

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
NOT_EMPTY = ma.validate.Length(min=1, error="must not be empty")


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

    def __init__(self, description: str, *, required: bool = False) -> None:
        super().__init__(
            required=required,
            metadata={
                "type": "string",
                "pattern": f"^({PATTERN})$",
                "examples": ["30m", "24h", "7d"],
                "description": description,
            },
        )

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_: Any
    ) -> timedelta:
        try:
            return parse_duration(value)
        except (TypeError, ValueError) as error:
            raise ma.ValidationError('must be a duration such as "30m", "24h" or "7d"') from error


_PASSWORD = re.compile(r"//[^/@]*:[^@]*@|[?&]password=")


class TextOrSecret(ma.fields.Field[str | SecretRef]):
    """A text, or where it is kept: ``{ env = "NAME" }``."""

    def check_text(self, text: str) -> None:
        """Raise a ValidationError that says what is wrong with a text that is written down."""
        raise NotImplementedError

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_: Any
    ) -> str | SecretRef:
        if isinstance(value, Mapping):
            return SecretField().deserialize(value)
        if not isinstance(value, str):
            raise ma.ValidationError('must be a text, in quotes, or { env = "NAME" }')
        self.check_text(value)
        return value


class StoreUrl(TextOrSecret):
    """A database's URL, or where it is: it may hold a password."""

    def check_text(self, text: str) -> None:
        """See ``TextOrSecret``."""
        if not text:
            raise ma.ValidationError("must not be empty")
        if _PASSWORD.search(text):
            raise ma.ValidationError(
                'a password is never written here; say where the URL is: { env = "NAME" }'
            )


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

    disabled = ma.fields.List(ma.fields.String(validate=NOT_EMPTY))
    allow = ma.fields.List(ma.fields.String(validate=NOT_EMPTY))


class ProvisioningSchema(ma.Schema):
    """``[provisioning]``."""

    patience = Duration("How long to wait for a read-back to show what was written.")
    handoff_due = Duration("How long a person outside has for a change that was handed over.")
    require_assurance = ma.fields.String(
        validate=ma.validate.OneOf(["oidc"], error='must be "oidc"'),
        metadata={"description": "Who isn't signed in at the org can't have anything written."},
    )


class ConnectorSchema(ma.Schema):
    """The host's keys of a connector's table; the other keys are its kind's."""

    class Meta:
        unknown = ma.EXCLUDE

    kind = ma.fields.String(
        required=True,
        validate=NOT_EMPTY,
        metadata={"description": "The connector kind, as offered by an installed plugin."},
    )
    owners = ma.fields.List(
        ma.fields.String(validate=NOT_EMPTY),
        metadata={"description": "E-mail addresses of the people who answer for this connector."},
    )
    identity_source = ma.fields.String(
        validate=NOT_EMPTY,
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
        validate=NOT_EMPTY,
        metadata={
            "description": "A second credential, opened only while a plan is carried out: the settings of "
            "this kind that say whose credential is used, in place of the connector's own."
        },
    )


TABLES: Mapping[str, type[ma.Schema]] = {
    "store": StoreSchema,
    "sync": SyncSchema,
    "accounts": AccountsSchema,
    "plugins": PluginsSchema,
    "provisioning": ProvisioningSchema,
}
HOST_TABLES = (*TABLES, "connectors")
HOST_KEYS = tuple(ConnectorSchema().fields)


class NamedTables(ma.Schema):
    """A table of tables that are all alike, by name; it loads to a dict of what each loads to.

    Attributes:
        each: What each of them is; set by subclasses.
    """

    each: ClassVar[type[ma.Schema]]

    def load(self, data: Any, **_: Any) -> dict[str, Any]:
        """Load every table, and raise the mistakes of all."""
        if not isinstance(data, Mapping):
            raise ma.ValidationError({ma.exceptions.SCHEMA: ["must be a table"]})
        loaded, mistakes = {}, {}
        for name, table in data.items():
            try:
                loaded[name] = self.each().load(table)
            except ma.ValidationError as error:
                mistakes[name] = error.messages
        if mistakes:
            raise ma.ValidationError(mistakes)
        return loaded


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
    try:
        return schema.load(table)
    except ma.ValidationError as error:
        problems.extend(_described(error.messages, path, schema, tuple(also_known)))
        return None


def dotted(path: str, key: str) -> str:
    """The dotted key of ``key`` within ``path``, quoted as TOML needs it."""
    quoted = key if BARE_KEY.fullmatch(key) else f'"{key}"'
    return f"{path}.{quoted}" if path else quoted


def did_you_mean(word: str, known: Iterable[str], likeness: float = 0.6) -> str:
    """`` (did you mean 'x'?)``, or nothing when no known word is near."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=likeness)
    return f" (did you mean '{near[0]}'?)" if near else ""


def slip_of_host(table: str) -> str:
    """What ``did_you_mean`` says of a table that is almost one of the host's: no plugin may have it."""
    return did_you_mean(table, HOST_TABLES, likeness=0.75)


def _described(
    messages: object, path: str, schema: ma.Schema | None = None, also_known: tuple[str, ...] = ()
) -> list[str]:
    """One line per mistake from marshmallow's nested messages."""
    match messages:
        case Mapping():
            lines = []
            for key, inner in messages.items():
                if isinstance(key, int):
                    lines.extend(_described(inner, f"{path}[{key}]", schema))
                    continue
                where = path if key == ma.exceptions.SCHEMA else dotted(path, str(key))
                for line in _described(inner, where, _schema_within(schema, str(key))):
                    unknown = schema is not None and line == f"{where}: unknown key"
                    known = (*_keys(schema), *also_known)
                    lines.append(line + did_you_mean(str(key), known) if unknown else line)
            return lines
        case list() | tuple():
            return [line for message in messages for line in _described(message, path)]
        case _:
            text = str(messages)
            return [f"{path}: {_WORDS.get(text, text)}"]


def _keys(schema: ma.Schema | None) -> list[str]:
    return [] if schema is None else [field.data_key or name for name, field in schema.fields.items()]


def _schema_within(schema: ma.Schema | None, key: str) -> ma.Schema | None:
    """The schema of the table, or of each of the tables, under a key; None where there is none."""
    if isinstance(schema, NamedTables):
        return schema.each()
    fields = schema.fields if schema is not None else {}
    field = next((field for name, field in fields.items() if (field.data_key or name) == key), None)
    if isinstance(field, ma.fields.List):
        field = field.inner
    if not isinstance(field, ma.fields.Nested):
        return None
    nested: ma.Schema = field.schema
    return nested
