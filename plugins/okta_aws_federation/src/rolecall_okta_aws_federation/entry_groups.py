"""Who came into the assigned groups whose members nobody lists, and who left them."""

from dataclasses import dataclass, field, replace

from rolecall import MEMBER, EntitlementRef, IdentitySource, Ref
from rolecall_okta_aws_federation.changed_lists import Moved
from rolecall_okta_aws_federation.news import News
from rolecall_okta_aws_federation.state import OrgState


@dataclass(slots=True)
class EntryMoves:
    """What is known of them.

    Attributes:
        people: Group's id → id of each who came or left → whether they came.
        is_all: Whether nobody else can have.
    """

    people: dict[str, dict[str, bool]] = field(default_factory=dict)
    is_all: bool = True


def entry_moves(
    old: OrgState, state: OrgState, moved: Moved, news: News, source: IdentitySource | None
) -> EntryMoves:
    """Find out who came and who left, and take note of how many members the groups have now."""
    watched = state.watched()
    unlisted = state.assigned.keys() - state.members.keys() - set(watched)
    moves = EntryMoves({group_id: dict(news.movers[group_id]) for group_id in watched})
    moves.is_all = all(each not in moved.memberships or state.groups[each].is_everyone for each in unlisted)
    held = set() if source is None else set(old.watched()) - old.fetched
    for group_id in watched:
        if group_id not in held:
            moves.is_all &= _is_told(old, state, moved, news, group_id)
    if source is not None:
        _take_source(source, state, moved, moves, held)
    return moves


def _is_told(old: OrgState, state: OrgState, moved: Moved, news: News, group_id: str) -> bool:
    """Whether the log told of every move: it may sum up what imports and group rules do.

    It is believed where it tells of a group that moved, and the group's own count moved by as many.
    """
    before, now = old.groups.get(group_id), state.groups[group_id]
    if before is None or before.users_count is None:
        return False
    told = before.users_count + news.net[group_id]
    if group_id not in moved.by_clock:
        state.groups[group_id] = replace(now, users_count=told)
        return True
    summed_up = news.imported or group_id in news.ruled
    return now.users_count == told and bool(news.movers[group_id]) and not summed_up


def _take_source(
    source: IdentitySource, state: OrgState, moved: Moved, moves: EntryMoves, held_before: set[str]
) -> None:
    """Take what differs between the source's two runs, for groups whose members it held in both."""
    left = moves.people.keys() & moved.movers.keys()
    for member, holders in source.holders([EntitlementRef(Ref("group", each), MEMBER) for each in left]):
        group_id, held = member.resource.id, {ref.id for ref in holders}
        moves.people[group_id] = {each: each in held for each in moved.movers[group_id]} | moves.people[
            group_id
        ]
        state.groups[group_id] = replace(state.groups[group_id], users_count=len(held))
        state.fetched.discard(group_id)
        left.discard(group_id)
    for group_id in left & held_before:
        moves.is_all = False
        state.groups[group_id] = replace(state.groups[group_id], users_count=None)
