"""Brings the state that the last run read up to date, asking only for what moved since."""

from array import array
from collections.abc import Collection, Mapping, Sequence
from math import ceil

from rolecall import FullRunNeeded, NotFound
from rolecall_okta import GroupRow, for_each, member_pages, together
from rolecall_okta_aws_federation.changed_lists import Moved, read_moved
from rolecall_okta_aws_federation.entry_groups import EntryMoves, entry_moves
from rolecall_okta_aws_federation.federation import BY_GROUP, DIRECT
from rolecall_okta_aws_federation.full_reading import drop_lost, drop_those_who_hung_on
from rolecall_okta_aws_federation.membership import (
    goes_by_person,
    read_by_group,
    read_by_person,
    read_from_source,
)
from rolecall_okta_aws_federation.memory import Memory
from rolecall_okta_aws_federation.mode import MappingMode, SingleMode
from rolecall_okta_aws_federation.naming import take_named_group
from rolecall_okta_aws_federation.news import News
from rolecall_okta_aws_federation.payloads import OktaApp, ProfileRoles
from rolecall_okta_aws_federation.people import DEPROVISIONED
from rolecall_okta_aws_federation.reader import Reader
from rolecall_okta_aws_federation.reading import (
    count_members,
    count_watched,
    describe_people,
    read_app_groups,
    read_app_users,
    read_attribute,
    read_identity,
    read_sources,
    take_app_user,
)
from rolecall_okta_aws_federation.snapshot import role_groups
from rolecall_okta_aws_federation.source_reading import assigned_groups_from, describe_from
from rolecall_okta_aws_federation.state import OrgState
from rolecall_okta_aws_federation.vanished import look_for_groups, look_for_people

APP_USERS_A_PAGE = 500


async def read_changes(
    reader: Reader, memory: Memory, app: OktaApp, news: News, source_run: int | None
) -> tuple[OrgState, Moved]:
    """Give the org as it is now, and what moved; the memory's own state stays as it was.

    Raises:
        FullRunNeeded: Only a full reading can tell how the org is now.
        ProviderError: Something that must be known can't be read.
    """
    old = memory.state
    state = old.copy()
    state.app, state.unsettled = app, False
    _refuse_other_reading(old, state)
    moved = Moved()

    async def read_moved_lists() -> None:
        nonlocal moved
        moved = await read_moved(reader, memory, source_run)

    await together(
        read_moved_lists(),
        read_identity(reader),
        read_app_groups(reader, state),
        *([read_attribute(reader, state)] if isinstance(state.mode, SingleMode) else []),
    )
    if reader.owner != memory.owner:
        raise FullRunNeeded("the credential belongs to somebody else than before")
    _take_people(state, moved)
    if reader.source is not None:
        assigned_groups_from(reader.source, state)
    _take_groups(state, moved)
    drop_lost(reader, state)
    told = news.unassigned | news.deleted_groups
    await look_for_groups(reader, app.id, old.assigned.keys() - state.assigned.keys() - told)
    await read_sources(reader, state)
    mattering = _mattering(state)
    reread = await _read_memberships(reader, state, moved, mattering)
    moves = entry_moves(old, state, moved, news, reader.source)
    concerned = _concerned(old, state, moved, news, moves)
    newcomers = await _read_app_users(reader, state, concerned, news)
    state.doubted = _doubted(old, state, moves)
    if state.by_person:
        await _trim_to_assigned(reader, state, newcomers, mattering, reread)
    await _describe(reader, state, moved)
    _refuse_foreign_source(reader, state)
    if isinstance(state.mode, SingleMode):
        await count_members(reader, state)
        drop_those_who_hung_on(state, reader.lost)
    else:
        await count_watched(reader, state)
    if reader.source is None and goes_by_person(state, list(_mattering(state).values())) != state.by_person:
        way = "by group" if state.by_person else "by person"
        raise FullRunNeeded(f"memberships are now read {way}, which takes fewer requests")
    return state, moved


