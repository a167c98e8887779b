"""One Okta org in memory: built by hand, by the generator or from a file, and changeable while served."""

from bisect import bisect_left, insort
from collections.abc import Callable, Container, Iterable, Sequence
from datetime import UTC, datetime
from operator import attrgetter
from typing import TypeVar

from rolecall_okta.simulator import aws, profiles
from rolecall_okta.simulator.assignment import resolve_app_users
from rolecall_okta.simulator.ids import IdSource, role_assignment_id
from rolecall_okta.simulator.objects import (
    AdminRole,
    App,
    AppUser,
    CustomRole,
    DirectAssignment,
    Group,
    GroupAssignment,
    GroupRule,
    ResourceSet,
    User,
)
from rolecall_okta.simulator.raw_json import ABSENT, Json, JsonObject, merged, without_absent

BUILT_AT = "2026-01-05T09:00:00.000Z"
"""When everything in an org that is not served yet is said to have been made."""

ROLE_LABELS = {
    "SUPER_ADMIN": "Super Organization Administrator",
    "ORG_ADMIN": "Organization Administrator",
    "APP_ADMIN": "Application Administrator",
    "USER_ADMIN": "Group Administrator",
    "GROUP_MEMBERSHIP_ADMIN": "Group Membership Administrator",
    "HELP_DESK_ADMIN": "Help Desk Administrator",
    "READ_ONLY_ADMIN": "Read-only Administrator",
    "REPORT_ADMIN": "Report Administrator",
    "API_ACCESS_MANAGEMENT_ADMIN": "API Access Management Administrator",
}

_by_id = attrgetter("id")
_Identified = TypeVar("_Identified", User, Group, App)


