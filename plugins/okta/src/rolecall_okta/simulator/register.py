"""What an org holds at a time: who is there, in which groups, and who is assigned to which app."""

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from operator import attrgetter
from time import time
from typing import TypeVar

from rolecall_okta.simulator.agenda import Agenda
from rolecall_okta.simulator.assignment import by_priority
from rolecall_okta.simulator.behaviour import Behaviour
from rolecall_okta.simulator.consequences import Consequences
from rolecall_okta.simulator.directories import Directories
from rolecall_okta.simulator.ids import IdSource
from rolecall_okta.simulator.lagging_lists import LaggingLists
from rolecall_okta.simulator.logins import LoginIndex
from rolecall_okta.simulator.objects import (
    App,
    AppUser,
    Changeable,
    CustomRole,
    Group,
    GroupAssignment,
    GroupRule,
    ResourceSet,
    User,
    as_it_is,
)
from rolecall_okta.simulator.raw_json import JsonObject
from rolecall_okta.simulator.ruling import Ruling
from rolecall_okta.simulator.search_index import LaggingIndex
from rolecall_okta.simulator.system_log import SystemLog, timestamp

BUILT_AT = "2026-01-05T09:00:00.000Z"
"""When everything in an org that is not served yet is said to have been made."""

_by_id = attrgetter("id")
_Identified = TypeVar("_Identified", User, Group, App)


