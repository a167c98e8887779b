"""Random changes of an org, for tests and benchmarks: one at a time, of every kind there is.

The same org, random numbers and kinds give the same changes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final, TypeVar

from rolecall_okta.simulator import aws
from rolecall_okta.simulator.objects import App, Group, User
from rolecall_okta.simulator.organisation import Organisation

Held = TypeVar("Held")

_ROLES: Final = ("Admin", "ReadOnly", "Billing", "Auditor", "Deploy", "Support")
_ACCOUNTS: Final = ("012345678901", "123456789012", "210987654321")
_STATUSES: Final = (
    "ACTIVE",
    "SUSPENDED",
    "LOCKED_OUT",
    "PASSWORD_EXPIRED",
    "RECOVERY",
    "PROVISIONED",
    "STAGED",
)
_ADMIN_ROLES: Final = ("SUPER_ADMIN", "APP_ADMIN", "USER_ADMIN", "READ_ONLY_ADMIN")
_TRIES: Final = 50


@dataclass(frozen=True, slots=True)
class Change:
    """What was done, in words, and the ids of those concerned."""

    kind: str
    text: str
    users: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    apps: tuple[str, ...] = ()


def change_at_random(
    org: Organisation, random: Random, kinds: Sequence[str] | None = None, *, among: str | None = None
) -> Change:
    """Make one change of one of these kinds; a kind that finds nothing to change is passed over.

    Args:
        org: Its objects are found where they are; only AWS apps have assignments changed.
        random: Where all choices come from.
        kinds: Some of ``KINDS``; all without it.
        among: Which groups gain and lose members, get other names and so on: one of ``AMONG``.

    Raises:
        LookupError: No change of these kinds can be made.
    """
    chance = _Chance(org, random, among)
    chosen = list(kinds or KINDS)
    for _ in range(_TRIES):
        kind = random.choice(chosen)
        change = _CHANGES[kind](chance)
        if change is not None:
            return change
    msg = f"nothing to change by {', '.join(chosen)}"
    raise LookupError(msg)


class _Chance:
    """Picks what is to be changed."""

    def __init__(self, org: Organisation, random: Random, among: str | None) -> None:
        self.org = org
        self.random = random
        self.among = among

    def one(self, of: Sequence[Held]) -> Held | None:
        return self.random.choice(of) if of else None

    def user(self) -> User | None:
        """Somebody who isn't deactivated."""
        return self.picked(self.org.users, lambda user: user.status != "DEPROVISIONED")

    def group(self) -> Group | None:
        if self.among == "entry":
            assigned = {held.group for app in aws_apps(self.org) for held in self.org.app_groups(app)}
            return self.one(sorted(assigned - {self.org.everyone}, key=lambda group: group.id))
        belongs = _GROUPS[self.among] if self.among else _is_any
        return self.picked(
            self.org.groups, lambda group: group is not self.org.everyone and belongs(self.org, group)
        )

    def picked(self, of: Sequence[Held], fits: Callable[[Held], bool]) -> Held | None:
        """One that fits: by trying first, as most do; a look at all of them comes last."""
        for _ in range(10 if of else 0):
            one = self.random.choice(of)
            if fits(one):
                return one
        return self.one([each for each in of if fits(each)])

    def app(self) -> App | None:
        return self.one(aws_apps(self.org))

    def assigned_group(self) -> tuple[App, Group] | None:
        app = self.app()
        held = self.one(self.org.app_groups(app)) if app else None
        return (app, held.group) if app and held else None

    def assigned_user(self) -> tuple[App, User] | None:
        app = self.app()
        held = self.one(sorted(app.direct)) if app else None
        return (app, app.direct[held].user) if app and held else None

    def roles(self) -> list[str]:
        return self.random.sample(_ROLES, self.random.randint(0, 3))

    def number(self) -> int:
        return self.random.randrange(10**6)

    def group_name(self) -> str:
        """Half of the names mean a role."""
        if self.random.random() < 0.5:
            return f"aws_{self.random.choice(_ACCOUNTS)}_{self.random.choice(_ROLES)}"
        return f"Team {self.number()}"


def aws_apps(org: Organisation) -> list[App]:
    return [app for app in org.apps if app.name == aws.APP_NAME]


def _is_role_group(org: Organisation, group: Group) -> bool:
    return (group.name or "").startswith(("aws_", "aws#")) and not _is_entry_group(org, group)


def _is_entry_group(org: Organisation, group: Group) -> bool:
    return any(group.id in app.assigned_groups for app in aws_apps(org))


def _is_ordinary(org: Organisation, group: Group) -> bool:
    return not _is_role_group(org, group) and not _is_entry_group(org, group)


def _is_any(org: Organisation, group: Group) -> bool:
    return True


