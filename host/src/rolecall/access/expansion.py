"""Grant expansion: what holding a group's ``member`` entitlement gives, through groups in groups."""

import heapq
from collections.abc import Container, Iterator, Mapping, Sequence
from itertools import count
from typing import NamedTuple


class GroupGrant(NamedTuple):
    """An expandable grant to a group, with the publish number since which it has held."""

    entitlement: int
    since: int
    condition: int | None


class Path(NamedTuple):
    """One way from a group to a target's entitlement.

    Attributes:
        group: The group that holds the entitlement; another one where groups are in groups.
        since: The publish number since which every grant on the way has held.
        conditions: Entitlements that a person must hold for every grant on the way to count.
    """

    entitlement: int
    group: int
    since: int
    conditions: frozenset[int]


def paths_from(
    group: int,
    held: Mapping[int, Sequence[GroupGrant]],
    member_of: Mapping[int, int],
    targets: Container[int],
) -> Iterator[Path]:
    """Every way to a target that may matter: no other one is both as old and on as few conditions.

    Args:
        group: Where to start.
        held: Group → its expandable grants.
        member_of: ``member`` entitlement → its group.
        targets: The entitlements to find ways to.
    """
    reached: dict[int, list[frozenset[int]]] = {}
    order = count()
    # The oldest first, then the fewest conditions: what was reached before is never the worse way.
    waiting = [(0, 0, next(order), group, frozenset[int]())]
    while waiting:
        since, _, _, at, conditions = heapq.heappop(waiting)
        better = reached.setdefault(at, [])
        if any(fewer <= conditions for fewer in better):
            continue
        better.append(conditions)
        for grant in held.get(at, ()):
            needed = conditions if grant.condition is None else conditions | {grant.condition}
            so_far = max(since, grant.since)
            if grant.entitlement in targets:
                yield Path(grant.entitlement, at, so_far, needed)
            if grant.entitlement in member_of:
                inner = member_of[grant.entitlement]
                heapq.heappush(waiting, (so_far, len(needed), next(order), inner, needed))
