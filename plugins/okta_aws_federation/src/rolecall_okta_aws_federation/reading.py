"""Reads the lists that a run needs from the org, none of them twice, and keeps of each only what counts."""

from dataclasses import dataclass, field

from rolecall import Identity, NotFound, ProviderError, Ref, SyncRun
from rolecall_okta import AppGroupRow, GroupRow, OktaClient, literal
from rolecall_okta_aws_federation.app_filter import NATIVE_TYPES
from rolecall_okta_aws_federation.completeness import Completeness
from rolecall_okta_aws_federation.federation import AssignedGroup, AwsRole, CandidateGroup
from rolecall_okta_aws_federation.findings import finding, quoted
from rolecall_okta_aws_federation.group_filter import SETTING, TIME_LIMIT, GroupFilter
from rolecall_okta_aws_federation.mode import MappingMode
from rolecall_okta_aws_federation.payloads import (
    OktaApp,
    OktaAppSchema,
    ProfileRoles,
    RolesAttribute,
    RolesAttributeSchema,
    read_profile_roles,
)
from rolecall_okta_aws_federation.people import People
from rolecall_okta_aws_federation.together import for_each

GROUPS = "/api/v1/groups"
IDS_A_REQUEST = 100
FEW = 3
"""Up to so many requests are made rather than asking first which of them can be saved."""


@dataclass(frozen=True, slots=True)
class AppUser:
    """What the app-user list says of one person, without what isn't needed."""

    person: int
    scope: str | None
    group: Ref | None
    roles: ProfileRoles


@dataclass(slots=True)
class AppLists:
    """Who and what is assigned to the app.

    Attributes:
        people: Everybody met so far.
        app_users: By person's number.
        assigned: Assigned groups by id.
        groups: What is known of each assigned group, by id.
        gone: Ids of assigned groups that vanished while the run was reading.
    """

    people: People = field(default_factory=People)
    app_users: dict[int, AppUser] = field(default_factory=dict)
    assigned: dict[str, AssignedGroup] = field(default_factory=dict)
    groups: dict[str, GroupRow] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)


async def read_identity(okta: OktaClient, run: SyncRun) -> None:
    """Report whose credential this is; a service app has nobody behind it."""
    try:
        owner = await okta.me()
    except ProviderError as error:
        run.log(f"whose credential this is can't be read: {error.message}")
        run.identified(Identity(None, None))
    else:
        run.identified(Identity(owner.id, owner.login))


async def read_app_users(okta: OktaClient, app: OktaApp, lists: AppLists, run: SyncRun) -> None:
    """Read the people assigned to the app."""
    shared: dict[ProfileRoles, ProfileRoles] = {}
    async for page in okta.app_users(app.id):
        for row in page:
            if row.user is not None and row.user.id == row.id:
                person = lists.people.meet(row.user)
            else:
                person = lists.people.meet_undescribed(row.id, row.user_name)
            roles, found = read_profile_roles(row.profile, lists.people.name(person), f"user:{row.id}")
            for each in found:
                run.found(each)
            group = None if row.group_id is None else Ref("group", row.group_id)
            lists.app_users[person] = AppUser(person, row.scope, group, shared.setdefault(roles, roles))
        run.progress("app users", len(lists.app_users))


async def describe_people(okta: OktaClient, people: People, run: SyncRun) -> None:
    """Read one by one those whom no list has described: their status says whether they can sign in."""

    async def describe(number: int) -> None:
        user_id = people.row(number).id
        try:
            row = await okta.user(user_id)
        except ProviderError as error:
            # E0000007 names in brackets what is missing; any other 404 doesn't mean that the person is gone.
            if error.provider_code == "E0000007" and "(User)" in error.message:
                run.found(people.lose(number))
            elif error.status is None or error.status >= 500 or error.status == 401:  # noqa: PLR2004
                raise
        else:
            if row.id == user_id:
                people.meet(row)

    await for_each(people.undescribed(), describe)


async def read_app_groups(okta: OktaClient, app: OktaApp, lists: AppLists, run: SyncRun) -> None:
    """Read the groups assigned to the app, and of those that the list doesn't describe, what they are."""
    rows: list[AppGroupRow] = []
    async for page in okta.app_groups(app.id):
        rows.extend(page)
    undescribed: list[str] = []
    for row in rows:
        if row.group is None or row.group.id != row.id:
            undescribed.append(row.id)
        else:
            lists.groups[row.id] = row.group
    await _describe_singly(okta, undescribed, lists, run)
    for row in rows:
        if row.id not in lists.gone:
            lists.assigned[row.id] = _assigned_group(row, lists.groups[row.id], run)


def _assigned_group(row: AppGroupRow, group: GroupRow, run: SyncRun) -> AssignedGroup:
    name = quoted(group.name or group.id)
    roles, found = read_profile_roles(row.profile, f"The group {name}", f"group:{row.id}")
    for each in found:
        run.found(each)
    return AssignedGroup(Ref("group", row.id), name, row.priority, roles)