class Register:
    """An org's people, groups and apps, by id, and the memberships between them.

    Once it is ``served``, every change has its consequences: clocks, assignments and ``log``.
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
        self.clock: Callable[[], float] = time
        """Seconds since 1970; ``now`` tells the same as Okta writes it, once the org is served."""
        self.served = False
        self.behaviour = Behaviour()
        self.log = SystemLog(self._seconds, seed)
        self.agenda = Agenda(self._seconds)
        self.directories = Directories(self)
        self.ruling = Ruling(self)
        self.users: list[User] = []
        self.groups: list[Group] = []
        self.apps: list[App] = []
        self.rules: list[GroupRule] = []
        self.custom_roles: list[CustomRole] = []
        self.resource_sets: list[ResourceSet] = []
        self._users: dict[str, User] = {}
        self._groups: dict[str, Group] = {}
        self._apps: dict[str, App] = {}
        self._logins: LoginIndex | None = None
        self._working: list[User] | None = None
        self._user_index: LaggingIndex[User] = LaggingIndex(self._seconds, as_it_is)
        self._group_index: LaggingIndex[Group] = LaggingIndex(self._seconds, as_it_is)
        self._listed_members: LaggingLists[User] = LaggingLists(self._seconds, self._member_lag)
        self._listed_groups: LaggingLists[Group] = LaggingLists(self._seconds, self._member_lag)
        self.consequences = Consequences(self)
        self.everyone = Group(
            self.ids.next("00g"),
            "BUILT_IN",
            {"name": "Everyone", "description": "All users in your organization"},
            BUILT_AT,
            BUILT_AT,
            BUILT_AT,
        )
        self._keep_group(self.everyone)

    def user(self, id_or_login: str) -> User | None:
        """By id, by login (in any case), or by a login's part before ``@`` if only one has it."""
        if (found := self._users.get(id_or_login)) is not None:
            return found
        if self._logins is None:
            self._logins = LoginIndex(self.users)
        return self._logins.find(id_or_login)

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
        if group.id != self.everyone.id:
            return group.members
        if self._working is None:
            self._working = [user for user in self.users if user.status != "DEPROVISIONED"]
        return self._working

    def groups_of(self, user: User) -> list[Group]:
        """By id, with Everyone."""
        if user.status == "DEPROVISIONED" or self.everyone.id not in self._groups:
            return user.groups
        groups = list(user.groups)
        _insert(groups, self.everyone)
        return groups

    def listed_members(self, group: Group) -> list[User]:
        """The group's members as its list shows them now."""
        return self._listed_members.view(group.id, self.members_of(group))

    def listed_groups(self, user: User) -> list[Group]:
        """The person's groups as their list shows them now."""
        return self._listed_groups.view(user.id, self.groups_of(user))

    def app_users(self, app: App) -> list[AppUser]:
        """By user id: everybody assigned to the app, with the profile Okta would resolve for them."""
        return self.consequences.roll(app).held

    def app_user(self, app: App, user_id: str) -> AppUser | None:
        return self.consequences.roll(app).by_user.get(user_id)

    def app_groups(self, app: App) -> list[GroupAssignment]:
        """By priority."""
        return sorted(app.assigned_groups.values(), key=by_priority)

    def indexed_users(self) -> Sequence[User]:
        """People as ``search`` and ``filter`` know them, by id."""
        return self._user_index.view(self.users)

    def indexed_groups(self) -> Sequence[Group]:
        """Groups as ``search`` and ``filter`` know them, by id."""
        return self._group_index.view(self.groups)

    def set_index_lag(self, seconds: float) -> None:
        """How long ``search`` and ``filter`` take to learn of a change."""
        self._user_index.lag = self._group_index.lag = seconds

    def set_attribute(self, held: Changeable, name: str, value: object) -> None:
        """Set an attribute of an object of this org, with everything that follows from it."""
        before = getattr(held, name)
        self._keep_past(held)
        if isinstance(held, User):
            self._set_of_user(held, name, value)
        else:
            object.__setattr__(held, name, value)
        held.rendered = None
        self.consequences.attribute_set(held, name, before)

    def add_member(self, group: Group, user: User) -> None:
        """Put a person into a group; nothing happens when they are in it."""
        if _find(group.members, user.id) is None:
            self._keep_lists(group, user)
            _insert(group.members, user)
            _insert(user.groups, group)
            group.last_membership_updated = self.now()
            self.consequences.member_turned(group, user, joined=True)

    def remove_member(self, group: Group, user: User, *, by_hand: bool = True) -> None:
        """Take a person out of a group; nothing happens when they are not in it.

        Whom a rule put there goes on its list of the excluded if an administrator does it.
        """
        if _find(group.members, user.id) is not None:
            self._keep_lists(group, user)
            _remove(group.members, user)
            _remove(user.groups, group)
            group.last_membership_updated = self.now()
            with self.log.transaction():
                by_hand = by_hand and self.served and not self.consequences.importing
                comes_back = by_hand and self.ruling.taken_out_by_hand(group, user)
                self.consequences.member_turned(group, user, joined=False)
                if comes_back:
                    self.ruling.person_turned(user)

    def catch_up(self) -> None:
        """Let happen what is due by now: effects that come later than their causes."""
        for action in self.agenda.due():
            with self.log.by_itself():
                action()

    @contextmanager
    def importing(self) -> Iterator[None]:
        """Memberships that change inside do so by a big import: the log sums them up in one event."""
        self.consequences.importing = True
        try:
            yield
        finally:
            self.consequences.importing = False
            if self.served:
                self.log.write("system.import.complete", [])

    def deactivate(self, user: User) -> None:
        """What Okta does: DEPROVISIONED, and out of every group and app."""
        with self.log.transaction():
            user.status = "DEPROVISIONED"
            user.status_changed = self.now()
            self._detach(user)

    def delete_user(self, user: User) -> None:
        with self.log.transaction():
            self._detach(user)
            self._keep_past(user)
            _remove(self.users, user)
            del self._users[user.id]
            self._working = None
            if self._logins is not None:
                self._logins.discard(user)
            self.consequences.user_went(user)

    def delete_group(self, group: Group) -> None:
        for user in group.members:
            _remove(user.groups, group)
        apps = [app for app in self.apps if app.assigned_groups.pop(group.id, None) is not None]
        self._keep_past(group)
        _remove(self.groups, group)
        del self._groups[group.id]
        self.consequences.group_went(group, apps)

    def delete_app(self, app: App) -> None:
        _remove(self.apps, app)
        del self._apps[app.id]
        self.consequences.app_went(app)

    def keep_users(self, users: Iterable[User]) -> None:
        """Take people into the org before it is served."""
        for user in users:
            user.org = self
            self._users[user.id] = user
            self.users.append(user)
        self.users.sort(key=_by_id)
        self.changed()

    def keep_groups(self, groups: Iterable[Group]) -> None:
        """Take groups into the org before it is served, with the members they have (in any order)."""
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
        self.changed()

    def changed(self) -> None:
        """Forget every rendered form; call it after changing the inside of a profile, settings or raw."""
        for kept in (self.users, self.groups, self.apps):
            for each in kept:
                each.rendered = None
        for app in self.apps:
            for assignment in app.assigned_groups.values():
                assignment.rendered = None
        self._logins = self._working = None
        self.consequences.anything_may_have_changed()

    def serve_times(self, clock: Callable[[], float] = time) -> None:
        """From now on the org is served: changes carry the time of day, and have their consequences."""
        self.clock = clock
        self.now = lambda: timestamp(clock())
        if not self.served:
            self.ruling.begin()
            self.served = True
            self.consequences.begin()

    def _set_of_user(self, user: User, name: str, value: object) -> None:
        logins = self._logins if name == "profile" else None
        if logins is not None:
            logins.discard(user)
        object.__setattr__(user, name, value)
        if logins is not None:
            logins.add(user)
        if name == "status":
            self._working = None

    def _seconds(self) -> float:
        return self.clock()

    def _member_lag(self) -> float:
        return self.behaviour.member_lag if self.served else 0.0

    def _keep_lists(self, group: Group, user: User) -> None:
        if not self._member_lag():
            return
        self._listed_members.keep(group.id, group.members)
        self._listed_groups.keep(user.id, self.groups_of(user))

    def _keep_user(self, new: User) -> None:
        self._came(new, self._user_index)
        self._keep(new, self.users, self._users)
        self._working = None
        if self._logins is not None:
            self._logins.add(new)
        self.consequences.user_came(new)

    def _keep_group(self, new: Group) -> None:
        self._came(new, self._group_index)
        self._keep(new, self.groups, self._groups)
        self.consequences.group_came(new)

    def _keep_app(self, new: App) -> None:
        self._keep(new, self.apps, self._apps)
        self.consequences.app_came(new)

    def _keep(self, new: _Identified, kept: list[_Identified], by_id: dict[str, _Identified]) -> None:
        new.org = self
        by_id[new.id] = new
        _insert(kept, new)

    def _came(self, new: _Identified, index: LaggingIndex[_Identified]) -> None:
        if self.served:
            index.keep(new.id, None)

    def _keep_past(self, held: Changeable) -> None:
        if self.served and isinstance(held, User):
            self._user_index.keep(held.id, held)
        elif self.served and isinstance(held, Group):
            self._group_index.keep(held.id, held)

    def _detach(self, user: User) -> None:
        for group in list(user.groups):
            self.remove_member(group, user, by_hand=False)
        for app in self.apps:
            app.app_user_raw.pop(user.id, None)
            if app.direct.pop(user.id, None) is not None:
                self.consequences.person_turned(app, user)


def _insert(kept: list[_Identified], new: _Identified) -> None:
    insort(kept, new, key=_by_id)


def _remove(kept: list[_Identified], old: _Identified) -> None:
    del kept[bisect_left(kept, old.id, key=_by_id)]


def _find(kept: list[_Identified], wanted: str) -> _Identified | None:
    place = bisect_left(kept, wanted, key=_by_id)
    return kept[place] if place < len(kept) and kept[place].id == wanted else None
