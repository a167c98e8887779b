"""What one run knows of the org, read once and then handed out by resource type."""

from array import array
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rolecall import Finding, Ref, SyncRun
from rolecall_okta import GroupRow, OktaClient
from rolecall_okta_aws_federation.completeness import Completeness
from rolecall_okta_aws_federation.federation import (
    BY_GROUP,
    NO_HOLDINGS,
    AssignedGroup,
    AssignedPerson,
    Holdings,
    SingleAccount,
    infer_union,
    mapped_holdings,
    single_account_holdings,
)
from rolecall_okta_aws_federation.findings import finding, quoted
from rolecall_okta_aws_federation.membership import read_memberships
from rolecall_okta_aws_federation.mode import MappingMode, SingleMode, read_mode
from rolecall_okta_aws_federation.payloads import ACTIVE, OktaApp, RolesAttribute
from rolecall_okta_aws_federation.people import Memberships, People
from rolecall_okta_aws_federation.reading import (
    AppLists,
    AppUser,
    RoleGroups,
    count_members,
    describe_people,
    read_app_groups,
    read_app_users,
    read_identity,
    read_role_groups,
    read_roles_attribute,
)
from rolecall_okta_aws_federation.together import together


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The org as one run saw it.

    Attributes:
        union: Whether samlRoles are combined across groups; None where that isn't known or means nothing.
        assigned: Assigned groups in order of rank.
        groups: Every group of the run, by id.
        groups_of: Person's number → the assigned groups known to hold them, in order of rank.
    """

    app: OktaApp
    mode: SingleMode | MappingMode
    union: bool | None
    people: People
    app_users: Mapping[int, AppUser]
    assigned: Sequence[AssignedGroup]
    groups: Mapping[str, GroupRow]
    memberships: Memberships
    groups_of: Mapping[int, tuple[AssignedGroup, ...]]
    holdings: Holdings


async def take_snapshot(okta: OktaClient, app: OktaApp, run: SyncRun) -> Snapshot:
    """Read everything that the app's mode needs, and work out who holds what.

    Raises:
        ProviderError: Something that must be known can't be read.
    """
    mode, found = read_mode(app.settings)
    if app.status != ACTIVE:
        found = [finding("app_inactive", Ref("app", app.id), status=quoted(app.status)), *found]
    for each in found:
        run.found(each)
    reads = Completeness()
    okta.on_list = reads.add
    if isinstance(mode, SingleMode):
        snapshot = await _single(okta, app, mode, reads, run)
    else:
        snapshot = await _mapping(okta, app, mode, reads, run)
    reads.report(run)
    for each in snapshot.people.findings():
        run.found(each)
    return snapshot


async def _single(
    okta: OktaClient, app: OktaApp, mode: SingleMode, reads: Completeness, run: SyncRun
) -> Snapshot:
    lists = AppLists()
    attribute = RolesAttribute(None)

    async def read_attribute() -> None:
        nonlocal attribute
        attribute = await read_roles_attribute(okta, app, run)

    await together(
        read_app_users(okta, app, lists, run),
        read_app_groups(okta, app, lists, run),
        read_attribute(),
        read_identity(okta, run),
    )
    await count_members(okta, lists, run)
    memberships = await read_memberships(
        okta, list(lists.groups.values()), lists.people, list(lists.app_users), reads, run
    )
    await describe_people(okta, lists.people, run)
    lists.gone.update(group_id for group_id in lists.assigned if group_id not in memberships)
    assigned = _still_there(lists)
    groups_of = _groups_of(assigned, memberships)
    app_users = {
        number: app_user
        for number, app_user in lists.app_users.items()
        if not lists.people.is_gone(number) and not _hung_on_a_gone_group(app_user, lists.gone, groups_of)
    }
    union = attribute.union
    if union is None:
        union = infer_union(_assigned_people(lists.people, app_users, groups_of))
    holdings = NO_HOLDINGS
    if mode.provider is not None:
        account = SingleAccount(mode.provider, mode.join_all_roles, union)
        people = _assigned_people(lists.people, app_users, groups_of)
        holdings = single_account_holdings(account, assigned, people, attribute.values, run.found)
    groups = {group.ref.id: lists.groups[group.ref.id] for group in assigned}
    return Snapshot(
        app, mode, union, lists.people, app_users, assigned, groups, memberships, groups_of, holdings
    )


async def _mapping(
    okta: OktaClient, app: OktaApp, mode: MappingMode, reads: Completeness, run: SyncRun
) -> Snapshot:
    lists = AppLists()
    named = RoleGroups()
    await together(
        read_app_users(okta, app, lists, run),
        read_app_groups(okta, app, lists, run),
        read_role_groups(okta, mode, named, reads, run),
        read_identity(okta, run),
    )
    candidates = [candidate for candidate in named.candidates() if candidate.ref.id not in lists.gone]
    holdings = mapped_holdings(mode.pattern, mode.app_filter, candidates, run.found)
    role_groups = [named.rows[holding.group.id] for holding in holdings.groups]
    memberships = await read_memberships(okta, role_groups, lists.people, list(lists.app_users), reads, run)
    await describe_people(okta, lists.people, run)
    gone = {group.id for group in role_groups if group.id not in memberships}
    if gone:
        left = [candidate for candidate in candidates if candidate.ref.id not in gone]
        holdings = mapped_holdings(mode.pattern, mode.app_filter, left, _already_found)
        lists.gone |= gone
    assigned = _still_there(lists)
    groups = {group.ref.id: lists.groups[group.ref.id] for group in assigned}
    groups |= {holding.group.id: named.rows[holding.group.id] for holding in holdings.groups}
    app_users = {number: each for number, each in lists.app_users.items() if not lists.people.is_gone(number)}
    groups_of = _groups_of([group for group in assigned if group.ref.id in memberships], memberships)
    return Snapshot(
        app, mode, None, lists.people, app_users, assigned, groups, memberships, groups_of, holdings
    )


def _already_found(_: Finding) -> None:
    """The same groups were judged before."""


def _still_there(lists: AppLists) -> list[AssignedGroup]:
    return sorted(
        (group for group in lists.assigned.values() if group.ref.id not in lists.gone),
        key=lambda group: group.rank,
    )


def _groups_of(
    assigned: Sequence[AssignedGroup], memberships: Memberships
) -> dict[int, tuple[AssignedGroup, ...]]:
    """Assigned groups by person; equal tuples are one, since thousands of people share few."""
    places: dict[int, array[int]] = {}
    for place, group in enumerate(assigned):
        for number in memberships.members(group.ref.id):
            places.setdefault(number, array("I")).append(place)
    shared: dict[bytes, tuple[AssignedGroup, ...]] = {}
    groups_of: dict[int, tuple[AssignedGroup, ...]] = {}
    for number, held in places.items():
        key = held.tobytes()
        if key not in shared:
            shared[key] = tuple(assigned[place] for place in held)
        groups_of[number] = shared[key]
    return groups_of


def _hung_on_a_gone_group(
    app_user: AppUser, gone: Collection[str], groups_of: Mapping[int, tuple[AssignedGroup, ...]]
) -> bool:
    """Whether a group that vanished during the run was all that assigned this person."""
    return (
        app_user.scope == BY_GROUP
        and app_user.group is not None
        and app_user.group.id in gone
        and app_user.person not in groups_of
    )


def _assigned_people(
    people: People, app_users: Mapping[int, AppUser], groups_of: Mapping[int, tuple[AssignedGroup, ...]]
) -> Iterator[AssignedPerson]:
    for number, app_user in app_users.items():
        yield AssignedPerson(
            Ref("user", people.row(number).id),
            people.name(number),
            app_user.scope,
            app_user.group,
            app_user.roles,
            groups_of.get(number, ()),
        )
