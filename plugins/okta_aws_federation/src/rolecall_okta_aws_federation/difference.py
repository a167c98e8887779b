"""What differs between two snapshots whose states number people alike."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import TypeVar

from rolecall import Change, Entitlement, EntitlementRef, Gone, Grant, GrantRef, Ref, Resource, ResourceType
from rolecall_okta_aws_federation import sync
from rolecall_okta_aws_federation.federation import GroupHolding, PersonHolding
from rolecall_okta_aws_federation.snapshot import Snapshot
from rolecall_okta_aws_federation.sync import ACCOUNT, APP, GROUP, RESOURCE_TYPES

_Key = TypeVar("_Key", Ref, EntitlementRef)
_Thing = TypeVar("_Thing", Resource, Entitlement)


def differences(before: Snapshot, after: Snapshot) -> Iterator[Change]:
    """What came, changed and went, in the order in which a run may yield it."""
    return chain(
        _people(before, after),
        *(_compared(_resources(kind, before), _resources(kind, after)) for kind in (GROUP, APP, ACCOUNT)),
        *(_compared(_entitlements(kind, before), _entitlements(kind, after)) for kind in RESOURCE_TYPES),
        _members(before, after),
        _assignments(before, after),
        _roles(before, after),
    )


def _people(before: Snapshot, after: Snapshot) -> Iterator[Change]:
    for number, row in after.people.items():
        if row is not (known := before.people.get(number)) and row != known:
            yield sync.user(row)
    for number in before.people.keys() - after.people.keys():
        yield Gone(Ref("user", before.people[number].id))


def _members(before: Snapshot, after: Snapshot) -> Iterator[Change]:
    for group_id in before.members.keys() | after.members.keys():
        if group_id not in after.groups:
            continue  # gone with the group
        member = sync.member_of(group_id)
        was: Sequence[int] = before.members.get(group_id, ())
        now: Sequence[int] = after.members.get(group_id, ())
        if was is now:
            continue
        for number in set(now).difference(was):
            yield Grant(member, Ref("user", after.people[number].id))
        for number in set(was).difference(now):
            yield Gone(GrantRef(member, Ref("user", before.people[number].id)))


def _assignments(before: Snapshot, after: Snapshot) -> Iterator[Change]:
    was, now = before.state.app_users, after.state.app_users
    moved: Iterable[int] = now
    if before.assigned == after.assigned:
        moved = [
            number
            for number, each in now.items()
            if each != was.get(number) or before.groups_of.get(number) != after.groups_of.get(number)
        ]
    yield from sync.assignments(after, moved)
    assigned = sync.assigned_to(after)
    old, new = ({group.ref for group in each.assigned} for each in (before, after))
    for ref in new - old:
        yield Grant(assigned, ref)
    for ref in [*(old - new), *(Ref("user", before.people[number].id) for number in was.keys() - now.keys())]:
        yield Gone(GrantRef(assigned, ref))


def _roles(before: Snapshot, after: Snapshot) -> Iterator[Change]:
    old, new = map(_holdings, (before, after))
    came = {_key(grant): grant for grant in sync.roles_held(after, new - old)}
    yield from came.values()
    for grant in sync.roles_held(before, old - new):
        if _key(grant) not in came:
            yield Gone(_key(grant))


def _holdings(snapshot: Snapshot) -> set[GroupHolding | PersonHolding]:
    return set(snapshot.holdings.groups).union(snapshot.holdings.people)


def _key(grant: Grant) -> GrantRef:
    return GrantRef(grant.entitlement, grant.principal)


def _compared(before: Mapping[_Key, _Thing], after: Mapping[_Key, _Thing]) -> Iterator[Change]:
    for key, thing in after.items():
        if before.get(key) != thing:
            yield thing
    for key in before.keys() - after.keys():
        yield Gone(key)


def _resources(kind: ResourceType, snapshot: Snapshot) -> dict[Ref, Resource]:
    return {each.ref: each for each in _flat(sync.resources(kind, snapshot))}


def _entitlements(kind: ResourceType, snapshot: Snapshot) -> dict[EntitlementRef, Entitlement]:
    return {each.ref: each for each in _flat(sync.entitlements(kind, snapshot))}


def _flat(batches: Iterable[list[_Thing]]) -> Iterator[_Thing]:
    return chain.from_iterable(batches)
