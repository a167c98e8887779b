"""Who is in which group, by the cheaper way: the members of each group, or the groups of each person."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from rolecall import Finding, IdentitySource, NotFound, Ref
from rolecall_okta import MEMBERS, GroupRow, for_each, member_pages, read_members
from rolecall_okta_aws_federation.findings import finding
from rolecall_okta_aws_federation.reader import Reader
from rolecall_okta_aws_federation.source_reading import members_from
from rolecall_okta_aws_federation.state import OrgState

GROUPS_OF = "/api/v1/users/{id}/groups"


def goes_by_person(state: OrgState, groups: Collection[GroupRow]) -> bool:
    """Whether asking each assigned person for their groups takes fewer requests."""
    return pages_by_group(groups) > len(state.app_users)


def pages_by_group(groups: Iterable[GroupRow]) -> int:
    """Requests that listing the members of all of these groups takes."""
    return sum(member_pages(group) for group in groups if not group.is_everyone)


async def read_memberships(reader: Reader, state: OrgState, groups: Sequence[GroupRow]) -> None:
    """Find out who is in these groups; those that are there no more are dropped from the state.

    Read by person, the memberships hold assigned people only.
    """
    listed = [group for group in groups if not group.is_everyone]
    if reader.source is not None:
        await read_from_source(reader, reader.source, state, listed)
        return
    for group in listed:
        state.keep_members(group.id, ())
    wanted = {group.id: group for group in listed if member_pages(group)}
    if not wanted:
        return
    pages = pages_by_group(listed)
    state.by_person = goes_by_person(state, listed)
    if state.by_person:
        by_group = f"by group, {pages} for {len(wanted)} groups"
        reader.run.log(f"memberships by person: {len(state.app_users)} requests; {by_group}")
        await read_by_person(reader, state, list(state.app_users), wanted)
    else:
        by_group = f"{pages} requests for {len(wanted)} groups"
        reader.run.log(f"memberships by group: {by_group}; by person, {len(state.app_users)}")
        await read_by_group(
            reader, state, wanted.values(), "by group: cheaper than the groups of each person"
        )


async def read_from_source(
    reader: Reader, source: IdentitySource, state: OrgState, groups: Sequence[GroupRow]
) -> None:
    """Take the members of these groups from the source, and read those that it doesn't hold."""
    held = members_from(source, reader, state, [group.id for group in groups])
    state.fetched.update(group.id for group in groups)
    state.fetched -= held
    left = [group for group in groups if group.id not in held]
    await read_by_group(reader, state, left, "of groups whose members the identity source doesn't hold")


async def read_by_group(reader: Reader, state: OrgState, groups: Collection[GroupRow], why: str) -> None:
    """List the members of each of these groups anew; ``why`` these is for the completeness statement."""
    if not groups:
        return
    reader.reads.note(MEMBERS, why)
    done = 0

    async def read(group: GroupRow) -> None:
        nonlocal done
        if not await _read_members(reader, state, group):
            lose_group(reader, state, group.id)
            reader.reads.drop(MEMBERS, "group vanished")
        done += 1
        reader.run.progress("group members", done, len(groups))

    await for_each(groups, read)


async def _read_members(reader: Reader, state: OrgState, group: GroupRow) -> bool:
    """Read the members of a group; False where it is gone."""
    found = await read_members(reader.okta, group, state.people.recognise)
    if found is None:
        return False
    if reader.source is not None:
        state.strangers.update(row.id for row in found.rows if state.people.number(row.id) is None)
    state.keep_members(group.id, map(state.people.meet, found.rows), found.missing_of)
    return True


async def read_by_person(
    reader: Reader, state: OrgState, people: Sequence[int], wanted: Mapping[str, GroupRow]
) -> None:
    """Add each of these people to those of the wanted groups that they are in."""
    reader.reads.note(GROUPS_OF, "by person: cheaper than the members of each group; of assigned people only")
    done = 0

    async def read(number: int) -> None:
        nonlocal done
        try:
            held = [
                row.id async for page in reader.okta.user_groups(state.people.row(number).id) for row in page
            ]
        except NotFound:
            reader.reads.drop(GROUPS_OF, "person vanished")
            lose_person(reader, state, number)
        else:
            for group_id in wanted.keys() & held:
                state.members[group_id].append(number)
        done += 1
        reader.run.progress("groups of people", done, len(people))

    await for_each(people, read)


def short_of_members(state: OrgState, groups: Iterable[GroupRow]) -> Finding | None:
    """The finding for groups that may have more members than were found by person."""
    wanted = [group for group in groups if not group.is_everyone and member_pages(group)]
    short = sum(
        group.users_count is None or group.users_count > len(state.members[group.id]) for group in wanted
    )
    if not state.by_person or not short:
        return None
    return finding("members_by_person", GROUPS_OF, groups=short, wanted=len(wanted))


def lose_group(reader: Reader, state: OrgState, group_id: str) -> None:
    """Drop a group that vanished while the run was reading."""
    name = state.group_name(group_id) if group_id in state.groups else group_id
    reader.run.found(finding("group_gone", Ref("group", group_id), name=name))
    state.drop_group(group_id)
    state.unsettled = True
    reader.lost.add(group_id)


def lose_person(reader: Reader, state: OrgState, number: int) -> None:
    """Drop a person who vanished while the run was reading."""
    reader.run.found(state.people.lose(number))
    state.drop_person(number)
    state.unsettled = True
