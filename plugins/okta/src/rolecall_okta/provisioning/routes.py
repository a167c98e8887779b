"""Who can change the members of a group: Okta's API, an agent in the directory, or a person elsewhere."""

from rolecall import Refused, Route
from rolecall_okta.provisioning.people import group_named
from rolecall_okta.rows import GroupRow
from rolecall_okta.text import shown

ACTIVE_DIRECTORY = "active_directory"
LDAP_INTERFACE = "ldap_interface"
"""Lets LDAP clients read Okta; it masters no group."""


def route_of(group: GroupRow, *, directory_writes: bool) -> Route | None:
    """The route to a group's members; None where nobody can change them.

    The settings alone decide on the directory's, so that plans made with the credential that reads and with
    the one that writes agree. Okta's directory endpoint takes no API token: then it is handed off after all.

    Args:
        group: Read with the app that masters it.
        directory_writes: Whether the settings allow changes in a directory.
    """
    if group.type == "OKTA_GROUP":
        return "api"
    if group.type != "APP_GROUP":
        return None
    by_agent = directory_writes and group.source_app_id is not None
    return "directory" if by_agent and is_directory(group.source_app_name) else "handoff"


def is_directory(app_name: str | None) -> bool:
    """Whether an app of this catalog name is a directory with an agent there, such as ``ldap_sun_one``."""
    if app_name is None or app_name == LDAP_INTERFACE:
        return False
    return app_name == ACTIVE_DIRECTORY or app_name.startswith("ldap")


def unchangeable(group: GroupRow) -> Refused:
    """The refusal for a group without a route."""
    kind = (
        "built into Okta"
        if group.type == "BUILT_IN"
        else f"of a type that Rolecall doesn't know ({shown(str(group.type))})"
    )
    return Refused(
        f"Cannot change the members of {group_named(group)}: it is {kind}.",
        hint="Okta itself decides who is in it",
        code="group_unchangeable",
        facts={"group": group.id, "type": group.type},
    )
