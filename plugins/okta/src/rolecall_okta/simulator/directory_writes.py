"""``POST directories/{appInstanceId}/groups/modify``: changing a group in the directory that masters it."""

from rolecall_okta.simulator.calls import Call
from rolecall_okta.simulator.errors import OktaError, no_permission, not_found, not_valid
from rolecall_okta.simulator.exchange import Reply
from rolecall_okta.simulator.membership_writes import may_change_members
from rolecall_okta.simulator.objects import App, Group, User
from rolecall_okta.simulator.raw_json import Json, JsonObject


def modify_group(call: Call) -> Reply:
    """The change is done in the directory; Okta's own member list learns of it by the next import."""
    directory, sent = call.app(), call.sent_object()
    group = _group(call, directory, sent.get("id"))
    joined, people = _wanted(call, directory, sent.get("parameters"))
    may_change_members(call, group)
    agent = call.org.behaviour.directory_agent
    if agent == "absent":
        raise OktaError(502, "E0000009", "Bad gateway", ["There are no connected agents."])
    if agent != "lost":
        for user in people:
            call.org.change_directory(group, user, joined=joined)
    if agent in ("lost", "late"):
        raise OktaError(504, "E0000009", "Gateway timeout", ["The agent did not answer in time."])
    return Reply(200, b"")


def _group(call: Call, directory: App, wanted: Json) -> Group:
    group = call.org.group_by_id(wanted) if isinstance(wanted, str) else None
    if group is None:
        raise not_found(str(wanted), "UserGroup")
    if not call.token.sees_group(group):
        raise no_permission()
    if group.source is not directory:
        raise not_valid("id", "id: The group does not come from this directory.")
    return group


def _wanted(call: Call, directory: App, parameters: Json) -> tuple[bool, list[User]]:
    asked: JsonObject = parameters if isinstance(parameters, dict) else {}
    action, values = asked.get("action"), asked.get("values")
    if action not in ("ADD", "REMOVE") or asked.get("attribute") != "member":
        raise not_valid("parameters", "parameters: ADD or REMOVE of the attribute member is expected")
    if not isinstance(values, list) or not values:
        raise not_valid("parameters", "values: must not be empty")
    people = []
    for user_id in values:
        user = call.org.user_by_id(user_id) if isinstance(user_id, str) else None
        if user is None:
            raise not_found(str(user_id), "User")
        if call.org.app_user(directory, user.id) is None:
            raise not_valid("parameters", f"values: {user_id} was not imported from this directory.")
        people.append(user)
    return action == "ADD", people
