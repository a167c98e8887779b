"""Actions at the provider as stored: what was intended, how far each call came, and how it ended.

An action is on disk before its first call, and each call before it is sent: whatever happens to the
process, the store says what may have been written. Every function works in the caller's transaction; those
that write need ``store.writing(durable=True)``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, TypeAlias

from sqlalchemy import Connection, Row, insert, select, update

from rolecall.errors import UsageError
from rolecall.ids import parse_entitlement
from rolecall.models import EntitlementRef
from rolecall.plan_json import actor_from, plan_from, request_from, request_json, to_json
from rolecall.plans import Action, Actor, Plan, ProvisioningRequest
from rolecall.store.leases import database_now, lease_end
from rolecall.store.process import Process, is_gone, this_process
from rolecall.store.provisioning_tables import action, action_call

ActionStatus: TypeAlias = Literal[
    "running", "applied", "handed_off", "already_granted", "already_revoked", "refused", "failed"
]
StepState: TypeAlias = Literal["planned", "begun", "answered", "applied", "not_applied", "unknown"]


@dataclass(frozen=True, slots=True)
class StepProgress:
    """How far a step of the plan has come, in the newest attempt.

    Attributes:
        why: Half a sentence, or empty.
    """

    state: StepState = "planned"
    why: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """One call that was about to be sent.

    Attributes:
        attempt: Which attempt of the action, from 1.
        step: Index in that attempt's plan.
        status: The answer's, or None where none is known.
        request_id: The provider's, or None.
    """

    attempt: int
    step: int
    method: str
    path: str
    status: int | None
    request_id: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class StoredAction:
    """One action.

    Attributes:
        kind: Id of the connector's kind.
        plan: Of the newest attempt; None where none was made.
        steps: As many as the plan has.
        calls: Of all attempts, in order.
        ends_at: When the access ends that it gave.
        log: Lines that the connector wrote.
    """

    id: int
    connector: str
    kind: str
    request: ProvisioningRequest
    entitlement: EntitlementRef
    principal: str
    plan: Plan | None
    steps: tuple[StepProgress, ...]
    calls: tuple[Call, ...]
    status: ActionStatus
    verified: bool
    actor: Actor
    reason: str
    duration: timedelta | None
    ends_at: datetime | None
    task: int | None
    rule: str | None
    emergency: bool
    ticket: str | None
    attempts: int
    started_at: datetime
    finished_at: datetime | None
    error: Mapping[str, Any] | None
    log: tuple[str, ...]
    process: Process

    @property
    def asked(self) -> Action:
        """The action as policies judge it, such as when it is gone on with."""
        return Action(
            self.connector,
            self.kind,
            self.actor,
            self.request,
            self.reason,
            self.duration,
            task=self.task,
            rule=self.rule,
            emergency=self.emergency,
            ticket=self.ticket,
        )


def add_action(
    connection: Connection, asked: Action, plan: Plan | None, status: ActionStatus, ends_at: datetime | None
) -> int:
    """Note an action of this process, and give its number."""
    process = this_process()
    request = asked.request
    named = {
        "connector": asked.connector,
        "kind": asked.kind,
        "operation": request.operation,
        "entitlement": str(request.entitlement),
        "principal": str(plan.principal if plan else request.principal),
        "request": request_json(request),
        "plan": plan and to_json(plan),
        "steps": _fresh(plan),
        "status": status,
        "verified": False,
        "actor": to_json(asked.actor),
        "reason": asked.reason,
        "seconds": None if asked.duration is None else round(asked.duration.total_seconds()),
        "ends_at": ends_at,
        "task_id": asked.task,
        "rule": asked.rule,
        "emergency": asked.emergency,
        "ticket": asked.ticket,
        "attempts": 1,
        "started_at": datetime.now(UTC),
        "log": [],
        "pid": process.pid,
        "host": process.host,
        "process_started": process.started,
        "alive_until": lease_end(connection),
    }
    return int(connection.execute(insert(action).values(**named).returning(action.c.id)).scalar_one())


def begin_attempt(connection: Connection, action_id: int, plan: Plan) -> int:
    """Note that this process goes on with an action by a new plan, and give the attempt's number."""
    process = this_process()
    again = (
        update(action)
        .where(action.c.id == action_id)
        .values(
            plan=to_json(plan),
            steps=_fresh(plan),
            status="running",
            error=None,
            finished_at=None,
            attempts=action.c.attempts + 1,
            pid=process.pid,
            host=process.host,
            process_started=process.started,
            alive_until=lease_end(connection),
        )
    )
    return int(connection.execute(again.returning(action.c.attempts)).scalar_one())


def is_at(connection: Connection, action_id: int, attempt: int) -> bool:
    """Whether an action runs by this attempt: nobody else, who took its process for dead, goes on with it."""
    own = select(action.c.id).where(
        action.c.id == action_id, action.c.attempts == attempt, action.c.status == "running"
    )
    return connection.execute(own).first() is not None


