"""The smallest admin role for the directory connector."""

from typing import Literal

from rolecall import Recipe
from rolecall_okta.directory.config import SCOPES_TO_READ, SCOPES_TO_WRITE, Settings
from rolecall_okta.recipes import ResourceNames, permission, reading_recipe, writing_recipe
from rolecall_okta.scopes import READ_ROLES


def recipe(purpose: Literal["read", "write"], names: ResourceNames, settings: Settings) -> Recipe:
    """What a sync needs, or what changing members needs beside it."""
    return _to_read(names, settings) if purpose == "read" else _to_write(names, settings)


def _to_read(names: ResourceNames, settings: Settings) -> Recipe:
    permissions = [
        permission("okta.users.read", "people and their status"),
        permission("okta.groups.read", "groups and their members"),
    ]
    resources = [(names.all_users, "everybody is listed"), (names.all_groups, "all groups are listed")]
    scopes = set(SCOPES_TO_READ)
    if settings.admin_roles == "off":
        scopes.remove(READ_ROLES)
    else:
        permissions.append(permission("okta.iam.read", 'admin roles; not needed with admin_roles = "off"'))
        resources.append((names.all_of_iam, "admin roles and who holds them"))
    return reading_recipe(permissions, resources, scopes)


def _to_write(names: ResourceNames, settings: Settings) -> Recipe:
    return writing_recipe(
        [
            permission("okta.groups.members.manage", "to put people into groups and take them out"),
            permission("okta.users.groupMembership.manage", "the same, on the person's side"),
        ],
        [
            (names.all_users, "anybody may be put into a group; narrower: the users of some groups"),
            (names.all_groups, "any group may be granted; narrower: those that Rolecall is to change"),
        ],
        {*SCOPES_TO_READ, *SCOPES_TO_WRITE},
        directory_writes=settings.directory_writes,
    )
