"""What a sync's runs show of open tasks: settled at once, also where no service runs."""

import asyncio
from collections.abc import Sequence

from rolecall.cli.progress import shown_progress
from rolecall.cli.session import Session
from rolecall.errors import RolecallError
from rolecall.provisioning import open_engine, settle_by_run
from rolecall.store.engine import Store
from rolecall.store.runs import RunRecord
from rolecall.store.tasks import connectors_with_tasks


def settle_by_records(session: Session, store: Store, records: Sequence[RunRecord]) -> None:
    """Have published runs settle hand-offs, revocations and grants that wait for a read, and say so.

    What can't be looked at is noted: the sync stands, and the service looks again.
    """
    with store.reading() as connection:
        concerned = connectors_with_tasks(connection)
    told = [each for each in records if each.published is not None and each.connector in concerned]
    if not told:
        return
    try:
        for task, run in asyncio.run(_settled(session, store, told)):
            session.note(f"Task {task} was settled by run {run}; see: rolecall task show {task}")
    except RolecallError as error:
        session.note(f"What is open couldn't be looked at: {error.message}")


async def _settled(session: Session, store: Store, runs: Sequence[RunRecord]) -> list[tuple[int, int]]:
    config = session.configured()
    settings = session.plugin_settings(config)
    with shown_progress(session, "looking at open tasks") as show:
        async with open_engine(store, session.plugins(), config, settings, show) as engine:
            return [(task, run.id) for run in runs for task in await settle_by_run(engine, run)]
