"""Okta's single objects as values: the app, its profile schema, and the roles that a profile holds."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import marshmallow as ma

from rolecall import Finding, Ref
from rolecall_okta_aws_federation.findings import described, finding

AWS_APP_NAME = "amazon_aws"
ACTIVE = "ACTIVE"
SAML_ROLES = "samlRoles"
DEFAULT_ROLE = "role"


@dataclass(frozen=True, slots=True)
class AwsSettings:
    """The part of ``settings.app`` that decides, as it came; the app's AWS keys are never kept.

    Values are of any JSON type: whoever reads one says what is wrong with it.
    """

    use_group_mapping: object = None
    join_all_roles: object = None
    group_filter: object = None
    app_filter: object = None
    role_value_pattern: object = None
    identity_provider_arn: object = None
    environment: object = None
    session_duration: object = None


class AwsSettingsSchema(ma.Schema):
    """``settings.app``; a key that is absent counts as null."""

    class Meta:
        unknown = ma.EXCLUDE

    use_group_mapping = ma.fields.Raw(data_key="useGroupMapping", allow_none=True)
    join_all_roles = ma.fields.Raw(data_key="joinAllRoles", allow_none=True)
    group_filter = ma.fields.Raw(data_key="groupFilter", allow_none=True)
    app_filter = ma.fields.Raw(data_key="appFilter", allow_none=True)
    role_value_pattern = ma.fields.Raw(data_key="roleValuePattern", allow_none=True)
    identity_provider_arn = ma.fields.Raw(data_key="identityProviderArn", allow_none=True)
    environment = ma.fields.Raw(data_key="awsEnvironmentType", allow_none=True)
    session_duration = ma.fields.Raw(data_key="sessionDuration", allow_none=True)

    @ma.post_load
    def build(self, data: dict[str, Any], **_: Any) -> AwsSettings:
        return AwsSettings(**data)


@dataclass(frozen=True, slots=True)
class OktaApp:
    """An app of the org; for one that isn't the AWS app, ``settings`` means nothing."""

    id: str
    name: str | None
    label: str | None
    status: str | None
    settings: AwsSettings


class OktaAppSchema(ma.Schema):
    """``GET /api/v1/apps/{appId}``; only the fields we read."""

    class Meta:
        unknown = ma.EXCLUDE

    id = ma.fields.String(required=True)
    name = ma.fields.String(load_default=None, allow_none=True)
    label = ma.fields.String(load_default=None, allow_none=True)
    status = ma.fields.String(load_default=None, allow_none=True)
    settings = ma.fields.Raw(load_default=None, allow_none=True)

    @ma.post_load
    def build(self, data: dict[str, Any], **_: Any) -> OktaApp:
        settings = _object(_object(data.pop("settings")).get("app"))
        return OktaApp(**data, settings=AwsSettingsSchema().load(dict(settings)))


@dataclass(frozen=True, slots=True)
class RolesAttribute:
    """What the app's schema says of ``samlRoles``.

    Attributes:
        union: Whether values are combined across groups; None when that can't be told.
        values: Roles that Okta knows.
        why_unknown: Half a sentence, where it can't be told.
    """

    union: bool | None
    values: tuple[str, ...] = ()
    why_unknown: str | None = None


class RolesAttributeSchema(ma.Schema):
    """``GET /api/v1/meta/schemas/apps/{appId}/default``; only what it says of ``samlRoles``."""

    class Meta:
        unknown = ma.EXCLUDE

    definitions = ma.fields.Raw(load_default=None, allow_none=True)

    @ma.post_load
    def build(self, data: dict[str, Any], **_: Any) -> RolesAttribute:
        definitions = _object(data["definitions"])
        for part in ("base", "custom"):
            attribute = _object(_object(definitions.get(part)).get("properties")).get(SAML_ROLES)
            if isinstance(attribute, Mapping):
                return RolesAttribute(attribute.get("union") == "ENABLE", _values(attribute))
        return RolesAttribute(None, why_unknown="it doesn't hold the attribute")


@dataclass(frozen=True, slots=True)
class ProfileRoles:
    """The roles in an app profile: those that count, and the single one that may apply without them.

    Attributes:
        saml: In order, once each.
        default: The single one.
        oddities: What is no role: the finding's code, and the value as a sentence shows it.
    """

    saml: tuple[str, ...] = ()
    default: str | None = None
    oddities: tuple[tuple[str, str], ...] = ()

    @property
    def named(self) -> tuple[str, ...]:
        """Those that the profile gives by itself: the single one counts where it names no other."""
        return self.saml or (() if self.default is None else (self.default,))

    def findings(self, holder: str, subject: Ref) -> Iterator[Finding]:
        """One for each oddity."""
        for code, value in self.oddities:
            yield finding(code, subject, holder=holder, value=value)


NO_ROLES = ProfileRoles()


def read_profile_roles(profile: Mapping[str, object] | None) -> ProfileRoles:
    """The roles of an app profile; what isn't a role's name is dropped, and kept as an oddity."""
    if profile is None:
        return ProfileRoles(oddities=(_odd("profile_missing"),))
    saml, oddities = _read_saml_roles(profile.get(SAML_ROLES))
    default = profile.get(DEFAULT_ROLE)
    if default is not None and not isinstance(default, str):
        oddities.append(_odd("default_role_malformed", described(default)))
        default = None
    return ProfileRoles(saml, default or None, tuple(oddities)) if saml or default or oddities else NO_ROLES


def _read_saml_roles(value: object) -> tuple[tuple[str, ...], list[tuple[str, str]]]:
    if value is None:
        return (), []
    if not isinstance(value, list):
        return (), [_odd("saml_roles_malformed", described(value))]
    oddities = [_odd("saml_role_malformed", described(item)) for item in value if not isinstance(item, str)]
    if "" in value:
        oddities.append(_odd("empty_role"))
    return tuple(dict.fromkeys(item for item in value if isinstance(item, str) and item)), oddities


def _odd(code: str, value: str = "") -> tuple[str, str]:
    return code, value


def read_switch(value: object, setting: str) -> tuple[bool, list[Finding]]:
    """A setting that is true or false; anything else counts as false, unless it is the word true."""
    if isinstance(value, bool):
        return value, []
    on = isinstance(value, str) and value.strip().lower() == "true"
    meaning = f"it counts as {'true' if on else 'false'}"
    if value is None:
        return on, [finding("setting_missing", setting, setting=setting, meaning=meaning)]
    facts = {"value": described(value), "expected": "true or false", "meaning": meaning}
    return on, [finding("setting_malformed", setting, setting=setting, **facts)]


def _values(attribute: Mapping[str, object]) -> tuple[str, ...]:
    found: list[object] = []
    for holder in (attribute, _object(attribute.get("items"))):
        found += _list(holder.get("enum"))
        found += [_object(choice).get("const") for choice in _list(holder.get("oneOf"))]
    return tuple(dict.fromkeys(value for value in found if isinstance(value, str) and value))


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
