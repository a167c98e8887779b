"""What a token may do: the rights of the administrator who made it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Final

from rolecall_okta.simulator.objects import Group, User
from rolecall_okta.simulator.organisation import Organisation


@dataclass(frozen=True, slots=True)
class Rights:
    """Which kinds of reading Okta allows; what is missing is refused with E0000006.

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


_READ_ONLY = Rights(users=True, groups=True, apps=True, schemas=True, org=True, logs=True)

PROFILES: Final[Mapping[str, Rights]] = {
    "super": replace(_READ_ONLY, roles=True, app_types=True, api_tokens=True),
    "read_only": _READ_ONLY,
    "read_only_app_group": replace(_READ_ONLY, app_types=True),
    "custom_read_only": Rights(users=True, groups=True, apps=True),
    "custom_iam_read": Rights(roles=True),
    "none": Rights(),
}
"""By the name given on the command line and to ``serve``.

``custom_*`` are custom roles, which reach no schema, no org settings and no System Log;
``custom_iam_read`` holds the right to view roles only; ``none`` is an administrator of nothing.
"""


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
        return PROFILES[self.profile]

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


def _token(org: Organisation, text: str, given: str | Token) -> Token:
    token = Token(given) if isinstance(given, str) else given
    if token.profile not in PROFILES:
        msg = f"no profile {token.profile!r}; there are {', '.join(PROFILES)}"
        raise ValueError(msg)
    if token.owner is not None:
        return token
    owner = org.new_user(f"{text.partition('-token')[0]}.service@acme.example", last_name="Service")
    if token.profile == "super":
        org.add_admin_role(owner, "SUPER_ADMIN")
    elif token.profile.startswith("read_only"):
        org.add_admin_role(owner, "READ_ONLY_ADMIN")
    if token.profile == "read_only_app_group":
        org.add_admin_role(owner, "APP_ADMIN")
        org.add_admin_role(owner, "USER_ADMIN")
    return replace(token, owner=owner)
