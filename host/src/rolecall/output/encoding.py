"""Values as JSON bytes: quick where possible, and faithful to strings that UTF-8 can't hold."""

import dataclasses
import json
import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any

import orjson

from rolecall.output.safe_text import safe

_STEERING = re.compile(
    rb"\x7f|\xc2[\x80-\x9f]|\xd8\x9c|\xe2\x80[\x8b-\x8f\xa8-\xae]|\xe2\x81[\xa0-\xaf]|\xef\xbb\xbf"
)
"""In UTF-8: DEL, C1 controls, line and paragraph separators, bidi marks and what has no width."""

_OPTIONS = orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z


def encode_json(value: object, *, indent: bool = False) -> bytes:
    r"""The value as JSON in UTF-8; times are RFC 3339 UTC.

    A lone surrogate stands as its escape; so does what a terminal may act on or a reader take for the
    end of a line, such as C1 controls and bidi marks: ``\u009b``. A JSON reader gets the same value.
    """
    try:
        encoded = orjson.dumps(
            value, default=_plain, option=_OPTIONS | (orjson.OPT_INDENT_2 if indent else 0)
        )
        return _STEERING.sub(_as_escape, encoded)
    except orjson.JSONEncodeError:  # a lone surrogate, or a number of more than 64 bits
        separators = (",", ": ") if indent else (",", ":")
        text = json.dumps(value, default=_plain, separators=separators, indent=2 if indent else None)
        return text.encode("ascii")


def _as_escape(found: re.Match[bytes]) -> bytes:
    return b"\\u%04x" % ord(found[0].decode())


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
