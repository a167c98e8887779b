"""What an incremental run stages: changes to the published state, checked against both."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain
from typing import TypeGuard

from sqlalchemy import Connection, Table, delete, or_, select

from rolecall.models import (
    Change,
    Entitlement,
    EntitlementRef,
    Gone,
    Grant,
    GrantRef,
    Ref,
    Regranted,
    Resource,
)
from rolecall.store import staging_tables as staging
from rolecall.store import tables
from rolecall.store.chunks import by_type, chunks
from rolecall.store.columns import encode_text
from rolecall.store.database import Database
from rolecall.store.staged_rows import Row, StagedRows
from rolecall.store.tables import OPEN


class Changes:
    """Takes in changes; about one thing the last word counts.

    What a batch names is looked up in the store in a few queries. A resource that was gone and is put
    again begins anew: what it offered, held and granted before is over.
    """

    def __init__(
        self, database: Database, connection: Connection, connector_id: int, rows: StagedRows
    ) -> None:
        self._database = database
        self._connection = connection
        self._connector_id = connector_id
        self._rows = rows
        self._gone: set[Ref | EntitlementRef] = set()
        self._former: dict[Ref | EntitlementRef, int] = {}
        self._written: set[int] = set()
        self._replacing: dict[Table, dict[int, Row]] = {staging.resource: {}, staging.entitlement: {}}
        self._adding: defaultdict[Table, list[Row]] = defaultdict(list)
        self._forgotten: dict[Ref | EntitlementRef, int] = {}

    def add(self, batch: Sequence[Change]) -> None:
        """Take in a batch, in order.

        Raises:
            PluginError: Something doesn't fit: it names what it is.
        """
        with self._connection.begin():
            self._look_up(batch)
            for change in batch:
                if isinstance(change, Gone):
                    self._remove(change.what)
                else:
                    self._forget()
                    self._put(change)
            self._forget()
            self._flush()

    def _put(self, change: Resource | Entitlement | Grant | Regranted) -> None:
        rows = self._rows
        match change:
            case Resource():
                ref = rows.check_resource(change)
                if ref in self._former:  # unless a child that was put before it has numbered it anew
                    rows.resources.setdefault(ref, self._former.pop(ref))
                self._replace(staging.resource, rows.resource_row(change))
            case Entitlement():
                offered = rows.check_entitlement(change)
                if offered in self._former:
                    rows.entitlements[offered] = self._former.pop(offered)
                self._replace(staging.entitlement, rows.entitlement_row(change))
            case Grant():
                self._adding[staging.grant].append(rows.grant_row(change))
            case Regranted(entitlement):
                rows.check_entitlement_ref(entitlement)
                n = rows.entitlements.get(entitlement)
                if n is None:
                    rows.refuse(f"{entitlement} was regranted, but the run doesn't hold it")
                self._adding[staging.regranted].append((n,))
            case _:
                rows.refuse(f"{change!r:.200} among its changes isn't a change")

    def _remove(self, what: Ref | EntitlementRef | GrantRef) -> None:
        rows = self._rows
        match what:
            case GrantRef(entitlement, principal):
                rows.check_entitlement_ref(entitlement)
                rows.check_ref(principal, f"holder of {entitlement}")
                of, to = rows.entitlements.get(entitlement), rows.resources.get(principal)
                if of is not None and to is not None:
                    gone = (next(rows.numbers), of, to, None, None, None, True)
                    self._adding[staging.grant].append(gone)
            case EntitlementRef(resource, slug):
                rows.check_entitlement_ref(what)
                named = (encode_text(resource.type), encode_text(resource.id), encode_text(slug), None)
                self._adding[staging.gone_entitlement].append(named)
                self._gone.add(what)
                if what in rows.entitlements:
                    self._forgotten[what] = rows.entitlements.pop(what)
            case _:
                rows.check_ref(what, "resource that is gone")
                self._adding[staging.gone_resource].append((what.type, encode_text(what.id), None))
                self._gone.add(what)
                if what in rows.resources and what not in rows.awaited:
                    self._forgotten[what] = rows.resources.pop(what)

    def _forget(self) -> None:
        """Take back what was staged of and for what has gone since."""
        if not self._forgotten:
            return
        self._flush()
        offered = self._rows.entitlements
        for ref in [ref for ref in offered if ref.resource in self._forgotten]:
            self._forgotten[ref] = offered.pop(ref)
        for chunk in chunks(self._forgotten.values()):
            grant = staging.grant.c
            of_them = or_(grant.entitlement_n.in_(chunk), grant.principal_n.in_(chunk))
            self._connection.execute(delete(staging.grant).where(of_them))
            for table in (staging.resource, staging.entitlement):
                self._connection.execute(delete(table).where(table.c.n.in_(chunk)))
        self._written.difference_update(self._forgotten.values())
        self._former.update(self._forgotten)
        self._forgotten.clear()

    def _look_up(self, batch: Sequence[Change]) -> None:
        """Number what the batch names and the published state holds."""
        rows, gone = self._rows, self._gone
        named = set(chain.from_iterable(map(_named, batch)))
        offered = {
            ref
            for ref in named
            if isinstance(ref, EntitlementRef)
            and ref not in rows.entitlements
            and gone.isdisjoint((ref, ref.resource))
        }
        resources = {ref.resource for ref in offered} | {ref for ref in named if isinstance(ref, Ref)}
        self._find_resources(ref for ref in resources if ref not in rows.resources and ref not in gone)
        self._find_entitlements(offered)

    def _find_resources(self, refs: Iterable[Ref]) -> None:
        key, version = tables.resource_key.c, tables.resource_version.c
        held = (
            select(key.type, key.ext_id)
            .join_from(
                tables.resource_key,
                tables.resource_version,
                tables.resource_version.c.key_id == tables.resource_key.c.id,
            )
            .where(key.connector_id == self._connector_id, version.until == OPEN)
        )
        for kind, chunk in by_type(refs):
            found = self._connection.execute(held.where(key.type == kind, key.ext_id.in_(chunk))).all()
            for row in found:
                ref = Ref(*row)
                n = self._rows.number(ref)
                named = (n, kind, encode_text(ref.id), None, None, None, None, None, False, None, None)
                self._adding[staging.resource].append(named)
                self._written.add(n)

    def _find_entitlements(self, refs: Collection[EntitlementRef]) -> None:
        rows = self._rows
        key, of, version = tables.entitlement_key.c, tables.resource_key.c, tables.entitlement_version.c
        held = (
            select(of.type, of.ext_id, key.slug)
            .join_from(tables.entitlement_key, tables.resource_key)
            .join(tables.entitlement_version, version.key_id == key.id)
            .where(of.connector_id == self._connector_id, version.until == OPEN)
        )
        slugs = sorted({ref.slug for ref in refs})
        for kind, chunk in by_type({ref.resource for ref in refs}):
            narrowed = held.where(of.type == kind, of.ext_id.in_(chunk), key.slug.in_(slugs))
            for _, ident, slug in self._connection.execute(narrowed).all():
                ref = EntitlementRef(Ref(kind, ident), slug)
                if ref in refs:
                    n = rows.entitlements[ref] = next(rows.numbers)
                    resource_n = rows.resources[ref.resource]
                    named = (n, resource_n, encode_text(slug), None, None, None, False, None)
                    self._adding[staging.entitlement].append(named)
                    self._written.add(n)

    def _replace(self, table: Table, row: Row) -> None:
        self._replacing[table][row[0]] = row  # type: ignore[index]  # a row begins with its number

    def _flush(self) -> None:
        """Write down what is known so far; first what others refer to."""
        self._insert(self._adding)
        self._adding.clear()
        for table, rows in self._replacing.items():
            for chunk in chunks(self._written.intersection(rows)):
                self._connection.execute(delete(table).where(table.c.n.in_(chunk)))
            self._insert({table: list(rows.values())})
            self._written.update(rows)
            rows.clear()

    def _insert(self, rows: "dict[Table, list[Row]]") -> None:
        for table, given in rows.items():
            if given:
                self._database.insert_rows(self._connection, table, given)


def _named(change: Change) -> Iterator[Ref | EntitlementRef]:
    """What a change names beside itself; what isn't well formed is refused later."""
    named: Sequence[object]
    match change:
        case Resource():
            named = [change.parent]
        case Entitlement(EntitlementRef(resource)):
            named = [resource]
        case Grant():
            sources = change.sources if isinstance(change.sources, tuple | list) else ()
            named = [change.entitlement, change.condition, change.principal, *sources]
        case Gone(GrantRef(entitlement, principal)):
            named = [entitlement, principal]
        case Regranted(entitlement):
            named = [entitlement]
        case _:
            named = []
    return filter(_is_sound, named)


def _is_sound(ref: object) -> TypeGuard[Ref | EntitlementRef]:
    match ref:
        case EntitlementRef(resource, str()):
            return _is_sound(resource)
        case Ref(str(), str()):
            return True
        case _:
            return False