def _refuse_other_reading(old: OrgState, new: OrgState) -> None:
    """Raise where the app's settings ask for other lists than were read."""
    if type(old.mode) is not type(new.mode):
        raise FullRunNeeded("the app's setting useGroupMapping changed")
    if old.app.settings.group_filter != new.app.settings.group_filter:
        raise FullRunNeeded("the app's setting groupFilter changed")


def _refuse_foreign_source(reader: Reader, state: OrgState) -> None:
    """Raise where the source knows fewer than half of the app's people, as one of another org does."""
    strangers = sum(state.people.row(number).id in state.strangers for number in state.app_users)
    if reader.source is not None and 2 * strangers > len(state.app_users):
        raise FullRunNeeded(
            f"the identity source {reader.source.connector} knows few of the people who are assigned now"
        )


def _take_people(state: OrgState, moved: Moved) -> None:
    for row in moved.people.values():
        if state.people.number(row.id) is not None:
            state.people.describe(row)


def _take_groups(state: OrgState, moved: Moved) -> None:
    """Judge groups that moved by what they are now."""
    mode = state.mode
    names = mode.group_filter if isinstance(mode, MappingMode) else None
    for row in moved.groups.values():
        if names is not None:
            take_named_group(state, row, names)
        if row.id in state.assigned:
            state.describe_group(row)
    if names is not None and names.exhausted:
        raise FullRunNeeded("groupFilter did not finish in time")
    for group_id in moved.groups_gone:
        state.named.pop(group_id, None)
        state.nameless.discard(group_id)
        moved.memberships.add(group_id)
    for group_id in state.groups.keys() - state.assigned.keys() - state.named.keys():
        del state.groups[group_id]


def _mattering(state: OrgState) -> dict[str, GroupRow]:
    """The groups whose members are listed, by id."""
    mode = state.mode
    if isinstance(mode, MappingMode):
        groups = role_groups(state, mode)
    else:
        groups = [state.groups[group_id] for group_id in state.assigned]
    return {group.id: group for group in groups if not group.is_everyone}


async def _read_memberships(
    reader: Reader, state: OrgState, moved: Moved, mattering: Mapping[str, GroupRow]
) -> set[str]:
    """List the members of groups that matter and moved, or matter anew; give the ids of those groups."""
    for group_id in state.members.keys() - mattering.keys():
        state.lose_members(group_id)
    state.fetched &= state.assigned.keys() | mattering.keys()
    unread = [
        group
        for group_id, group in mattering.items()
        if group_id in moved.memberships or group_id not in state.members
    ]
    if reader.source is not None:
        await read_from_source(reader, reader.source, state, unread)
    else:
        for group in unread:
            state.keep_members(group.id, ())
        left = [group for group in unread if member_pages(group)]
        await read_by_group(reader, state, left, "of groups whose members may have moved since the last run")
    return {group.id for group in unread}


def _concerned(
    old: OrgState, state: OrgState, moved: Moved, news: News, entry: EntryMoves
) -> set[str] | None:
    """Ids of the people whose assignment to the app may have moved; None where it can be anybody's."""
    if old.unsettled or news.nameless or not entry.is_all:
        return None
    concerned = news.app_users | moved.people_gone | old.doubted.keys()
    concerned.update(row.id for row in moved.people.values() if row.status == DEPROVISIONED)
    if isinstance(state.mode, SingleMode):  # a mapping may fill samlRoles from the person's own profile
        known = ((state.people.number(each), each) for each in moved.people)
        concerned.update(each for number, each in known if number in old.app_users)
    numbers: set[int] = set()
    for group_id in old.assigned.keys() | state.assigned.keys():
        before, after = old.members.get(group_id), state.members.get(group_id)
        if old.assigned.get(group_id) != state.assigned.get(group_id):
            if before is None and after is None:
                return None
            numbers.update(before or (), after or ())
        elif before is not after:
            numbers.update(set(before or ()) ^ set(after or ()))
    if old.attribute.union != state.attribute.union:
        numbers.update(number for number, each in old.app_users.items() if each.scope != DIRECT)
    if any(state.groups[group_id].is_everyone for group_id in state.assigned):
        concerned.update(moved.people)
    return concerned.union(*entry.people.values(), (state.people.row(number).id for number in numbers))


