"""What is read of a published run before anybody's access is: its place in history, its resource types."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from rolecall.models import Trait
from rolecall.store import tables
from rolecall.store.engine import Store
from rolecall.store.runs import RunRecord


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A published run's state; it can be read in many transactions, for it never changes.

    Attributes:
        seq: The run's publish number.
        times: Publish number → when that was, up to this run's.
    """

    store: Store
    connector: str
    connector_id: int
    run_id: int
    seq: int
    traits: Mapping[str, Trait | None]
    times: Mapping[int, datetime]

    def types(self, trait: Trait) -> list[str]:
        """Resource types with this trait, in order."""
        return sorted(kind for kind, its in self.traits.items() if its is trait)


def open_snapshot(store: Store, run: RunRecord) -> Snapshot:
    """The state that a published run left."""
    if run.published is None:
        raise ValueError(f"run {run.id} wasn't published")
    kind, published = tables.resource_type.c, tables.run.c
    with store.reading() as connection:
        connector_id = connection.execute(
            select(published.connector_id).where(published.id == run.id)
        ).scalar_one()
        traits = connection.execute(select(kind.id, kind.trait).where(kind.connector_id == connector_id))
        times = connection.execute(
            select(published.published, published.finished_at).where(
                published.connector_id == connector_id, published.published <= run.published
            )
        )
        return Snapshot(
            store,
            run.connector,
            connector_id,
            run.id,
            run.published,
            {name: None if trait is None else Trait(trait) for name, trait in traits},
            {row.published: row.finished_at for row in times},
        )
