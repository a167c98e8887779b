"""What a state of the org means: who is assigned, who is in which group, and who holds which role.

Nothing here does I/O: equal states give equal snapshots, findings and all.
"""

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rolecall import Finding, Ref
from rolecall_okta import GroupRow, UserRow
from rolecall_okta_aws_federation.federation import (
    NO_HOLDINGS,
    AssignedGroup,
    AssignedPerson,
    Holdings,
    SingleAccount,
    infer_union,
    mapped_holdings,
    single_account_holdings,
    unreported,
)
from rolecall_okta_aws_federation.findings import finding, quoted
from rolecall_okta_aws_federation.membership import short_of_members
from rolecall_okta_aws_federation.mode import MappingMode, SingleMode, read_mode
from rolecall_okta_aws_federation.payloads import ACTIVE
from rolecall_okta_aws_federation.state import OrgState

Report = Callable[[Finding], None]
GroupsOf = Mapping[int, tuple[AssignedGroup, ...]]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A state of the org, and what it means.

    Attributes:
        union: Whether samlRoles are combined across groups; None where that isn't known or means nothing.
        people: By number, everybody who is assigned or in a group that was listed.
        assigned: Assigned groups in order of rank.
        groups: Every group of the run, by id.
        members: Numbers of people by group's id, for groups whose members are known.
        groups_of: Person's number → the assigned groups known to hold them, in order of rank.
        findings: All that is odd about the state.
    """

    state: OrgState
    union: bool | None
    people: Mapping[int, UserRow]
    assigned: Sequence[AssignedGroup]
    groups: Mapping[str, GroupRow]
    members: Mapping[str, Sequence[int]]
    groups_of: GroupsOf
    holdings: Holdings
    findings: Sequence[Finding]


def derive(state: OrgState) -> Snapshot:
    """Work out who holds what."""
    mode, findings = read_mode(state.app.settings)
    if state.app.status != ACTIVE:
        inactive = finding("app_inactive", Ref("app", state.app.id), status=quoted(state.app.status))
        findings = [inactive, *findings]
    report = findings.append
    listed = state.listed_people()
    people = {number: state.people.row(number) for number in sorted(listed)}
    assigned = state.ranked()
    _report_oddities(state, people, report)
    if isinstance(mode, SingleMode):
        groups = {group_id: state.groups[group_id] for group_id in state.assigned}
        members = _members(state, groups, people)
        groups_of = _groups_of(assigned, members)
        union, holdings = _single(state, mode, assigned, groups_of, report)
    else:
        union, holdings = None, _mapped(state, mode, report)
        role_groups = {holding.group.id: state.groups[holding.group.id] for holding in holdings.groups}
        groups = {group_id: state.groups[group_id] for group_id in state.assigned} | role_groups
        members = _members(state, role_groups, people)
        groups_of = _groups_of([group for group in assigned if group.ref.id in members], members)
    short = short_of_members(state, (groups[group_id] for group_id in members))
    if short is not None:
        report(short)
    return Snapshot(state, union, people, assigned, groups, members, groups_of, holdings, findings)


def role_groups(state: OrgState, mode: MappingMode) -> list[GroupRow]:
    """The groups that give a role, whose members matter."""
    return [state.groups[holding.group.id] for holding in _mapped(state, mode, unreported).groups]


def _report_oddities(state: OrgState, people: Mapping[int, UserRow], report: Report) -> None:
    for group_id in state.nameless:
        report(finding("group_without_name", Ref("group", group_id), name=group_id))
    for group_id, assignment in state.assigned.items():
        holder = f"The group {state.group_name(group_id)}"
        for odd in assignment.roles.findings(holder, Ref("group", group_id)):
            report(odd)
    for number, app_user in state.app_users.items():
        if app_user.roles.oddities:
            name, ref = state.people.name(number), Ref("user", people[number].id)
            for odd in app_user.roles.findings(name, ref):
                report(odd)
    for number in state.people.undescribed():
        if number in people:
            ref = Ref("user", people[number].id)
            report(finding("person_undescribed", ref, person=state.people.name(number)))


def _single(
    state: OrgState, mode: SingleMode, assigned: Sequence[AssignedGroup], groups_of: GroupsOf, report: Report
) -> tuple[bool | None, Holdings]:
    attribute = state.attribute
    if attribute.why_unknown is not None:
        report(finding("union_unknown", "samlRoles", reason=attribute.why_unknown))
    union = attribute.union
    if union is None:
        union = infer_union(_assigned_people(state, groups_of))
    if mode.provider is None:
        return union, NO_HOLDINGS
    account = SingleAccount(mode.provider, mode.join_all_roles, union)
    people = _assigned_people(state, groups_of)
    return union, single_account_holdings(account, assigned, people, attribute.values, report)


def _mapped(state: OrgState, mode: MappingMode, report: Report) -> Holdings:
    return mapped_holdings(mode.pattern, mode.app_filter, state.candidates(), report)


def _members(
    state: OrgState, groups: Mapping[str, GroupRow], people: Mapping[int, UserRow]
) -> dict[str, Sequence[int]]:
    """Members by group; Everyone's are known without asking."""
    everybody = [number for number, row in people.items() if row.is_in_everyone]
    return {
        group_id: everybody if group.is_everyone else state.members[group_id]
        for group_id, group in groups.items()
    }


def _groups_of(assigned: Sequence[AssignedGroup], members: Mapping[str, Sequence[int]]) -> GroupsOf:
    """Assigned groups by person; equal tuples are one, since thousands of people share few."""
    places: dict[int, array[int]] = {}
    for place, group in enumerate(assigned):
        for number in members[group.ref.id]:
            places.setdefault(number, array("I")).append(place)
    shared: dict[bytes, tuple[AssignedGroup, ...]] = {}
    groups_of: dict[int, tuple[AssignedGroup, ...]] = {}
    for number, held in places.items():
        key = held.tobytes()
        if key not in shared:
            shared[key] = tuple(assigned[place] for place in held)
        groups_of[number] = shared[key]
    return groups_of


def _assigned_people(state: OrgState, groups_of: GroupsOf) -> Iterator[AssignedPerson]:
    for number, app_user in state.app_users.items():
        yield AssignedPerson(
            Ref("user", state.people.row(number).id),
            state.people.name(number),
            app_user.scope,
            app_user.group,
            app_user.roles,
            groups_of.get(number, ()),
        )
