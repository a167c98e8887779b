"""The settings of a connector: its table in ``rolecall.toml``."""

from dataclasses import dataclass
from typing import Any

import marshmallow as ma

from rolecall_okta import (
    READ_APPS,
    READ_GROUPS,
    READ_LOGS,
    READ_ROLES,
    READ_SCHEMAS,
    READ_USERS,
    WRITE_APPS,
    WRITE_GROUPS,
    OrgSettings,
    OrgSettingsSchema,
)

SCOPES_TO_READ = {
    READ_USERS: "",
    READ_GROUPS: "",
    READ_APPS: "",
    READ_SCHEMAS: "whether samlRoles are combined across groups is told from people's profiles",
    READ_LOGS: "every run reads everything",
    READ_ROLES: "the app's own admin roles can't be read, so check can't tell what it may write",
}
"""Of an OAuth app, each with what a sync does without it; empty where there is none without."""
SCOPES_TO_WRITE = frozenset({WRITE_GROUPS, WRITE_APPS})

_APP_ID = r"[A-Za-z0-9_-]{1,64}\Z"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(OrgSettings):
    """What a connector was given, besides what every connector to Okta is.

    Attributes:
        aws_okta_app_id: Id of the app AWS Account Federation.
        allow_group_to_direct_assignment_conversion: Whether a grant may turn a group's assignment of a
            person into one of their own.
    """

    aws_okta_app_id: str
    allow_group_to_direct_assignment_conversion: bool = False


class SettingsSchema(OrgSettingsSchema):
    """``[connectors.NAME]`` with ``kind = "okta_aws_federation"``."""

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

    @ma.post_load
    def build(self, data: dict[str, Any], **_: Any) -> Settings:
        return Settings(**data)
