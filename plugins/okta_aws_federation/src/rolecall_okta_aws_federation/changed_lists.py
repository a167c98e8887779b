"""What moved since the last run, by Okta's clocks or by the identity source: people, groups, memberships."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace

from rolecall import MEMBER, FullRunNeeded, IdentitySource, SourceChanges
from rolecall_okta import GroupRow, UserRow, moved_groups, moved_people, together
from rolecall_okta_aws_federation.memory import Memory
from rolecall_okta_aws_federation.reader import Reader
from rolecall_okta_aws_federation.source_reading import groups_from, people_from


@dataclass(slots=True)
class Moved:
    """What moved.

    Attributes:
        people: Those who came or changed, by id.
        people_gone: Ids of those whom the identity source holds no more.
        groups: Those that came or changed, by id.
        groups_gone: Ids of those that the identity source, which lists all, holds no more.
        memberships: Ids of groups whose members may have moved.
        by_clock: Those of them of which Okta's clock says so.
        movers: Group's id → ids of people who came or went, for groups that the identity source held in one
            of its two runs or in both.
    """

    people: dict[str, UserRow] = field(default_factory=dict)
    people_gone: set[str] = field(default_factory=set)
    groups: dict[str, GroupRow] = field(default_factory=dict)
    groups_gone: set[str] = field(default_factory=set)
    memberships: set[str] = field(default_factory=set)
    by_clock: set[str] = field(default_factory=set)
    movers: dict[str, set[str]] = field(default_factory=dict)


async def read_moved(reader: Reader, memory: Memory, source_run: int | None) -> Moved:
    """Find out what moved.

    Raises:
        FullRunNeeded: The source's run that the last one read isn't kept any more.
    """
    moved = Moved()
    state = memory.state
    source = reader.source
    if source is None:
        await together(_own_people(reader, memory, moved, None), _own_groups(reader, memory, moved, None))
        return moved
    if source_run is None or (changes := source.changes_since(source_run)) is None:
        raise FullRunNeeded(
            f"what changed in the identity source {source.connector} since its run {source_run} isn't kept"
        )
    _take_source(source, changes, moved)
    if state.strangers:
        await _own_people(reader, memory, moved, state.strangers)
    if state.fetched or not source.covers("group"):
        named = None if not source.covers("group") else state.fetched
        await _own_groups(reader, memory, moved, named)
    return moved


async def _own_people(reader: Reader, memory: Memory, moved: Moved, only: Collection[str] | None) -> None:
    async for page in reader.okta.users(search=moved_people(memory.changed_since)):
        moved.people.update((row.id, row) for row in page if only is None or row.id in only)


async def _own_groups(reader: Reader, memory: Memory, moved: Moved, only: Collection[str] | None) -> None:
    """Ask Okta which groups moved; given ``only`` these, what a source says of them isn't asked of Okta."""
    since = memory.changed_since
    async for page in reader.okta.groups(filter=moved_groups(since)):
        for row in page:
            if only is None:
                moved.groups[row.id] = row
            elif row.id in only:
                known = moved.groups.get(row.id) or memory.state.groups[row.id]
                clock = row.last_membership_updated
                moved.groups[row.id] = replace(
                    known, users_count=row.users_count, last_membership_updated=clock
                )
            else:
                continue
            if memory.clocks.moved(row, since):
                moved.memberships.add(row.id)
                moved.by_clock.add(row.id)


def _take_source(source: IdentitySource, changes: SourceChanges, moved: Moved) -> None:
    people = {ref.id for ref in changes.resources if ref.type == "user"}
    moved.people.update((row.id, row) for row in people_from(source, people))
    moved.people_gone = people - moved.people.keys()
    if source.covers("group"):  # else it may only have left the source's scope, and Okta's list tells
        groups = {ref.id for ref in changes.resources if ref.type == "group"}
        moved.groups.update((row.id, row) for row in groups_from(source, groups))
        moved.groups_gone = groups - moved.groups.keys()
    moved.movers = {
        ref.resource.id: {each.id for each in who if each.type == "user"}
        for ref, who in changes.entitlements.items()
        if ref.slug == MEMBER and ref.resource.type == "group"
    }
    moved.memberships = set(moved.movers)
