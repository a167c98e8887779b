"""Who is in which group, by the cheaper way: the members of each group, or the groups of each person."""

from collections.abc import Mapping, Sequence
from math import ceil

from rolecall import Finding, NotFound, Ref, SyncRun
from rolecall_okta import GroupRow, OktaClient
from rolecall_okta_aws_federation.completeness import Completeness
from rolecall_okta_aws_federation.findings import finding, quoted
from rolecall_okta_aws_federation.people import Memberships, People
from rolecall_okta_aws_federation.together import for_each

MEMBERS_A_PAGE = 1000
MEMBERS = "/api/v1/groups/{id}/users"
GROUPS_OF = "/api/v1/users/{id}/groups"
EVERYONE = "Everyone"


def is_everyone(group: GroupRow) -> bool:
    """Whether a group is the built-in one that holds everybody: its members are never listed."""
    return group.type == "BUILT_IN" and group.name == EVERYONE


def member_pages(group: GroupRow) -> int:
    """Requests that listing a group's members takes; one where their number isn't known."""
    return 1 if group.users_count is None else ceil(group.users_count / MEMBERS_A_PAGE)


async def read_memberships(
    okta: OktaClient,
    groups: Sequence[GroupRow],
    people: People,
    assigned: Sequence[int],
    reads: Completeness,
    run: SyncRun,
) -> Memberships:
    """Find out who is in these groups.

    Args:
        okta: The client.
        groups: The groups that matter.
        people: Everybody met so far; members of groups are added.
        assigned: Numbers of the people assigned to the app.
        reads: Told how memberships were read.
        run: Told which groups or people vanished.

    Returns:
        Memberships of the groups that are still there. Read by person, they hold assigned people only.
    """
    memberships = Memberships(people)
    wanted: dict[str, GroupRow] = {}
    for group in groups:
        if is_everyone(group):
            memberships.hold_everyone(group.id)
            continue
        memberships.list_group(group.id)
        if member_pages(group):
            wanted[group.id] = group
    pages = sum(map(member_pages, wanted.values()))
    if not wanted:
        return memberships
    if pages <= len(assigned):
        run.log(
            f"memberships by group: {pages} requests for {len(wanted)} groups; by person, {len(assigned)}"
        )
        await _by_group(okta, wanted, people, memberships, reads, run)
    else:
        run.log(
            f"memberships by person: {len(assigned)} requests; by group, {pages} for {len(wanted)} groups"
        )
        await _by_person(okta, wanted, people, assigned, memberships, reads, run)
    return memberships


async def _by_group(
    okta: OktaClient,
    wanted: Mapping[str, GroupRow],
    people: People,
    memberships: Memberships,
    reads: Completeness,
    run: SyncRun,
) -> None:
    reads.note(MEMBERS, "by group: cheaper than the groups of each person")
    done = 0

    async def read(group: GroupRow) -> None:
        nonlocal done
        try:
            async for page in okta.group_members(group.id, people.recognise):
                memberships.add(group.id, [people.meet(row) for row in page])
        except NotFound:
            memberships.drop(group.id)
            reads.drop(MEMBERS, "group vanished")
            run.found(group_gone(group))
        done += 1
        run.progress("group members", done, len(wanted))

    await for_each(wanted.values(), read)


async def _by_person(
    okta: OktaClient,
    wanted: Mapping[str, GroupRow],
    people: People,
    assigned: Sequence[int],
    memberships: Memberships,
    reads: Completeness,
    run: SyncRun,
) -> None:
    reads.note(GROUPS_OF, "by person: cheaper than the members of each group; of assigned people only")
    done = 0

    async def read(number: int) -> None:
        nonlocal done
        try:
            async for page in okta.user_groups(people.row(number).id):
                for group in page:
                    if group.id in wanted:
                        memberships.add(group.id, (number,))
        except NotFound:
            reads.drop(GROUPS_OF, "person vanished")
            run.found(people.lose(number))
        done += 1
        run.progress("groups of people", done, len(assigned))

    await for_each(assigned, read)
    short = sum(_may_have_others(group, memberships) for group in wanted.values())
    if short:
        run.found(finding("members_by_person", GROUPS_OF, groups=short, wanted=len(wanted)))


def _may_have_others(group: GroupRow, memberships: Memberships) -> bool:
    """Whether a group may have more members than were found in it."""
    return group.users_count is None or group.users_count > sum(1 for _ in memberships.members(group.id))


def group_gone(group: GroupRow) -> Finding:
    """The finding for a group that vanished while the run was reading."""
    return finding("group_gone", Ref("group", group.id), name=quoted(group.name or group.id))
