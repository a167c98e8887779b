"""Reads the lists that a run needs from the org, none of them twice, and keeps of each only what counts."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from rolecall import Identity, NotFound, ProviderError, Ref
from rolecall_okta import AppUserRow, for_each, groups_by_id
from rolecall_okta_aws_federation.aws_app import read_app_name, read_roles_attribute
from rolecall_okta_aws_federation.group_filter import GroupFilter
from rolecall_okta_aws_federation.membership import lose_group, lose_person
from rolecall_okta_aws_federation.naming import take_named_group
from rolecall_okta_aws_federation.payloads import ProfileRoles, read_profile_roles
from rolecall_okta_aws_federation.reader import Reader
from rolecall_okta_aws_federation.source_reading import count_members_from
from rolecall_okta_aws_federation.state import AppUser, Assignment, OrgState

GROUPS = "/api/v1/groups"
FEW = 3
"""Up to so many requests are made rather than asking first which of them can be saved."""


async def read_identity(reader: Reader) -> None:
    """Report whose credential this is."""
    client_id = reader.okta.client_id
    if client_id is not None:
        reader.owner = client_id
        reader.run.identified(Identity(client_id, None))
        return
    try:
        owner = await reader.okta.me()
    except ProviderError as error:
        reader.run.log(f"whose credential this is can't be read: {error.message}")
        reader.run.identified(Identity(None, None))
    else:
        reader.owner = owner.id
        reader.run.identified(Identity(owner.id, owner.login))


async def read_app_users(reader: Reader, state: OrgState) -> None:
    """Read the people assigned to the app."""
    state.app_users = {}
    shared: dict[ProfileRoles, ProfileRoles] = {}
    expand = "user" if reader.source is None else None
    async for page in reader.okta.app_users(state.app.id, expand=expand):
        for row in page:
            take_app_user(state, row, shared)
        reader.run.progress("app users", len(state.app_users))


def take_app_user(state: OrgState, row: AppUserRow, shared: dict[ProfileRoles, ProfileRoles]) -> int:
    """Keep what counts of one app user; equal roles are kept once."""
    if row.user is not None and row.user.id == row.id:
        person = state.people.meet(row.user)
    else:
        person = state.people.meet_undescribed(row.id, row.user_name)
    roles = read_profile_roles(row.profile)
    group = None if row.group_id is None else Ref("group", row.group_id)
    state.app_users[person] = AppUser(row.scope, group, shared.setdefault(roles, roles))
    return person


async def describe_people(reader: Reader, state: OrgState) -> None:
    """Read one by one those whom no list has described: their status says whether they can sign in."""

    async def describe(number: int) -> None:
        user_id = state.people.row(number).id
        try:
            row = await reader.okta.user(user_id)
        except ProviderError as error:
            # E0000007 names in brackets what is missing; any other 404 doesn't mean that the person is gone.
            if error.provider_code == "E0000007" and "(User)" in error.message:
                lose_person(reader, state, number)
            elif error.status is None or error.status >= 500 or error.status == 401:  # noqa: PLR2004
                raise
        else:
            if row.id == user_id:
                state.people.meet(row)
                if reader.source is not None:
                    state.strangers.add(user_id)

    await for_each(state.people.undescribed(), describe)


async def read_app_groups(reader: Reader, state: OrgState) -> None:
    """Read the groups assigned to the app, and of those that the list doesn't describe, what they are."""
    state.assigned = {}
    undescribed: list[str] = []
    async for page in reader.okta.app_groups(state.app.id):
        for row in page:
            state.assigned[row.id] = Assignment(row.priority, read_profile_roles(row.profile))
            if row.group is None or row.group.id != row.id:
                undescribed.append(row.id)
            else:
                state.describe_group(row.group)

    async def describe(group_id: str) -> None:
        try:
            state.describe_group(await reader.okta.group(group_id))
        except NotFound:
            lose_group(reader, state, group_id)

    await for_each(undescribed, describe)


async def count_members(reader: Reader, state: OrgState) -> None:
    """Learn how many members the assigned groups have, where that can save requests."""
    if reader.source is not None or min(len(state.assigned), len(state.app_users)) <= FEW:
        for group_id in state.assigned:
            state.groups[group_id] = replace(state.groups[group_id], users_count=None)
        return
    try:
        await count_groups(reader, state, state.assigned)
    except ProviderError as error:
        if error.status is None or error.status >= 500:  # noqa: PLR2004 - not a refusal
            raise
        reader.run.log(f"how many members the assigned groups have can't be read: {error.message}")


async def count_watched(reader: Reader, state: OrgState) -> None:
    """Learn how many members the assigned groups have whose memberships the log tells."""
    watched = [group_id for group_id in state.watched() if state.groups[group_id].users_count is None]
    if reader.source is not None:
        held = count_members_from(reader.source, state, watched)
        state.fetched |= set(watched) - held
        watched = [group_id for group_id in watched if group_id not in held]
    await count_groups(reader, state, watched)


async def count_groups(reader: Reader, state: OrgState, groups: Iterable[str]) -> None:
    """Ask for the member counts of these groups, where they aren't known."""
    uncounted = [group_id for group_id in groups if state.groups[group_id].users_count is None]
    for wanted in groups_by_id(uncounted):
        async for page in reader.okta.groups(filter=wanted):
            for row in page:
                if row.id in state.groups:
                    state.describe_group(row)


async def read_attribute(reader: Reader, state: OrgState) -> None:
    """Read from the app's schema whether samlRoles are combined; unknown where that is refused."""
    state.attribute = await read_roles_attribute(reader.okta, state.app.id)


async def read_named_groups(
    reader: Reader, state: OrgState, names: GroupFilter, after_first_page: Callable[[], None]
) -> None:
    """Read the groups whose names match, listing no more of the org's groups than must be."""
    listed = 0
    async for page in reader.okta.groups(search=names.search):
        for row in page:
            if not take_named_group(state, row, names):
                reason = "name does not match" if row.name else "without a name"
                reader.reads.drop(GROUPS, reason, names.search)
        if listed == 0:
            after_first_page()
        listed += len(page)
        reader.run.progress("groups", listed)
    if names.exhausted:
        reader.reads.note(GROUPS, "not all names were read: groupFilter did not finish in time", names.search)


async def read_sources(reader: Reader, state: OrgState) -> None:
    """Ask for the apps that master groups and that no list named."""
    shown = [state.groups[group_id] for group_id in {*state.assigned, *state.named}]

    async def read(app_id: str) -> None:
        state.sources[app_id] = await read_app_name(reader.okta, app_id)

    await for_each(state.unnamed_sources(shown), read)
