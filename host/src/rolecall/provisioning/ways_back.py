"""By which connector the ledger takes back what nobody has a reason for any more.

Reasons are on things in an org, whichever connector gave them; so whichever has granted by a thing can take
it back, also when the one that wrote it isn't configured any more.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from rolecall.config import Config
from rolecall.errors import UsageError
from rolecall.ledger import Holding
from rolecall.plans import SYSTEM, Held
from rolecall.store.ledger import Served, find_held, served_by
from rolecall.store.tasks import Task, create_task, update_task


def open_undo(
    connection: Connection, config: Config, lost: Sequence[Holding], description: str, at: datetime
) -> list[int]:
    """Make tasks to take away what is left without a reason, one for each way, and give their numbers.

    Args:
        connection: Of a durable write transaction.
        config: Which connectors there are.
        lost: Of one principal.
        description: Why, for people.
        at: When.
    """
    ways: dict[Served, list[Held]] = {}
    served = served_by(connection, [holding.id for holding in lost])
    for holding in lost:
        known = served[holding.id]
        ways.setdefault(_usable(config, known) or known[0], []).append(holding.held)
    return [
        create_task(connection, _undo_task(way, things, description, at), at=at)
        for way, things in ways.items()
    ]


def part_off(
    connection: Connection, task: Task, things: Collection[Held], at: datetime, due: datetime
) -> Task:
    """Make a task of its own of what isn't there yet of a task of the ledger; gives the task without it."""
    rest = tuple(thing for thing in task.undo if thing not in things)
    part = replace(task, undo=tuple(thing for thing in task.undo if thing in things), next_try_at=due)
    create_task(connection, part, at=at)
    update_task(
        connection, task.id, "stateChange", SYSTEM, comment="a part isn't there yet", at=at, undo=rest
    )
    return replace(task, undo=rest)


def find_way(connection: Connection, config: Config, task: Task, at: datetime) -> Task:
    """A task of the ledger as it can be carried out now: by another connector where its own can't write.

    What goes by a third connector becomes a task of its own.

    Args:
        connection: Of a durable write transaction.
        config: Which connectors there are.
        task: With ``undo``.
        at: When.
    """
    if _writes(config, task.connector):
        return task
    ways = _ways(connection, config, task)
    if not ways:
        return task
    stuck = tuple(thing for thing in task.undo if not any(thing in things for things in ways.values()))
    own = replace(task, undo=stuck)
    if not stuck:
        way = next(iter(ways))
        own = replace(task, connector=way.connector, entitlement=way.entitlement, undo=tuple(ways.pop(way)))
    for way, things in ways.items():
        create_task(connection, _undo_task(way, things, task.description, at), at=at)
    update_task(
        connection,
        task.id,
        "stateChange",
        SYSTEM,
        comment=f"{task.connector} can't write any more",
        at=at,
        connector=own.connector,
        entitlement=own.entitlement,
        undo=own.undo,
    )
    return own


def refuse_without_way(config: Config, task: Task) -> None:
    """Raise UsageError where no connector can take back what a task lists."""
    if not _writes(config, task.connector):
        things = ", ".join(f"{held.object} {held.mechanism}" for held in task.undo)
        raise UsageError(
            f"{task.connector} gave {task.principal_name} {things}, for which nobody has a reason any more, "
            f"and neither it nor another connector to {task.undo[0].provider} may write.",
            hint=f'configure {task.connector} in {config.path.name} again, with provisioning = "on"; or take '
            f"it away by hand at the provider",
        )


def _ways(connection: Connection, config: Config, task: Task) -> dict[Served, list[Held]]:
    """What can be taken back now, by the way that it goes."""
    known = find_held(connection, task.undo)
    served = served_by(connection, [holding.id for holding in known.values()])
    ways: dict[Served, list[Held]] = {}
    for thing in task.undo:
        way = _usable(config, served[known[thing].id]) if thing in known else None
        if way is not None:
            ways.setdefault(way, []).append(thing)
    return ways


def _usable(config: Config, served: Sequence[Served]) -> Served | None:
    return next((way for way in served if _writes(config, way.connector)), None)


def _writes(config: Config, connector: str) -> bool:
    known = config.connectors.get(connector)
    return known is not None and known.provisioning == "on"


def _undo_task(way: Served, things: Sequence[Held], description: str, at: datetime) -> Task:
    principal = things[0].principal
    return Task(
        "revoke",
        way.connector,
        way.entitlement,
        principal,
        str(principal),
        SYSTEM,
        "TASK_ORIGIN_AUTOMATION",
        description=description,
        undo=tuple(things),
        next_try_at=at,
    )
