"""What moved since the last run, by Okta's clocks or by the identity source: people, groups, memberships."""

from collections.abc import Collection
from dataclasses import dataclass, field

from rolecall import MEMBER, FullRunNeeded, IdentitySource, SourceChanges
from rolecall_okta import GroupRow, UserRow
from rolecall_okta_aws_federation.memory import Memory
from rolecall_okta_aws_federation.reader import Reader
from rolecall_okta_aws_federation.source_reading import groups_from, people_from
from rolecall_okta_aws_federation.state import OrgState
from rolecall_okta_aws_federation.together import together


@dataclass(slots=True)
class Moved:
    """What moved.

    Attributes:
        people: Those who came or changed, by id.
        people_gone: Ids of those whom the identity source holds no more.
        groups: Those that came or changed, by id.
        groups_gone: Ids of those that the identity source holds no more.
        memberships: Ids of groups whose members may have moved.
    """

    people: dict[str, UserRow] = field(default_factory=dict)
    people_gone: set[str] = field(default_factory=set)
    groups: dict[str, GroupRow] = field(default_factory=dict)
    groups_gone: set[str] = field(default_factory=set)
    memberships: set[str] = field(default_factory=set)


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
    _take_source(source, changes, state, moved)
    if state.strangers:
        await _own_people(reader, memory, moved, state.strangers)
    if state.fetched or not source.covers("group"):
        named = None if not source.covers("group") else state.fetched
        await _own_groups(reader, memory, moved, named)
    return moved


async def _own_people(reader: Reader, memory: Memory, moved: Moved, only: Collection[str] | None) -> None:
    async for page in reader.okta.users(filter=f'lastUpdated gt "{_written(memory)}"'):
        moved.people.update((row.id, row) for row in page if only is None or row.id in only)


async def _own_groups(reader: Reader, memory: Memory, moved: Moved, only: Collection[str] | None) -> None:
    since = _written(memory)
    either = f'lastUpdated gt "{since}" or lastMembershipUpdated gt "{since}"'
    async for page in reader.okta.groups(filter=either, expand="stats,app"):
        for row in page:
            if only is not None and row.id not in only:
                continue
            moved.groups[row.id] = row
            clock = row.last_membership_updated
            if clock is None or memory.clocks.get(row.id) != clock:
                moved.memberships.add(row.id)


def _take_source(source: IdentitySource, changes: SourceChanges, state: OrgState, moved: Moved) -> None:
    people = {ref.id for ref in changes.resources if ref.type == "user"}
    moved.people.update((row.id, row) for row in people_from(source, people))
    moved.people_gone = people - moved.people.keys()
    groups = {ref.id for ref in changes.resources if ref.type == "group"}
    moved.groups.update((row.id, row) for row in groups_from(source, groups))
    moved.groups_gone = groups - moved.groups.keys()
    moved.memberships = {
        ref.resource.id for ref in changes.entitlements if ref.slug == MEMBER and ref.resource.type == "group"
    }


def _written(memory: Memory) -> str:
    return memory.changed_since.strftime("%Y-%m-%dT%H:%M:%S.000Z")
