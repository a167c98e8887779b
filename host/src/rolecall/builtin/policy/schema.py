"""The table ``[policy]`` of the configuration: its schema, and what it loads to."""

import re
from collections.abc import Mapping
from datetime import timedelta
from re import Pattern
from typing import Any

import marshmallow as ma

from rolecall import Ref
from rolecall.builtin.policy.rules import Longest, Policy, Protected, Scope
from rolecall.config_schemas import NOT_EMPTY, Duration

OPERATIONS = ("grant", "revoke")
TICKET = re.compile(r"\b[A-Z][A-Z0-9]*-?[0-9]+\b")
_SCOPE = ("connector", "accounts", "roles", "groups")


class Groups(ma.fields.Field[frozenset[Ref]]):
    """Groups by their ids: names can be had by anybody who may rename a group."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_: Any
    ) -> frozenset[Ref]:
        texts = value if isinstance(value, list) else []
        refs = [Ref("group", str(text).removeprefix("group:")) for text in texts]
        wrong = not refs or any(text != str(ref) for text, ref in zip(texts, refs, strict=True))
        if wrong or not all(re.fullmatch(r"\S+", ref.id) for ref in refs):
            raise ma.ValidationError('must be a list of groups by their ids, such as ["group:00g1abcd"]')
        return frozenset(refs)


class Globs(ma.fields.Field[tuple[str, ...]]):
    """One glob, or a list of them."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_: Any
    ) -> tuple[str, ...]:
        return _texts(value, 'must be a text such as "Admin*", or a list of such')


class AccountsField(ma.fields.Field[Mapping[str, Any]]):
    """Ids and names of accounts, or the tags that they must have: ``{ env = "prod" }``."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_: Any
    ) -> Mapping[str, Any]:
        words = 'must be a list of ids and names, or tags such as { env = "prod" }'
        if isinstance(value, Mapping) and value:
            return {"tags": {tag: _texts(wanted, words) for tag, wanted in value.items()}}
        return {"accounts": _texts(value, words)}


class TicketField(ma.fields.Field[Pattern[str] | None]):
    """``true``, or a regular expression for what the reason must contain."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_: Any
    ) -> Pattern[str] | None:
        if isinstance(value, bool):
            return TICKET if value else None
        try:
            if isinstance(value, str) and value:
                return re.compile(value)
        except re.error as error:
            raise ma.ValidationError(f"is not a regular expression: {error}") from error
        raise ma.ValidationError('must be true, or a regular expression such as "CHG[0-9]{7}"')


class ScopedSchema(ma.Schema):
    """The keys that say what a rule is about."""

    class Meta:
        unknown = ma.RAISE

    connector = ma.fields.String(
        validate=NOT_EMPTY, metadata={"description": "Glob of the connector's name; any unless given."}
    )
    accounts = AccountsField(
        metadata={
            "description": "Accounts by id, or by a glob of their name; or the tags that they must have.",
            "examples": [["111111111111", "prod-*"], {"env": "prod"}],
        }
    )
    roles = Globs(metadata={"description": "Globs of the role.", "examples": ["Admin*", ["Admin*", "Root"]]})
    groups = Groups(
        metadata={
            "type": "array",
            "description": "Groups by their ids, whose membership is meant, by whatever way it comes.",
            "examples": [["group:00g1abcd"]],
        }
    )

    @ma.validates_schema(skip_on_field_errors=True)
    def _says_what(self, data: Mapping[str, Any], **_: Any) -> None:
        if not any(key in data for key in _SCOPE):
            raise ma.ValidationError("must say what it is about: connector, accounts, roles or groups")


class ProtectedSchema(ScopedSchema):
    """One of ``[[policy.protected]]``."""

    operations = ma.fields.List(
        ma.fields.String(validate=ma.validate.OneOf(OPERATIONS, error='must be "grant" or "revoke"')),
        validate=NOT_EMPTY,
        metadata={"description": "What is refused; only granting unless given."},
    )
    why = ma.fields.String(metadata={"description": "A sentence for whoever is refused."})

    @ma.post_load
    def _build(self, data: dict[str, Any], **_: Any) -> Protected:
        operations = frozenset(data.pop("operations", ["grant"]))
        return Protected(why=data.pop("why", ""), operations=operations, scope=_scope(data))


class LongestSchema(ScopedSchema):
    """One of ``[[policy.max_duration]]``."""

    longest = Duration("How long access may last at most.", required=True)

    @ma.validates("longest")
    def _is_some_time(self, value: timedelta, data_key: str) -> None:
        if not value:
            raise ma.ValidationError("must be longer than nothing; to forbid access use policy.protected")

    @ma.post_load
    def _build(self, data: dict[str, Any], **_: Any) -> Longest:
        return Longest(longest=data.pop("longest"), scope=_scope(data))


class PolicySchema(ma.Schema):
    """``[policy]``."""

    class Meta:
        unknown = ma.RAISE

    protected = ma.fields.List(ma.fields.Nested(ProtectedSchema))
    max_duration = ma.fields.List(ma.fields.Nested(LongestSchema))
    require_reason = ma.fields.Boolean(
        truthy={True}, falsy={False}, metadata={"description": "Whether people must say why."}
    )
    require_ticket = TicketField(
        attribute="ticket",
        metadata={
            "description": "Whether a grant must name a ticket, beside or in its reason; or its expression.",
            "examples": [True, "CHG[0-9]{7}"],
        },
    )

    @ma.post_load
    def _build(self, data: dict[str, Any], **_: Any) -> Policy:
        return Policy(
            tuple(data.get("protected", ())),
            tuple(data.get("max_duration", ())),
            data.get("require_reason", False),
            data.get("ticket"),
        )


def _scope(data: Mapping[str, Any]) -> Scope:
    rest = {key: value for key, value in data.items() if key != "accounts"}
    return Scope(**rest, **data.get("accounts", {}))


def _texts(value: object, words: str) -> tuple[str, ...]:
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not texts or not all(isinstance(each, str) and each for each in texts):
        raise ma.ValidationError(words)
    return tuple(texts)
