"""When access ends by itself, as the ledger knows: read once for all rows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from rolecall.access.snapshot import Snapshot
from rolecall.ids import parse_entitlement
from rolecall.models import MEMBER, Ref, Trait
from rolecall.store.ledger import HeldUntil, holdings_until

Granted = tuple[Ref, str, str]
"""Who, on which target, which entitlement's slug."""


@dataclass(frozen=True, slots=True)
class Endings:
    """What is held and ends by itself.

    Attributes:
        members: (person, group's id) → when the membership ends.
        grants: (person or group, target's id, slug) → when what was granted to them ends.
        group_type: The type of the groups that paths name.
    """

    members: Mapping[tuple[Ref, str], datetime] = field(default_factory=dict)
    grants: Mapping[Granted, datetime] = field(default_factory=dict)
    group_type: str = "group"

    def __bool__(self) -> bool:
        """Whether anything ends by itself."""
        return bool(self.members or self.grants)

    def of(self, person: Ref, target: str, slug: str, groups: Iterable[str | None]) -> datetime | None:
        """When access ends that a person has by these paths: when the last of them does; None: it doesn't.

        Args:
            person: Who.
            target: The target's id.
            slug: Of the entitlement.
            groups: Of each path the group's id, or None for what was granted to the person.
        """
        ends = [self._path(person, target, slug, group) for group in groups]
        known = [end for end in ends if end is not None]
        return max(known) if known and len(known) == len(ends) else None

    def _path(self, person: Ref, target: str, slug: str, group: str | None) -> datetime | None:
        if group is None:
            return self.grants.get((person, target, slug))
        both = (
            self.members.get((person, group)),
            self.grants.get((Ref(self.group_type, group), target, slug)),
        )
        return min((end for end in both if end is not None), default=None)


def load_endings(snapshot: Snapshot) -> Endings:
    """What the ledger says now; of a run of the past it says nothing."""
    with snapshot.store.reading() as connection:
        held = holdings_until(connection)
    if not held:
        return Endings()
    group_types = snapshot.types(Trait.GROUP)
    members = {
        (each.held.principal, each.held.object.id): each.until
        for each in held
        if each.held.mechanism == MEMBER and each.held.object.type in group_types
    }
    return Endings(members, _grants(snapshot.connector, held, group_types), (group_types or ["group"])[0])


def _grants(
    connector: str, held: Sequence[HeldUntil], group_types: Sequence[str]
) -> Mapping[Granted, datetime]:
    """What was granted ends with the first thing that it rests on."""
    grants: dict[Granted, datetime] = {}
    for each in held:
        for name, text in each.entitlements:
            entitlement = parse_entitlement(text)
            if name == connector and each.held.object.type not in group_types:
                granted = each.held.principal, entitlement.resource.id, entitlement.slug
                grants[granted] = min(each.until, grants.get(granted, each.until))
    return grants