def _doubted(old: OrgState, state: OrgState, entry: EntryMoves) -> dict[str, str | None]:
    """People whose assignment doesn't follow their groups yet: Okta works it out in the background."""
    moves = dict(old.doubted)
    for group_id, people in entry.people.items():
        moves |= {each: None if came else group_id for each, came in people.items()}
    for group_id in state.assigned:
        before, after = old.members.get(group_id), state.members.get(group_id)
        if before is not after and before is not None and after is not None:
            moves |= {state.people.row(each).id: group_id for each in set(before).difference(after)}
            moves |= {state.people.row(each).id: None for each in set(after).difference(before)}
    return {user_id: left for user_id, left in moves.items() if not _follows(state, user_id, left)}


def _follows(state: OrgState, user_id: str, left: str | None) -> bool:
    number = state.people.number(user_id)
    app_user = None if number is None else state.app_users.get(number)
    if left is None:
        gone = number is not None and state.people.row(number).status == DEPROVISIONED
        return app_user is not None or gone
    through = None if app_user is None or app_user.scope != BY_GROUP else app_user.group
    return through is None or through.id != left


async def _read_app_users(
    reader: Reader, state: OrgState, concerned: set[str] | None, news: News
) -> list[int]:
    """Ask again for these people's assignments, or for everybody's; give the numbers of those who are new."""
    before = set(state.app_users)
    if concerned is None or len(concerned) > ceil(len(before) / APP_USERS_A_PAGE):
        await read_app_users(reader, state)
        vanished = {state.people.row(number).id for number in before - state.app_users.keys()}
        await look_for_people(reader, state.app.id, vanished - news.unassigned - news.deleted_people)
    else:
        await _read_singly(reader, state, concerned)
    return [number for number in state.app_users if number not in before]


async def _read_singly(reader: Reader, state: OrgState, user_ids: Collection[str]) -> None:
    shared: dict[ProfileRoles, ProfileRoles] = {}
    expand = "user" if reader.source is None else None

    async def read(user_id: str) -> None:
        try:
            row = await reader.okta.app_user(state.app.id, user_id, expand=expand)
        except NotFound as error:
            if "(AppInstance)" in error.message:  # Okta names in brackets what is missing
                raise
            number = state.people.number(user_id)
            if number is not None:
                state.app_users.pop(number, None)
        else:
            take_app_user(state, row, shared)

    await for_each(user_ids, read)


async def _trim_to_assigned(
    reader: Reader,
    state: OrgState,
    newcomers: Sequence[int],
    mattering: Mapping[str, GroupRow],
    reread: Collection[str],
) -> None:
    """Leave assigned people in the groups, and add those who are newly assigned."""
    assigned = state.app_users.keys()
    for group_id, members in state.members.items():
        state.members[group_id] = array("I", (number for number in members if number in assigned))
    left = {group_id: group for group_id, group in mattering.items() if group_id not in reread}
    if left:
        await read_by_person(reader, state, newcomers, left)


async def _describe(reader: Reader, state: OrgState, moved: Moved) -> None:
    """Describe those of whom only the id is known so far."""
    unknown = [state.people.row(number).id for number in state.people.undescribed()]
    for user_id in unknown:
        if user_id in moved.people:
            state.people.describe(moved.people[user_id])
    left = [state.people.row(number).id for number in state.people.undescribed()]
    if reader.source is not None and left:
        describe_from(reader.source, reader, state, left)
    await describe_people(reader, state)
