"""The facts that one reading of access goes by: targets, what groups hold, conditions, names.

They are few next to people's grants, and held in memory; people's grants are read as they come by.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import Connection, Text, select, type_coerce

from rolecall.access.expansion import GroupGrant, Path, paths_from
from rolecall.access.snapshot import Snapshot
from rolecall.ids import parse_ref
from rolecall.models import MEMBER, Trait
from rolecall.store import tables
from rolecall.store.columns import load_json
from rolecall.store.tables import held_at

OwnGrant = tuple[int, int, int | None, str | None]
"""A grant to a person: entitlement, since, condition, sources as stored. Millions go by: a plain tuple."""

CACHED_SOURCES = 10_000


class Target(NamedTuple):
    """An entitlement that access is to.

    Attributes:
        rank: Its place in the order of (account, role).
    """

    rank: int
    account_id: str
    role: str
    role_arn: str | None


class Group(NamedTuple):
    """A group that a path names."""

    id: str
    name: str


@dataclass(slots=True)
class Facts:
    """See the module; ``load_facts`` makes one.

    Attributes:
        member_of: ``member`` entitlement → its group.
        held: Group → its expandable grants that may lead to a target.
    """

    snapshot: Snapshot
    targets: Mapping[int, Target]
    member_of: Mapping[int, int]
    held: Mapping[int, Sequence[GroupGrant]]
    groups: dict[int, Group]
    _paths: dict[int, tuple[Path, ...]] = field(default_factory=dict)
    _conditions: dict[int, bool] = field(default_factory=dict)
    _sources: dict[str, tuple[int, ...]] = field(default_factory=dict)
    _keys: dict[str, int] = field(default_factory=dict)

    def paths(self, entitlement: int) -> tuple[Path, ...]:
        """What holding an entitlement gives, where it is a group's ``member``."""
        known = self._paths.get(entitlement)
        if known is None:
            group = self.member_of.get(entitlement)
            known = (
                ()
                if group is None or group not in self.held
                else tuple(paths_from(group, self.held, self.member_of, self.targets))
            )
            if known:
                self._paths[entitlement] = known
        return known

    def leading(self) -> list[int]:
        """Entitlements that may give access: targets, and ``member`` of groups that lead to any."""
        return [*self.targets, *(member for member in self.member_of if self.paths(member))]

    def met(self, condition: int | None, own: Mapping[int, int]) -> int | None:
        """Since when a person has met a condition, 0 where there is none; None when they don't.

        Args:
            condition: The entitlement that must be held.
            own: The entitlements that the person holds by grants of their own → since when.
        """
        if condition is None:
            return 0
        since = own.get(condition)
        return since if since is not None and self._is_enabled(condition) else None

    def sources(self, stored: str) -> tuple[int, ...]:
        """Keys of the groups that a stored list of sources names."""
        known = self._sources.get(stored)
        if known is None:
            if len(self._sources) >= CACHED_SOURCES:
                self._sources.clear()
            names = load_json(stored)
            assert isinstance(names, list)
            known = self._sources[stored] = tuple(self._key(name) for name in names)
        return known

    def _key(self, name: str) -> int:
        """The key of a group that a source names."""
        known = self._keys.get(name)
        if known is None:
            ref, key, version = parse_ref(name), tables.resource_key.c, tables.resource_version
            query = (
                select(key.id, version.c.display_name)
                .join_from(tables.resource_key, version, version.c.key_id == key.id)
                .where(
                    key.connector_id == self.snapshot.connector_id,
                    key.type == ref.type,
                    key.ext_id == ref.id,
                    held_at(version, self.snapshot.seq),
                )
            )
            with self.snapshot.store.reading() as connection:
                known, display_name = connection.execute(query).one()
            self._keys[name] = known
            self.groups[known] = Group(ref.id, display_name)
        return known

    def _is_enabled(self, entitlement: int) -> bool:
        known = self._conditions.get(entitlement)
        if known is None:
            key, version = tables.entitlement_key.c, tables.resource_version
            query = (
                select(version.c.enabled)
                .join_from(tables.entitlement_key, version, version.c.key_id == key.resource_id)
                .where(key.id == entitlement, held_at(version, self.snapshot.seq))
            )
            with self.snapshot.store.reading() as connection:
                known = self._conditions[entitlement] = bool(connection.execute(query).scalar())
        return known


