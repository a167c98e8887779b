"""The settings of a connector: its table in ``rolecall.toml``."""

from dataclasses import dataclass
from typing import Any

import marshmallow as ma

from rolecall import SecretField, SecretRef
from rolecall_okta import OktaDomain, OktaDomainField

_APP_ID = r"[A-Za-z0-9_-]{1,64}\Z"


@dataclass(frozen=True, slots=True)
class Settings:
    """What a connector was given.

    Attributes:
        domain: The org.
        api_token: Where the token is.
        aws_okta_app_id: Id of the app AWS Account Federation.
        allow_group_to_direct_assignment_conversion: Whether a grant may turn a group's assignment of a
            person into one of their own.
        request_timeout: Seconds that one request may take.
        concurrency: Requests under way at once.
        rate_limit_share: Share of Okta's rate limits that a run may use, 0 to 1.
    """

    domain: OktaDomain
    api_token: SecretRef
    aws_okta_app_id: str
    allow_group_to_direct_assignment_conversion: bool = False
    request_timeout: float = 60.0
    concurrency: int = 40
    rate_limit_share: float = 0.5


class SettingsSchema(ma.Schema):
    """``[connectors.NAME]`` with ``kind = "okta_aws_federation"``."""

    class Meta:
        unknown = ma.RAISE

    domain = OktaDomainField(required=True, metadata={"description": "Okta domain, such as acme.okta.com"})
    api_token = SecretField(required=True, metadata={"description": "Where the API token is"})
    aws_okta_app_id = ma.fields.String(
        required=True,
        validate=ma.validate.Regexp(_APP_ID, error="must be an app's id, such as 0oa1b2c3d4e5f6g7h8i9"),
        metadata={"description": "Id of the app AWS Account Federation, such as 0oa1b2c3d4e5f6g7h8i9"},
    )
    allow_group_to_direct_assignment_conversion = ma.fields.Boolean(
        truthy={True},
        falsy={False},
        metadata={
            "description": "Whether a grant may turn a group's assignment of a person into a direct one"
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

    @ma.post_load
    def build(self, data: dict[str, Any], **_: Any) -> Settings:
        return Settings(**data)
