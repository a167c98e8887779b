"""What the client keeps of each item of a list, one small function per type.

Strict about the id, without which an item is nothing; anything else that is missing, null or of
another type than Okta promises counts as not given.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import TypeVar
from urllib.parse import unquote

JsonObject = Mapping[str, object]

Row = TypeVar("Row")

NOTHING: JsonObject = {}


class RowError(ValueError):
    """An item has no id; the text goes on from "item 3 of the list"."""


@dataclass(frozen=True, slots=True)
class UserRow:
    """A person. ``display_name`` falls back to the login, then to the id."""

    id: str
    login: str | None
    email: str | None
    first_name: str | None
    last_name: str | None
    display_name: str
    status: str | None

    @property
    def is_in_everyone(self) -> bool:
        """Whether they are a member of Okta's group Everyone."""
        return self.status != "DEPROVISIONED"


@dataclass(frozen=True, slots=True)
class ProfiledUserRow(UserRow):
    """A person with more of the profile.

    Attributes:
        last_updated: As Okta writes it, or None.
        values: Of the chosen profile fields, in their order; None for each that isn't given. Like all
            profiles as Okta gives them: a text, a number, true or false, or a list.
    """

    last_updated: str | None
    values: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A group.

    Attributes:
        id: Its id.
        name: Empty when Okta gave none.
        type: ``OKTA_GROUP``, ``APP_GROUP``, ``BUILT_IN``, or None.
        source_app_id: The app that masters an APP_GROUP, from its link, or None.
        source_app_name: The same app's catalog name; only with ``expand=app``.
        users_count: How many members Okta counts; only with ``expand=stats``.
        description: Or None.
        last_updated: When its profile changed last, as Okta writes it, or None.
        last_membership_updated: When its members changed last, likewise.
        has_admin_privilege: Whether it holds an admin role; only with ``expand=stats``.
    """

    id: str
    name: str
    type: str | None
    source_app_id: str | None
    source_app_name: str | None
    users_count: int | None
    description: str | None = None
    last_updated: str | None = None
    last_membership_updated: str | None = None
    has_admin_privilege: bool | None = None

    @property
    def is_everyone(self) -> bool:
        """Whether it is the built-in one that holds everybody, whose members are never listed."""
        return self.type == "BUILT_IN" and self.name == "Everyone"


@dataclass(frozen=True, slots=True)
class ProfiledGroupRow(GroupRow):
    """A group with its whole profile: ``dn``, ``samAccountName`` and more where a directory masters it.

    Attributes:
        profile: As it is.
        source_app_label: What people call the app that masters it; only with ``expand=app``.
        push_mappings: To how many apps it is pushed; only with ``expand=stats``.
    """

    profile: JsonObject = field(default_factory=dict)
    source_app_label: str | None = None
    push_mappings: int | None = None


@dataclass(frozen=True, slots=True)
class GroupRuleRow:
    """A rule that fills groups.

    Attributes:
        id: Its id.
        name: Empty when Okta gave none.
        status: ``ACTIVE``, ``INACTIVE`` or ``INVALID``, or None.
        expression: Whom it takes, in Okta's expression language, or None.
        group_ids: The groups that it fills.
        excluded_users: Ids of people whom it leaves out.
    """

    id: str
    name: str
    status: str | None
    expression: str | None
    group_ids: tuple[str, ...]
    excluded_users: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AppUserRow:
    """A person's assignment to an app.

    Attributes:
        id: The person's id; an assignment has none of its own.
        scope: ``USER`` or ``GROUP``, or None.
        status: The assignment's status.
        group_id: One group behind a GROUP assignment, or None.
        user_name: The person's name in the app.
        profile: The effective app profile as it is, or None.
        user: The person; only with ``expand=user``.
    """

    id: str
    scope: str | None
    status: str | None
    group_id: str | None
    user_name: str | None
    profile: JsonObject | None
    user: UserRow | None


@dataclass(frozen=True, slots=True)
class AppGroupRow:
    """A group's assignment to an app.

    Attributes:
        id: The group's id; an assignment has none of its own.
        priority: 0 is the highest; None when Okta gave none.
        profile: The app profile that it gives, as it is, or None.
        group: The group; only with ``expand=group``.
    """

    id: str
    priority: int | None
    profile: JsonObject | None
    group: GroupRow | None


@dataclass(frozen=True, slots=True)
class RoleRow:
    """An admin role that a person or a group has. The id is not unique, not even for one person.

    Attributes:
        id: The assignment's id.
        type: ``READ_ONLY_ADMIN``, …, or ``CUSTOM``.
        status: Its status.
        assignment_type: ``USER`` or ``GROUP``: how the person has it.
        role_id: The custom role, or None.
        resource_set_id: What the custom role is limited to, or None.
    """

    id: str
    type: str | None
    label: str | None
    status: str | None
    assignment_type: str | None
    role_id: str | None
    resource_set_id: str | None


@dataclass(frozen=True, slots=True)
class PermissionRow:
    """One thing that a custom role permits; the id is its name, such as ``okta.groups.read``."""

    id: str


@dataclass(frozen=True, slots=True)
class RoleHolderRow:
    """A person who holds some admin role."""

    id: str


@dataclass(frozen=True, slots=True)
class ResourceSetRow:
    """A set of resources that a custom role is limited to."""

    id: str
    label: str | None


@dataclass(frozen=True, slots=True)
class AppRow:
    """An app as it stands in a list: ``name`` is its catalog key, ``label`` what people see."""

    id: str
    name: str | None
    label: str | None
    status: str | None


def user_row(item: JsonObject) -> UserRow:
    """A user."""
    identity = _id(item)
    profile = _object(item.get("profile"))
    login = _text(profile.get("login"))
    first_name, last_name = _text(profile.get("firstName")), _text(profile.get("lastName"))
    full_name = " ".join(name for name in (first_name, last_name) if name)
    return UserRow(
        identity,
        login,
        _text(profile.get("email")),
        first_name,
        last_name,
        _text(profile.get("displayName")) or full_name or login or identity,
        _text(item.get("status")),
    )


def profiled_user_row(fields: Sequence[str]) -> Callable[[JsonObject], ProfiledUserRow]:
    """Makes the function that reads a user with these fields of the profile, which are named as Okta does."""
    chosen = tuple(fields)

    def row(item: JsonObject) -> ProfiledUserRow:
        user, profile = user_row(item), _object(item.get("profile"))
        return ProfiledUserRow(
            user.id,
            user.login,
            user.email,
            user.first_name,
            user.last_name,
            user.display_name,
            user.status,
            _text(item.get("lastUpdated")),
            tuple(map(profile.get, chosen)),
        )

    return row


def group_row(item: JsonObject) -> GroupRow:
    """A group."""
    embedded, profile = _object(item.get("_embedded")), _object(item.get("profile"))
    stats = _object(embedded.get("stats"))
    return GroupRow(
        _id(item),
        _text(profile.get("name")) or "",
        _text(item.get("type")),
        _linked_id(item, "source"),
        _text(_object(embedded.get("app")).get("name")),
        _count(stats.get("usersCount")),
        _text(profile.get("description")),
        _text(item.get("lastUpdated")),
        _text(item.get("lastMembershipUpdated")),
        _flag(stats.get("hasAdminPrivlege")),  # Okta's spelling
    )


def profiled_group_row(item: JsonObject) -> ProfiledGroupRow:
    """A group with its profile; read with ``expand=app``, its source is told by that too."""
    group = group_row(item)
    embedded = _object(item.get("_embedded"))
    app, stats = _object(embedded.get("app")), _object(embedded.get("stats"))
    if group.source_app_id is None:
        group = replace(group, source_app_id=_text(app.get("id")))
    known = {each.name: getattr(group, each.name) for each in fields(GroupRow)}
    return ProfiledGroupRow(
        **known,
        profile=_object(item.get("profile")),
        source_app_label=_text(app.get("label")),
        push_mappings=_count(stats.get("groupPushMappingsCount")),
    )


def group_rule_row(item: JsonObject) -> GroupRuleRow:
    """A group rule."""
    conditions = _object(item.get("conditions"))
    people = _object(_object(conditions.get("people")).get("users"))
    assigned = _object(_object(item.get("actions")).get("assignUserToGroups"))
    return GroupRuleRow(
        _id(item),
        _text(item.get("name")) or "",
        _text(item.get("status")),
        _text(_object(conditions.get("expression")).get("value")),
        _texts(assigned.get("groupIds")),
        _texts(people.get("exclude")),
    )


def app_user_row(item: JsonObject) -> AppUserRow:
    """An app user."""
    return AppUserRow(
        _id(item),
        _text(item.get("scope")),
        _text(item.get("status")),
        _linked_id(item, "group"),
        _text(_object(item.get("credentials")).get("userName")),
        _object_or_none(item.get("profile")),
        _embedded_row(item, "user", user_row),
    )


def app_group_row(item: JsonObject) -> AppGroupRow:
    """A group assignment."""
    return AppGroupRow(
        _id(item),
        _count(item.get("priority")),
        _object_or_none(item.get("profile")),
        _embedded_row(item, "group", group_row),
    )


def role_row(item: JsonObject) -> RoleRow:
    """An admin role assignment."""
    return RoleRow(
        _id(item),
        _text(item.get("type")),
        _text(item.get("label")),
        _text(item.get("status")),
        _text(item.get("assignmentType")),
        _text(item.get("role")),
        _text(item.get("resource-set")),
    )


def permission_row(item: JsonObject) -> PermissionRow:
    """One of ``iam/roles/{id}/permissions``."""
    label = _text(item.get("label"))
    if not label:
        raise RowError("has no label")
    return PermissionRow(label)


def role_holder_row(item: JsonObject) -> RoleHolderRow:
    """One of ``iam/assignees/users``."""
    return RoleHolderRow(_id(item))


def resource_set_row(item: JsonObject) -> ResourceSetRow:
    """One of ``iam/resource-sets``."""
    return ResourceSetRow(_id(item), _text(item.get("label")))


def app_row(item: JsonObject) -> AppRow:
    """An app."""
    return AppRow(_id(item), _text(item.get("name")), _text(item.get("label")), _text(item.get("status")))


def _id(item: JsonObject) -> str:
    identity = item.get("id")
    if not isinstance(identity, str) or not identity:
        raise RowError("has no id")
    return identity


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _texts(value: object) -> tuple[str, ...]:
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list) else ()


def _count(value: object) -> int | None:
    return value if type(value) is int and value >= 0 else None


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _object(value: object) -> JsonObject:
    return value if isinstance(value, dict) else NOTHING


def _object_or_none(value: object) -> JsonObject | None:
    return value if isinstance(value, dict) else None


def _linked_id(item: JsonObject, name: str) -> str | None:
    href = _text(_object(_object(item.get("_links")).get(name)).get("href"))
    if href is None:
        return None
    path = href.partition("?")[0].partition("#")[0].rstrip("/")
    return unquote(path.rpartition("/")[2]) or None


def _embedded_row(item: JsonObject, name: str, project: Callable[[JsonObject], Row]) -> Row | None:
    embedded = _object(_object(item.get("_embedded")).get(name))
    try:
        return project(embedded)
    except RowError:
        return None
