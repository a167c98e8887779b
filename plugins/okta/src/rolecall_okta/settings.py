"""The settings that every connector to Okta has: which org, whose credential, and at what pace."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import marshmallow as ma

from rolecall import SecretField, SecretRef
from rolecall_okta.domain import OktaDomain, OktaDomainField

CREDENTIAL_SETTINGS = ("api_token", "client_id", "private_key", "key_id")
"""Those that say whose credential it is: one of a person, or one of an app."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrgSettings:
    """What a connector was given. There is either ``api_token``, or ``client_id`` and ``private_key``.

    Attributes:
        domain: The org.
        api_token: Where the token is, or None.
        client_id: The OAuth app's, or None.
        private_key: Where the app's key is, or None.
        key_id: The key's name in Okta, or None.
        directory_writes: Whether members of groups that a directory masters are changed there through Okta.
        request_timeout: Seconds that one request may take.
        concurrency: Requests under way at once.
        rate_limit_share: Share of Okta's rate limits that a run may use, 0 to 1.
    """

    domain: OktaDomain
    api_token: SecretRef | None = None
    client_id: str | None = None
    private_key: SecretRef | None = None
    key_id: str | None = None
    directory_writes: bool = False
    request_timeout: float = 60.0
    concurrency: int = 40
    rate_limit_share: float = 0.5


class OrgSettingsSchema(ma.Schema):
    """The part of ``[connectors.NAME]`` that loads ``OrgSettings``; kinds add their own."""

    class Meta:
        unknown = ma.RAISE

    domain = OktaDomainField(required=True, metadata={"description": "Okta domain, such as acme.okta.com"})
    api_token = SecretField(
        metadata={"description": "Where the API token is; or give client_id and private_key"}
    )
    client_id = ma.fields.String(
        validate=ma.validate.Regexp(
            r"[A-Za-z0-9_-]{1,100}\Z", error="must be an app's client id, such as 0oa1b2c3d4e5f6g7h8i9"
        ),
        metadata={"description": "Client id of an OAuth service app, instead of an API token"},
    )
    private_key = SecretField(
        metadata={"description": "Where the private key of the app is: PEM or JSON web key"}
    )
    key_id = ma.fields.String(
        validate=ma.validate.Regexp(r"[!-~]{1,200}\Z", error="must be the key's id in Okta, without blanks"),
        metadata={"description": "The key's id in Okta, where the app has several and it isn't in the key"},
    )
    directory_writes = ma.fields.Boolean(
        truthy={True},
        falsy={False},
        metadata={
            "description": "Whether members of groups that Active Directory or LDAP masters are changed "
            "there, through Okta's agent; takes an OAuth app"
        },
    )
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

    @ma.validates_schema(pass_original=True, skip_on_field_errors=False)
    def _one_credential(self, _data: Mapping[str, Any], original: Any, **_: Any) -> None:
        given = original.keys() & set(CREDENTIAL_SETTINGS) if isinstance(original, Mapping) else set()
        if wrong := _credential_mistake(given):
            raise ma.ValidationError(wrong)


def _credential_mistake(given: set[str]) -> dict[str, list[str]]:
    of_app = given - {"api_token"}
    if "api_token" in given:
        both = "give either api_token, or client_id and private_key, not both"
        return {name: [both] for name in sorted(of_app)}
    if not of_app:
        return {"api_token": ["missing; or give client_id and private_key"]}
    return {name: ["missing; an app needs it"] for name in ("client_id", "private_key") if name not in given}
