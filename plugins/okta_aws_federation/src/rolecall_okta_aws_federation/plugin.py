"""What this plugin offers: the connector kind ``okta_aws_federation``."""

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack

import click

from rolecall import (
    AccessQuestion,
    Choice,
    ConfigError,
    ConnectorContext,
    ConnectorKind,
    Explanation,
    SetupQuestion,
    hookimpl,
)
from rolecall_okta import CREDENTIAL_SETTINGS, DomainError, OktaClient, SswsAuth, client_for, normalise_domain
from rolecall_okta_aws_federation.config import SCOPES_TO_READ, SCOPES_TO_WRITE, Settings, SettingsSchema
from rolecall_okta_aws_federation.connector import FederationConnector
from rolecall_okta_aws_federation.demo.command import demo
from rolecall_okta_aws_federation.explaining import explain
from rolecall_okta_aws_federation.payloads import AWS_APP_NAME
from rolecall_okta_aws_federation.sync import RESOURCE_TYPES

CREDENTIAL_HELP = """\
Make a service account in Okta for Rolecall, give it the standard role Read-only Administrator, sign in as
it and create a token (Security > API > Tokens). A token has the rights of whoever made it, for as long as
they have them; it ends 30 days after its last use. Narrower: a custom role with the permissions "View
users and their details", "View groups and their details" and "View application and its details", on a
resource set with all users, all groups and the AWS app. Such a role can't read the app's profile schema,
so whether samlRoles are combined across groups is then told from the people's profiles; nor the System
Log, so every run reads everything.

Instead of a token, an OAuth app: an API Services app that signs in by public key / private key, with its
scopes granted (Okta API Scopes) and an admin role assigned (Admin roles; without one it sees nothing). Write
client_id and private_key in place of api_token. "rolecall check NAME --recipe read" prints the smallest
custom role and the scopes for this org; "--recipe write" those for provisioning."""

KIND = ConnectorKind(
    id="okta_aws_federation",
    display_name="Okta AWS Federation",
    settings=SettingsSchema,
    resource_types=RESOURCE_TYPES,
    setup=(
        SetupQuestion("domain", "--domain", "Okta domain, such as acme.okta.com"),
        SetupQuestion("api_token", "--token", "Where the API token is"),
        SetupQuestion("aws_okta_app_id", "--app-id", "Id of the app AWS Account Federation", choices=True),
    ),
    credential_help=CREDENTIAL_HELP,
    credential_settings=CREDENTIAL_SETTINGS,
)


@hookimpl
def rolecall_connector_kinds() -> Sequence[ConnectorKind]:
    """See the hook's specification."""
    return [KIND]


@hookimpl
async def rolecall_setup_choices(context: ConnectorContext, setting: str) -> Sequence[Choice]:
    """See the hook's specification."""
    if setting != "aws_okta_app_id" or not isinstance(context.settings, Mapping):
        return []
    try:
        domain = normalise_domain(str(context.settings.get("domain", "")))
    except DomainError as error:
        raise ConfigError(f"domain: {error}") from error
    async with OktaClient(domain, SswsAuth(context.secrets["api_token"]), context.observer) as okta:
        apps = [app async for page in okta.apps(AWS_APP_NAME) for app in page]
    apps.sort(key=lambda app: (app.status != "ACTIVE", app.label or ""))
    return [Choice(app.id, f"{app.label or AWS_APP_NAME} ({app.status or 'status unknown'})") for app in apps]


@hookimpl
async def rolecall_open(context: ConnectorContext) -> FederationConnector:
    """See the hook's specification."""
    if not isinstance(context.settings, Settings):
        raise ConfigError(f"{context.name}: these are not the settings of {KIND.id}")
    return await open_connector(context.settings, context)


async def open_connector(settings: Settings, context: ConnectorContext) -> FederationConnector:
    """Open a client for the settings, and the connector on it."""
    resources = AsyncExitStack()
    okta = await resources.enter_async_context(
        client_for(settings, context, reading=SCOPES_TO_READ, writing=SCOPES_TO_WRITE)
    )
    return FederationConnector(settings, okta, resources, context.source)


@hookimpl
def rolecall_explain(question: AccessQuestion) -> Explanation:
    """See the hook's specification."""
    return explain(question)


@hookimpl
def rolecall_commands() -> Sequence[click.Command]:
    """See the hook's specification."""
    return [demo]
