"""What follows from a change of a served org, as in Okta: clocks move, and the System Log tells.

An org that isn't served yet is still being made: nothing follows there.
"""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from rolecall_okta.simulator.app_roll import AppRoll
from rolecall_okta.simulator.objects import (
    AdminRole,
    App,
    Changeable,
    DirectAssignment,
    Group,
    GroupAssignment,
    User,
    login_in,
)
from rolecall_okta.simulator.raw_json import Json, JsonObject
from rolecall_okta.simulator.system_log import (
    app_group_target,
    app_target,
    app_user_target,
    group_target,
    role_target,
    user_target,
)

if TYPE_CHECKING:
    from rolecall_okta.simulator.register import Register

_PROFILE: Final = frozenset({"profile", "raw"})
_GROUP: Final = frozenset({"profile", "raw", "type", "source", "object_class"})
_APP: Final = frozenset({"name", "label", "settings", "sign_on_mode", "features", "raw"})
_ASSIGNMENTS: Final = frozenset({"direct", "assigned_groups", "app_user_raw"})
_GROUP_ASSIGNMENT: Final = frozenset({"priority", "profile", "raw"})
_STATUS: Final = {
    "ACTIVE": "user.lifecycle.activate",
    "PROVISIONED": "user.lifecycle.activate",
    "SUSPENDED": "user.lifecycle.suspend",
    "DEPROVISIONED": "user.lifecycle.deactivate",
    "LOCKED_OUT": "user.account.lock",
    "PASSWORD_EXPIRED": "user.account.expire_password",
    "RECOVERY": "user.account.reset_password",
}
_RETURN: Final = {"SUSPENDED": "user.lifecycle.unsuspend", "LOCKED_OUT": "user.account.unlock"}


