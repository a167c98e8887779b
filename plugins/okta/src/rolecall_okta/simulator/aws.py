"""The AWS Account Federation app as Okta's catalog makes it: settings, patterns and profile schema."""

from collections.abc import Sequence

from rolecall_okta.simulator.raw_json import JsonObject

APP_NAME = "amazon_aws"

ACCOUNT_FIRST = r"aws_(?{{accountid}}\d+)_(?{{role}}[a-zA-Z0-9+=,.@\-_]+)"
"""Okta's default group filter: not anchored, the account in front."""

ROLE_FIRST = r"^aws\#\S+\#(?{{role}}[\w\-]+)\#(?{{accountid}}\d+)$"
"""The classic group filter: anchored, the role in front (``aws#alias#role#account``)."""

ROLE_VALUE_PATTERN = "arn:aws:iam::${accountid}:saml-provider/OKTA,arn:aws:iam::${accountid}:role/${role}"


def settings(
    *,
    use_group_mapping: bool,
    join_all_roles: bool,
    group_filter: str,
    role_value_pattern: str,
    app_filter: str | None,
    identity_provider_arn: str | None,
    session_duration: int,
) -> JsonObject:
    """``settings.app`` with every key Okta sends."""
    return {
        "appFilter": app_filter,
        "groupFilter": group_filter,
        "useGroupMapping": use_group_mapping,
        "joinAllRoles": join_all_roles,
        "identityProviderArn": identity_provider_arn,
        "overrideAcsURL": None,
        "sessionDuration": session_duration,
        "roleValuePattern": role_value_pattern,
        "accountID": None,
        "awsEnvironmentType": "aws.amazon",
        "loginURL": "https://console.aws.amazon.com/ec2/home",
        "webSSOAllowedClient": None,
        "accessKey": None,
        "secretKey": None,
        "secretKeyEnc": None,
    }


def schema(*, union: bool, roles: Sequence[str] = ()) -> JsonObject:
    """The properties of the app-user profile; ``union`` combines samlRoles across groups."""
    items: JsonObject = {"type": "string"}
    if roles:
        items["enum"] = list(roles)
        items["oneOf"] = [{"const": role, "title": role} for role in roles]
    return {
        "role": {
            "title": "Role",
            "type": "string",
            "scope": "NONE",
            "mutability": "READ_WRITE",
            "permissions": [{"principal": "SELF", "action": "READ_ONLY"}],
            "master": {"type": "PROFILE_MASTER"},
        },
        "samlRoles": {
            "title": "SAML User Roles",
            "type": "array",
            "items": items,
            "scope": "NONE",
            "mutability": "READ_WRITE",
            "union": "ENABLE" if union else "DISABLE",
            "permissions": [{"principal": "SELF", "action": "READ_ONLY"}],
            "master": {"type": "PROFILE_MASTER"},
        },
    }