_GROUPS: Final[Mapping[str, Callable[[Organisation, Group], bool]]] = {
    "role": _is_role_group,
    "entry": _is_entry_group,
    "ordinary": _is_ordinary,
}
AMONG: Final = tuple(_GROUPS)
"""Groups whose names begin as role groups' do; those assigned to an AWS app; all others."""


def _join(chance: _Chance) -> Change | None:
    group, user = chance.group(), chance.user()
    if group is None or user is None or user in group.members:
        return None
    chance.org.add_member(group, user)
    return Change("join", f"{user.login} joins {group.name}", (user.id,), (group.id,))


def _leave(chance: _Chance) -> Change | None:
    group = chance.group()
    user = chance.one(group.members) if group else None
    if group is None or user is None:
        return None
    chance.org.remove_member(group, user)
    return Change("leave", f"{user.login} leaves {group.name}", (user.id,), (group.id,))


def _assign_user(chance: _Chance) -> Change | None:
    app, user = chance.app(), chance.user()
    if app is None or user is None or user.id in app.direct:
        return None
    chance.org.assign_user(app, user, saml_roles=chance.roles())
    return Change("assign_user", f"{user.login} is assigned to {app.label}", (user.id,), (), (app.id,))


def _unassign_user(chance: _Chance) -> Change | None:
    held = chance.assigned_user()
    if held is None:
        return None
    app, user = held
    chance.org.unassign_user(app, user)
    return Change("unassign_user", f"{user.login} is taken off {app.label}", (user.id,), (), (app.id,))


def _alter_user_assignment(chance: _Chance) -> Change | None:
    held = chance.assigned_user()
    if held is None:
        return None
    app, user = held
    app.direct[user.id].profile = {"samlRoles": chance.roles()}
    return Change("alter_user_assignment", f"{user.login} gets other roles", (user.id,), (), (app.id,))


def _assign_group(chance: _Chance) -> Change | None:
    app, group = chance.app(), chance.group()
    if app is None or group is None or group.id in app.assigned_groups:
        return None
    priority = chance.one([None, 0, 1])
    chance.org.assign_group(app, group, priority=priority, saml_roles=chance.roles())
    return Change("assign_group", f"{group.name} is assigned to {app.label}", (), (group.id,), (app.id,))


def _assign_everyone(chance: _Chance) -> Change | None:
    app, everyone = chance.app(), chance.org.everyone
    if app is None or everyone.id in app.assigned_groups:
        return None
    chance.org.assign_group(app, everyone, saml_roles=chance.roles())
    return Change("assign_everyone", f"Everyone is assigned to {app.label}", (), (everyone.id,), (app.id,))


def _unassign_group(chance: _Chance) -> Change | None:
    held = chance.assigned_group()
    if held is None:
        return None
    app, group = held
    chance.org.unassign_group(app, group)
    return Change("unassign_group", f"{group.name} is taken off {app.label}", (), (group.id,), (app.id,))


def _alter_group_assignment(chance: _Chance) -> Change | None:
    held = chance.assigned_group()
    if held is None:
        return None
    app, group = held
    app.assigned_groups[group.id].profile = {"samlRoles": chance.roles()}
    return Change("alter_group_assignment", f"{group.name} gets other roles", (), (group.id,), (app.id,))


def _prioritise(chance: _Chance) -> Change | None:
    held = chance.assigned_group()
    if held is None:
        return None
    app, group = held
    priority = chance.random.randint(0, len(app.assigned_groups))
    chance.org.prioritise(app, group, priority)
    return Change("prioritise", f"{group.name} gets priority {priority}", (), (group.id,), (app.id,))


def _union(chance: _Chance) -> Change | None:
    app = chance.app()
    if app is None:
        return None
    union = app.schema["samlRoles"].get("union") != "ENABLE"
    chance.org.set_union(app, union)
    return Change("union", f"{app.label} combines roles: {union}", apps=(app.id,))


def _toggle(setting: str, kind: str) -> Callable[[_Chance], Change | None]:
    def change(chance: _Chance) -> Change | None:
        app = chance.app()
        if app is None:
            return None
        value = not app.settings.get(setting)
        chance.org.change_settings(app, **{setting: value})
        return Change(kind, f"{setting} of {app.label} becomes {value}", apps=(app.id,))

    return change


def _alternate(setting: str, kind: str, *values: str) -> Callable[[_Chance], Change | None]:
    def change(chance: _Chance) -> Change | None:
        app = chance.app()
        if app is None:
            return None
        value = chance.random.choice([each for each in values if each != app.settings.get(setting)])
        chance.org.change_settings(app, **{setting: value})
        return Change(kind, f"{setting} of {app.label} becomes {value}", apps=(app.id,))

    return change


def _status(chance: _Chance) -> Change | None:
    user = chance.user()
    if user is None:
        return None
    user.status = chance.random.choice([each for each in _STATUSES if each != user.status])
    return Change("status", f"{user.login} becomes {user.status}", (user.id,))


