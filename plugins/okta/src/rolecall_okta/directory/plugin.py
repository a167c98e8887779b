"""What this plugin offers: the connector kind ``okta``."""

from collections.abc import Sequence
from contextlib import AsyncExitStack

from rolecall import ConfigError, ConnectorContext, ConnectorKind, SetupQuestion, hookimpl
from rolecall_okta.directory.config import SCOPES_TO_READ, SCOPES_TO_WRITE, Settings, SettingsSchema
from rolecall_okta.directory.connector import DirectoryConnector
from rolecall_okta.directory.emission import RESOURCE_TYPES
from rolecall_okta.opening import client_for
from rolecall_okta.settings import CREDENTIAL_SETTINGS

CREDENTIAL_HELP = """\
Make a service account in Okta for Rolecall, give it the standard role Read-only Administrator, sign in as
it and create a token (Security > API > Tokens). A token has the rights of whoever made it, for as long as
they have them; it ends 30 days after its last use. Such a token reads people, groups, memberships and the
System Log, so that later runs read only what changed. Narrower: a custom role with the permissions "View
users and their details" and "View groups and their details", on a resource set with all users and all
groups; it can't read the System Log, and every run reads everything. Admin roles take a Super
Administrator, or a custom role with "View roles, resources, and admin assignments" on all IAM resources
beside the other one; without, they are left out and the run says so.

Instead of a token, an OAuth app: an API Services app that signs in by public key / private key, with its
scopes granted (Okta API Scopes) and an admin role assigned (Admin roles; without one it sees nothing). Write
client_id and private_key in place of api_token. "rolecall check NAME --recipe read" prints the smallest
custom role and the scopes for this org; "--recipe write" those for provisioning."""

KIND = ConnectorKind(
    id="okta",
    display_name="Okta",
    settings=SettingsSchema,
    resource_types=RESOURCE_TYPES,
    setup=(
        SetupQuestion("domain", "--domain", "Okta domain, such as acme.okta.com"),
        SetupQuestion("api_token", "--token", "Where the API token is"),
    ),
    credential_help=CREDENTIAL_HELP,
    credential_settings=CREDENTIAL_SETTINGS,
)


@hookimpl
def rolecall_connector_kinds() -> Sequence[ConnectorKind]:
    """See the hook's specification."""
    return [KIND]


@hookimpl
async def rolecall_open(context: ConnectorContext) -> DirectoryConnector:
    """See the hook's specification."""
    settings = context.settings
    if not isinstance(settings, Settings):
        raise ConfigError(f"{context.name}: these are not the settings of {KIND.id}")
    resources = AsyncExitStack()
    okta = await resources.enter_async_context(
        client_for(settings, context, reading=SCOPES_TO_READ, writing=SCOPES_TO_WRITE)
    )
    wanted = frozenset(ref.id for ref in context.wanted)
    return DirectoryConnector(settings, okta, wanted, resources)
