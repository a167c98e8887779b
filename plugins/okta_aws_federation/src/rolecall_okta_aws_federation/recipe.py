"""The smallest admin role for the federation connector, with the groups and the app of this org."""

from collections.abc import Mapping
from typing import Literal

from rolecall import Recipe
from rolecall_okta import (
    OktaClient,
    ResourceNames,
    permission,
    read_resource_names,
    reading_recipe,
    writing_recipe,
)
from rolecall_okta_aws_federation.aws_app import read_aws_app
from rolecall_okta_aws_federation.config import SCOPES_TO_READ, SCOPES_TO_WRITE, Settings
from rolecall_okta_aws_federation.mode import MappingMode, SingleMode, read_mode
from rolecall_okta_aws_federation.payloads import AWS_APP_NAME, OktaApp

GROUPS_ARE_LISTED = "groups with names that mean a role must be found, so all are listed"
LATER_GROUPS = "A role group that is made later must be added to the resource set before it can be granted."
SCHEMA = (
    "No custom permission reads the app's profile schema: whether samlRoles are combined across groups is "
    "then told from people's profiles."
)


async def read_recipe(okta: OktaClient, settings: Settings, purpose: Literal["read", "write"]) -> Recipe:
    """The role for a purpose, worked out from the org's id and, for writing, from its groups that matter.

    Raises:
        ProviderError: They can't be read.
    """
    names = await read_resource_names(okta)
    if purpose == "read":
        return recipe_to_read(names, settings)
    app = await read_aws_app(okta, settings.aws_okta_app_id)
    return recipe_to_write(names, settings, await _groups_to_change(okta, app))


def recipe_to_read(names: ResourceNames, settings: Settings) -> Recipe:
    """What a sync needs."""
    app = names.app(AWS_APP_NAME, settings.aws_okta_app_id)
    return reading_recipe(
        [
            permission("okta.users.read", "people and their status"),
            permission("okta.groups.read", "groups that give roles, and their members"),
            permission("okta.apps.read", "the AWS app, and who is assigned to it"),
        ],
        [
            (names.all_users, "anybody may be assigned to the app"),
            (names.all_groups, GROUPS_ARE_LISTED),
            (app, "the app AWS Account Federation"),
        ],
        SCOPES_TO_READ,
        notes=[SCHEMA],
    )


def recipe_to_write(names: ResourceNames, settings: Settings, groups: Mapping[str, str]) -> Recipe:
    """What provisioning needs beside it.

    Args:
        names: The org's.
        settings: The connector's.
        groups: Id → name, of the groups whose members or assignments may be changed.
    """
    app = names.app(AWS_APP_NAME, settings.aws_okta_app_id)
    return writing_recipe(
        [
            permission("okta.groups.members.manage", "to put people into groups and take them out"),
            permission("okta.users.groupMembership.manage", "the same, on the person's side"),
            permission("okta.apps.assignment.manage", "to assign people and groups to the AWS app"),
            permission("okta.users.appAssignment.manage", "the same, on the person's side"),
            permission("okta.groups.appAssignment.manage", "the same, on the group's side"),
        ],
        [
            (names.all_users, "anybody may be granted a role; narrower: the users of some groups"),
            *names.groups(groups, "gives a role, or is assigned to the app"),
            (app, "the app AWS Account Federation"),
        ],
        {*SCOPES_TO_READ, *SCOPES_TO_WRITE},
        directory_writes=settings.directory_writes,
        notes=[LATER_GROUPS],
    )


async def _groups_to_change(okta: OktaClient, app: OktaApp) -> dict[str, str]:
    """Groups assigned to the app, and native ones with names that mean a role."""
    found = {
        row.id: row.group.name if row.group else "" async for page in okta.app_groups(app.id) for row in page
    }
    mode, _ = read_mode(app.settings)
    return found | await _role_groups(okta, mode)


async def _role_groups(okta: OktaClient, mode: SingleMode | MappingMode) -> dict[str, str]:
    if isinstance(mode, SingleMode) or mode.group_filter is None:
        return {}
    return {
        row.id: row.name
        async for page in okta.groups(search=mode.group_filter.search)
        for row in page
        if mode.app_filter.admits(row.type, row.source_app_name) and mode.group_filter.read(row.name)
    }
