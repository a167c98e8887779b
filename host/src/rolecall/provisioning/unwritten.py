"""The truth on record of actions that end without a write: refused, kept, left to others, or under way."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Literal

from sqlalchemy import Connection

from rolecall.errors import Refused, RolecallError, error_object
from rolecall.plan_json import to_json
from rolecall.plans import SYSTEM, Action, ActionOutcome, AuditHead, Plan
from rolecall.provisioning.engine import Engine
from rolecall.provisioning.outcomes import Attempt, Done, Ended
from rolecall.provisioning.pending import UnderWay
from rolecall.provisioning.task_changes import LOOK_UNDER_WAY, Ending, changes
from rolecall.store.actions import StoredAction, find_action
from rolecall.store.chain import append_record
from rolecall.store.tasks import CLOSED, DONE, WAITING, Task, find_task, put_off, update_task
from rolecall.store.writing import record_joined, record_lost, record_refusal


def record_refused(engine: Engine, action: Action, plan: Plan | None, error: RolecallError) -> Done:
    """Put on record that an action wasn't begun: refused, or failed before anything could be written."""
    status: Literal["refused", "failed"] = "refused" if isinstance(error, Refused) else "failed"
    now = datetime.now(UTC)
    error.connector = action.connector
    with engine.store.writing(durable=True) as connection:
        recorded = record_refusal(connection, action, plan, error_object(error), status)
        task = find_task(connection, action.task) if action.task is not None else None
        if task is not None and not is_called_off(task):
            end = Ending(now, recorded.action, status, seen=False, unknown=False, error=error)
            update_task(connection, task.id, "provisionError", action.actor, at=now, **changes(task, end))
    done = Done(
        action, plan, status, False, now, "", recorded.action, recorded.head.number, action.task, error=error
    )
    announce(engine, [recorded.head], done)
    return done


def record_kept(engine: Engine, action: Action, plan: Plan) -> Done:
    """Put on record that the ledger takes nothing away: there is a reason for all of it again."""
    now = datetime.now(UTC)
    with engine.store.writing(durable=True) as connection:
        facts = {"kept": to_json(action.request.undo), "why": "there is a reason for it again"}
        head = append_record(
            connection, "observed", facts, connector=action.connector, task=action.task, at=now
        )
        if action.task is not None:
            update_task(
                connection,
                action.task,
                "revokeOutcome",
                SYSTEM,
                comment="there is a reason for it again",
                at=now,
                state=CLOSED,
                processing=DONE,
                outcome="REVOKE_OUTCOME_CANCELLED",
                outcome_at=now,
                next_try_at=None,
            )
    engine.announce_heads([head])
    return Done(action, plan, "already_revoked", False, now, audit_id=head.number, task_id=action.task)


def record_gone_on(engine: Engine, action_id: int, action: Action, plan: Plan) -> Done:
    """Put on record that this process leaves an action alone that another goes on with."""
    now = datetime.now(UTC)
    with engine.store.writing(durable=True) as connection:
        known = find_action(connection, action_id)
        head, done = gone_on(connection, known, action, Attempt(plan, None), now)
    announce(engine, [head], done)
    return done


def gone_on(
    connection: Connection, known: StoredAction, action: Action, attempt: Attempt, now: datetime
) -> tuple[AuditHead, Done]:
    """What another process goes on with is its to end; what was learned here is kept, nothing claimed."""
    recorded = record_lost(connection, known.id, "another process goes on with it")
    error = Refused(
        f"This process stood still, and another goes on with action {known.id}.",
        hint="how it ends: rolecall audit",
        code="gone_on_elsewhere",
    )
    return recorded.head, Done(
        action,
        attempt.plan,
        "failed",
        False,
        now,
        "",
        known.id,
        recorded.head.number,
        action.task,
        steps=attempt.steps,
        error=error,
    )


def record_under_way(engine: Engine, action: Action, plan: Plan, other: UnderWay) -> Done:
    """Put on record that what is wanted is under way already, by an open task: nothing is sent again.

    A grant adds its reason, with its own end, to what the task gives. What has a task of its own waits.
    """
    now = datetime.now(UTC)
    if action.task is not None:
        return _waits(engine, action, action.task, plan, other)
    status, error = _as_far_as(other)
    ends_at = now + action.duration if action.duration is not None else None
    with engine.store.writing(durable=True) as connection:
        asked = replace(action, task=other.task.id)
        described = error_object(error) if error else None
        recorded = record_joined(connection, asked, plan, status, error=described, ends_at=ends_at)
        facts = {"deed": "ask again", "action": recorded.action, "ends_at": to_json(ends_at)}
        update_task(
            connection, other.task.id, "comment", action.actor, comment=action.reason, at=now, facts=facts
        )
    done = Done(
        action,
        plan,
        status,
        False,
        now,
        _is_open(other),
        recorded.action,
        recorded.head.number,
        other.task.id,
        ends_at,
        error=error,
    )
    announce(engine, [recorded.head], done)
    return done


def is_called_off(task: Task) -> bool:
    """Whether a grant's task was closed by whoever called it off: no end of an action changes that."""
    return task.type == "grant" and task.state == CLOSED and task.outcome != "GRANT_OUTCOME_GRANTED"


def announce(engine: Engine, heads: Sequence[AuditHead], done: Done) -> None:
    """Tell every sink and every plugin how an action ended, once that is on disk."""
    engine.announce_heads(heads)
    error = done.error.message if done.error else None
    if done.audit_id is not None:
        outcome = ActionOutcome(done.action, done.plan, done.audit_id, done.status, done.verified, error)
        engine.plugins.announce("rolecall_after_provisioning", outcome=outcome)


def _waits(engine: Engine, action: Action, own: int, plan: Plan, other: UnderWay) -> Done:
    """The action's own task waits for another; said once."""
    now, (status, error) = datetime.now(UTC), _as_far_as(other)
    with engine.store.writing(durable=True) as connection:
        if find_task(connection, own).processing == WAITING:
            put_off(connection, own, now + LOOK_UNDER_WAY)
        else:
            update_task(
                connection,
                own,
                "stateChange",
                SYSTEM,
                comment=_is_open(other),
                at=now,
                facts={"waits_for": other.task.id},
                processing=WAITING,
                next_try_at=now + LOOK_UNDER_WAY,
                error=None,
            )
    return Done(action, plan, status, False, now, _is_open(other), task_id=other.task.id, error=error)


def _as_far_as(other: UnderWay) -> tuple[Ended, RolecallError | None]:
    """How far the other task has come."""
    if other.action.status in ("handed_off", "applied"):
        return other.action.status, None
    error = RolecallError(
        f"{_is_open(other).capitalize()}, and of its call it isn't known yet what it did: nothing was sent.",
        hint=f"rolecall task show {other.task.id}",
        code="under_way",
    )
    return "failed", error


def _is_open(other: UnderWay) -> str:
    return f"task {other.task.id} for the same is open"
