"""Column types that give back what was put in: any text, any JSON value, instants in UTC."""

import json
import re
from datetime import UTC, datetime

import orjson
from sqlalchemy import DateTime, Dialect, Text
from sqlalchemy.types import TypeDecorator

ESCAPE = "\ufdd0"
"""A noncharacter, which no sane text holds: announces four hex digits."""

_UNSTORABLE = re.compile(f"[\x00\ud800-\udfff{ESCAPE}]")
_ESCAPED = re.compile(f"{ESCAPE}([0-9a-f]{{4}})")
_STRICT = (
    orjson.OPT_SORT_KEYS
    | orjson.OPT_PASSTHROUGH_DATACLASS
    | orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_PASSTHROUGH_SUBCLASS
)


def encode_text(text: str) -> str:
    """Escape what databases can't hold (NUL, lone surrogates); other text is left as it is."""
    return _UNSTORABLE.sub(lambda found: f"{ESCAPE}{ord(found[0]):04x}", text)


def decode_text(stored: str) -> str:
    """The text that ``encode_text`` was given."""
    if ESCAPE not in stored:
        return stored
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), stored)


def dump_json(value: object) -> str:
    """One text for one value: compact, keys sorted, so that equal values are equal texts.

    Raises:
        TypeError, ValueError, RecursionError: It isn't a JSON value.
    """
    try:
        return orjson.dumps(value, option=_STRICT).decode()
    except orjson.JSONEncodeError:
        # Lone surrogates, long integers. The blank tells load_json that orjson can't read it back either.
        return " " + json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def load_json(stored: str) -> object:
    """The value that ``dump_json`` was given; tuples come back as lists."""
    return json.loads(stored) if stored.startswith(" ") else orjson.loads(stored)


def instant_text(at: datetime) -> str:
    """An aware time as both databases take it where values go in as they are."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


class FaithfulText(TypeDecorator[str]):
    """Text from outside; comes back exactly as it went in, and is ordered by its bytes."""

    impl = Text().with_variant(Text(collation="C"), "postgresql")
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else encode_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else decode_text(value)


class Json(TypeDecorator[object]):
    """A JSON value as text that can be compared; None is NULL."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: object, dialect: Dialect) -> str | None:
        return None if value is None else dump_json(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> object:
        return None if value is None else load_json(value)


class Instant(TypeDecorator[datetime]):
    """A point in time, kept in UTC without a zone; aware on both ends."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)
