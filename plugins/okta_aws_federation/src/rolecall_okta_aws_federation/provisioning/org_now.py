"""The app as it is now, and as it would be after a change: values, and Okta's rules for what follows.

Only people whom a change touches are known here. Nothing does I/O; each change gives a new value.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from rolecall import Ref
from rolecall_okta_aws_federation.federation import (
    BY_GROUP,
    DIRECT,
    AssignedGroup,
    AssignedPerson,
    AwsRole,
    SingleAccount,
    person_roles,
    rank,
    unreported,
)
from rolecall_okta_aws_federation.mode import MappingMode, SingleMode
from rolecall_okta_aws_federation.payloads import SAML_ROLES, OktaApp, ProfileRoles, read_profile_roles
from rolecall_okta_aws_federation.people import CANNOT_SIGN_IN

Profile: TypeAlias = Mapping[str, object]
Change: TypeAlias = Callable[["OrgNow"], "OrgNow"]
Paths: TypeAlias = frozenset[Ref]
"""How somebody has a role: their own reference for what is direct, and groups; none where no group accounts
for it."""


@dataclass(frozen=True, slots=True)
class AppGroup:
    """A group that is assigned to the app; ``profile`` is as Okta has it."""

    id: str
    name: str
    priority: int | None
    profile: Profile | None

    @property
    def ref(self) -> Ref:
        return Ref("group", self.id)

    @property
    def rank(self) -> tuple[bool, int, str]:
        """The lowest wins."""
        return rank(self.priority, self.id)

    @property
    def roles(self) -> ProfileRoles:
        """The roles that it gives, as far as Okta's rules let it."""
        return read_profile_roles(self.profile)

    def ranked(self) -> AssignedGroup:
        """As the rules of federation take it."""
        return AssignedGroup(self.ref, self.name, self.priority, self.roles)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whom a change may touch.

    Attributes:
        name: Login, or display name.
        scope: ``USER`` or ``GROUP``; None for somebody who isn't assigned to the app.
        profile: The app profile as Okta resolved it; None without one.
        groups: Ids of the groups that hold them, as far as these are assigned to the app or give a role.
    """

    id: str
    name: str
    status: str | None
    scope: str | None = None
    profile: Profile | None = None
    groups: frozenset[str] = frozenset()

    @property
    def ref(self) -> Ref:
        return Ref("user", self.id)

    @property
    def can_sign_in(self) -> bool:
        return self.status not in CANNOT_SIGN_IN

    @property
    def roles(self) -> ProfileRoles:
        """The roles of their profile."""
        return read_profile_roles(self.profile)


@dataclass(frozen=True, slots=True)
class OrgNow:
    """What decides who has which role.

    Attributes:
        union: Whether samlRoles are combined across groups; None where that can't be told.
        assigned: Groups assigned to the app, by id.
        meanings: Group's id → role, for admitted groups whose names mean one; empty without group mapping.
        people: Those whom a change may touch, by id.
        offered: Roles that the app's schema names; empty where it names none.
    """

    app: OktaApp
    mode: SingleMode | MappingMode
    union: bool | None
    assigned: Mapping[str, AppGroup]
    meanings: Mapping[str, AwsRole]
    people: Mapping[str, Person]
    offered: tuple[str, ...] = ()

    @property
    def last_priority(self) -> int:
        """One below every assigned group."""
        return 1 + max((group.priority or 0 for group in self.assigned.values()), default=-1)

    def assigning(self, person: Person) -> list[AppGroup]:
        """The assigned groups that hold a person, the one that wins first."""
        held = [self.assigned[each] for each in person.groups if each in self.assigned]
        return sorted(held, key=lambda group: group.rank)

    def resolved(self, person: Person) -> AssignedPerson:
        """A person who is assigned, as the rules of federation take them."""
        groups = tuple(group.ranked() for group in self.assigning(person))
        return AssignedPerson(person.ref, person.name, person.scope, None, person.roles, groups)


def roles_of(org: OrgNow, person: Person) -> dict[AwsRole, Paths]:
    """Every role that a login gives the person, with its paths. Whether the app is active doesn't matter."""
    if person.scope is None:
        return {}
    if isinstance(org.mode, MappingMode):
        return _gathered(
            (org.meanings[each], [Ref("group", each)]) for each in person.groups & set(org.meanings)
        )
    if org.mode.provider is None:
        return {}
    account = SingleAccount(org.mode.provider, org.mode.join_all_roles, org.union)
    resolved = org.resolved(person)
    own = [
        (role, [person.ref] if sources == () else list(sources or ()))
        for role, sources in person_roles(account, resolved, unreported)
    ]
    joined = [
        (role, [group.ref])
        for group in resolved.groups
        for role in group.roles.saml
        if account.join_all_roles
    ]
    return _gathered((AwsRole(account.provider.account, role), paths) for role, paths in own + joined)


