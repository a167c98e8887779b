"""Tasks as stored: requests, revocations, hand-offs, with all that was ever done to each.

Words of state, processing, outcome and origin are the field's own. Every function works in the caller's
transaction; those that write need ``store.writing(durable=True)``.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, TypeAlias

from sqlalchemy import Connection, RowMapping, insert, select, update

from rolecall.errors import UsageError
from rolecall.ids import parse_entitlement, parse_ref
from rolecall.models import EntitlementRef, Ref
from rolecall.plan_json import actor_from, held_from, to_json
from rolecall.plans import Actor, Held
from rolecall.store import tables
from rolecall.store.chunks import chunks
from rolecall.store.provisioning_tables import task, task_entry

TaskType: TypeAlias = Literal["grant", "revoke"]
TaskState: TypeAlias = Literal["TASK_STATE_OPEN", "TASK_STATE_CLOSED"]
Processing: TypeAlias = Literal[
    "TASK_PROCESSING_TYPE_PROCESSING", "TASK_PROCESSING_TYPE_WAITING", "TASK_PROCESSING_TYPE_DONE"
]
Listing: TypeAlias = Literal[
    "pending", "approved", "active", "denied", "cancelled", "expired", "revoked", "failed"
]

OPEN: Final = "TASK_STATE_OPEN"
CLOSED: Final = "TASK_STATE_CLOSED"
PROCESSING: Final = "TASK_PROCESSING_TYPE_PROCESSING"
WAITING: Final = "TASK_PROCESSING_TYPE_WAITING"
DONE: Final = "TASK_PROCESSING_TYPE_DONE"


@dataclass(frozen=True, slots=True)
class Task:
    """One task; a new one has the number 0 until it is stored.

    Attributes:
        outcome: ``GRANT_OUTCOME_…`` or ``REVOKE_OUTCOME_…``; None while it is open.
        origin: ``TASK_ORIGIN_…``.
        source: JSON, of a revocation: ``{"expired": {"expiredAt": …}}``, ``{"request": {}}``,
            ``{"review": {…}}``.
        listing: A request's short word; None for what is no request.
        description: The reason given.
        duration: Asked for; it counts from the grant.
        ends_at: When the access ends.
        lapses_at: When a pending request lapses.
        rule: JSON: the rule as it was when the request was made.
        approvals: JSON: who decided what, when, and how we know.
        handoff: JSON: ``{"state", "due", "claim", "content", "step"}``, or None.
        undo: What a revocation by the ledger takes away.
        due_at: When a person outside must have acted.
        next_try_at: When the service goes on with it; None: nothing is due.
        tries: How often it was tried.
        actions: Numbers of the actions that carried it out.
        observed_run_id: The published run that saw it done, where it was a run.
        observed_at: When it was seen done.
        meaning: JSON: what the entitlement meant when it was approved; see ``Plan.meaning``.
        reviewed: JSON: who reviewed an emergency grant, when and how.
        extends: Number of the task that it extends.
        error: JSON: why the last try failed.
    """

    type: TaskType
    connector: str
    entitlement: EntitlementRef
    principal: Ref
    principal_name: str
    created_by: Actor
    origin: str
    id: int = 0
    state: TaskState = OPEN
    processing: Processing = PROCESSING
    outcome: str | None = None
    outcome_at: datetime | None = None
    source: Mapping[str, Any] = field(default_factory=dict)
    created_at: datetime | None = None
    updated_at: datetime | None = None
    listing: Listing | None = None
    description: str = ""
    duration: timedelta | None = None
    ends_at: datetime | None = None
    lapses_at: datetime | None = None
    rule: Mapping[str, Any] | None = None
    rule_digest: str | None = None
    approvals: Sequence[Mapping[str, Any]] = ()
    handoff: Mapping[str, Any] | None = None
    undo: tuple[Held, ...] = ()
    due_at: datetime | None = None
    next_try_at: datetime | None = None
    tries: int = 0
    actions: tuple[int, ...] = ()
    observed_run_id: int | None = None
    observed_at: datetime | None = None
    meaning: Mapping[str, Any] = field(default_factory=dict)
    emergency: bool = False
    reviewed: Mapping[str, Any] | None = None
    extends: int | None = None
    ticket: str | None = None
    error: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class TaskEntry:
    """One line of a task's history.

    Attributes:
        kind: ``taskCreated``, ``stateChange``, ``comment``, ``grantOutcome``, ``provisionError``, …
        facts: JSON; for a change, what it is now by field.
    """

    at: datetime
    kind: str
    actor: Actor
    comment: str
    facts: Mapping[str, Any]


def create_task(connection: Connection, new: Task, *, at: datetime | None = None) -> int:
    """Store a new task with the first line of its history, and give its number."""
    now = at or datetime.now(UTC)
    values = _values({name: getattr(new, name) for name in _COLUMNS})
    values |= {"created_at": new.created_at or now, "updated_at": now}
    task_id = int(connection.execute(insert(task).values(**values).returning(task.c.id)).scalar_one())
    add_entry(connection, task_id, "taskCreated", new.created_by, comment=new.description, at=now)
    return task_id


def update_task(
    connection: Connection,
    task_id: int,
    kind: str,
    actor: Actor,
    *,
    comment: str = "",
    at: datetime | None = None,
    facts: Mapping[str, Any] | None = None,
    **changes: Any,
) -> None:
    """Change fields of a task, with a line of its history that says what, by whom and why.

    Args:
        connection: Of a durable write transaction.
        task_id: The task's.
        kind: See ``TaskEntry``.
        actor: Who.
        comment: Why, as given.
        at: When; now unless given.
        facts: More for the history, beside the changes.
        changes: Fields of ``Task``, by name.
    """
    now = at or datetime.now(UTC)
    values = {**_values(changes), "updated_at": now}
    connection.execute(update(task).where(task.c.id == task_id).values(**values))
    told = {**(facts or {}), **{name: to_json(value) for name, value in changes.items()}}
    add_entry(connection, task_id, kind, actor, comment=comment, at=now, facts=told)


def add_entry(
    connection: Connection,
    task_id: int,
    kind: str,
    actor: Actor,
    *,
    comment: str = "",
    at: datetime | None = None,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Add a line to a task's history."""
    connection.execute(
        insert(task_entry).values(
            task_id=task_id,
            at=at or datetime.now(UTC),
            kind=kind,
            actor=to_json(actor),
            comment=comment,
            facts=to_json(facts or {}),
        )
    )