class Organisation:
    """People, groups, apps and who is assigned to what.

    Attributes of the objects may be set at any time (``ada.status = "SUSPENDED"``); memberships
    and assignments change through the methods here. Texts and profiles are taken as they are.
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
        self.everyone = self._keep_group(
            Group(
                self.ids.next("00g"),
                "BUILT_IN",
                {"name": "Everyone", "description": "All users in your organization"},
                BUILT_AT,
                BUILT_AT,
                BUILT_AT,
            )
        )

    # Building and changing

    def add_user(
        self,
        login: str,
        *,
        status: str = "ACTIVE",
        first_name: str | None = None,
        last_name: str | None = None,
        profile: Json = ABSENT,
        id: str | None = None,  # noqa: A002 - Okta's own name for it
        raw: JsonObject | None = None,
    ) -> User:
        """A person; names default from the login.

        ``profile`` as an object is laid over the usual one; ``None`` or any other value replaces it.
        To leave the key out of replies use ``raw={"profile": ABSENT}``.
        """
        user = self.new_user(login, status=status, first_name=first_name, last_name=last_name, id=id)
        if profile is not ABSENT:
            user.profile = merged(user.profile, profile) if isinstance(profile, dict) else profile
        user.raw = raw
        user.org = self
        self._users[user.id] = user
        _insert(self.users, user)
        self.revision += 1
        return user

    def add_group(
        self,
        name: str,
        *,
        members: Iterable[User] = (),
        type: str = "OKTA_GROUP",  # noqa: A002 - Okta's own name for it
        description: str | None = None,
        source: App | None = None,
        profile: Json = ABSENT,
        id: str | None = None,  # noqa: A002
        raw: JsonObject | None = None,
    ) -> Group:
        """A native group, or with ``source`` one that an app masters (``APP_GROUP``)."""
        group = self.new_group(name, type=type, description=description, source=source, id=id)
        if profile is not ABSENT:
            group.profile = merged(group.profile, profile) if isinstance(profile, dict) else profile
        group.raw = raw
        self._keep_group(group)
        for user in members:
            self.add_member(group, user)
        return group

    def add_directory(self, domain: str = "corp.acme.example") -> App:
        """An Active Directory integration: the source of directory groups."""
        return self.add_app("active_directory", domain, sign_on_mode="AUTO_LOGIN")

    def add_app(
        self,
        name: str,
        label: str,
        *,
        status: str = "ACTIVE",
        sign_on_mode: str = "SAML_2_0",
        settings: Json = ABSENT,
        schema: JsonObject | None = None,
        id: str | None = None,  # noqa: A002
        raw: JsonObject | None = None,
    ) -> App:
        """An app of the catalog; ``settings`` is what ``settings.app`` holds."""
        now = self.now()
        app = App(id or self._new_id("0oa", self._apps), name, label, status, now, now, sign_on_mode)
        app.settings = {} if settings is ABSENT else settings
        app.schema = schema or {}
        app.raw = raw
        _insert(self.apps, app)
        self._apps[app.id] = app
        app.org = self
        self.revision += 1
        return app

    def add_aws_app(
        self,
        label: str = "AWS Account Federation",
        *,
        use_group_mapping: bool = False,
        join_all_roles: bool = False,
        union: bool = False,
        group_filter: str = aws.ACCOUNT_FIRST,
        role_value_pattern: str = aws.ROLE_VALUE_PATTERN,
        app_filter: str | None = "okta",
        identity_provider_arn: str | None = "arn:aws:iam::123456789012:saml-provider/OKTA",
        session_duration: int = 3600,
        roles: Sequence[str] = (),
        settings: Json = ABSENT,
        status: str = "ACTIVE",
        id: str | None = None,  # noqa: A002
        raw: JsonObject | None = None,
    ) -> App:
        """The AWS Account Federation app. ``union`` is "combine values across groups" for samlRoles.

        ``settings`` is laid over the usual ones (``{"joinAllRoles": ABSENT}`` leaves a key out,
        ``None`` makes the whole object null); ``roles`` are the role names Okta read from AWS.
        """
        usual = aws.settings(
            use_group_mapping=use_group_mapping,
            join_all_roles=join_all_roles,
            group_filter=group_filter,
            role_value_pattern=role_value_pattern,
            app_filter=app_filter,
            identity_provider_arn=identity_provider_arn,
            session_duration=session_duration,
        )
        app = self.add_app(
            aws.APP_NAME,
            label,
            status=status,
            settings=usual if settings is ABSENT else merged(usual, settings),
            schema=aws.schema(union=union, roles=roles),
            id=id,
            raw=raw,
        )
        app.aws_roles = list(roles)
        return app

    def assign_user(
        self,
        app: App,
        user: User,
        *,
        saml_roles: Json = ABSENT,
        role: Json = ABSENT,
        profile: Json = ABSENT,
        raw: JsonObject | None = None,
    ) -> DirectAssignment:
        """Assign a person directly (scope ``USER``). Without a profile: the given AWS attributes only."""
        own = without_absent({"samlRoles": saml_roles, "role": role}) if profile is ABSENT else profile
        now = self.now()
        assignment = DirectAssignment(user, own, now, now)
        app.direct[user.id] = assignment
        if raw is not None:
            app.app_user_raw[user.id] = raw
        assignment.org = self
        self.revision += 1
        return assignment

    def assign_group(
        self,
        app: App,
        group: Group,
        *,
        priority: int | None = None,
        saml_roles: Json = ABSENT,
        role: Json = ABSENT,
        profile: Json = ABSENT,
        raw: JsonObject | None = None,
    ) -> GroupAssignment:
        """Assign a group; without a priority it comes after those there are."""
        if priority is None:
            priority = 1 + max((held.priority for held in app.assigned_groups.values()), default=-1)
        own = without_absent({"samlRoles": saml_roles, "role": role}) if profile is ABSENT else profile
        assignment = GroupAssignment(group, priority, own, self.now(), raw)
        app.assigned_groups[group.id] = assignment
        assignment.org = self
        self.revision += 1
        return assignment

    def alter_app_user(self, app: App, user: User, raw: JsonObject) -> None:
        """Lay ``raw`` over a person's assignment in replies, however they are assigned."""
        app.app_user_raw[user.id] = raw
        self.revision += 1

    def unassign_user(self, app: App, user: User) -> None:
        del app.direct[user.id]
        self.revision += 1

    def unassign_group(self, app: App, group: Group) -> None:
        del app.assigned_groups[group.id]
        self.revision += 1

    def add_member(self, group: Group, user: User) -> None:
        """Put a person into a group; nothing happens when they are in it."""
        if _find(group.members, user.id) is None:
            _insert(group.members, user)
            _insert(user.groups, group)
            self._members_moved(group)

    def remove_member(self, group: Group, user: User) -> None:
        """Take a person out of a group; nothing happens when they are not in it."""
        if _find(group.members, user.id) is not None:
            group.members.remove(user)
            user.groups.remove(group)
            self._members_moved(group)

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

    def add_rule(
        self, name: str, expression: str, groups: Sequence[Group], *, status: str = "ACTIVE"
    ) -> GroupRule:
        """A group rule; it is listed, and fills no group."""
        now = self.now()
        rule = GroupRule(self.ids.next("0pr"), name, status, now, now, expression, list(groups))
        self.rules.append(rule)
        return rule

    def add_admin_role(self, holder: User | Group, role_type: str) -> AdminRole:
        """Give a person or a group a standard admin role, such as ``SUPER_ADMIN``."""
        label = ROLE_LABELS.get(role_type, role_type)
        role = AdminRole(role_assignment_id(role_type), role_type, label, self.now())
        holder.roles = [*holder.roles, role]
        return role

    def add_custom_role(
        self, holder: User | Group, label: str, permissions: Sequence[str], resource_set: str = "Everything"
    ) -> AdminRole:
        """Give a person or a group a custom admin role on a resource set, making both."""
        now = self.now()
        custom = CustomRole(self.ids.next("cr0"), label, label, now, list(permissions))
        resources = ResourceSet(self.ids.next("iam"), resource_set, resource_set, now)
        self.custom_roles.append(custom)
        self.resource_sets.append(resources)
        role = AdminRole(self.ids.next("irb"), "CUSTOM", label, now, custom, resources)
        holder.roles = [*holder.roles, role]
        return role

    def changed(self) -> None:
        """Forget every rendered form; call it after changing the inside of a profile, settings or raw."""
        for kept in (self.users, self.groups, self.apps):
            for each in kept:
                each.rendered = None
        for app in self.apps:
            for assignment in app.assigned_groups.values():
                assignment.rendered = None
        self.revision += 1

    # Looking up

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

    # In bulk, for the generator and the file reader

    def new_user(
        self,
        login: str,
        *,
        status: str = "ACTIVE",
        first_name: str | None = None,
        last_name: str | None = None,
        id: str | None = None,  # noqa: A002
    ) -> User:
        """A person with the usual profile, not in the org yet."""
        now = self.now()
        begun = None if status == "STAGED" else now
        profile = profiles.person(login, first_name, last_name)
        return User(
            id or self._new_id("00u", self._users), status, profile, now, now, begun, begun, begun, now
        )

    def new_group(
        self,
        name: str,
        *,
        type: str = "OKTA_GROUP",  # noqa: A002
        description: str | None = None,
        source: App | None = None,
        id: str | None = None,  # noqa: A002
    ) -> Group:
        """A group with the usual profile, not in the org yet."""
        now = self.now()
        profile = profiles.native_group(name, description)
        group = Group(id or self._new_id("00g", self._groups), type, profile, now, now, now)
        if source is not None:
            group.type = "APP_GROUP"
            group.source = source
            if source.name == "active_directory":
                group.object_class = ["okta:windows_security_principal"]
                group.profile = profiles.directory_group(name, description, source.label)
        return group

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

    def serve_times(self) -> None:
        """From now on, changes carry the time of day instead of ``BUILT_AT``."""
        self.now = _wall_clock

    def _new_id(self, prefix: str, taken: Container[str]) -> str:
        """One that an object read from a file doesn't have already."""
        new = self.ids.next(prefix)
        while new in taken:
            new = self.ids.next(prefix)
        return new

    def _keep_group(self, group: Group) -> Group:
        group.org = self
        self._groups[group.id] = group
        _insert(self.groups, group)
        self.revision += 1
        return group

    def _members_moved(self, group: Group) -> None:
        group.last_membership_updated = self.now()

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
