"""What a run has read so far, beside the store: checked as it comes in, invisible until it is published."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Integer,
    MetaData,
    Select,
    Table,
    func,
    select,
)

from rolecall.errors import PluginError
from rolecall.models import Entitlement, EntitlementRef, Grant, Ref, Resource, ResourceType, Trait
from rolecall.store import sqlite, tables
from rolecall.store.columns import FaithfulText, Json, dump_json, encode_text
from rolecall.store.engine import Store
from rolecall.store.runs import Totals

metadata = MetaData(schema="staging")

resource = Table(
    "resource",
    metadata,
    Column("n", Integer, primary_key=True),
    Column("type", FaithfulText),
    Column("ext_id", FaithfulText),
    Column("display_name", FaithfulText),
    Column("parent_n", Integer),
    Column("status", FaithfulText),
    Column("enabled", Boolean),
    Column("profile", Json),
    Column("key", BigInteger, index=True),
    Column("parent_key", BigInteger),
)

entitlement = Table(
    "entitlement",
    metadata,
    Column("n", Integer, primary_key=True),
    Column("resource_n", Integer),
    Column("slug", FaithfulText),
    Column("display_name", FaithfulText),
    Column("grantable_to", Json),
    Column("profile", Json),
    Column("key", BigInteger, index=True),
)

grant = Table(
    "grant",
    metadata,
    Column("n", Integer, primary_key=True),
    Column("entitlement_n", Integer),
    Column("principal_n", Integer),
    Column("expandable", Boolean),
    Column("condition_n", Integer),
    Column("sources", Json),
)

stated_grant = Table(
    "stated_grant",
    metadata,
    Column("principal_id", BigInteger, primary_key=True),
    Column("entitlement_id", BigInteger, primary_key=True),
    Column("expandable", Boolean),
    Column("condition_id", BigInteger),
    Column("sources", Json),
    sqlite_with_rowid=False,
)
"""The grants once more when all are in: without repeats, with the store's keys, in their order."""

ended_grant = Table(
    "ended_grant",
    metadata,
    Column("principal_id", BigInteger, primary_key=True),
    Column("entitlement_id", BigInteger, primary_key=True),
    Column("gone", Boolean),
    sqlite_with_rowid=False,
)


