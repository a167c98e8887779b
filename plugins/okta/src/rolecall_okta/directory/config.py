"""The settings of a connector: its table in ``rolecall.toml``."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import marshmallow as ma

from rolecall import SecretField, SecretRef
from rolecall_okta.directory.scope import GROUP_TYPES, Scope
from rolecall_okta.domain import OktaDomain, OktaDomainField

CANNOT_SIGN_IN = frozenset({"STAGED", "SUSPENDED", "DEPROVISIONED"})
"""Statuses that let nobody in. Every other one, known or not, the person can lift or Okta doesn't stop."""
OWN_KEYS = frozenset({"login", "email", "first_name", "last_name"})
"""Keys that every person's profile has here."""

_ATTRIBUTE = r"[A-Za-z_][A-Za-z0-9_]{0,99}\Z"
_WORD_EDGE = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@dataclass(frozen=True, slots=True)
class Settings:
    """What a connector was given.

    Attributes:
        domain: The org.
        api_token: Where the token is.
        request_timeout: Seconds that one request may take.
        concurrency: Requests under way at once.
        rate_limit_share: Share of Okta's rate limits that a run may use, 0 to 1.
        profile_fields: Okta's attribute name → key in the people's profiles.
        disabled_statuses: Statuses of people who can't sign in.
        scope: Which groups are listed.
        members: Whose members are listed: of all groups, or of those that other connectors ask for.
        admin_roles: Whether admin roles are read where the credential may.
    """

    domain: OktaDomain
    api_token: SecretRef
    request_timeout: float = 60.0
    concurrency: int = 40
    rate_limit_share: float = 0.5
    profile_fields: Mapping[str, str] = field(default_factory=dict)
    disabled_statuses: frozenset[str] = CANNOT_SIGN_IN
    scope: Scope = field(default_factory=Scope)
    members: Literal["all", "on_demand"] = "all"
    admin_roles: Literal["auto", "off"] = "auto"


def profile_key(attribute: str) -> str:
    """The key of an Okta attribute in a profile: ``employeeNumber`` is ``employee_number``."""
    return _WORD_EDGE.sub("_", attribute).lower()


class SettingsSchema(ma.Schema):
    """``[connectors.NAME]`` with ``kind = "okta"``."""

    class Meta:
        unknown = ma.RAISE

    domain = OktaDomainField(required=True, metadata={"description": "Okta domain, such as acme.okta.com"})
    api_token = SecretField(required=True, metadata={"description": "Where the API token is"})
    request_timeout = ma.fields.Float(
        validate=ma.validate.Range(min=0, min_inclusive=False, max=600),
        metadata={"description": "Seconds that one request may take"},
    )
    concurrency = ma.fields.Integer(
        strict=True,
        validate=ma.validate.Range(min=1, max=75),
        metadata={"description": "Requests under way at once"},
    )
    rate_limit_share = ma.fields.Float(
        validate=ma.validate.Range(min=0.05, max=1),
        metadata={"description": "Share of Okta's rate limits that a run may use, 0.05 to 1"},
    )
    profile_fields = ma.fields.List(
        ma.fields.String(
            validate=ma.validate.Regexp(
                _ATTRIBUTE, error="must be the name of a profile attribute in Okta, such as employeeNumber"
            )
        ),
        metadata={"description": "Profile attributes to keep of people, such as department"},
    )
    disabled_statuses = ma.fields.List(
        ma.fields.String(validate=ma.validate.Regexp(r"[A-Z_]+\Z", error="must be a status, such as STAGED")),
        metadata={"description": "Statuses of people who can't sign in"},
    )
    group_name_prefixes = ma.fields.List(
        ma.fields.String(validate=ma.validate.Length(min=1)),
        metadata={"description": "List only groups whose names begin with one of these, in this case"},
    )
    group_types = ma.fields.List(
        ma.fields.String(validate=ma.validate.OneOf(GROUP_TYPES)),
        metadata={"description": "List only groups of these types"},
    )
    members = ma.fields.String(
        validate=ma.validate.OneOf(("all", "on_demand")),
        metadata={"description": "Members of all groups, or of those that other connectors ask for"},
    )
    admin_roles = ma.fields.String(
        validate=ma.validate.OneOf(("auto", "off")),
        metadata={"description": "Whether admin roles are read where the credential may"},
    )

    @ma.validates("profile_fields")
    def _keys_must_differ(self, value: list[str], data_key: str) -> None:
        keys = Counter(map(profile_key, value))
        taken = sorted(key for key, times in keys.items() if times > 1 or key in OWN_KEYS)
        if taken:
            raise ma.ValidationError(f"these keys of a profile would be there twice: {', '.join(taken)}")

    @ma.post_load
    def build(self, data: dict[str, Any], **_: Any) -> Settings:
        scope = Scope(
            tuple(sorted(set(data.pop("group_name_prefixes", ())))),
            tuple(sorted(set(data.pop("group_types", ())))),
        )
        fields = {name: profile_key(name) for name in sorted(data.pop("profile_fields", ()))}
        if "disabled_statuses" in data:
            data["disabled_statuses"] = frozenset(data["disabled_statuses"])
        return Settings(**data, profile_fields=fields, scope=scope)