def load_facts(snapshot: Snapshot, account: str | None = None, role: str | None = None) -> Facts:
    """Read them; only targets of this account and this role (slug or ARN), where given."""
    with snapshot.store.reading() as connection:
        targets = _targets(connection, snapshot, account, role)
        member_of = _member_of(connection, snapshot)
        held, groups = _held(connection, snapshot, targets, member_of)
    return Facts(snapshot, targets, member_of, held, groups)


def own_grants(
    connection: Connection,
    snapshot: Snapshot,
    principals: Sequence[int],
    entitlements: Collection[int] | None = None,
) -> dict[int, list[OwnGrant]]:
    """Grants, of all or of these entitlements, to each of these principals that has any."""
    grant = tables.grant_version.c
    query = select(
        grant.principal_id,
        grant.entitlement_id,
        grant.since,
        grant.condition_id,
        type_coerce(grant.sources, Text),
    ).where(grant.principal_id.in_(principals), held_at(tables.grant_version, snapshot.seq))
    if entitlements is not None:
        query = query.where(grant.entitlement_id.in_(entitlements))
    found: defaultdict[int, list[OwnGrant]] = defaultdict(list)
    for principal, entitlement, since, condition, sources in connection.execute(query).all():
        found[principal].append((entitlement, since, condition, sources))
    return found


def _targets(
    connection: Connection, snapshot: Snapshot, account: str | None, role: str | None
) -> dict[int, Target]:
    key, of = tables.entitlement_key.c, tables.resource_key.c
    version = tables.entitlement_version
    query = (
        select(key.id, of.ext_id, key.slug, version.c.profile)
        .join_from(tables.resource_key, tables.entitlement_key)
        .join(version, version.c.key_id == key.id)
        .where(
            of.connector_id == snapshot.connector_id,
            of.type.in_(snapshot.types(Trait.TARGET)),
            held_at(version, snapshot.seq),
        )
        .order_by(of.ext_id, key.slug, of.type)
    )
    if account is not None:
        query = query.where(of.ext_id == account)
    targets = {}
    for rank, (entitlement, account_id, slug, profile) in enumerate(connection.execute(query)):
        arn = profile.get("role_arn")
        role_arn = arn if isinstance(arn, str) else None
        if role is None or role in {slug, role_arn}:
            targets[entitlement] = Target(rank, account_id, slug, role_arn)
    return targets


def _member_of(connection: Connection, snapshot: Snapshot) -> dict[int, int]:
    key, of = tables.entitlement_key.c, tables.resource_key.c
    query = (
        select(key.id, key.resource_id)
        .join_from(tables.resource_key, tables.entitlement_key)
        .where(
            of.connector_id == snapshot.connector_id,
            of.type.in_(snapshot.types(Trait.GROUP)),
            key.slug == MEMBER,
        )
    )
    return {row.id: row.resource_id for row in connection.execute(query)}


def _held(
    connection: Connection, snapshot: Snapshot, targets: Mapping[int, Target], member_of: Mapping[int, int]
) -> tuple[dict[int, list[GroupGrant]], dict[int, Group]]:
    """What groups hold that may lead to a target, and the names of these groups."""
    grant, group, version = tables.grant_version.c, tables.resource_key.c, tables.resource_version
    query = (
        select(
            group.id,
            group.ext_id,
            version.c.display_name,
            grant.entitlement_id,
            grant.since,
            grant.condition_id,
        )
        .join_from(tables.resource_key, version, version.c.key_id == group.id)
        .join(tables.grant_version, grant.principal_id == group.id)
        .where(
            group.connector_id == snapshot.connector_id,
            group.type.in_(snapshot.types(Trait.GROUP)),
            grant.expandable,
            held_at(tables.grant_version, snapshot.seq),
            held_at(version, snapshot.seq),
        )
    )
    held: defaultdict[int, list[GroupGrant]] = defaultdict(list)
    groups: dict[int, Group] = {}
    for key, ident, name, entitlement, since, condition in connection.execute(query):
        if entitlement in targets or entitlement in member_of:
            held[key].append(GroupGrant(entitlement, since, condition))
            if key not in groups:
                groups[key] = Group(ident, name)
    return dict(held), groups
