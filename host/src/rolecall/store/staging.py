"""What a run has read so far, beside the store: checked as it comes in, invisible until it is published."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, NoReturn

from sqlalchemy import Connection, Table, delete, select

from rolecall.models import Change, Entitlement, Event, Grant, Resource, ResourceType
from rolecall.store import staging_tables, tables
from rolecall.store.changes import Changes
from rolecall.store.columns import encode_text, instant_text
from rolecall.store.database import Database
from rolecall.store.engine import Store
from rolecall.store.reports import RunMode
from rolecall.store.runs import running_runs
from rolecall.store.staged_rows import Row, StagedRows
from rolecall.store.staging_tables import entitlement, event, event_gap, grant, resource

if TYPE_CHECKING:
    from rolecall.store.comparison import Comparison


class Staging:
    """Takes in what a connector's hooks yield, in batches, and refuses what their contract forbids.

    Every ``add_…`` raises PluginError, which names the thing that doesn't fit. A full reading comes in
    by ``add_resources`` of all types, then ``add_entitlements``, then ``add_grants``; of repeats the first
    counts. An incremental one comes in by ``add_changes``, after ``begin_changes``.

    Attributes:
        mode: What the run is at present.
        base: The run whose published state an incremental run changes; None in a full one.
        compared: What ``comparison.prepare`` found, once it was called.
    """

    def __init__(
        self,
        database: Database,
        connection: Connection,
        connector: str,
        resource_types: Sequence[ResourceType],
    ) -> None:
        self.database = database
        self.connection = connection
        self.connector = connector
        self.resource_types = tuple(resource_types)
        self.base: int | None = None
        self.compared: Comparison | None = None
        self._rows = StagedRows(connector, resource_types, count(1))
        self._changes: Changes | None = None
        self._events: set[str] = set()

    @property
    def mode(self) -> RunMode:
        """See the class."""
        return "full" if self.base is None else "incremental"

    def add_resources(self, resource_type: ResourceType, batch: Sequence[Resource]) -> None:
        """Take in resources of one type; a parent may come later than its children."""
        rows = self._rows
        taken: list[Row] = []
        for given in batch:
            ref = rows.check_resource(given)
            if ref.type != resource_type.id:
                rows.refuse(f"{ref} was yielded among resources of type {resource_type.id}")
            if ref not in rows.resources or ref in rows.awaited:
                taken.append(rows.resource_row(given))
        self._insert(resource, taken)

    def add_entitlements(self, resource_type: ResourceType, batch: Sequence[Entitlement]) -> None:
        """Take in entitlements of resources of one type."""
        rows = self._rows
        taken: list[Row] = []
        for given in batch:
            ref = rows.check_entitlement(given)
            if ref.resource.type != resource_type.id:
                rows.refuse(f"{ref} was yielded among entitlements of type {resource_type.id}")
            if ref not in rows.entitlements:
                taken.append(rows.entitlement_row(given))
        self._insert(entitlement, taken)

    def add_grants(self, resource_type: ResourceType, batch: Sequence[Grant]) -> None:
        """Take in grants of entitlements of resources of one type."""
        make, of = self._rows.grant_row, resource_type.id
        self._insert(grant, [make(given, of) for given in batch])

    def begin_changes(self, run_id: int) -> None:
        """From here on the run is incremental: it stages changes to what this run of it published.

        Raises:
            ValueError: Something was staged already.
        """
        if self.base is not None or self._rows.resources:
            raise ValueError("changes begin before anything is staged")
        run = tables.run.c
        with self.connection.begin():
            connector_id = self.connection.execute(
                select(run.connector_id).where(run.id == run_id)
            ).scalar_one()
        self.base = run_id
        self._changes = Changes(self.database, self.connection, connector_id, self._rows)

    def add_changes(self, batch: Sequence[Change]) -> None:
        """Take in changes; about one thing the last word counts."""
        if self._changes is None:
            raise ValueError("changes come after begin_changes")
        self._changes.add(batch)

    def start_over(self) -> None:
        """Forget all that was staged, except events and gaps; what follows is a full reading."""
        with self.connection.begin():
            for table in staging_tables.OF_STATE:
                self.connection.execute(delete(table))
        self._rows = StagedRows(self.connector, self.resource_types, self._rows.numbers)
        self._changes = self.base = self.compared = None

    def add_events(self, batch: Sequence[Event]) -> int:
        """Take in what the provider's log says happened; gives how many weren't told before by this run."""
        new: list[Row] = []
        for given in batch:
            row = self._rows.event_row(given)
            if given.id not in self._events:
                self._events.add(given.id)
                new.append(row)
        self._insert(event, new)
        return len(new)

    def add_gap(self, since: datetime | None, why: str) -> None:
        """Record that events from a time until now may be missing; None: from whenever the log began."""
        now = instant_text(datetime.now(UTC))
        row = (next(self._rows.numbers), since and instant_text(since), now, encode_text(why))
        self._insert(event_gap, [row])

    def check_complete(self) -> None:
        """Refuse a parent that never came."""
        self._rows.check_complete()

    def refuse(self, reason: str) -> NoReturn:
        """Raise the PluginError that says so."""
        self._rows.refuse(reason)

    def _insert(self, table: Table, rows: list[Row]) -> None:
        if not rows:
            return
        with self.connection.begin():
            self.database.insert_rows(self.connection, table, rows)


@contextmanager
def open_staging(
    store: Store, run_id: int, connector: str, resource_types: Sequence[ResourceType]
) -> Iterator[Staging]:
    """Make room for what a run reads; given back at the end, whatever happened."""
    store.database.remove_leftovers(lambda: running_runs(store))
    with store.database.staging(staging_tables.metadata, run_id) as connection:
        yield Staging(store.database, connection, connector, resource_types)
