"""From a reply's bytes to rows and objects; whatever can't be right is named, never quoted."""

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import marshmallow as ma
import orjson

from rolecall_okta.calls import Reply, Written
from rolecall_okta.quoting import Quoting
from rolecall_okta.refusals import bad_payload, unclear
from rolecall_okta.rows import RowError

Row = TypeVar("Row")

JsonObject = Mapping[str, object]


def decoded_list(quoting: Quoting, reply: Reply, project: Callable[[JsonObject], Row]) -> list[Row]:
    """The rows of one page.

    Raises:
        BadPayload: It isn't JSON, isn't a list, or an item isn't an object with an id.
    """
    content = _decoded(quoting, reply)
    if not isinstance(content, list):
        raise bad_payload(quoting, reply, f"the answer is {_kind(content)} instead of a list")
    return _rows(quoting, reply, content, project)


def decoded_envelope(
    quoting: Quoting, reply: Reply, project: Callable[[JsonObject], Row], field: str
) -> tuple[list[Row], str | None]:
    """The rows of one page that is an object with the list in a field, and its ``_links.next``.

    Raises:
        BadPayload: It isn't JSON, has no such list, or an item isn't an object with an id.
    """
    content = _decoded_object(quoting, reply)
    listed = content.get(field)
    if not isinstance(listed, list):
        raise bad_payload(quoting, reply, f"the answer's {field} is {_kind(listed)} instead of a list")
    target: object = content
    for name in ("_links", "next", "href"):
        target = target.get(name) if isinstance(target, dict) else None
    return _rows(quoting, reply, listed, project), target if isinstance(target, str) else None


def _rows(
    quoting: Quoting, reply: Reply, content: list[object], project: Callable[[JsonObject], Row]
) -> list[Row]:
    rows = []
    for number, item in enumerate(content):
        if not isinstance(item, dict):
            wrong = f"item {number} of the list is {_kind(item)} instead of an object"
            raise bad_payload(quoting, reply, wrong)
        try:
            rows.append(project(item))
        except RowError as error:
            wrong = f"item {number} of the list {quoting.quoted(str(error))}"
            raise bad_payload(quoting, reply, wrong) from None
    return rows


def decoded_row(quoting: Quoting, reply: Reply, project: Callable[[JsonObject], Row]) -> Row:
    """One object, projected as in a list.

    Raises:
        BadPayload: It isn't JSON, or isn't an object with an id.
    """
    try:
        return project(_decoded_object(quoting, reply))
    except RowError as error:
        raise bad_payload(quoting, reply, f"the answer {quoting.quoted(str(error))}") from None


def decoded_by(quoting: Quoting, reply: Reply, schema: ma.Schema) -> Any:
    """One object, loaded by a schema; fields that the schema doesn't know are left out.

    Raises:
        BadPayload: It isn't JSON, isn't an object, or a field is wrong; each is named.
    """
    content = _decoded_object(quoting, reply)
    try:
        return schema.load(content, unknown=ma.EXCLUDE)
    except ma.ValidationError as error:
        wrong = "; ".join(_flattened(error.messages_dict))
        raise bad_payload(quoting, reply, f"the answer is wrong in {quoting.quoted(wrong, 400)}") from None


def decoded_write(quoting: Quoting, reply: Reply) -> Written:
    """What Okta answered to a write, most of which it answers with nothing.

    Raises:
        OutcomeUnknown: It isn't JSON, so it is hardly Okta who answered.
    """
    try:
        body = _parsed(reply.body) if reply.body.strip() else None
    except _NotJson as error:
        raise unclear(quoting, reply, str(error)) from None
    return Written(reply.call, reply.status, reply.request_id, body, reply.date)


def _decoded_object(quoting: Quoting, reply: Reply) -> dict[str, object]:
    content = _decoded(quoting, reply)
    if not isinstance(content, dict):
        raise bad_payload(quoting, reply, f"the answer is {_kind(content)} instead of an object")
    return content


def _decoded(quoting: Quoting, reply: Reply) -> object:
    try:
        return _parsed(reply.body)
    except _NotJson as error:
        raise bad_payload(quoting, reply, str(error)) from None


class _NotJson(ValueError):
    """The text goes on from "GET acme.okta.com/api/v1/users: "."""


def _parsed(body: bytes) -> object:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        pass  # it is stricter than Okta: half of a surrogate pair is an error to it
    try:
        return json.loads(body)
    except RecursionError:
        wrong = "the answer is nested too deeply"
    except ValueError as error:
        wrong = _not_json(body, error)
    raise _NotJson(wrong)


def _not_json(body: bytes, error: ValueError) -> str:
    text = body.strip()
    if not text:
        return "the answer is empty"
    if text.startswith(b"<"):
        return "the answer is HTML or XML instead of JSON"
    if isinstance(error, json.JSONDecodeError):
        return f"the answer isn't JSON: {error.msg} at byte {error.pos} of {len(body)}"
    return "the answer isn't JSON"


def _kind(content: object) -> str:
    if content is None:
        return "null"
    names: dict[type, str] = {dict: "an object", list: "a list", str: "a text", bool: "true or false"}
    return names.get(type(content), "a number")


def _flattened(messages: Mapping[Any, Any], within: str = "") -> list[str]:
    flat = []
    for name, value in messages.items():
        at = f"{within}.{name}" if within else str(name)
        if isinstance(value, Mapping):
            flat += _flattened(value, at)
        else:
            flat.append(f"{at}: {' '.join(str(each) for each in value)}")
    return flat