def find_task(connection: Connection, task_id: int) -> Task:
    """The task with this number.

    Raises:
        UsageError: There is none.
    """
    row = (
        connection.execute(select(task).where(task.c.id == min(task_id, tables.OPEN)))
        .mappings()
        .one_or_none()
    )
    if row is None:
        raise UsageError(f"There is no task {task_id}.", hint="see: rolecall task list")
    return _task(row)


def list_tasks(
    connection: Connection,
    *,
    type: TaskType | None = None,  # noqa: A002 - the field's name
    state: TaskState | None = None,
    listing: Listing | None = None,
    requests: bool | None = None,
    connector: str | None = None,
    principal: Ref | None = None,
    entitlement: EntitlementRef | None = None,
) -> list[Task]:
    """Tasks, by number; ``requests``: only requests, or only what is none."""
    wanted = {
        "type": type,
        "state": state,
        "listing": listing,
        "connector": connector,
        "principal": principal and str(principal),
        "entitlement": entitlement and str(entitlement),
    }
    query = select(task).order_by(task.c.id)
    for name, value in wanted.items():
        if value is not None:
            query = query.where(task.c[name] == value)
    if requests is not None:
        query = query.where(task.c.listing.is_not(None) if requests else task.c.listing.is_(None))
    return [_task(row) for row in connection.execute(query).mappings()]


def connectors_with_tasks(connection: Connection) -> set[str]:
    """Names of the connectors that a task was ever about."""
    return set(connection.execute(select(task.c.connector).distinct()).scalars())


def due_tasks(connection: Connection, now: datetime) -> list[Task]:
    """Open tasks that the service goes on with now, the longest due first."""
    due = (task.c.state == OPEN) & (task.c.next_try_at <= now)
    query = select(task).where(due).order_by(task.c.next_try_at, task.c.id)
    return [_task(row) for row in connection.execute(query).mappings()]


def next_try(connection: Connection) -> datetime | None:
    """When the next open task is due; None where none is."""
    pending = (task.c.state == OPEN) & task.c.next_try_at.is_not(None)
    query = select(task.c.next_try_at).where(pending).order_by(task.c.next_try_at).limit(1)
    found: datetime | None = connection.execute(query).scalar_one_or_none()
    return found


def put_off(connection: Connection, task_id: int, until: datetime | None) -> None:
    """Say when the service goes on with a task; nothing happened that its history should tell."""
    connection.execute(update(task).where(task.c.id == task_id).values(next_try_at=until))


def tasks_with_entry(connection: Connection, kind: str) -> set[int]:
    """Numbers of the tasks whose history has a line of this kind."""
    found = select(task_entry.c.task_id).where(task_entry.c.kind == kind).distinct()
    return set(connection.execute(found).scalars())


def task_history(connection: Connection, task_id: int) -> list[TaskEntry]:
    """All that was ever done to a task, in order."""
    return task_histories(connection, [task_id]).get(task_id, [])


def task_histories(connection: Connection, idents: Iterable[int]) -> dict[int, list[TaskEntry]]:
    """All that was ever done to each of several tasks, in order, by the task's number."""
    found: defaultdict[int, list[TaskEntry]] = defaultdict(list)
    entry = task_entry.c
    for chunk in chunks(sorted(set(idents))):
        query = select(task_entry).where(entry.task_id.in_(chunk)).order_by(entry.id)
        for row in connection.execute(query):
            line = TaskEntry(row.at, row.kind, actor_from(row.actor), row.comment, row.facts)
            found[row.task_id].append(line)
    return found


_STORED_AS = {"duration": "seconds"}
_COLUMNS = tuple(name for name in Task.__dataclass_fields__ if name not in ("id", "created_at", "updated_at"))


def _values(given: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of a task as its columns hold them."""
    unknown = given.keys() - set(_COLUMNS)
    if unknown:
        raise TypeError(f"a task has no {', '.join(sorted(unknown))}")
    return {_STORED_AS.get(name, name): _value(value) for name, value in given.items()}


def _value(value: Any) -> Any:
    match value:
        case timedelta():
            return round(value.total_seconds())
        case datetime():
            return value
        case _:
            return to_json(value)


def _task(row: RowMapping) -> Task:
    facts: dict[str, Any] = dict(row)
    seconds = facts.pop("seconds")
    facts |= {
        "entitlement": parse_entitlement(row["entitlement"]),
        "principal": parse_ref(row["principal"]),
        "created_by": actor_from(row["created_by"]),
        "duration": None if seconds is None else timedelta(seconds=seconds),
        "approvals": tuple(row["approvals"]),
        "undo": tuple(map(held_from, row["undo"])),
        "actions": tuple(row["actions"]),
    }
    return Task(**facts)