def _reactivate(chance: _Chance) -> Change | None:
    user = chance.picked(chance.org.users, lambda user: user.status == "DEPROVISIONED")
    if user is None:
        return None
    user.status = chance.random.choice(("ACTIVE", "PROVISIONED"))
    return Change("reactivate", f"{user.login} is back", (user.id,))


def _deactivate(chance: _Chance) -> Change | None:
    user = chance.user()
    if user is None:
        return None
    chance.org.deactivate(user)
    return Change("deactivate", f"{user.login} is deactivated", (user.id,))


def _rename_user(chance: _Chance) -> Change | None:
    user = chance.user()
    if user is None:
        return None
    old, new = user.login, f"renamed.{chance.number()}@acme.example"
    chance.org.rename(user, new)
    return Change("rename_user", f"{old} becomes {new}", (user.id,))


def _rename_group(chance: _Chance) -> Change | None:
    group = chance.group()
    if group is None:
        return None
    old, new = group.name, chance.group_name()
    chance.org.rename(group, new)
    return Change("rename_group", f"{old} becomes {new}", (), (group.id,))


def _group_type(chance: _Chance) -> Change | None:
    """From native to the directory's, and back."""
    group = chance.group()
    if group is None:
        return None
    if group.source is None:
        group.source = chance.org.app("corp.acme.example") or chance.org.add_directory()
        group.type = "APP_GROUP"
    else:
        group.source, group.type = None, "OKTA_GROUP"
    return Change("group_type", f"{group.name} becomes an {group.type}", (), (group.id,))


def _new_user(chance: _Chance) -> Change | None:
    user = chance.org.add_user(f"new.{chance.number()}@acme.example")
    return Change("new_user", f"{user.login} is made", (user.id,))


def _delete_user(chance: _Chance) -> Change | None:
    user = chance.one(chance.org.users)
    if user is None:
        return None
    chance.org.delete_user(user)
    return Change("delete_user", f"{user.login} is deleted", (user.id,))


def _new_group(chance: _Chance) -> Change | None:
    members = [user for user in (chance.user() for _ in range(chance.random.randint(0, 3))) if user]
    group = chance.org.add_group(chance.group_name(), members=members)
    return Change("new_group", f"{group.name} is made", tuple(user.id for user in members), (group.id,))


def _delete_group(chance: _Chance) -> Change | None:
    group = chance.group()
    if group is None:
        return None
    chance.org.delete_group(group)
    return Change("delete_group", f"{group.name} is deleted", (), (group.id,))


def _admin_role(chance: _Chance) -> Change | None:
    """Somebody, or a group, becomes an administrator or ceases to be one."""
    holder = chance.user() if chance.random.random() < 0.7 else chance.group()
    if holder is None:
        return None
    users, groups = ((holder.id,), ()) if isinstance(holder, User) else ((), (holder.id,))
    if holder.roles and chance.random.random() < 0.5:
        role = chance.random.choice(holder.roles)
        chance.org.remove_admin_role(holder, role)
        return Change("admin_role", f"{holder} is no {role.label} any more", users, groups)
    missing = [each for each in _ADMIN_ROLES if each not in [role.type for role in holder.roles]]
    if not missing:
        return None
    given = chance.org.add_admin_role(holder, chance.random.choice(missing))
    return Change("admin_role", f"{holder} becomes {given.label}", users, groups)


_CHANGES: Final[Mapping[str, Callable[[_Chance], Change | None]]] = {
    "join": _join,
    "leave": _leave,
    "assign_user": _assign_user,
    "unassign_user": _unassign_user,
    "alter_user_assignment": _alter_user_assignment,
    "assign_group": _assign_group,
    "assign_everyone": _assign_everyone,
    "unassign_group": _unassign_group,
    "alter_group_assignment": _alter_group_assignment,
    "prioritise": _prioritise,
    "union": _union,
    "join_all_roles": _toggle("joinAllRoles", "join_all_roles"),
    "group_mapping": _toggle("useGroupMapping", "group_mapping"),
    "group_filter": _alternate(
        "groupFilter", "group_filter", aws.ACCOUNT_FIRST, f"^{aws.ACCOUNT_FIRST}$", aws.ROLE_FIRST
    ),
    "app_filter": _alternate("appFilter", "app_filter", "okta", "active_directory", "okta, active_directory"),
    "status": _status,
    "deactivate": _deactivate,
    "reactivate": _reactivate,
    "rename_user": _rename_user,
    "rename_group": _rename_group,
    "group_type": _group_type,
    "new_user": _new_user,
    "delete_user": _delete_user,
    "new_group": _new_group,
    "delete_group": _delete_group,
    "admin_role": _admin_role,
}
KINDS: Final = tuple(_CHANGES)
GENTLE: Final = tuple(
    kind
    for kind in KINDS
    if kind
    not in ("union", "join_all_roles", "group_mapping", "group_filter", "app_filter", "assign_everyone")
)
"""All but those that change what the whole app means or reach everybody."""
