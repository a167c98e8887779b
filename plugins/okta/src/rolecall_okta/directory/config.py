"""The settings of a connector: its table in ``rolecall.toml``."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import marshmallow as ma

from rolecall_okta.directory.scope import GROUP_TYPES, Scope
from rolecall_okta.scopes import READ_GROUPS, READ_LOGS, READ_ROLES, READ_USERS, WRITE_GROUPS
from rolecall_okta.settings import OrgSettings, OrgSettingsSchema

CANNOT_SIGN_IN = frozenset({"STAGED", "SUSPENDED", "DEPROVISIONED"})
"""Statuses that let nobody in. Every other one, known or not, the person can lift or Okta doesn't stop."""
OWN_KEYS = frozenset({"login", "email", "first_name", "last_name"})
"""Keys that every person's profile has here."""

SCOPES_TO_READ = {
    READ_USERS: "",
    READ_GROUPS: "",
    READ_ROLES: "admin roles are left out",
    READ_LOGS: "every run reads everything",
}
"""Of an OAuth app, each with what a sync does without it; empty where there is none without."""
SCOPES_TO_WRITE = frozenset({WRITE_GROUPS})

_ATTRIBUTE = r"[A-Za-z_][A-Za-z0-9_]{0,99}\Z"
_WORD_EDGE = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(OrgSettings):
    """What a connector was given, besides what every connector to Okta is.

    Attributes:
        profile_fields: Okta's attribute name → key in the people's profiles.
        disabled_statuses: Statuses of people who can't sign in.
        scope: Which groups are listed.
        members: Whose members are listed: of all groups, or of those that other connectors ask for.
        admin_roles: Whether admin roles are read where the credential may.
    """

    profile_fields: Mapping[str, str] = field(default_factory=dict)
    disabled_statuses: frozenset[str] = CANNOT_SIGN_IN
    scope: Scope = field(default_factory=Scope)
    members: Literal["all", "on_demand"] = "all"
    admin_roles: Literal["auto", "off"] = "auto"


def profile_key(attribute: str) -> str:
    """The key of an Okta attribute in a profile: ``employeeNumber`` is ``employee_number``."""
    return _WORD_EDGE.sub("_", attribute).lower()


class SettingsSchema(OrgSettingsSchema):
    """``[connectors.NAME]`` with ``kind = "okta"``."""

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