def add_call(connection: Connection, action_id: int, attempt: int, step: int, method: str, path: str) -> None:
    """Note that a call of a step is about to be sent."""
    connection.execute(
        insert(action_call).values(
            action_id=action_id,
            attempt=attempt,
            step=step,
            method=method,
            path=path,
            at=datetime.now(UTC),
        )
    )
    set_step(connection, action_id, attempt, step, "begun")


def answer_call(
    connection: Connection, action_id: int, attempt: int, step: int, status: int, request_id: str | None
) -> None:
    """Note what the provider answered to the last call of a step."""
    call = action_call.c
    last = (
        select(call.id)
        .where(call.action_id == action_id, call.attempt == attempt, call.step == step)
        .order_by(call.id.desc())
        .limit(1)
    )
    connection.execute(
        update(action_call)
        .where(call.id == last.scalar_subquery())
        .values(status=status, request_id=request_id)
    )
    set_step(connection, action_id, attempt, step, "answered")


def set_step(
    connection: Connection, action_id: int, attempt: int, step: int, state: StepState, why: str = ""
) -> None:
    """Note how far a step has come; of an attempt that isn't the newest any more nothing is noted."""
    query = select(action.c.steps).where(action.c.id == action_id, action.c.attempts == attempt)
    steps: Any = connection.execute(query).scalar_one_or_none()
    if steps is None:
        return
    steps[step] = {"state": state, "why": why}
    connection.execute(update(action).where(action.c.id == action_id).values(steps=steps))


def add_log(connection: Connection, action_id: int, message: str) -> None:
    """Add a line to an action's log."""
    lines: Any = connection.execute(select(action.c.log).where(action.c.id == action_id)).scalar_one()
    connection.execute(update(action).where(action.c.id == action_id).values(log=[*lines, message]))


def end_action(
    connection: Connection,
    action_id: int,
    status: ActionStatus,
    *,
    verified: bool,
    error: Mapping[str, Any] | None,
    ends_at: datetime | None,
) -> None:
    """Note how an action ended."""
    ended = update(action).where(action.c.id == action_id)
    connection.execute(
        ended.values(
            status=status,
            verified=verified,
            error=error and to_json(error),
            ends_at=ends_at,
            finished_at=datetime.now(UTC),
        )
    )


def renew_actions(connection: Connection) -> None:
    """Say that the actions that this process runs are alive; needs no durable transaction."""
    process = this_process()
    own = update(action).where(
        action.c.status == "running",
        action.c.pid == process.pid,
        action.c.host == process.host,
        action.c.process_started.is_not_distinct_from(process.started),
    )
    connection.execute(own.values(alive_until=lease_end(connection)))


def interrupted_actions(connection: Connection) -> list[StoredAction]:
    """Actions that run by their record, but whose process is gone, in the order in which they began."""
    now = database_now(connection)
    rows = connection.execute(select(action).where(action.c.status == "running").order_by(action.c.id)).all()
    gone = [row for row in rows if is_gone(_process(row), silent=row.alive_until <= now)]
    return [_action(connection, row) for row in gone]


def unfinished_actions(connection: Connection) -> list[StoredAction]:
    """Actions that run by their record, whether their process lives or not, in the order they began."""
    query = select(action).where(action.c.status == "running").order_by(action.c.id)
    return [_action(connection, row) for row in connection.execute(query).all()]


def find_action(connection: Connection, action_id: int) -> StoredAction:
    """The action with this number.

    Raises:
        UsageError: There is none.
    """
    row = connection.execute(select(action).where(action.c.id == action_id)).one_or_none()
    if row is None:
        raise UsageError(f"There is no action {action_id}.", hint="see: rolecall audit")
    return _action(connection, row)


def find_actions(connection: Connection, idents: Iterable[int]) -> list[StoredAction]:
    """The actions with these numbers, in order."""
    return [find_action(connection, ident) for ident in sorted(set(idents))]


def _fresh(plan: Plan | None) -> list[dict[str, str]]:
    return [{"state": "planned", "why": ""} for _ in plan.steps] if plan else []


def _process(row: Row[Any]) -> Process:
    return Process(row.pid, row.host, row.process_started)


def _action(connection: Connection, row: Row[Any]) -> StoredAction:
    call = action_call.c
    calls = connection.execute(
        select(call.attempt, call.step, call.method, call.path, call.status, call.request_id, call.at)
        .where(call.action_id == row.id)
        .order_by(call.id)
    )
    return StoredAction(
        row.id,
        row.connector,
        row.kind,
        request_from(row.request),
        parse_entitlement(row.entitlement),
        row.principal,
        row.plan and plan_from(row.plan),
        tuple(StepProgress(**step) for step in row.steps),
        tuple(Call(*each) for each in calls),
        row.status,
        row.verified,
        actor_from(row.actor),
        row.reason,
        None if row.seconds is None else timedelta(seconds=row.seconds),
        row.ends_at,
        row.task_id,
        row.rule,
        row.emergency,
        row.ticket,
        row.attempts,
        row.started_at,
        row.finished_at,
        row.error,
        tuple(row.log),
        _process(row),
    )
