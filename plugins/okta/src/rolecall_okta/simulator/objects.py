"""What an Okta org holds: people, groups, apps, assignments, rules and admin roles."""

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

from rolecall_okta.simulator.raw_json import Json, JsonObject

if TYPE_CHECKING:
    from rolecall_okta.simulator.register import Register


class Changeable:
    """An object whose rendered form is remembered until one of its attributes is set.

    In an org that is served, Okta's clocks follow a set attribute and the System Log tells of it.
    Changes *inside* an attribute (``user.profile["title"] = …``) are not seen: call
    ``Organisation.changed`` after them.
    """

    __slots__ = ("org", "rendered")
    quiet: ClassVar[frozenset[str]] = frozenset({"org", "rendered"})
    org: "Register | None"
    rendered: dict[str, bytes] | None

    def __new__(cls, *_: Any, **__: Any) -> Self:
        made = object.__new__(cls)
        object.__setattr__(made, "org", None)
        object.__setattr__(made, "rendered", None)
        return made

    def __setattr__(self, name: str, value: object) -> None:
        if self.org is None or name in self.quiet:
            object.__setattr__(self, name, value)
        else:
            self.org.set_attribute(self, name, value)


_Changeable = TypeVar("_Changeable", bound=Changeable)


def as_it_is(held: _Changeable) -> _Changeable:
    """A copy that keeps the attributes of now."""
    made: _Changeable = type(held).__new__(type(held))
    for name in ("org", *(each.name for each in fields(held))):  # type: ignore[arg-type]  # all are dataclasses
        object.__setattr__(made, name, getattr(held, name))
    return made


def login_in(profile: Json) -> str | None:
    login = profile.get("login") if isinstance(profile, dict) else None
    return login if isinstance(login, str) else None


@dataclass(slots=True, eq=False, repr=False)
class User(Changeable):
    """A person. ``profile`` is any JSON value, or ``ABSENT``; ``raw`` is laid over the rendered object."""

    id: str
    status: str
    profile: Json
    created: str
    last_updated: str
    activated: str | None = None
    status_changed: str | None = None
    last_login: str | None = None
    password_changed: str | None = None
    raw: JsonObject | None = None
    roles: list["AdminRole"] = field(default_factory=list)
    groups: list["Group"] = field(default_factory=list)
    """By id, without Everyone; keep it by ``Organisation.add_member`` and ``remove_member``."""

    @property
    def login(self) -> str | None:
        return login_in(self.profile)

    def __repr__(self) -> str:
        return f"<User {self.id} {self.login!r}>"


@dataclass(slots=True, eq=False, repr=False)
class Group(Changeable):
    """A group; ``source`` is the app that masters an ``APP_GROUP``."""

    id: str
    type: str
    profile: Json
    created: str
    last_updated: str
    last_membership_updated: str
    object_class: list[str] = field(default_factory=lambda: ["okta:user_group"])
    source: "App | None" = None
    raw: JsonObject | None = None
    roles: list["AdminRole"] = field(default_factory=list)
    members: list[User] = field(default_factory=list)
    """By id; keep it by ``Organisation.add_member`` and ``remove_member``. Everyone's is empty."""

    @property
    def name(self) -> str | None:
        name = self.profile.get("name") if isinstance(self.profile, dict) else None
        return name if isinstance(name, str) else None

    def __repr__(self) -> str:
        return f"<Group {self.id} {self.name!r}>"


@dataclass(slots=True, eq=False, repr=False)
class App(Changeable):
    """An app. ``settings`` is ``settings.app``; ``schema`` holds the properties of its app-user profile."""

    id: str
    name: str
    label: str
    status: str
    created: str
    last_updated: str
    sign_on_mode: str = "SAML_2_0"
    settings: Json = field(default_factory=dict)
    features: list[str] = field(default_factory=list)
    schema: JsonObject = field(default_factory=dict)
    aws_roles: list[str] = field(default_factory=list)
    raw: JsonObject | None = None
    raw_schema: JsonObject | None = None
    direct: dict[str, "DirectAssignment"] = field(default_factory=dict)
    assigned_groups: dict[str, "GroupAssignment"] = field(default_factory=dict)
    app_user_raw: dict[str, JsonObject] = field(default_factory=dict)
    """By user id: laid over the rendered app user, whatever its scope."""
    schema_updated: str | None = None
    """The schema's own clock; ``None`` as long as it is the app's."""

    def __repr__(self) -> str:
        return f"<App {self.id} {self.label!r}>"


@dataclass(slots=True, eq=False)
class DirectAssignment(Changeable):
    """One person's own assignment to an app, with its own app profile."""

    user: User
    profile: Json
    created: str
    last_updated: str


@dataclass(slots=True, eq=False)
class GroupAssignment(Changeable):
    """A group assigned to an app; priority 0 is the highest."""

    group: Group
    priority: int
    profile: Json
    last_updated: str
    raw: JsonObject | None = None


@dataclass(slots=True, eq=False)
class AppUser(Changeable):
    """A person's resolved assignment to an app, as the app-user list shows it."""

    user: User
    scope: str
    profile: Json
    group: Group | None
    """For scope ``GROUP``: the assigned group with the highest priority that holds the person."""
    created: str
    last_updated: str
    raw: JsonObject | None = None

    @property
    def id(self) -> str:
        return self.user.id


@dataclass(slots=True, eq=False)
class GroupRule:
    id: str
    name: str
    status: str
    created: str
    last_updated: str
    expression: str
    groups: list[Group]
    excluded: list[User] = field(default_factory=list)
    raw: JsonObject | None = None
    managed: set[tuple[str, str]] = field(default_factory=set)
    """Ids of (group, person): the memberships that this rule made."""


@dataclass(slots=True, eq=False)
class CustomRole:
    id: str
    label: str
    description: str
    created: str
    permissions: list[str] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class ResourceSet:
    id: str
    label: str
    description: str
    created: str


@dataclass(slots=True, eq=False)
class AdminRole:
    """An admin role that a person or a group holds; a custom one names its role and resource set."""

    id: str
    type: str
    label: str
    created: str
    custom: CustomRole | None = None
    resource_set: ResourceSet | None = None
    raw: JsonObject | None = None
