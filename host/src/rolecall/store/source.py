"""An identity source: one published run of a connector, read by the connectors that build on it."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Select, select

from rolecall.contracts import SourceChanges
from rolecall.errors import UsageError
from rolecall.models import EntitlementRef, Ref, Resource, Trait
from rolecall.store import tables
from rolecall.store.chunks import CHUNK, by_type, chunks
from rolecall.store.engine import Store
from rolecall.store.runs import RunRecord, find_run, resolve_at
from rolecall.store.tables import OPEN, held_at


class PublishedSource:
    """Implements ``IdentitySource``; each question is a few short transactions, no lock is held between."""

    def __init__(self, store: Store, run: RunRecord) -> None:
        if run.published is None or run.finished_at is None:
            raise ValueError(f"run {run.id} wasn't published")
        self._store = store
        self._run = run
        self._published = run.published
        self._finished_at = run.finished_at
        self._principals: dict[int, Ref] = {}

    @property
    def published(self) -> int:
        """The run's place in the order of publishing."""
        return self._published

    @property
    def connector(self) -> str:
        """See ``IdentitySource``."""
        return self._run.connector

    @property
    def run_id(self) -> int:
        """See ``IdentitySource``."""
        return self._run.id

    @property
    def finished_at(self) -> datetime:
        """See ``IdentitySource``."""
        return self._finished_at

    def covers(self, resource_type: str) -> bool:
        """See ``IdentitySource``."""
        stated = self._run.completeness
        return resource_type in stated["totals"] and resource_type not in stated.get("partial", {})

    def resources(self, resource_type: str) -> Iterator[Resource]:
        """See ``IdentitySource``."""
        ident = tables.resource_key.c.ext_id
        query = self._described(resource_type).order_by(ident).limit(CHUNK)
        after: ColumnElement[bool] | None = None
        while True:
            found = self._read(query if after is None else query.where(after))
            for row in found:
                yield _resource(row)
            if len(found) < CHUNK:
                return
            after = ident > found[-1][1]

    def find(self, refs: Collection[Ref]) -> Iterator[Resource]:
        """See ``IdentitySource``."""
        for kind, chunk in by_type(refs):
            wanted = self._described(kind).where(tables.resource_key.c.ext_id.in_(chunk))
            for row in self._read(wanted):
                yield _resource(row)

    def holders(
        self, entitlements: Collection[EntitlementRef]
    ) -> Iterator[tuple[EntitlementRef, Sequence[Ref]]]:
        """See ``IdentitySource``."""
        grant = tables.grant_version.c
        for chunk in chunks(entitlements):
            keys = self._keys_of(chunk)
            granted = select(grant.entitlement_id, grant.principal_id).where(
                grant.entitlement_id.in_(list(keys)), held_at(tables.grant_version, self._published)
            )
            holders: dict[int, list[int]] = {key: [] for key in keys}
            for entitlement, principal in self._read(granted):
                holders[entitlement].append(principal)
            self._learn_principals(holders.values())
            known = self._principals
            for key, principals in holders.items():
                yield keys[key], [known[principal] for principal in principals]

    def changes_since(self, run_id: int) -> SourceChanges | None:
        """See ``IdentitySource``."""
        try:
            before = find_run(self._store, run_id)
        except UsageError:
            return None
        if (
            before.connector != self.connector
            or before.published is None
            or before.published > self._published
        ):
            return None
        return self._changes(before.published)

    def _described(self, resource_type: str) -> Select[Any]:
        key, version = tables.resource_key.c, tables.resource_version.c
        parent = tables.resource_key.alias("parent")
        return (
            select(
                key.type,
                key.ext_id,
                version.display_name,
                parent.c.type,
                parent.c.ext_id,
                version.status,
                version.enabled,
                version.profile,
            )
            .join_from(tables.resource_key, tables.connector)
            .join(tables.resource_version, version.key_id == key.id)
            .outerjoin(parent, parent.c.id == version.parent_id)
            .where(
                tables.connector.c.name == self.connector,
                key.type == resource_type,
                held_at(tables.resource_version, self._published),
            )
        )

    def _keys_of(self, entitlements: Sequence[EntitlementRef]) -> dict[int, EntitlementRef]:
        """Key → which of these entitlements it is, of those that the run holds."""
        key, of = tables.entitlement_key.c, tables.resource_key.c
        wanted = set(entitlements)
        slugs = sorted({ref.slug for ref in wanted})
        found = {}
        for kind, idents in by_type({ref.resource for ref in wanted}):
            query = (
                select(key.id, of.ext_id, key.slug)
                .join_from(tables.entitlement_key, tables.resource_key)
                .join(tables.connector)
                .join(tables.entitlement_version, tables.entitlement_version.c.key_id == key.id)
                .where(
                    tables.connector.c.name == self.connector,
                    of.type == kind,
                    of.ext_id.in_(idents),
                    key.slug.in_(slugs),
                    held_at(tables.entitlement_version, self._published),
                )
            )
            for number, ident, slug in self._read(query):
                ref = EntitlementRef(Ref(kind, ident), slug)
                if ref in wanted:
                    found[number] = ref
        return found

    def _learn_principals(self, holders: Iterable[Collection[int]]) -> None:
        key, known = tables.resource_key.c, self._principals
        unknown = {principal for each in holders for principal in each if principal not in known}
        for chunk in chunks(unknown):
            for number, kind, ident in self._read(
                select(key.id, key.type, key.ext_id).where(key.id.in_(chunk))
            ):
                known[number] = Ref(kind, ident)

    def _changes(self, before: int) -> SourceChanges:
        of, offered = tables.resource_key.c, tables.entitlement_key.c
        entitlement, grant = tables.entitlement_version.c, tables.grant_version.c
        resources = self._read(
            select(of.type, of.ext_id)
            .join_from(tables.resource_key, tables.connector)
            .where(
                tables.connector.c.name == self.connector,
                of.id.in_(self._moved(tables.resource_version.c.key_id, before)),
            )
        )
        offering = (
            select(offered.id, of.type, of.ext_id, offered.slug)
            .join_from(tables.entitlement_key, tables.resource_key)
            .join(tables.connector)
            .where(tables.connector.c.name == self.connector)
        )
        refs: dict[int, EntitlementRef] = {}
        for moved in (entitlement.key_id, grant.entitlement_id):
            rows = self._read(offering.where(offered.id.in_(self._moved(moved, before))))
            refs |= {key: EntitlementRef(Ref(kind, ident), slug) for key, kind, ident, slug in rows}
        holders: dict[int, set[int]] = {key: set() for key in refs}
        moved_grants = self._moved(grant.entitlement_id, before, grant.principal_id)
        for chunk in chunks(refs):
            for key, principal in self._read(moved_grants.where(grant.entitlement_id.in_(chunk))):
                holders[key].add(principal)
        self._learn_principals(holders.values())
        known = self._principals
        return SourceChanges(
            frozenset(Ref(*row) for row in resources),
            {refs[key]: frozenset(known[each] for each in found) for key, found in holders.items()},
        )

    def _moved(self, key: Column[Any], before: int, *more: Column[Any]) -> Select[Any]:
        """Keys of which a version began or ended after a publish number, up to the run's."""
        version = key.table.c
        began = (version.since > before) & (version.since <= self._published)
        ended = (version.until > before) & (version.until <= self._published)
        return select(key, *more).where(began | ended)

    def _read(self, query: Select[Any]) -> Sequence[Any]:
        with self._store.reading() as connection:
            return connection.execute(query).all()


