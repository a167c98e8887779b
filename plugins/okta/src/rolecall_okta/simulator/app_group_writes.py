"""Assigning groups to apps, changing what they are assigned with, and unassigning them."""

from typing import Final

from rolecall_okta.simulator.app_profiles import check_property, checked_profile
from rolecall_okta.simulator.calls import Call
from rolecall_okta.simulator.errors import not_found, not_valid, not_well_formed
from rolecall_okta.simulator.exchange import Reply
from rolecall_okta.simulator.objects import App, Group, GroupAssignment
from rolecall_okta.simulator.raw_json import ABSENT, Json

_LOWEST: Final = 100


def put(call: Call) -> Reply:
    """``PUT apps/{id}/groups/{gid}``: assign, or replace what was there; without a priority it becomes 0."""
    app = call.app()
    group = call.org.group_by_id(call.parts[1])
    if group is None:
        raise not_found(call.parts[1], "UserGroup")
    sent = call.sent_object() if call.body else {}
    profile = checked_profile(app, sent)
    priority = _priority(sent["priority"]) if sent.get("priority") is not None else 0
    held = app.assigned_groups.get(group.id)
    with call.org.log.transaction():
        make_room(app, group, priority)
        if held is None:
            held = call.org.assign_group(app, group, priority=priority, profile=_given(profile))
        else:
            if profile is not ABSENT or call.org.behaviour.put_without_profile == "clears":
                held.profile = _given(profile)
            held.priority = priority
    return _shown(call, app, held)


def patch(call: Call) -> Reply:
    """``PATCH apps/{id}/groups/{gid}``: replace or remove single properties."""
    app = call.app()
    held, sent = _assigned(call, app), call.sent()
    if not isinstance(sent, list) or not all(isinstance(each, dict) for each in sent):
        raise not_well_formed()
    profile = dict(held.profile) if isinstance(held.profile, dict) else {}
    priority = held.priority
    for each in sent:
        op, path, value = each.get("op"), each.get("path"), each.get("value")
        if op == "replace" and path == "/priority":
            priority = _priority(value)
            continue
        name = path.removeprefix("/profile/") if isinstance(path, str) else ""
        if op not in ("replace", "remove") or not name or f"/profile/{name}" != path or "/" in name:
            raise not_valid("patch", f"{op} {path}: not supported")
        if op == "remove":
            profile.pop(name, None)
            continue
        if name not in profile and call.org.behaviour.patch_absent == "refused":
            raise not_valid("patch", f"{path}: there is no such property to replace")
        check_property(app, name, value)
        profile[name] = value
    with call.org.log.transaction():
        if priority != held.priority:
            make_room(app, held.group, priority)
            held.priority = priority
        held.profile = profile
    return _shown(call, app, held)


def remove(call: Call) -> Reply:
    """``DELETE apps/{id}/groups/{gid}``: who has the app only through the group loses it."""
    app = call.app()
    call.org.unassign_group(app, _assigned(call, app).group)
    return Reply(204, b"")


def make_room(app: App, group: Group, priority: int) -> None:
    """Push down whoever has the priority, and those behind as far as they stand without a gap."""
    others = {held.priority: held for held in app.assigned_groups.values() if held.group is not group}
    pushed = []
    while priority in others:
        pushed.append(others[priority])
        priority += 1
    for held in reversed(pushed):
        held.priority += 1


def _assigned(call: Call, app: App) -> GroupAssignment:
    wanted = call.parts[1]
    held = app.assigned_groups.get(wanted)
    if held is None:
        known = call.org.group_by_id(wanted) is not None
        raise not_found(wanted, "ApplicationGroupAssignment" if known else "UserGroup")
    return held


def _priority(value: Json) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _LOWEST:
        raise not_valid("priority", f"priority: must be between 0 and {_LOWEST}")
    return value


def _given(profile: Json) -> Json:
    return {} if profile is ABSENT else profile


def _shown(call: Call, app: App, held: GroupAssignment) -> Reply:
    return Reply(200, call.show.app_group(app, held))
