"""JSON values as a provider may send them: any shape, keys left out, text no strict encoder takes."""

import json
from typing import Any, Final, TypeAlias

import orjson

Json: TypeAlias = Any
JsonObject: TypeAlias = dict[str, Any]


class Absent:
    """The type of ``ABSENT``."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = Absent()
"""Stands where a key is to be left out of the reply; ``None`` would be sent as ``null``."""

_ABSENT_IN_A_FILE = {"$absent": True}


def encode(value: Json) -> bytes:
    """The bytes Okta would send; lone surrogates become escapes."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value, separators=(",", ":")).encode("ascii")


def merged(value: Json, override: Json) -> Json:
    """``override`` laid over ``value``, object by object; ``ABSENT`` removes a key."""
    if not isinstance(override, dict):
        return override
    result = dict(value) if isinstance(value, dict) else {}
    for key, new in override.items():
        if new is ABSENT:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), new)
    return result


def without_absent(pairs: JsonObject) -> JsonObject:
    """The object less the keys whose value is ``ABSENT``."""
    return {key: value for key, value in pairs.items() if value is not ABSENT}


def overlaid(shown: JsonObject, raw: JsonObject | None) -> JsonObject:
    """The object with ``raw`` laid over it, less the keys whose value is ``ABSENT``."""
    return without_absent(shown if raw is None else merged(shown, raw))


def to_file(value: Json) -> Json:
    """A value as an organisation file holds it: ``ABSENT`` is written ``{"$absent": true}``."""
    if value is ABSENT:
        return _ABSENT_IN_A_FILE
    if isinstance(value, dict):
        return {key: to_file(item) for key, item in value.items()}
    if isinstance(value, list):
        return [to_file(item) for item in value]
    return value


def from_file(value: Json) -> Json:
    """The reverse of ``to_file``."""
    if value == _ABSENT_IN_A_FILE:
        return ABSENT
    if isinstance(value, dict):
        return {key: from_file(item) for key, item in value.items()}
    if isinstance(value, list):
        return [from_file(item) for item in value]
    return value
