"""The calls that change something, each built here and sent later: a plan shows the very call it sends.

Building one sends nothing. Every function may raise a ``NotFound`` (code ``impossible_id``) for what
can't be an id.
"""

from collections.abc import Mapping
from typing import Literal

from rolecall_okta.calls import Call, path_of

GROUP_MEMBER = "/api/v1/groups/{id}/users/{id}"
APP_USERS = "/api/v1/apps/{id}/users"
APP_USER = "/api/v1/apps/{id}/users/{id}"
APP_GROUP = "/api/v1/apps/{id}/groups/{id}"
DIRECTORY_GROUP = "/api/v1/directories/{id}/groups/modify"

Scope = Literal["USER", "GROUP"]
Profile = Mapping[str, object]


def add_member_call(group_id: str, user_id: str) -> Call:
    """Puts a person into a native group; for a member it changes nothing."""
    return Call.written("PUT", path_of(GROUP_MEMBER, group_id, user_id))


def remove_member_call(group_id: str, user_id: str) -> Call:
    """Takes a person out of a native group; if a rule put them there, it may exclude them for good."""
    return Call.written("DELETE", path_of(GROUP_MEMBER, group_id, user_id))


def assign_person_call(app_id: str, user_id: str, profile: Profile | None = None) -> Call:
    """Assigns a person to an app directly; what they have through a group becomes their own."""
    body = {"id": user_id, "scope": "USER", **_given(profile=profile)}
    return Call.written("POST", path_of(APP_USERS, app_id), body)


def update_app_user_call(
    app_id: str, user_id: str, *, profile: Profile | None = None, scope: Scope | None = None
) -> Call:
    """Changes a person's assignment to an app.

    Args:
        app_id: The app.
        user_id: The person.
        profile: The whole profile as it is to be: what happens to keys left out isn't documented.
        scope: ``USER`` makes a group's assignment their own; ``GROUP`` gives it back, where Okta heeds it.
    """
    return Call.written("POST", path_of(APP_USER, app_id, user_id), _given(scope=scope, profile=profile))


def unassign_person_call(app_id: str, user_id: str) -> Call:
    """Takes a person's own assignment away, with its profile; Okta forbids it while a group assigns them."""
    return Call.written("DELETE", path_of(APP_USER, app_id, user_id))


def assign_group_call(app_id: str, group_id: str, priority: int, profile: Profile | None = None) -> Call:
    """Assigns a group to an app, or replaces its assignment whole.

    Args:
        app_id: The app.
        group_id: The group.
        priority: 0 is the highest. Always said: without it Okta takes 0 and pushes all others down.
        profile: What its members get.
    """
    body = {"priority": priority, **_given(profile=profile)}
    return Call.written("PUT", path_of(APP_GROUP, app_id, group_id), body)


def patch_group_profile_call(app_id: str, group_id: str, attribute: str, value: object) -> Call:
    """Replaces one attribute of what an assigned group gives its members, and nothing else."""
    pointer = attribute.replace("~", "~0").replace("/", "~1")
    body = [{"op": "replace", "path": f"/profile/{pointer}", "value": value}]
    return Call.written("PATCH", path_of(APP_GROUP, app_id, group_id), body)


def unassign_group_call(app_id: str, group_id: str) -> Call:
    """Takes the app from a group, and from every member who has it only through this one."""
    return Call.written("DELETE", path_of(APP_GROUP, app_id, group_id))


def modify_directory_group_call(
    directory_app_id: str, group_id: str, action: Literal["ADD", "REMOVE"], user_id: str
) -> Call:
    """Changes a member of a group in the Active Directory or LDAP that masters it, through Okta's agent.

    Okta's own list shows it only after an import, or the person's next sign-in.
    """
    parameters = {"action": action, "attribute": "member", "values": [user_id]}
    body = {"id": group_id, "parameters": parameters}
    path_of(GROUP_MEMBER, group_id, user_id)  # ids in a body are held to the same rule
    return Call.written("POST", path_of(DIRECTORY_GROUP, directory_app_id), body)


def is_directory_change(path: str) -> bool:
    """Whether an agent in the directory does the work, whose absence or silence Okta tells by 502 and 504."""
    return path.startswith("/api/v1/directories/")


def _given(**parts: object) -> dict[str, object]:
    return {name: value for name, value in parts.items() if value is not None}
