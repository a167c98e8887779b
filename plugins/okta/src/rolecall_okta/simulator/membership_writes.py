"""Putting people into groups and taking them out, as the groups API does it."""

from rolecall_okta.simulator.calls import Call
from rolecall_okta.simulator.errors import OktaError, no_permission, not_found
from rolecall_okta.simulator.exchange import Reply
from rolecall_okta.simulator.objects import Group, User


def add_member(call: Call) -> Reply:
    """``PUT groups/{id}/users/{uid}``: 204 also for who is in the group."""
    group, user = _group_and_person(call)
    if user.status == "DEPROVISIONED":
        raise OktaError(
            403, "E0000038", "This operation is not allowed in the user's current status.", [user.status]
        )
    call.org.add_member(group, user)
    return Reply(204, b"")


def remove_member(call: Call) -> Reply:
    """``DELETE groups/{id}/users/{uid}``: 204 also for who is not in the group."""
    group, user = _group_and_person(call)
    call.org.remove_member(group, user)
    return Reply(204, b"")


def may_change_members(call: Call, group: Group) -> None:
    """Refuse for a group that makes its members administrators, unless a super administrator asks."""
    if group.roles and not call.token.rights.roles_given:
        raise no_permission("Only super admins can change the members of a group with admin privileges.")


def _group_and_person(call: Call) -> tuple[Group, User]:
    group = call.group()
    user = call.org.user_by_id(call.parts[1])
    if user is None:
        raise not_found(call.parts[1], "User")
    if group.type != "OKTA_GROUP":
        raise no_permission(f"Members of a group of type {group.type} can't be changed here.")
    may_change_members(call, group)
    return group, user