class Consequences:
    """Told of every change after it was made."""

    def __init__(self, org: "Register") -> None:
        self.org = org
        self.log = org.log
        self.importing = False
        self._rolls: dict[str, AppRoll] = {}

    def roll(self, app: App) -> AppRoll:
        """The app's people as they are now."""
        found = self._rolls.get(app.id)
        if found is None:
            found = self._rolls[app.id] = AppRoll(app, self.org.members_of)
        return found

    def begin(self) -> None:
        """From now on the org is served."""
        for app in self.org.apps:
            self.roll(app)

    def anything_may_have_changed(self) -> None:
        if self._is_served():
            for app in self.org.apps:
                for held in self.roll(app).held:
                    held.rendered = None
                self._resettle(app)

    def attribute_set(self, held: Changeable, name: str, before: object) -> None:
        if not self._is_served() or before == getattr(held, name):
            return
        with self.log.transaction():
            if isinstance(held, User):
                self._user(held, name, before)
            elif isinstance(held, Group):
                self._group(held, name, before)
            elif isinstance(held, App):
                self._app(held, name)
            elif isinstance(held, DirectAssignment):
                self._direct(held, name)
            elif isinstance(held, GroupAssignment):
                self._assigned(held, name)

    def user_came(self, user: User) -> None:
        if self._is_served():
            with self.log.transaction():
                self.log.write("user.lifecycle.create", [user_target(user)])
                if user.status not in ("STAGED", "DEPROVISIONED"):
                    self.log.write("user.lifecycle.activate", [user_target(user)])
                self._everyone_turned(user)
                self.org.ruling.person_turned(user)

    def user_went(self, user: User) -> None:
        if self._is_served():
            if user.status != "DEPROVISIONED":
                self.log.write("user.lifecycle.deactivate", [user_target(user)])
            for event in ("initiated", "completed"):
                self.log.write(f"user.lifecycle.delete.{event}", [user_target(user)])
            self._everyone_turned(user)

    def member_turned(self, group: Group, user: User, *, joined: bool) -> None:
        """Somebody joined a group or left it."""
        if not self._is_served():
            return
        with self.log.transaction():
            if not self.importing:
                turn = "add" if joined else "remove"
                targets = [user_target(user), group_target(group)]
                self.log.write(f"group.user_membership.{turn}", targets)
            if group.roles:
                self._privileges(user, granted=joined)
            for app in self._apps_of(group):
                self._resettle_later(app, [user])
            self.org.ruling.person_turned(user, by=group)

    def group_came(self, group: Group) -> None:
        if self._is_served():
            self.log.write("group.lifecycle.create", [group_target(group)])

    def group_went(self, group: Group, apps: Sequence[App]) -> None:
        if self._is_served():
            with self.log.transaction():
                self.log.write("group.lifecycle.delete", [group_target(group)])
                for app in apps:
                    self.assignment_turned(app, group, "remove")

    def app_came(self, app: App) -> None:
        if self._is_served():
            self.roll(app)
            self.log.write("application.lifecycle.create", [app_target(app)])

    def app_went(self, app: App) -> None:
        if self._is_served():
            self._rolls.pop(app.id, None)
            self.log.write("application.lifecycle.delete", [app_target(app)])

    def person_turned(self, app: App, user: User) -> None:
        """A person's own assignment came or went."""
        if self._is_served():
            held = self.roll(app).by_user.get(user.id)
            if held is not None:
                held.rendered = None
            self._resettle(app, [user])

    def assignment_turned(self, app: App, group: Group, turn: str) -> None:
        """A group's assignment came (``add``), went (``remove``) or changed (``update``)."""
        if not self._is_served():
            return
        with self.log.transaction():
            targets = [group_target(group), app_target(app)]
            if turn == "update":
                targets.append(app_group_target(app, group))
            self.log.write(f"group.application_assignment.{turn}", targets)
            self._resettle_later(app, self.org.members_of(group))

    def _user(self, user: User, name: str, before: Json) -> None:
        if name in _PROFILE:
            user.last_updated = self.org.now()
            self.log.write("user.account.update_profile", [user_target(user)])
            if name == "profile" and login_in(before) != user.login:
                self._user_name(user)
            self.org.ruling.person_turned(user)
        elif name == "status":
            user.status_changed = user.last_updated = self.org.now()
            event = _STATUS.get(user.status, "user.account.update_profile")
            if user.status == "ACTIVE":
                user.activated = user.activated or user.status_changed
                event = _RETURN.get(before, event)
            self.log.write(event, [user_target(user)])
            if "DEPROVISIONED" in (before, user.status):
                self._everyone_turned(user)
                self.org.ruling.person_turned(user)
        elif name == "roles":
            self._roles(user, before)
            self._privileges(user, granted=len(user.roles) > len(before))

    def _user_name(self, user: User) -> None:
        """The name that apps know a person by follows the login."""
        for app in self.org.apps:
            held = self.roll(app).by_user.get(user.id)
            if held is None:
                continue
            held.rendered = None
            if held.scope == "USER":
                app.direct[user.id].last_updated = self.org.now()
            else:
                held.last_updated = self.org.now()
            self.log.write("application.user_membership.change_username", _app_user_targets(app, user))

    def _group(self, group: Group, name: str, before: Json) -> None:
        if name in _GROUP:
            group.last_updated = self.org.now()
            self.log.write("group.profile.update", [group_target(group)])
        elif name == "roles":
            self._roles(group, before)
            turn = "grant" if len(group.roles) > len(before) else "revoke"
            held = ", ".join(role.label for role in group.roles)
            self.log.write(f"group.privilege.{turn}", [group_target(group)], {"privilegeGranted": held})

    def _app(self, app: App, name: str) -> None:
        if name in _APP:
            app.last_updated = self.org.now()
            self.log.write("application.lifecycle.update", [app_target(app)])
        elif name == "status":
            app.last_updated = self.org.now()
            turn = "activate" if app.status == "ACTIVE" else "deactivate"
            self.log.write(f"application.lifecycle.{turn}", [app_target(app)])
        elif name == "schema":
            app.schema_updated = self.org.now()
            self._resettle(app)
        elif name in _ASSIGNMENTS:
            self._resettle(app)

    def _direct(self, held: DirectAssignment, name: str) -> None:
        if name == "profile":
            held.last_updated = self.org.now()
        for app in self.org.apps:
            if app.direct.get(held.user.id) is held:
                self._resettle(app, [held.user])

    def _assigned(self, held: GroupAssignment, name: str) -> None:
        if name in _GROUP_ASSIGNMENT:
            held.last_updated = self.org.now()
            for app in self.org.apps:
                if app.assigned_groups.get(held.group.id) is held:
                    self.assignment_turned(app, held.group, "update")

    def _everyone_turned(self, user: User) -> None:
        """Everyone holds one person more or less."""
        everyone = self.org.everyone
        everyone.last_membership_updated = self.org.now()
        for app in self._apps_of(everyone):
            self._resettle(app, [user])

    def _privileges(self, user: User, *, granted: bool) -> None:
        """What a person may administer now, through groups too; ``revoke`` tells of none left."""
        through_groups = [role for group in self.org.groups_of(user) for role in group.roles]
        held = [*user.roles, *through_groups]
        if granted or held:
            debug = {"privilegeGranted": ", ".join(sorted({role.label for role in held}))}
            self.log.write("user.account.privilege.grant", [user_target(user)], debug)
        else:
            self.log.write("user.account.privilege.revoke", [user_target(user)])

    def _roles(self, holder: User | Group, before: list[AdminRole]) -> None:
        """Custom roles are bound to resource sets, which has events of its own."""
        target = user_target(holder) if isinstance(holder, User) else group_target(holder)
        for turn, some, others in (("add", holder.roles, before), ("delete", before, holder.roles)):
            for role in some:
                if role.custom is not None and role not in others:
                    self.log.write(f"iam.resourceset.bindings.{turn}", [target, role_target(role.label)])

    def _apps_of(self, group: Group) -> list[App]:
        return [app for app in self.org.apps if group.id in app.assigned_groups]

    def _resettle_later(self, app: App, users: Iterable[User]) -> None:
        """What comes of groups comes as late as the org has it."""
        lag = self.org.behaviour.assignment_lag
        self.org.agenda.after(lag, partial(self._resettle, app, list(users) if lag else users))

    def _resettle(self, app: App, users: Iterable[User] | None = None) -> None:
        """Work out these people's assignments anew, or everybody's."""
        if self.org.app_by_id(app.id) is None:
            return
        roll = self.roll(app)
        if users is None:
            reached = {each.user for each in roll.held} | {held.user for held in app.direct.values()}
            reached.update(*(self.org.members_of(held.group) for held in app.assigned_groups.values()))
            users = sorted(reached, key=lambda user: user.id)
        for turn, held in roll.settle(list(users), self._groups_of, self.org.now()):
            self.log.write(f"application.user_membership.{turn}", _app_user_targets(app, held.user))

    def _groups_of(self, user: User) -> list[Group]:
        return [] if self.org.user_by_id(user.id) is None else self.org.groups_of(user)

    def _is_served(self) -> bool:
        """If not, what was worked out is forgotten."""
        if not self.org.served:
            self._rolls.clear()
        return self.org.served


def _app_user_targets(app: App, user: User) -> list[JsonObject]:
    return [app_user_target(app, user), app_target(app), user_target(user)]