class Staging:
    """Takes in what a connector's hooks yield, in batches, and refuses what their contract forbids.

    Every ``add_…`` raises PluginError, which names the thing that doesn't fit. Of repeats the first
    counts. Resources of all types come first, then entitlements, then grants.
    """

    def __init__(
        self, connection: Connection, connector: str, resource_types: Sequence[ResourceType]
    ) -> None:
        self.connection = connection
        self.connector = connector
        self.resource_types = tuple(resource_types)
        self._inserts = {
            table: sqlite.insert_statement(connection, table) for table in (resource, entitlement, grant)
        }
        self._types = {declared.id: declared for declared in resource_types}
        self._resources: dict[Ref, int] = {}
        self._awaited: dict[Ref, Ref] = {}
        self._entitlements: dict[EntitlementRef, int] = {}

    def add_resources(self, resource_type: ResourceType, batch: Sequence[Resource]) -> None:
        """Take in resources of one type; a parent may come later than its children."""
        rows = [self._resource_row(resource_type, given) for given in batch]
        self._insert(resource, [row for row in rows if row is not None])

    def add_entitlements(self, resource_type: ResourceType, batch: Sequence[Entitlement]) -> None:
        """Take in entitlements of resources of one type."""
        rows = [self._entitlement_row(resource_type, given) for given in batch]
        self._insert(entitlement, [row for row in rows if row is not None])

    def add_grants(self, resource_type: ResourceType, batch: Sequence[Grant]) -> None:
        """Take in grants of entitlements of resources of one type."""
        self._insert(grant, [self._grant_row(resource_type, given) for given in batch])

    def totals(self) -> Mapping[str, Totals]:
        """How much came in, for each declared resource type."""
        of_entitlement = entitlement.join(resource, entitlement.c.resource_n == resource.c.n)
        pair = grant.c.entitlement_n, grant.c.principal_n
        granted = select(*pair).group_by(*pair).subquery()  # DISTINCT is several times as slow in SQLite
        of_grant = of_entitlement.join(granted, granted.c.entitlement_n == entitlement.c.n)
        resources = self._counts(select(resource.c.type, func.count()).select_from(resource))
        entitlements = self._counts(select(resource.c.type, func.count()).select_from(of_entitlement))
        grants = self._counts(select(resource.c.type, func.count()).select_from(of_grant))
        return {
            kind: Totals(resources.get(kind, 0), entitlements.get(kind, 0), grants.get(kind, 0))
            for kind in self._types
        }

    def check_complete(self) -> None:
        """Refuse a parent that never came."""
        for parent, child in self._awaited.items():
            self._refuse(f"{child} has the parent {parent}, which the run doesn't hold")

    def _resource_row(self, declared: ResourceType, given: Resource) -> tuple[object, ...] | None:
        if not isinstance(given, Resource):
            self._refuse(f"{given!r:.200} among its resources isn't a Resource")
        ref = given.ref
        self._check_ref(ref, "resource")
        if ref.type != declared.id:
            self._refuse(f"{ref} was yielded among resources of type {declared.id}")
        if ref in self._resources and ref not in self._awaited:
            return None
        self._awaited.pop(ref, None)
        n = self._number(ref)
        parent = given.parent
        if parent is not None and parent not in self._resources:
            self._check_ref(parent, f"parent of {ref}")
            self._awaited[parent] = ref
        return (
            n,
            ref.type,
            encode_text(ref.id),
            self._text(given.display_name, f"display name of {ref}"),
            None if parent is None else self._number(parent),
            None if given.status is None else self._text(given.status, f"status of {ref}"),
            self._flag(given.enabled, f"enabled of {ref}"),
            self._profile(given.profile, ref),
            None,
            None,
        )

    def _entitlement_row(self, declared: ResourceType, given: Entitlement) -> tuple[object, ...] | None:
        if not isinstance(given, Entitlement):
            self._refuse(f"{given!r:.200} among its entitlements isn't an Entitlement")
        ref = given.ref
        if not isinstance(ref, EntitlementRef) or not isinstance(ref.slug, str) or not ref.slug:
            self._refuse(f"{ref!r:.200} isn't the reference of an entitlement, which has a slug")
        self._check_ref(ref.resource, "resource of an entitlement")
        if ref.resource.type != declared.id:
            self._refuse(f"{ref} was yielded among entitlements of type {declared.id}")
        if ref in self._entitlements:
            return None
        resource_n = self._resources.get(ref.resource)
        if resource_n is None:
            self._refuse(f"{ref} is an entitlement of a resource that the run doesn't hold")
        for holder in given.grantable_to:
            if holder not in self._types:
                self._refuse(f"{ref} is grantable to the undeclared resource type {holder!r}")
        n = self._entitlements[ref] = len(self._entitlements) + 1
        return (
            n,
            resource_n,
            encode_text(ref.slug),
            self._text(given.display_name, f"display name of {ref}"),
            dump_json(sorted(given.grantable_to)),
            self._profile(given.profile, ref),
            None,
        )

    def _grant_row(self, declared: ResourceType, given: Grant) -> tuple[object, ...]:
        try:
            entitlement_n = self._entitlements[given.entitlement]
            principal_n = self._resources[given.principal]
            condition_n = None if given.condition is None else self._entitlements[given.condition]
            expandable = given.expandable
            sources = None if given.sources is None else self._sources(given.sources)
            of_type = given.entitlement.resource.type
        except (KeyError, TypeError, AttributeError):
            self._refuse_grant(given)
        if of_type != declared.id:
            self._refuse(f"a grant of {given.entitlement} was yielded among grants of type {declared.id}")
        if expandable is not False:
            self._check_expandable(given)
        return None, entitlement_n, principal_n, expandable, condition_n, sources

    def _sources(self, sources: Sequence[Ref]) -> str:
        """One text for one set of sources; KeyError where one isn't known."""
        if not sources:
            return "[]"
        return dump_json(sorted({str(ref) for ref in sources if self._resources[ref]}))

    def _refuse_grant(self, given: object) -> NoReturn:
        if not isinstance(given, Grant):
            self._refuse(f"{given!r:.200} among its grants isn't a Grant")
        if not isinstance(given.entitlement, EntitlementRef) or not isinstance(given.principal, Ref):
            self._refuse(f"{given!r:.200} isn't made of references")
        what = f"the grant of {given.entitlement} to {given.principal}"
        if given.entitlement not in self._entitlements:
            self._refuse(f"{what} is of an entitlement that the run doesn't hold")
        if given.principal not in self._resources:
            self._refuse(f"{what} is to a principal that the run doesn't hold")
        if given.condition is not None and given.condition not in self._entitlements:
            self._refuse(f"{what} has the condition {given.condition}, which the run doesn't hold")
        self._refuse(f"{what} has the sources {given.sources!r:.200}, not all of which the run holds")

    def _check_expandable(self, given: Grant) -> None:
        what = f"the grant of {given.entitlement} to {given.principal}"
        self._flag(given.expandable, f"expandable of {what}")
        if self._types[given.principal.type].trait is not Trait.GROUP:
            self._refuse(f"{what} is expandable, but its principal isn't of a group type")

    def _check_ref(self, ref: object, what: str) -> None:
        if not (isinstance(ref, Ref) and isinstance(ref.type, str) and isinstance(ref.id, str) and ref.id):
            self._refuse(f"{ref!r:.200}, a {what}, isn't a reference, which has a type and an id")
        if ref.type not in self._types:
            self._refuse(f"{ref}, a {what}, is of an undeclared resource type")

    def _number(self, ref: Ref) -> int:
        return self._resources.setdefault(ref, len(self._resources) + 1)

    def _text(self, value: object, what: str) -> str:
        if not isinstance(value, str):
            self._refuse(f"the {what} isn't text but {value!r:.200}")
        return encode_text(value)

    def _flag(self, value: object, what: str) -> bool:
        if not isinstance(value, bool):
            self._refuse(f"{what} is neither True nor False but {value!r:.200}")
        return value

    def _profile(self, profile: Mapping[str, object], ref: Ref | EntitlementRef) -> str:
        try:
            return dump_json(dict(profile))
        except (TypeError, ValueError, RecursionError) as error:
            self._refuse(f"the profile of {ref} isn't made of JSON values: {error}")

    def _refuse(self, reason: str) -> NoReturn:
        raise PluginError(
            f"Connector {self.connector} yielded what can't be stored: {reason}.",
            hint="this is a bug of the connector's plugin; the last published run stands",
        )

    def _insert(self, table: Table, rows: list[tuple[object, ...]]) -> None:
        if not rows:
            return
        with self.connection.begin():
            self.connection.exec_driver_sql(self._inserts[table], rows)

    def _counts(self, by_type: Select[str, int]) -> dict[str, int]:
        with self.connection.begin():
            counted = self.connection.execute(by_type.group_by(resource.c.type))
            return dict(counted.all())


@contextmanager
def open_staging(
    store: Store, run_id: int, connector: str, resource_types: Sequence[ResourceType]
) -> Iterator[Staging]:
    """Make room for what a run reads; given back at the end, whatever happened."""
    with store.engine.connect() as connection:
        _remove_leftovers(store, connection)
        connection.rollback()
        with sqlite.attached(connection, _path(store, run_id), metadata):
            yield Staging(connection, connector, resource_types)


def _path(store: Store, run_id: int) -> Path:
    return store.path.with_name(f"{store.path.name}.staging-{run_id}")


def _remove_leftovers(store: Store, connection: Connection) -> None:
    """Remove what runs left that are no longer running: their process was killed."""
    running = set(
        connection.execute(select(tables.run.c.id).where(tables.run.c.status == "running")).scalars()
    )
    ours = re.compile(re.escape(store.path.name) + r"\.staging-(\d+)")
    for path in store.path.parent.iterdir():
        found = ours.fullmatch(path.name)
        if found and int(found[1]) not in running:
            path.unlink(missing_ok=True)
