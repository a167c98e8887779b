"""What a token may do: the rights of the administrator who made it."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Final

from rolecall_okta.simulator.objects import AdminRole, Group, User
from rolecall_okta.simulator.organisation import Organisation


@dataclass(frozen=True, slots=True)
class Rights:
    """Which kinds of reading and writing Okta allows; what is missing is refused with E0000006.

    ``users`` alone is milder: who may see nobody gets an empty list, as Okta answers.
    """

    users: bool = False
    groups: bool = False
    apps: bool = False
    schemas: bool = False
    org: bool = False
    roles: bool = False
    """Admin roles of users and groups, and everything under ``iam``."""
    app_types: bool = False
    """The undocumented list of AWS roles that Okta read."""
    api_tokens: bool = False
    logs: bool = False
    members: bool = False
    """Change who is in a group, here or in its directory."""
    app_users: bool = False
    """Assign apps to people."""
    app_groups: bool = False
    """Assign apps to groups."""
    roles_given: bool = False
    """Change who is an administrator, and so who is in a group that makes administrators."""


_READ_ONLY = Rights(users=True, groups=True, apps=True, schemas=True, org=True, logs=True)

PROFILES: Final[Mapping[str, Rights]] = {
    "super": Rights(*[True] * len(fields(Rights))),
    "read_only": _READ_ONLY,
    "read_only_app_group": replace(_READ_ONLY, app_types=True, members=True, app_users=True, app_groups=True),
    "custom_read_only": Rights(users=True, groups=True, apps=True),
    "custom_iam_read": Rights(roles=True),
    "none": Rights(),
}
"""By the name given on the command line and to ``serve``.

``custom_*`` are custom roles, which reach no schema, no org settings and no System Log;
``custom_iam_read`` holds the right to view roles only; ``none`` is an administrator of nothing.
A custom role with permissions of one's choice is written ``custom:okta.groups.read,okta.apps.read``.
"""

ONE_ROLE: Final[Mapping[str, Rights]] = {
    "app_admin": replace(_READ_ONLY, org=False, app_types=True, app_users=True, app_groups=True),
    "group_membership_admin": Rights(users=True, groups=True, members=True),
}
"""Profiles of a single standard role, which does too little for a whole sync."""

_STANDARD: Final[Mapping[str, tuple[str, ...]]] = {
    "super": ("SUPER_ADMIN",),
    "read_only": ("READ_ONLY_ADMIN",),
    "read_only_app_group": ("READ_ONLY_ADMIN", "APP_ADMIN", "USER_ADMIN"),
    "app_admin": ("APP_ADMIN",),
    "group_membership_admin": ("GROUP_MEMBERSHIP_ADMIN",),
}
_CUSTOM: Final = "custom:"
_INCLUDED: Final[Mapping[str, tuple[str, ...]]] = {
    "okta.users.manage": ("okta.users.read", "okta.users.appAssignment.manage"),
    "okta.groups.manage": (
        "okta.groups.read",
        "okta.groups.members.manage",
        "okta.groups.appAssignment.manage",
    ),
    "okta.apps.manage": ("okta.apps.read", "okta.apps.assignment.manage"),
}
_TAKES: Final[Mapping[str, tuple[str, ...]]] = {
    "users": ("okta.users.read",),
    "groups": ("okta.groups.read",),
    "apps": ("okta.apps.read",),
    "roles": ("okta.iam.read",),
    "members": ("okta.groups.members.manage",),
    "app_users": ("okta.apps.assignment.manage", "okta.users.appAssignment.manage"),
    "app_groups": ("okta.apps.assignment.manage", "okta.groups.appAssignment.manage"),
}
"""By right: the permissions that a custom role needs for it, all of them."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token's rights, its owner, and the objects that its admin role is narrowed to.

    ``groups`` and ``apps`` are ids; ``None`` is all of them. A token narrowed to groups sees those
    groups and their members; lists are then shorter, without any error.
    """

    profile: str
    owner: User | None = None
    groups: frozenset[str] | None = None
    apps: frozenset[str] | None = None
    share: float | None = None
    """Of each rate limit; ``None`` is the usual one."""

    @property
    def rights(self) -> Rights:
        return PROFILES.get(self.profile) or ONE_ROLE.get(self.profile) or _custom(self.profile)

    def sees_group(self, group: Group) -> bool:
        return self.groups is None or group.id in self.groups

    def sees_app(self, app_id: str) -> bool:
        return self.apps is None or app_id in self.apps

    def sees_user(self, user: User) -> bool:
        if not self.rights.users:
            return False
        return self.groups is None or any(group.id in self.groups for group in user.groups)


def tokens_of(org: Organisation, tokens: Mapping[str, str | Token]) -> dict[str, Token]:
    """Tokens by their text, each with an owner.

    An owner who is not given is a service account beside the org's people: it answers as
    ``users/me``, and no list shows it.
    """
    return {text: _token(org, text, given) for text, given in tokens.items()}


def narrowed(
    profile: str, *, groups: Collection[Group] | None = None, apps: Collection[str] | None = None
) -> Token:
    """A token of a profile that reaches only these groups and apps (by id)."""
    return Token(
        profile,
        groups=None if groups is None else frozenset(group.id for group in groups),
        apps=None if apps is None else frozenset(apps),
    )


def custom_token(
    *permissions: str, groups: Iterable[str] | None = None, apps: Iterable[str] | None = None
) -> Token:
    """A token of a custom role with these permissions over these groups and apps (ids)."""
    return Token(
        _CUSTOM + ",".join(permissions),
        groups=None if groups is None else frozenset(groups),
        apps=None if apps is None else frozenset(apps),
    )


def check_profile(profile: str) -> None:
    """Refuse a profile that there isn't.

    Raises:
        ValueError: It is no custom role, and none of ``PROFILES`` or ``ONE_ROLE``.
    """
    if profile not in PROFILES and profile not in ONE_ROLE and not profile.startswith(_CUSTOM):
        msg = f"no profile {profile!r}; there are {', '.join((*PROFILES, *ONE_ROLE))}, {_CUSTOM}PERMISSION,…"
        raise ValueError(msg)


def admin_roles(org: Organisation, profile: str) -> list[AdminRole]:
    """The admin roles that a profile stands for; a custom one is made for it."""
    if profile.startswith(_CUSTOM):
        return [org.new_custom_role("Rolecall", _permissions(profile), "Rolecall's resources")]
    return [org.new_admin_role(role_type) for role_type in _STANDARD.get(profile, ())]


@lru_cache
def _custom(profile: str) -> Rights:
    named = _permissions(profile)
    held = set(named).union(*(_INCLUDED.get(each, ()) for each in named))
    return Rights(**{right: held.issuperset(needed) for right, needed in _TAKES.items()})


def _permissions(profile: str) -> list[str]:
    return [each.strip() for each in profile.removeprefix(_CUSTOM).split(",") if each.strip()]


def _token(org: Organisation, text: str, given: str | Token) -> Token:
    token = Token(given) if isinstance(given, str) else given
    check_profile(token.profile)
    if token.owner is not None:
        return token
    owner = org.new_user(f"{text.partition('-token')[0]}.service@acme.example", last_name="Service")
    owner.roles = admin_roles(org, token.profile)
    return replace(token, owner=owner)
