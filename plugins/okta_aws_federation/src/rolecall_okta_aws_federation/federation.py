"""Who holds which AWS role: the rules of both federation modes, as functions of what was read.

Nothing here does I/O. Whatever is odd becomes a finding, and the rest goes on.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rolecall import EntitlementRef, Finding, Ref
from rolecall_okta_aws_federation.app_filter import NATIVE, NATIVE_TYPES, AppFilter
from rolecall_okta_aws_federation.arns import (
    ProviderArn,
    RoleArns,
    RolePattern,
    can_be_role,
    is_account_id,
    mapped_arns,
    names_another_account,
    single_arns,
)
from rolecall_okta_aws_federation.findings import concerning, finding, quoted
from rolecall_okta_aws_federation.payloads import NO_ROLES, ProfileRoles

DIRECT = "USER"
BY_GROUP = "GROUP"

Report = Callable[[Finding], None]


class AwsRole(NamedTuple):
    """A role in an account: what people are after."""

    account: str
    role: str


def rank(priority: int | None, group_id: str) -> tuple[bool, int, str]:
    """The lowest goes first where Okta resolves a person's profile; one without a priority is last."""
    return priority is None, priority or 0, group_id


@dataclass(frozen=True, slots=True)
class AssignedGroup:
    """A group that is assigned to the app, and the roles that its assignment names."""

    ref: Ref
    name: str
    priority: int | None
    roles: ProfileRoles = NO_ROLES

    @property
    def rank(self) -> tuple[bool, int, str]:
        """See ``rank``."""
        return rank(self.priority, self.ref.id)


@dataclass(frozen=True, slots=True)
class AssignedPerson:
    """A person who is assigned to the app, with the profile that Okta resolved.

    Attributes:
        scope: ``USER`` or ``GROUP``; hostile where it is neither.
        group: A group that Okta names as behind the assignment, or None.
        groups: Every assigned group that holds the person, in order of rank.
    """

    ref: Ref
    name: str
    scope: str | None
    group: Ref | None
    roles: ProfileRoles
    groups: tuple[AssignedGroup, ...] = ()


@dataclass(frozen=True, slots=True)
class SingleAccount:
    """The settings that decide without group mapping; ``union`` is None where it can't be read."""

    provider: ProviderArn
    join_all_roles: bool
    union: bool | None


class GroupHolding(NamedTuple):
    """A role that a group holds."""

    role: AwsRole
    group: Ref
    expandable: bool


class PersonHolding(NamedTuple):
    """A role that a person holds; ``sources`` as in a grant."""

    role: AwsRole
    person: Ref
    sources: tuple[Ref, ...] | None


@dataclass(frozen=True, slots=True)
class Holdings:
    """Every role there is, with its ARNs, and who holds it."""

    roles: Mapping[AwsRole, RoleArns]
    groups: Sequence[GroupHolding] = ()
    people: Sequence[PersonHolding] = ()
    accounts: frozenset[str] = frozenset()


NO_HOLDINGS = Holdings({})


def single_account_holdings(
    account: SingleAccount,
    groups: Iterable[AssignedGroup],
    people: Iterable[AssignedPerson],
    known_roles: Iterable[str],
    report: Report,
) -> Holdings:
    """Roles by ``samlRoles``, in the one account of the identity provider."""
    roles: dict[str, AwsRole] = {}

    def named(role: str) -> AwsRole:
        return roles.setdefault(role, AwsRole(account.provider.account, role))

    group_holdings = [
        GroupHolding(named(role), group.ref, account.join_all_roles)
        for group in groups
        for role in group.roles.saml
    ]
    people_holdings = [
        PersonHolding(named(role), person.ref, sources)
        for person in people
        for role, sources in person_roles(account, person, report)
    ]
    for role in known_roles:
        named(role)
    _report_impossible_names(roles.values(), report)
    for role in roles:
        if names_another_account(account.provider, role):
            facts = {"role": quoted(role), "account": account.provider.account}
            report(finding("role_of_another_account", f"account:{account.provider.account}", **facts))
    arns = {named: single_arns(account.provider, role) for role, named in roles.items()}
    return Holdings(arns, group_holdings, people_holdings, frozenset({account.provider.account}))


def _report_impossible_names(roles: Iterable[AwsRole], report: Report) -> None:
    for role in roles:
        if not can_be_role(role.role):
            account = Ref("account", role.account)
            odd = finding("role_name_impossible", account, role=quoted(role.role))
            report(concerning(EntitlementRef(account, role.role), odd))


