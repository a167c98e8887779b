"""Who is assigned to an app and with which profile: the answer Okta's app-user list gives.

A direct assignment wins over any group. Otherwise the profile is that of the assigned group with
the highest priority (0 first) that holds the person, except that an array whose schema property
says ``union: ENABLE`` is combined over all assigned groups that hold them.
"""

from collections.abc import Callable, Iterable

from rolecall_okta.simulator.objects import App, AppUser, DirectAssignment, Group, GroupAssignment, User
from rolecall_okta.simulator.raw_json import Json


def resolve_app_users(app: App, members_of: Callable[[Group], list[User]]) -> list[AppUser]:
    """Everybody assigned to the app, by user id."""
    found = {user_id: _direct(app, held) for user_id, held in app.direct.items()}
    holding: dict[User, list[GroupAssignment]] = {}
    for assigned in sorted(app.assigned_groups.values(), key=by_priority):
        for user in members_of(assigned.group):
            if user.id not in found:
                holding.setdefault(user, []).append(assigned)
    combined = combined_properties(app)
    for user, assignments in holding.items():
        found[user.id] = _through_groups(app, user, assignments, combined)
    return sorted(found.values(), key=lambda held: held.user.id)


def resolve_app_user(app: App, user: User, groups: Iterable[Group]) -> AppUser | None:
    """One person's assignment, who is in these groups; ``None`` without any."""
    held = app.direct.get(user.id)
    if held is not None:
        return _direct(app, held)
    assigned = app.assigned_groups
    holding = sorted((assigned[group.id] for group in groups if group.id in assigned), key=by_priority)
    return _through_groups(app, user, holding, combined_properties(app)) if holding else None


def by_priority(held: GroupAssignment) -> tuple[int, str]:
    return held.priority, held.group.id


def _direct(app: App, held: DirectAssignment) -> AppUser:
    raw = app.app_user_raw.get(held.user.id)
    return AppUser(held.user, "USER", held.profile, None, held.created, held.last_updated, raw)


def _through_groups(app: App, user: User, holding: list[GroupAssignment], combined: list[str]) -> AppUser:
    winner = holding[0]
    return AppUser(
        user,
        "GROUP",
        group_profile([held.profile for held in holding], combined),
        winner.group,
        winner.last_updated,
        winner.last_updated,
        app.app_user_raw.get(user.id),
    )


def combined_properties(app: App) -> list[str]:
    """The array properties that the schema combines across groups."""
    return [
        name
        for name, declared in app.schema.items()
        if isinstance(declared, dict)
        and declared.get("type") == "array"
        and declared.get("union") == "ENABLE"
    ]


def group_profile(profiles: list[Json], combined: list[str]) -> Json:
    """The profile of somebody whom these group profiles reach, the highest priority first."""
    profile = profiles[0]
    for name in combined:
        arrays = [
            held[name] for held in profiles if isinstance(held, dict) and isinstance(held.get(name), list)
        ]
        if arrays:
            profile = {**(profile if isinstance(profile, dict) else {}), name: _ordered_union(arrays)}
    return profile


def _ordered_union(arrays: list[list[Json]]) -> list[Json]:
    values: list[Json] = []
    for array in arrays:
        values.extend(value for value in array if value not in values)
    return values