def joins(user_id: str, group_id: str) -> Change:
    """A person comes into a group."""
    return lambda org: _turned(org, user_id, lambda person: person.groups | {group_id})


def leaves(user_id: str, group_id: str) -> Change:
    """A person leaves a group."""
    return lambda org: _turned(org, user_id, lambda person: person.groups - {group_id})


def assigned_directly(user_id: str, profile: Profile) -> Change:
    """A person has an assignment of their own, with this profile."""
    return lambda org: _with(org, replace(org.people[user_id], scope=DIRECT, profile=profile))


def not_assigned_directly(user_id: str) -> Change:
    """A person hasn't an assignment of their own any more: what their groups give takes its place."""
    return lambda org: _with(org, _by_groups(org, org.people[user_id]))


def group_assigned(group: AppGroup) -> Change:
    """A group is assigned to the app so, or its assignment is changed so."""
    return lambda org: _reassigned(org, group.id, {**org.assigned, group.id: group})


def group_unassigned(group_id: str) -> Change:
    """A group isn't assigned to the app any more."""
    return lambda org: _reassigned(
        org, group_id, {each: group for each, group in org.assigned.items() if each != group_id}
    )


def one_after_another(changes: Sequence[Change]) -> Change:
    """All of them, in order."""

    def change(org: OrgNow) -> OrgNow:
        for each in changes:
            org = each(org)
        return org

    return change


def _turned(org: OrgNow, user_id: str, groups: Callable[[Person], frozenset[str]]) -> OrgNow:
    person = org.people[user_id]
    moved = replace(person, groups=groups(person))
    if moved.groups & set(org.assigned) != person.groups & set(org.assigned):
        moved = _settled(org, moved)
    return _with(org, moved)


def _reassigned(org: OrgNow, group_id: str, assigned: Mapping[str, AppGroup]) -> OrgNow:
    org = replace(org, assigned=assigned)
    settled = {
        person.id: _settled(org, person) for person in org.people.values() if group_id in person.groups
    }
    return replace(org, people={**org.people, **settled})


def _settled(org: OrgNow, person: Person) -> Person:
    """A direct assignment stands whatever groups do; any other follows them."""
    return person if person.scope == DIRECT else _by_groups(org, person)


def _by_groups(org: OrgNow, person: Person) -> Person:
    """The profile of the group that wins; samlRoles of all of them where they are combined."""
    groups = org.assigning(person)
    if not groups:
        return replace(person, scope=None, profile=None)
    profile = groups[0].profile
    lists = [_raw_roles(group.profile) for group in groups]
    if org.union and any(each is not None for each in lists):
        combined = list(dict.fromkeys(role for each in lists for role in each or ()))
        profile = {**(profile or {}), SAML_ROLES: combined}
    return replace(person, scope=BY_GROUP, profile=profile)


def _raw_roles(profile: Profile | None) -> list[str] | None:
    value = None if profile is None else profile.get(SAML_ROLES)
    return [role for role in value if isinstance(role, str)] if isinstance(value, list) else None


def _with(org: OrgNow, person: Person) -> OrgNow:
    return replace(org, people={**org.people, person.id: person})


def _gathered(held: Iterable[tuple[AwsRole, Iterable[Ref]]]) -> dict[AwsRole, Paths]:
    found: dict[AwsRole, Paths] = {}
    for role, paths in held:
        found[role] = found.get(role, frozenset()) | frozenset(paths)
    return found