async def _describe_singly(okta: OktaClient, ids: list[str], lists: AppLists, run: SyncRun) -> None:
    async def describe(group_id: str) -> None:
        try:
            lists.groups[group_id] = await okta.group(group_id)
        except NotFound:
            lists.gone.add(group_id)
            run.found(finding("group_gone", Ref("group", group_id), name=group_id))

    await for_each(ids, describe)


async def count_members(okta: OktaClient, lists: AppLists, run: SyncRun) -> None:
    """Learn how many members the assigned groups have, where that can save requests.

    Two requests at most, or as many as find an empty group each.
    """
    uncounted = [group.id for group in lists.groups.values() if group.users_count is None]
    if min(len(uncounted), len(lists.app_users)) <= FEW:
        return
    empty = 0
    for asked, start in enumerate(range(0, len(uncounted), IDS_A_REQUEST), 1):
        if asked > 2 and empty < asked:  # noqa: PLR2004 - see the docstring
            break
        wanted = " or ".join(
            f"id eq {literal(group_id)}" for group_id in uncounted[start : start + IDS_A_REQUEST]
        )
        try:
            async for page in okta.groups(filter=wanted, expand="stats,app"):
                lists.groups.update((row.id, row) for row in page if row.id in lists.groups)
                empty += sum(row.users_count == 0 for row in page)
        except ProviderError as error:
            if error.status is None or error.status >= 500:  # noqa: PLR2004 - not a refusal
                raise
            run.log(f"how many members the assigned groups have can't be read: {error.message}")
            return


async def read_roles_attribute(okta: OktaClient, app: OktaApp, run: SyncRun) -> RolesAttribute:
    """Read from the app's schema whether samlRoles are combined; unknown where that is refused."""
    try:
        attribute: RolesAttribute = await okta.app_schema(app.id, RolesAttributeSchema())
    except ProviderError as error:
        if error.status not in {401, 403, 404}:
            raise
        run.found(
            finding(
                "union_unknown", "samlRoles", reason=f"{error.status} {error.provider_code or ''}".strip()
            )
        )
        return RolesAttribute(None)
    if attribute.union is None:
        run.found(finding("union_unknown", "samlRoles", reason="it doesn't hold the attribute"))
    return attribute


@dataclass(slots=True)
class RoleGroups:
    """Groups whose names match the group filter, and what each name means."""

    rows: dict[str, GroupRow] = field(default_factory=dict)
    meanings: dict[str, AwsRole] = field(default_factory=dict)
    sources: dict[str, str | None] = field(default_factory=dict)
    """Catalog name by app id, for groups whose app the list didn't name."""
    ambiguous: set[str] = field(default_factory=set)
    """Ids of groups whose names Java's releases may read differently."""

    def candidates(self) -> list[CandidateGroup]:
        """As the rules need them."""
        return [
            CandidateGroup(
                Ref("group", row.id),
                row.name,
                row.type,
                row.source_app_name or self.sources.get(row.source_app_id or ""),
                self.meanings[row.id],
                row.id in self.ambiguous,
            )
            for row in self.rows.values()
        ]


async def read_role_groups(
    okta: OktaClient, mode: MappingMode, found: RoleGroups, reads: Completeness, run: SyncRun
) -> None:
    """Read the groups whose names match, listing no more of the org's groups than must be."""
    names = mode.group_filter
    if names is None:
        return
    listed = 0
    async for page in okta.groups(search=names.search, expand="stats,app"):
        for row in page:
            _take_role_group(row, names, found, reads, run)
        listed += len(page)
        run.progress("groups", listed)
    if names.exhausted:
        run.found(finding("group_filter_slow", SETTING, seconds=TIME_LIMIT))
        reads.note(GROUPS, "not all names were read: groupFilter did not finish in time", names.search)
    if mode.app_filter.sources is not None:
        await _read_sources(okta, found)


def _take_role_group(
    row: GroupRow, names: GroupFilter, found: RoleGroups, reads: Completeness, run: SyncRun
) -> None:
    if not row.name:
        reads.drop(GROUPS, "without a name", names.search)
        run.found(finding("group_without_name", Ref("group", row.id), name=row.id))
        return
    meaning = names.read(row.name)
    if meaning is None:
        reads.drop(GROUPS, "name does not match", names.search)
    else:
        found.rows[row.id] = row
        found.meanings[row.id] = AwsRole(meaning.account, meaning.role)
        if names.is_ambiguous(row.name):
            found.ambiguous.add(row.id)


async def _read_sources(okta: OktaClient, found: RoleGroups) -> None:
    wanted = {
        row.source_app_id
        for row in found.rows.values()
        if row.source_app_name is None and row.source_app_id is not None and row.type not in NATIVE_TYPES
    }

    async def read(app_id: str) -> None:
        try:
            found.sources[app_id] = (await okta.app(app_id, OktaAppSchema())).name
        except NotFound:
            found.sources[app_id] = None
        except ProviderError as error:
            if error.status != 403:  # noqa: PLR2004 - not ours to see
                raise
            found.sources[app_id] = None

    await for_each(wanted, read)
