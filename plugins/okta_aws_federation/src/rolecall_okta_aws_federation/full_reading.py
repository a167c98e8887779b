"""Reads everything that the app's mode needs."""

from collections.abc import Collection, Coroutine
from functools import partial
from typing import Any

from rolecall import Forecast, Ref
from rolecall_okta import together
from rolecall_okta_aws_federation.federation import BY_GROUP
from rolecall_okta_aws_federation.findings import finding
from rolecall_okta_aws_federation.forecasting import announce, full_forecast
from rolecall_okta_aws_federation.group_filter import SETTING, TIME_LIMIT
from rolecall_okta_aws_federation.membership import read_memberships
from rolecall_okta_aws_federation.mode import MappingMode, SingleMode
from rolecall_okta_aws_federation.payloads import OktaApp
from rolecall_okta_aws_federation.people import People
from rolecall_okta_aws_federation.reader import Reader
from rolecall_okta_aws_federation.reading import (
    count_groups,
    count_members,
    count_watched,
    describe_people,
    read_app_groups,
    read_app_users,
    read_attribute,
    read_identity,
    read_named_groups,
    read_sources,
)
from rolecall_okta_aws_federation.snapshot import role_groups
from rolecall_okta_aws_federation.source_reading import assigned_groups_from, describe_from, named_groups_from
from rolecall_okta_aws_federation.state import AppUser, OrgState


async def read_everything(reader: Reader, app: OktaApp) -> OrgState:
    """Read the org as it is now.

    Raises:
        ProviderError: Something that must be known can't be read.
    """
    state = OrgState(app)
    mode = state.mode
    if reader.source is None:
        await together(*_app_lists(reader, state, mode), _read_named_groups(reader, state, mode))
    else:
        await together(*_app_lists(reader, state, mode))
        await _settle_source(reader, state)
        await _read_named_groups(reader, state, mode)
    drop_lost(reader, state)
    await read_sources(reader, state)
    if isinstance(mode, MappingMode):
        announce(reader, state)
        await read_memberships(reader, state, role_groups(state, mode))
        await count_watched(reader, state)
    else:
        announce(reader, state, at_least=True)
        await count_members(reader, state)
        announce(reader, state)
        await read_memberships(reader, state, [state.groups[group_id] for group_id in state.assigned])
    await describe_people(reader, state)
    if isinstance(mode, SingleMode):
        drop_those_who_hung_on(state, reader.lost)
    return state


async def estimate(reader: Reader, app: OktaApp) -> Forecast:
    """What reading everything would cost: the groups and their member counts are asked for, and no more."""
    state = OrgState(app)
    await together(read_app_groups(reader, state), _read_named_groups(reader, state, state.mode))
    if reader.source is None:
        await count_groups(reader, state, [each for each in state.assigned if each in state.groups])
    return full_forecast(reader.okta, state, by_source=reader.source is not None)


def _app_lists(
    reader: Reader, state: OrgState, mode: SingleMode | MappingMode
) -> list[Coroutine[Any, Any, None]]:
    lists = [read_identity(reader), read_app_users(reader, state), read_app_groups(reader, state)]
    return [*lists, read_attribute(reader, state)] if isinstance(mode, SingleMode) else lists


async def _settle_source(reader: Reader, state: OrgState) -> None:
    """Take from the source what it says of those who are assigned; do without one that knows few of them."""
    source = reader.source
    if source is None:
        return
    people = [state.people.row(each).id for each in state.app_users]
    held = describe_from(source, reader, state, people)
    if 2 * len(held) >= len(people):
        assigned_groups_from(source, state)
        return
    facts = {"source": source.connector, "held": len(held), "people": len(people)}
    reader.run.found(finding("source_of_another_org", Ref("app", state.app.id), **facts))
    reader.source = None
    state.people = People()
    await read_app_users(reader, state)


async def _read_named_groups(reader: Reader, state: OrgState, mode: SingleMode | MappingMode) -> None:
    if isinstance(mode, SingleMode) or mode.group_filter is None:
        return
    if reader.source is not None and reader.source.covers("group"):
        named_groups_from(reader.source, reader, state, mode.group_filter)
    else:
        counting = partial(announce, reader, state, at_least=True)
        await read_named_groups(reader, state, mode.group_filter, after_first_page=counting)
    if mode.group_filter.exhausted:
        reader.run.found(finding("group_filter_slow", SETTING, seconds=TIME_LIMIT))
        state.incomplete = True


def drop_lost(reader: Reader, state: OrgState) -> None:
    """Drop what vanished before another list named it, and what lists hold that the log says is deleted."""
    for lost in reader.lost:
        state.drop_group(lost)
        number = state.people.number(lost)
        if number is not None:
            state.drop_person(number)


def drop_those_who_hung_on(state: OrgState, gone: Collection[str]) -> None:
    """Drop people whom nothing but a group that vanished during the run assigned."""
    if not gone:
        return
    held = set().union(*state.members.values())
    for number, app_user in list(state.app_users.items()):
        if number not in held and _is_by_one_of(app_user, gone):
            del state.app_users[number]


def _is_by_one_of(app_user: AppUser, groups: Collection[str]) -> bool:
    return app_user.scope == BY_GROUP and app_user.group is not None and app_user.group.id in groups
