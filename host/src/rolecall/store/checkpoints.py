"""What a connector's newest published run left behind for the next one to go on from."""

from sqlalchemy import Connection, delete, insert, select

from rolecall.contracts import Checkpoint
from rolecall.store import tables
from rolecall.store.engine import Store


def read_checkpoint(store: Store, connector: str) -> Checkpoint | None:
    """The checkpoint of the connector's newest published run; None where it left none."""
    kept, full = tables.checkpoint.c, tables.run.alias("full")
    query = (
        select(kept.data, kept.run_id, kept.full_run_id, full.c.finished_at, tables.run.c.source_run_id)
        .join_from(tables.checkpoint, tables.connector)
        .join(tables.run, tables.run.c.id == kept.run_id)
        .join(full, full.c.id == kept.full_run_id)
        .where(tables.connector.c.name == connector)
    )
    with store.reading() as connection:
        found = connection.execute(query).one_or_none()
    return found and Checkpoint(*found)


def full_run_of(connection: Connection, connector_id: int) -> int:
    """The last run of the connector that read everything; there is a checkpoint."""
    kept = tables.checkpoint.c
    query = select(kept.full_run_id).where(kept.connector_id == connector_id)
    return int(connection.execute(query).scalar_one())


def replace_checkpoint(
    connection: Connection, connector_id: int, run_id: int, full_run_id: int, data: bytes | None
) -> None:
    """Keep what a run leaves behind, in its publish transaction; None: the next run must be full."""
    kept = tables.checkpoint
    connection.execute(delete(kept).where(kept.c.connector_id == connector_id))
    if data is not None:
        values = {"connector_id": connector_id, "run_id": run_id, "full_run_id": full_run_id, "data": data}
        connection.execute(insert(kept).values(values))
