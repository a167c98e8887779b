"""The table ``[requests]`` of the configuration: its schema, and what it loads to."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import marshmallow as ma

from rolecall.builtin.requests.rules import DEFAULT_LAPSE, Emergency, Rule
from rolecall.config_schemas import NOT_EMPTY, Duration
from rolecall.errors import UsageError
from rolecall.ids import parse_ref
from rolecall.models import Ref

MAX_APPROVALS = 5


class Some(Duration):
    """A length of time that isn't none."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **rest: Any
    ) -> timedelta:
        length = super()._deserialize(value, attr, data, **rest)
        if not length:
            raise ma.ValidationError("must be longer than nothing")
        return length


class Refs(ma.fields.Field[tuple[Ref, ...]]):
    """Groups, or people, by their ids: ``"group:00g…"``, or a list of such."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_: Any
    ) -> tuple[Ref, ...]:
        texts = [value] if isinstance(value, str) else value
        if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
            raise ma.ValidationError('must be "group:ID", or a list of such')
        try:
            return tuple(parse_ref(text) for text in texts)
        except UsageError as error:
            raise ma.ValidationError(f'{error.message[:-1]}; write "group:ID"') from error


class AccountsField(ma.fields.Field[Mapping[str, Any]]):
    """Tags that accounts must have, ``{ env = "prod" }``, or a list of their ids and names."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_: Any
    ) -> Mapping[str, Any]:
        if isinstance(value, list) and value and all(isinstance(each, str) and each for each in value):
            return {"accounts": tuple(value)}
        if not isinstance(value, Mapping) or not value:
            raise ma.ValidationError('must be tags such as { env = "prod" }, or a list of ids and names')
        tags = {tag: (wanted,) if isinstance(wanted, str) else wanted for tag, wanted in value.items()}
        for tag, wanted in tags.items():
            if not wanted or not isinstance(wanted, list | tuple) or not all(map(_is_text, wanted)):
                raise ma.ValidationError(f"tag {tag} must be a text, or a list of texts")
        return {"tags": {tag: tuple(wanted) for tag, wanted in tags.items()}}


class EmergencySchema(ma.Schema):
    """Terms of access before approval; what isn't given is the rule's own."""

    class Meta:
        unknown = ma.RAISE

    eligible = Refs()
    max_duration = Some("For how long at most in an emergency.")
    approvers = Refs()


class RuleSchema(ma.Schema):
    """One of ``[[requests.rules]]``."""

    class Meta:
        unknown = ma.RAISE

    name = ma.fields.String(required=True, validate=NOT_EMPTY)
    connector = ma.fields.String(validate=NOT_EMPTY)
    accounts = AccountsField()
    roles = ma.fields.String(validate=NOT_EMPTY)
    entitlement = ma.fields.String(validate=NOT_EMPTY)
    eligible = Refs(required=True)
    approvers = Refs()
    approvals = ma.fields.Integer(
        strict=True,
        validate=ma.validate.Range(1, MAX_APPROVALS, error=f"must be from 1 to {MAX_APPROVALS}"),
    )
    max_duration = Some("For how long at most.", required=True)
    ticket = ma.fields.Boolean()
    handoff = ma.fields.Boolean()
    lapse = Some("For how long a request waits for approval; 24h unless given.")
    emergency = ma.fields.Nested(EmergencySchema)
    auto_approve = ma.fields.Boolean()

    @ma.validates_schema(skip_on_field_errors=True)
    def _goes_together(self, data: Mapping[str, Any], **_: Any) -> None:
        mistakes: dict[str, str] = {}
        if data.get("auto_approve"):
            mistakes |= {
                key: "has no meaning with auto_approve" for key in ("approvers", "approvals") if key in data
            }
        elif "approvers" not in data:
            mistakes["approvers"] = "missing (or say auto_approve = true)"
        terms = data.get("emergency")
        if terms is not None and "approvers" not in terms and "approvers" not in data:
            mistakes["emergency"] = "approvers: missing; somebody must review it"
        if mistakes:
            raise ma.ValidationError({key: [mistake] for key, mistake in mistakes.items()})

    @ma.post_load
    def _build(self, data: dict[str, Any], **_: Any) -> Rule:
        terms = data.pop("emergency", None)
        emergency = None
        if terms is not None:
            whole = {key: data.get(key) for key in ("eligible", "max_duration", "approvers")} | terms
            emergency = Emergency(whole["eligible"], whole["max_duration"], whole["approvers"])
        narrowed = data.pop("accounts", {})
        return Rule(**{"lapse": DEFAULT_LAPSE} | data | narrowed, emergency=emergency)


class RequestsSchema(ma.Schema):
    """``[requests]``; loads to the rules, in order."""

    class Meta:
        unknown = ma.RAISE

    rules = ma.fields.List(ma.fields.Nested(RuleSchema), load_default=list)

    @ma.validates_schema(skip_on_field_errors=True)
    def _names_are_unique(self, data: Mapping[str, Any], **_: Any) -> None:
        seen: set[str] = set()
        for number, rule in enumerate(data["rules"]):
            if rule.name in seen:
                raise ma.ValidationError({"rules": {number: {"name": [f"'{rule.name}' stands here twice"]}}})
            seen.add(rule.name)

    @ma.post_load
    def _build(self, data: dict[str, Any], **_: Any) -> tuple[Rule, ...]:
        return tuple(data["rules"])


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)
