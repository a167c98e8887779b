"""One Okta org in memory: built by hand, by the generator or from a file, and changeable while served."""

from collections.abc import Container, Iterable, Sequence

from rolecall_okta.simulator import aws, profiles
from rolecall_okta.simulator.ids import role_assignment_id
from rolecall_okta.simulator.objects import (
    AdminRole,
    App,
    CustomRole,
    DirectAssignment,
    Group,
    GroupAssignment,
    GroupRule,
    ResourceSet,
    User,
)
from rolecall_okta.simulator.raw_json import ABSENT, Json, JsonObject, merged, without_absent
from rolecall_okta.simulator.register import Register

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


class Organisation(Register):
    """A register that new people, groups, apps, assignments and admin roles can be made in.

    Attributes of the objects may be set at any time (``ada.status = "SUSPENDED"``); memberships
    and assignments change through the methods here. Texts and profiles are taken as they are.
    """

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
        self._keep_user(user)
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

    def add_directory(self, domain: str = "corp.acme.example") -> App:
        """An Active Directory integration: the source of directory groups."""
        return self.add_app("active_directory", domain, sign_on_mode="AUTO_LOGIN")

    def import_people(self, directory: App, people: Iterable[User] | None = None) -> None:
        """Give people an app user of the directory they come from; without ``people``, all in its groups."""
        if people is None:
            groups = [group for group in self.groups if group.source is directory]
            people = {user for group in groups for user in group.members}
        for user in sorted(people, key=lambda user: user.id):
            self.assign_user(directory, user, profile=profiles.directory_person(user.login, directory.label))

    def change_directory(self, group: Group, user: User, *, joined: bool = True) -> None:
        """Somebody changes a group in its directory; Okta learns of it by an import."""
        self.directories.change(group, user, joined=joined)

    def directory_members(self, group: Group) -> list[User]:
        """Whom the directory holds in a group, whatever Okta thinks."""
        return self.directories.members(group)

    def run_import(self, directory: App | None = None) -> None:
        """Bring into Okta what a directory holds, or what all do."""
        self.directories.run_import(directory)

    def sign_in(self, user: User) -> None:
        """A person signs in, whereupon Okta looks at what their directory says of them."""
        user.last_login = self.now()
        self.directories.run_import(person=user)

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
        self._keep_app(app)
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
        """Assign a person directly (scope ``USER``). Without a profile: the given AWS attributes only.

        Who was assigned already keeps the time of that.
        """
        own = without_absent({"samlRoles": saml_roles, "role": role}) if profile is ABSENT else profile
        before, now = self.app_user(app, user.id) if self.served else None, self.now()
        assignment = DirectAssignment(user, own, before.created if before else now, now)
        app.direct[user.id] = assignment
        if raw is not None:
            app.app_user_raw[user.id] = raw
        assignment.org = self
        self.consequences.person_turned(app, user)
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
        turn = "update" if group.id in app.assigned_groups else "add"
        assignment = GroupAssignment(group, priority, own, self.now(), raw)
        app.assigned_groups[group.id] = assignment
        assignment.org = self
        self.consequences.assignment_turned(app, group, turn)
        return assignment

    def alter_app_user(self, app: App, user: User, raw: JsonObject) -> None:
        """Lay ``raw`` over a person's assignment in replies, however they are assigned."""
        app.app_user_raw[user.id] = raw
        self.consequences.person_turned(app, user)

    def unassign_user(self, app: App, user: User) -> None:
        """Take a person's own assignment away; one through groups takes its place, if there is any."""
        del app.direct[user.id]
        self.consequences.person_turned(app, user)

    def unassign_group(self, app: App, group: Group) -> None:
        del app.assigned_groups[group.id]
        self.consequences.assignment_turned(app, group, "remove")

    def prioritise(self, app: App, group: Group, priority: int) -> None:
        """Give an assigned group another priority; 0 is the highest."""
        app.assigned_groups[group.id].priority = priority

    def set_union(self, app: App, union: bool) -> None:
        """Whether the app combines samlRoles across groups."""
        roles = app.schema["samlRoles"] | {"union": "ENABLE" if union else "DISABLE"}
        app.schema = app.schema | {"samlRoles": roles}

    def change_settings(self, app: App, **settings: Json) -> None:
        """Lay these over the app's settings, by Okta's names: ``joinAllRoles=True``."""
        app.settings = merged(app.settings, settings)

    def rename(self, held: User | Group | App, name: str) -> None:
        """Give a person another login (and email), a group another name, an app another label."""
        if isinstance(held, User):
            held.profile = merged(held.profile, {"login": name, "email": name})
        elif isinstance(held, Group):
            held.profile = merged(held.profile, {"name": name})
        else:
            held.label = name

    def add_rule(
        self, name: str, expression: str, groups: Sequence[Group], *, status: str = "ACTIVE"
    ) -> GroupRule:
        """A group rule; it fills its groups if ``rule_expressions`` understands it and the org is served."""
        now = self.now()
        rule = GroupRule(self.ids.next("0pr"), name, status, now, now, expression, list(groups))
        self.rules.append(rule)
        if self.served and status == "ACTIVE":
            self.ruling.activated(rule)
        return rule

    def activate_rule(self, rule: GroupRule) -> None:
        rule.status, rule.last_updated = "ACTIVE", self.now()
        if self.served:
            self.ruling.activated(rule)

    def deactivate_rule(self, rule: GroupRule) -> None:
        """Its members stay where they are."""
        rule.status, rule.last_updated = "INACTIVE", self.now()

    def add_admin_role(self, holder: User | Group, role_type: str) -> AdminRole:
        """Give a person or a group a standard admin role, such as ``SUPER_ADMIN``."""
        role = self.new_admin_role(role_type)
        holder.roles = [*holder.roles, role]
        return role

    def new_admin_role(self, role_type: str) -> AdminRole:
        """A standard admin role that nobody holds yet."""
        label = ROLE_LABELS.get(role_type, role_type)
        return AdminRole(role_assignment_id(role_type), role_type, label, self.now())

    def add_custom_role(
        self, holder: User | Group, label: str, permissions: Sequence[str], resource_set: str = "Everything"
    ) -> AdminRole:
        """Give a person or a group a custom admin role on a resource set, making both."""
        role = self.new_custom_role(label, permissions, resource_set)
        holder.roles = [*holder.roles, role]
        return role

    def new_custom_role(self, label: str, permissions: Sequence[str], resource_set: str) -> AdminRole:
        """A custom role bound to a resource set, both new, that nobody holds yet."""
        now = self.now()
        custom = CustomRole(self.ids.next("cr0"), label, label, now, list(permissions))
        resources = ResourceSet(self.ids.next("iam"), resource_set, resource_set, now)
        self.custom_roles.append(custom)
        self.resource_sets.append(resources)
        return AdminRole(self.ids.next("irb"), "CUSTOM", label, now, custom, resources)

    def remove_admin_role(self, holder: User | Group, role: AdminRole) -> None:
        holder.roles = [held for held in holder.roles if held is not role]

    def _new_id(self, prefix: str, taken: Container[str]) -> str:
        """One that an object read from a file doesn't have already."""
        new = self.ids.next(prefix)
        while new in taken:
            new = self.ids.next(prefix)
        return new