def person_roles(
    account: SingleAccount, person: AssignedPerson, report: Report
) -> list[tuple[str, tuple[Ref, ...] | None]]:
    """The roles of one assigned person by their own profile, each with its sources."""
    by_group = _is_by_group(person, report)
    if by_group:
        _compare_with_groups(account, person, report)
    if person.roles.saml:
        considered = person.groups[:1] if account.union is False else person.groups
        return [
            (
                role,
                _sources(person, role, [group for group in considered if role in group.roles.saml], report),
            )
            if by_group
            else (role, ())
            for role in person.roles.saml
        ]
    if account.join_all_roles and any(group.roles.saml for group in person.groups):
        return []
    default = person.roles.default
    if default is None:
        report(finding("no_role", person.ref, person=person.name))
        return []
    report(finding("default_role", person.ref, person=person.name, role=quoted(default)))
    if not by_group:
        return [(default, ())]
    winner = [group for group in person.groups[:1] if group.roles.default == default]
    return [(default, _sources(person, default, winner, report))]


def _is_by_group(person: AssignedPerson, report: Report) -> bool:
    if person.scope in (DIRECT, BY_GROUP):
        return person.scope == BY_GROUP
    by_group = bool(person.groups) or person.group is not None
    taken = "by group" if by_group else "direct"
    report(finding("scope_unknown", person.ref, person=person.name, scope=quoted(person.scope), taken=taken))
    return by_group


def _sources(
    person: AssignedPerson, role: str, groups: Sequence[AssignedGroup], report: Report
) -> tuple[Ref, ...] | None:
    if groups:
        return tuple(sorted(group.ref for group in groups))
    report(finding("role_without_group", person.ref, person=person.name, role=quoted(role)))
    return None


def _compare_with_groups(account: SingleAccount, person: AssignedPerson, report: Report) -> None:
    """Report where Okta's resolved profile isn't what the groups' assignments say it should be."""
    if not person.groups:
        return
    held, highest, combined = _resolved(person)
    expected = {True: [combined], False: [highest], None: [highest, combined]}[account.union]
    if held in expected:
        return
    lacking, extra = sorted(expected[0] - held), sorted(held - expected[0])
    parts = [
        f"{word} {', '.join(map(quoted, names))}"
        for word, names in (("without", lacking), ("with", extra))
        if names
    ]
    report(finding("assignment_disagrees", person.ref, person=person.name, difference="; ".join(parts)))


def infer_union(people: Iterable[AssignedPerson]) -> bool | None:
    """Whether samlRoles are combined across groups, as the resolved profiles show; None if they don't."""
    shown: set[bool] = set()
    for person in people:
        if person.scope == BY_GROUP and len(person.groups) > 1:
            held, highest, combined = _resolved(person)
            if highest != combined and held in (highest, combined):
                shown.add(held == combined)
    return shown.pop() if len(shown) == 1 else None


def _resolved(person: AssignedPerson) -> tuple[set[str], set[str], set[str]]:
    """Roles as the profile has them, as the highest group has them, and as all groups together have them."""
    combined = {role for group in person.groups for role in group.roles.saml}
    return set(person.roles.saml), set(person.groups[0].roles.saml), combined


@dataclass(frozen=True, slots=True)
class CandidateGroup:
    """A group whose name matches the group filter.

    Attributes:
        source: Catalog name of the app that masters it; None for a native one, or when it can't be told.
        ambiguous: Whether Java's releases may read the name differently.
    """

    ref: Ref
    name: str
    type: str | None
    source: str | None
    meaning: AwsRole
    ambiguous: bool = False


def mapped_holdings(
    pattern: RolePattern, app_filter: AppFilter, candidates: Iterable[CandidateGroup], report: Report
) -> Holdings:
    """Roles by the names of groups: each admitted group gives its members one role of one account."""
    held = [
        GroupHolding(candidate.meaning, candidate.ref, expandable=True)
        for candidate in candidates
        if gives_role(candidate, app_filter, report)
    ]
    roles = {holding.role: mapped_arns(pattern, *holding.role) for holding in held}
    _report_impossible_names(roles, report)
    accounts = frozenset(role.account for role in roles)
    for account in accounts:
        if not is_account_id(account):
            report(finding("account_id_malformed", Ref("account", account), account=quoted(account)))
    return Holdings(roles, held, (), accounts)


def unreported(_: Finding) -> None:
    """For what is judged without reporting: oddities are a sync's to report."""


def gives_role(group: CandidateGroup, app_filter: AppFilter, report: Report) -> bool:
    """Whether a group that matches counts; if it doesn't, the finding says why."""
    if not app_filter.admits(group.type, group.source):
        role = EntitlementRef(Ref("account", group.meaning.account), group.meaning.role)
        if group.type == "APP_GROUP" and group.source is None:
            report(concerning(role, finding("group_source_unknown", group.ref, name=quoted(group.name))))
        else:
            source = quoted(group.source or (NATIVE if group.type in NATIVE_TYPES else group.type))
            account, name = map(quoted, group.meaning)
            facts = {"name": quoted(group.name), "source": source, "account": account, "role": name}
            report(concerning(role, finding("group_not_admitted", group.ref, **facts)))
        return False
    for part, text in (("account", group.meaning.account), ("role", group.meaning.role)):
        if not text:
            report(finding("group_name_incomplete", group.ref, name=quoted(group.name), part=part))
            return False
    if group.ambiguous:
        report(finding("group_name_ambiguous", group.ref, name=quoted(group.name)))
    return True
