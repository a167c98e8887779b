"""Assigning people to apps, changing what they are assigned with, and unassigning them."""

from typing import Final

from rolecall_okta.simulator.app_profiles import checked_profile
from rolecall_okta.simulator.calls import Call
from rolecall_okta.simulator.errors import OktaError, not_found, not_valid
from rolecall_okta.simulator.exchange import Reply
from rolecall_okta.simulator.objects import App, AppUser, User
from rolecall_okta.simulator.raw_json import ABSENT, Json, JsonObject, merged

_INACTIVE: Final = ("STAGED", "DEPROVISIONED")
_GRANTED: Final = (
    "The application cannot be unassigned from the user while their group memberships grant them access."
)


def assign(call: Call) -> Reply:
    """``POST apps/{id}/users``: an assignment of the person's own, also for who has one through groups."""
    app, sent = call.app(), call.sent_object()
    user_id, profile = sent.get("id"), checked_profile(app, sent)
    if not isinstance(user_id, str):
        raise not_valid("id", "id: The field cannot be left blank")
    user = call.org.user_by_id(user_id)
    if user is None:
        raise not_found(user_id, "User")
    _may_be_assigned(user)
    held = call.org.app_user(app, user.id)
    if held is not None and held.scope == "USER":
        if call.org.behaviour.assign_again == "conflict":
            raise OktaError(409, "E0000062", "The given user is already assigned to the application.")
        _alter(call, app, held, profile)
    else:
        kept = held.profile if held is not None else {}
        call.org.assign_user(app, user, profile=kept if profile is ABSENT else profile)
    _name(call, app, user, sent)
    return _shown(call, app, user)


def update(call: Call) -> Reply:
    """``POST apps/{id}/users/{uid}``: other credentials, profile or scope.

    Whoever changes the profile of a person assigned through groups makes the assignment their own.
    """
    app = call.app()
    held, sent = _app_user(call, app), call.sent_object()
    profile, scope = checked_profile(app, sent), sent.get("scope")
    if scope not in (None, "USER", "GROUP"):
        raise not_valid("scope", "scope: must be USER or GROUP")
    if scope == "GROUP" and call.org.behaviour.group_scope == "converts":
        if not _groups_grant(call, app, held.user):
            raise not_valid("scope", "scope: No group assigns the application to this user.")
        if held.scope == "USER":
            call.org.unassign_user(app, held.user)
    elif held.scope == "USER":
        _alter(call, app, held, profile)
    elif scope == "USER" or profile is not ABSENT:
        call.org.assign_user(app, held.user, profile=_laid_over(call, held.profile, profile))
    _name(call, app, held.user, sent)
    return _shown(call, app, held.user)


def unassign(call: Call) -> Reply:
    """``DELETE apps/{id}/users/{uid}``: refused as long as a group gives the app."""
    app = call.app()
    held = _app_user(call, app)
    if _groups_grant(call, app, held.user):
        raise OktaError(403, "E0000046", "Deactivate application for user forbidden.", [_GRANTED])
    if held.scope == "USER":
        call.org.unassign_user(app, held.user)
    return Reply(204, b"")


def _app_user(call: Call, app: App) -> AppUser:
    wanted = call.parts[1]
    if call.org.user_by_id(wanted) is None:
        raise not_found(wanted, "User")
    held = call.org.app_user(app, wanted)
    if held is None:
        raise not_found(wanted, "AppUser")
    return held


def _may_be_assigned(user: User) -> None:
    if (user.raw or {}).get("transitioningToStatus"):
        raise OktaError(409, "E0000112", "Cannot update this user because they are still being activated.")
    if user.status in _INACTIVE:
        raise OktaError(403, "E0000117", "User is inactive; applications can't be assigned.", [user.status])


def _groups_grant(call: Call, app: App, user: User) -> bool:
    return any(group.id in app.assigned_groups for group in call.org.groups_of(user))


def _alter(call: Call, app: App, held: AppUser, profile: Json) -> None:
    app.direct[held.id].profile = _laid_over(call, held.profile, profile)


def _laid_over(call: Call, held: Json, profile: Json) -> Json:
    """Arrays are replaced whole."""
    if profile is ABSENT:
        return held
    if call.org.behaviour.absent_keys == "dropped" or not isinstance(held, dict):
        return profile
    return {**held, **profile}


def _name(call: Call, app: App, user: User, sent: JsonObject) -> None:
    credentials = sent.get("credentials")
    name = credentials.get("userName") if isinstance(credentials, dict) else None
    if isinstance(name, str):
        named = merged(app.app_user_raw.get(user.id), {"credentials": {"userName": name}})
        call.org.alter_app_user(app, user, named)


def _shown(call: Call, app: App, user: User) -> Reply:
    held = call.org.app_user(app, user.id)
    if held is None:  # a lagging org may not know yet what its groups give
        raise not_found(user.id, "AppUser")
    return Reply(200, call.show.app_user(app, held))
