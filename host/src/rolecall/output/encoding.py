"""Values as JSON bytes: quick where possible, and faithful to strings that UTF-8 can't hold."""

import dataclasses
import json
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any

import orjson

from rolecall.output.safe_text import safe

_OPTIONS = orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z


def encode_json(value: object, *, indent: bool = False) -> bytes:
    """The value as JSON in UTF-8. A lone surrogate stays one, as an escape; times are RFC 3339 UTC."""
    try:
        return orjson.dumps(value, default=_plain, option=_OPTIONS | (orjson.OPT_INDENT_2 if indent else 0))
    except orjson.JSONEncodeError:  # a lone surrogate, or a number of more than 64 bits
        separators = (",", ": ") if indent else (",", ":")
        text = json.dumps(value, default=_plain, separators=separators, indent=2 if indent else None)
        return text.encode("ascii")


def encode_json_text(value: object) -> str:
    """The value as JSON for a cell: what isn't safe to show stands as JSON's own escapes."""
    text = encode_json(value).decode()
    if safe(text) == text:
        return text
    return json.dumps(value, default=_plain, separators=(",", ":")).replace("\x7f", "\\u007f")


def rfc3339(time: datetime) -> str:
    """The time in UTC, ``2026-01-31T08:00:00Z``; one without a zone is taken for UTC."""
    if time.tzinfo is not UTC:
        time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    return f"{time.isoformat()[:-6]}Z"


def _plain(value: Any) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, AbstractSet):
        return sorted(value)
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Path):
        return str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    raise TypeError(f"{type(value).__name__} has no JSON form")
