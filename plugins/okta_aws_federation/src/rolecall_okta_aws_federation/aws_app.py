"""The app that a connector is for, and others: found, or said why not; and which settings are shown."""

from rolecall import NotFound, ProviderError
from rolecall_okta import OktaClient
from rolecall_okta_aws_federation.findings import quoted
from rolecall_okta_aws_federation.payloads import (
    AWS_APP_NAME,
    AwsSettings,
    OktaApp,
    OktaAppSchema,
    RolesAttribute,
    RolesAttributeSchema,
    read_switch,
)


async def read_aws_app(okta: OktaClient, app_id: str) -> OktaApp:
    """The app that the configuration names.

    Raises:
        NotFound: There is none with that id.
        ProviderError: It is another kind of app (code ``not_an_aws_app``), or can't be read.
    """
    try:
        app: OktaApp = await okta.app(app_id, OktaAppSchema())
    except NotFound as error:
        raise NotFound(
            f"The org has no app {app_id}, which aws_okta_app_id names.",
            hint="take the id from the app's page in the Admin Console (Applications > AWS Account "
            "Federation), or let rolecall init list the AWS apps",
            code="app_not_found",
            status=error.status,
            provider_code=error.provider_code,
            request_id=error.request_id,
            method=error.method,
            path=error.path,
        ) from error
    if app.name != AWS_APP_NAME:
        raise ProviderError(
            f"The app {app_id} is {quoted(app.label)} ({app.name}), "
            f"not AWS Account Federation ({AWS_APP_NAME}).",
            hint="set aws_okta_app_id to the id of an AWS Account Federation app; rolecall init lists them",
            code="not_an_aws_app",
        )
    return app


async def read_roles_attribute(okta: OktaClient, app_id: str) -> RolesAttribute:
    """What the app's schema says of the roles; why it can't be told, where the schema is refused.

    Raises:
        ProviderError: It can't be read.
    """
    try:
        attribute: RolesAttribute = await okta.app_schema(app_id, RolesAttributeSchema())
    except ProviderError as error:
        if error.status not in {401, 403, 404}:
            raise
        return RolesAttribute(None, why_unknown=f"{error.status} {error.provider_code or ''}".strip())
    return attribute


async def read_app_name(okta: OktaClient, app_id: str) -> str | None:
    """Catalog name of any app; None where it is gone, or not ours to see.

    Raises:
        ProviderError: It can't be read.
    """
    try:
        app: OktaApp = await okta.app(app_id, OktaAppSchema())
    except ProviderError as error:
        if error.status != 403 and not isinstance(error, NotFound):  # noqa: PLR2004
            raise
        return None
    return app.name


def settings_that_decide(settings: AwsSettings) -> dict[str, object]:
    """The app's settings that access depends on, for people to read; never its AWS keys.

    Switches are given as what they count as: true or false, whatever the app holds.
    """
    mapping, _ = read_switch(settings.use_group_mapping, "useGroupMapping")
    join, _ = read_switch(settings.join_all_roles, "joinAllRoles")
    return {
        "use_group_mapping": mapping,
        "join_all_roles": join,
        "group_filter": settings.group_filter,
        "app_filter": settings.app_filter,
        "role_value_pattern": settings.role_value_pattern,
        "identity_provider_arn": settings.identity_provider_arn,
        "aws_environment_type": settings.environment,
        "session_duration": settings.session_duration,
    }