def published_source(store: Store, connector: str) -> PublishedSource | None:
    """The newest published run of a connector, to be read as an identity source; None where it has none."""
    try:
        return PublishedSource(store, resolve_at(store, connector, None))
    except UsageError:
        return None


def wanted_groups(store: Store, connectors: Collection[str]) -> frozenset[Ref]:
    """The resources of group types that these connectors hold in their newest published runs."""
    key, kind, version = tables.resource_key.c, tables.resource_type.c, tables.resource_version.c
    query = (
        select(key.type, key.ext_id)
        .join_from(tables.resource_key, tables.connector)
        .join(tables.resource_type, (kind.connector_id == tables.connector.c.id) & (kind.id == key.type))
        .join(tables.resource_version, version.key_id == key.id)
        .where(
            tables.connector.c.name.in_(connectors),
            kind.trait == Trait.GROUP.value,
            version.until == OPEN,
        )
    )
    with store.reading() as connection:
        return frozenset(Ref(*row) for row in connection.execute(query))


def _resource(row: Sequence[Any]) -> Resource:
    kind, ident, name, parent_type, parent_id, status, enabled, profile = row
    parent = None if parent_type is None else Ref(parent_type, parent_id)
    return Resource(Ref(kind, ident), name, parent, status, enabled, profile)
