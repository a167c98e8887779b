"""What an org holds at a time: who is there, in which groups, and who is assigned to which app."""

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from operator import attrgetter
from typing import TypeVar

from rolecall_okta.simulator.assignment import resolve_app_users
from rolecall_okta.simulator.ids import IdSource
from rolecall_okta.simulator.objects import (
    App,
    AppUser,
    CustomRole,
    Group,
    GroupAssignment,
    GroupRule,
    ResourceSet,
    User,
)
from rolecall_okta.simulator.raw_json import JsonObject

BUILT_AT = "2026-01-05T09:00:00.000Z"
"""When everything in an org that is not served yet is said to have been made."""

_by_id = attrgetter("id")
_Identified = TypeVar("_Identified", User, Group, App)


class Register:
    """An org's people, groups and apps, by id, and the memberships between them.

    ``revision`` counts the changes; answers worked out from the whole org are kept until the next one.
    """

    def __init__(
        self, name: str = "Acme", *, subdomain: str = "acme", seed: int = 0, scrambled_ids: bool = True
    ) -> None:
        self.ids = IdSource(seed, scrambled=scrambled_ids)
        self.id = self.ids.next("00o")
        self.name = name
        self.subdomain = subdomain
        self.pipeline = "idx"
        self.raw: JsonObject | None = None
        self.user_type_id = self.ids.next("oty")
        self.user_schema_id = self.ids.next("osc")
        self.now: Callable[[], str] = lambda: BUILT_AT
        self.revision = 0
        self.users: list[User] = []
        self.groups: list[Group] = []
        self.apps: list[App] = []
        self.rules: list[GroupRule] = []
        self.custom_roles: list[CustomRole] = []
        self.resource_sets: list[ResourceSet] = []
        self._users: dict[str, User] = {}
        self._groups: dict[str, Group] = {}
        self._apps: dict[str, App] = {}
        self._logins: tuple[int, dict[str, User]] = (-1, {})
        self._app_users: dict[str, tuple[int, list[AppUser]]] = {}
        self._everyone: tuple[int, list[User]] = (-1, [])
        self.everyone = Group(
            self.ids.next("00g"),
            "BUILT_IN",
            {"name": "Everyone", "description": "All users in your organization"},
            BUILT_AT,
            BUILT_AT,
            BUILT_AT,
        )
        self._keep(self.everyone, self.groups, self._groups)

    def user(self, id_or_login: str) -> User | None:
        """By id, by login (in any case), or by a login's part before ``@`` if only one has it."""
        return self._users.get(id_or_login) or self._login_index().get(id_or_login.lower())

    def group(self, id_or_name: str) -> Group | None:
        """By id, or the first in id order of that name."""
        found = self._groups.get(id_or_name)
        return found or next((group for group in self.groups if group.name == id_or_name), None)

    def app(self, id_or_label: str) -> App | None:
        """By id, or by label."""
        found = self._apps.get(id_or_label)
        return found or next((app for app in self.apps if app.label == id_or_label), None)

    def user_by_id(self, user_id: str) -> User | None:
        return self._users.get(user_id)

    def group_by_id(self, group_id: str) -> Group | None:
        return self._groups.get(group_id)

    def app_by_id(self, app_id: str) -> App | None:
        return self._apps.get(app_id)

    def members_of(self, group: Group) -> list[User]:
        """By id. Everyone holds whoever is not deactivated."""
        if group is not self.everyone:
            return group.members
        if self._everyone[0] != self.revision:
            self._everyone = (self.revision, [user for user in self.users if user.status != "DEPROVISIONED"])
        return self._everyone[1]

    def groups_of(self, user: User) -> list[Group]:
        """By id, with Everyone."""
        if user.status == "DEPROVISIONED" or self.everyone.id not in self._groups:
            return user.groups
        groups = list(user.groups)
        _insert(groups, self.everyone)
        return groups

    def app_users(self, app: App) -> list[AppUser]:
        """By user id: everybody assigned to the app, with the profile Okta would resolve for them."""
        held = self._app_users.get(app.id)
        if held is None or held[0] != self.revision:
            revision = self.revision
            held = (revision, resolve_app_users(app, self.members_of))
            self._app_users[app.id] = held
        return held[1]

    def app_groups(self, app: App) -> list[GroupAssignment]:
        """By priority."""
        return sorted(app.assigned_groups.values(), key=lambda held: (held.priority, held.group.id))

    def add_member(self, group: Group, user: User) -> None:
        """Put a person into a group; nothing happens when they are in it."""
        if _find(group.members, user.id) is None:
            _insert(group.members, user)
            _insert(user.groups, group)
            group.last_membership_updated = self.now()

    def remove_member(self, group: Group, user: User) -> None:
        """Take a person out of a group; nothing happens when they are not in it."""
        if _find(group.members, user.id) is not None:
            group.members.remove(user)
            user.groups.remove(group)
            group.last_membership_updated = self.now()

    def deactivate(self, user: User) -> None:
        """What Okta does: DEPROVISIONED, and out of every group and app."""
        user.status = "DEPROVISIONED"
        user.status_changed = self.now()
        self._detach(user)

    def delete_user(self, user: User) -> None:
        self._detach(user)
        self.users.remove(user)
        del self._users[user.id]
        self.revision += 1

    def delete_group(self, group: Group) -> None:
        for user in group.members:
            user.groups.remove(group)
        for app in self.apps:
            app.assigned_groups.pop(group.id, None)
        self.groups.remove(group)
        del self._groups[group.id]
        self.revision += 1

    def delete_app(self, app: App) -> None:
        self.apps.remove(app)
        del self._apps[app.id]
        self.revision += 1

    def keep_users(self, users: Iterable[User]) -> None:
        """Take people into the org."""
        for user in users:
            user.org = self
            self._users[user.id] = user
            self.users.append(user)
        self.users.sort(key=_by_id)
        self.revision += 1

    def keep_groups(self, groups: Iterable[Group]) -> None:
        """Take groups into the org, with the members they have (in any order)."""
        kept = list(groups)
        joined: set[User] = set()
        for group in sorted(kept, key=_by_id):
            group.members.sort(key=_by_id)
            for user in group.members:
                user.groups.append(group)
            joined.update(group.members)
            group.org = self
            self._groups[group.id] = group
            self.groups.append(group)
        for user in joined:
            user.groups.sort(key=_by_id)
        self.groups.sort(key=_by_id)
        self.revision += 1

    def changed(self) -> None:
        """Forget every rendered form; call it after changing the inside of a profile, settings or raw."""
        for kept in (self.users, self.groups, self.apps):
            for each in kept:
                each.rendered = None
        for app in self.apps:
            for assignment in app.assigned_groups.values():
                assignment.rendered = None
        self.revision += 1

    def serve_times(self) -> None:
        """From now on, changes carry the time of day instead of ``BUILT_AT``."""
        self.now = _wall_clock

    def _keep(self, new: _Identified, kept: list[_Identified], by_id: dict[str, _Identified]) -> None:
        new.org = self
        by_id[new.id] = new
        _insert(kept, new)
        self.revision += 1

    def _detach(self, user: User) -> None:
        for group in list(user.groups):
            self.remove_member(group, user)
        for app in self.apps:
            app.direct.pop(user.id, None)
            app.app_user_raw.pop(user.id, None)

    def _login_index(self) -> dict[str, User]:
        if self._logins[0] != self.revision:
            short: dict[str, list[User]] = {}
            index: dict[str, User] = {}
            for user in self.users:
                if (login := user.login) is not None:
                    index[login.lower()] = user
                    short.setdefault(login.lower().partition("@")[0], []).append(user)
            for name, users in short.items():
                if len(users) == 1:
                    index.setdefault(name, users[0])
            self._logins = (self.revision, index)
        return self._logins[1]


def _insert(kept: list[_Identified], new: _Identified) -> None:
    insort(kept, new, key=_by_id)


def _find(kept: list[_Identified], wanted: str) -> _Identified | None:
    place = bisect_left(kept, wanted, key=_by_id)
    return kept[place] if place < len(kept) and kept[place].id == wanted else None


def _wall_clock() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
