"""The truth on record: how an action ended, what follows for the ledger and for tasks, and who is told."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sqlalchemy import Connection

from rolecall import notices
from rolecall.errors import error_object
from rolecall.ledger import ends
from rolecall.plans import Action, AuditHead, Notice, Plan
from rolecall.provisioning.calling_off import CalledOff, call_off
from rolecall.provisioning.engine import Engine
from rolecall.provisioning.outcomes import Attempt, Done, Ended
from rolecall.provisioning.reading_back import ReadBack, read_back
from rolecall.provisioning.task_changes import Ending, changes
from rolecall.provisioning.unwritten import announce, gone_on, is_called_off
from rolecall.provisioning.ways_back import open_undo
from rolecall.store.actions import StoredAction, find_action
from rolecall.store.ledger import action_holdings, find_held
from rolecall.store.notices import queue_notice
from rolecall.store.tasks import CLOSED, Task, create_task, find_task, update_task
from rolecall.store.writing import Recorded, record_end, record_ended

TOLD_FAILURES = (0, 1, 3)
"""Of a task that is tried again and again: how many tries have failed when owners are told of it."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an attempt came to, once it was looked at.

    Attributes:
        seen: See ``Ending``.
        ends_at: When the access ends that was given.
    """

    status: Ended
    seen: bool
    why: str
    ends_at: datetime | None


async def settle(
    engine: Engine,
    action_id: int,
    action: Action,
    attempt: Attempt,
    *,
    seen: bool = False,
    number: int | None = None,
    run_id: int | None = None,
) -> Done:
    """Put on record how an attempt ended, and tell of it.

    Args:
        engine: What to work with.
        action_id: The action's number in the store.
        action: With the principal as the plan found it.
        attempt: What came of the plan.
        seen: Whether a read has just shown the whole effect.
        number: Of the action's attempts, which this was: where another process has begun a later one, the
            end is that one's to tell.
        run_id: The published run that showed it, where one did.

    Raises:
        StoreError: The store can't be written.
    """
    read = ReadBack(seen=True) if seen else await read_back(engine, action, attempt)
    now = datetime.now(UTC)
    with engine.store.writing(durable=True) as connection:
        known = find_action(connection, action_id)
        if number in (None, known.attempts):
            heads, done = _settled(engine, connection, known, action, attempt, read, now, run_id)
        else:
            head, done = gone_on(connection, known, action, attempt, now)
            heads = [head]
    announce(engine, heads, done)
    return done


def _settled(
    engine: Engine,
    connection: Connection,
    known: StoredAction,
    action: Action,
    attempt: Attempt,
    read: ReadBack,
    now: datetime,
    run_id: int | None,
) -> tuple[Sequence[AuditHead], Done]:
    lost = _close_steps(connection, known, attempt)
    verdict = _verdict(known, action, attempt, read, now)
    if lost and verdict.status == "refused":
        verdict = replace(verdict, status="failed")
    off = _called_off(engine, connection, known, action, attempt.plan, verdict, now)
    if off.pending and verdict.status == "already_revoked":
        verdict = replace(verdict, seen=False, why=off.why)
    recorded = record_end(
        connection,
        known.id,
        verdict.status,
        verified=verdict.seen,
        why=verdict.why,
        error=error_object(attempt.error) if attempt.error else None,
        ends_at=verdict.ends_at,
        handed_off=attempt.outcome.step if verdict.status == "handed_off" and attempt.outcome else None,
    )
    partly = verdict.status in ("refused", "failed") and _gave_a_part(connection, known.id)
    end = replace(
        _ending(engine, known.id, attempt, verdict, now), unknown=lost, partly=partly, run_id=run_id
    )
    task_id = _settle_task(connection, action, attempt.plan, end)
    _end_requests(connection, recorded, action, now)
    open_undo(connection, engine.config, recorded.lost, _left(action), now)
    left = [each for each in off.left if each.held not in attempt.plan.takes]
    opened = open_undo(connection, engine.config, left, f"{_left(action)}, which called it off", now)
    if task_id is None and opened:
        task_id = opened[0]
    tries = find_task(connection, task_id).tries if task_id is not None else 0
    for notice in _notices(engine, action, attempt, verdict, end, task_id):
        if notice.kind != "failed" or tries in TOLD_FAILURES:
            queue_notice(connection, notice)
    return [*off.heads, recorded.head], Done(
        action,
        attempt.plan,
        verdict.status,
        verdict.seen,
        now,
        verdict.why,
        known.id,
        recorded.head.number,
        task_id,
        verdict.ends_at,
        _access_until(connection, attempt.plan) if verdict.ends_at else None,
        attempt.steps,
        attempt.error,
    )


def _called_off(
    engine: Engine,
    connection: Connection,
    known: StoredAction,
    action: Action,
    plan: Plan,
    verdict: Verdict,
    now: datetime,
) -> CalledOff:
    """What a person's revocation calls off: grants of the same that were still open when it began."""
    by_a_person = action.request.operation == "revoke" and not action.request.undo
    if not by_a_person or verdict.status in ("refused", "failed"):
        return CalledOff()
    owners = engine.connector(action.connector).owners
    return call_off(connection, action, plan, owners, now, before=known.started_at)


def _left(action: Action) -> str:
    return f"left without a reason by the revocation of {action.request.entitlement}"


def _gave_a_part(connection: Connection, action_id: int) -> bool:
    """Whether something of an action that failed is there, or was taken."""
    known = find_action(connection, action_id)
    made = any(each.made for each in action_holdings(connection, action_id))
    given = known.request.operation == "grant" and made
    return given or any(step.state == "applied" for step in known.steps)


def _close_steps(connection: Connection, known: StoredAction, attempt: Attempt) -> bool:
    """Of a step that was begun and never ended nothing is known; gives whether there is any."""
    lost = {index: step.why for index, step in enumerate(attempt.steps) if step.outcome == "unknown"}
    if attempt.error is not None and attempt.recorder is None:  # an earlier attempt was interrupted
        lost |= {
            index: "the process ended before an answer came"
            for index, step in enumerate(known.steps)
            if step.state in ("begun", "answered")
        }
    for index, why in lost.items():
        record_ended(connection, known.id, index, "unknown", why)
    return bool(lost)


def _verdict(known: StoredAction, action: Action, attempt: Attempt, read: ReadBack, now: datetime) -> Verdict:
    status: Ended = attempt.status
    earlier = attempt.handed or bool(known.calls)
    if earlier and status in ("already_granted", "already_revoked"):
        status = "applied"  # by an earlier attempt, or by the person it was handed to
    why = "" if read.seen else _why(attempt, read)
    ends_at = None
    if action.request.operation == "grant" and action.duration is not None:
        ends_at = _end(known, attempt, status, now + action.duration)
    return Verdict(status, read.seen, why, ends_at)


def _end(known: StoredAction, attempt: Attempt, status: Ended, from_now: datetime) -> datetime | None:
    """When access that ends does: its clock begins when it is there."""
    if status == "handed_off":
        return None
    ended_before = known.status != "running"
    found_there = bool(known.calls) and attempt.recorder is None and not attempt.handed
    if status in ("refused", "failed") or ended_before or found_there:
        return known.ends_at
    return from_now


def _access_until(connection: Connection, plan: Plan) -> datetime | None:
    """When the first of what the access rests on ends by itself; None where other reasons keep it all."""
    known = find_held(connection, plan.rests_on).values()
    ending = [end for each in known if (end := ends(each.reasons)) is not None]
    return min(ending, default=None)


def _why(attempt: Attempt, read: ReadBack) -> str:
    if attempt.error is not None:
        return ""
    if read.why:
        return read.why
    if attempt.outcome is not None and attempt.outcome.why:
        return attempt.outcome.why
    waiting = [index + 1 for index, step in enumerate(attempt.steps) if step.outcome == "waiting"]
    if attempt.outcome is not None and attempt.outcome.status == "applied" and waiting:
        return f"the connector didn't say that it carried out step {waiting[0]}"
    return "no read has shown it yet"


def _ending(engine: Engine, action_id: int, attempt: Attempt, verdict: Verdict, now: datetime) -> Ending:
    end = Ending(
        now,
        action_id,
        verdict.status,
        verdict.seen,
        ends_at=verdict.ends_at,
        error=attempt.error,
    )
    outcome = attempt.outcome
    if verdict.status != "handed_off" or outcome is None or outcome.step is None:
        return end
    step = attempt.plan.steps[outcome.step]
    return replace(
        end,
        handoff=outcome.handoff,
        due=now + engine.config.provisioning.handoff_due,
        things=step.gives + step.takes,
        step=outcome.step,
    )


def _settle_task(connection: Connection, action: Action, plan: Plan, end: Ending) -> int | None:
    """Change the action's task, or make one where something stays open; gives its number."""
    if action.task is not None:
        task = find_task(connection, action.task)
        if is_called_off(task):
            return task.id
        update_task(connection, task.id, _entry(task, end), action.actor, at=end.at, **changes(task, end))
        return task.id
    revoked = plan.operation == "revoke" and end.status in ("applied", "handed_off")
    unseen = end.status == "applied" and not end.seen
    open_still = end.handoff is not None or end.unknown or end.partly or unseen
    if not (revoked or open_still):
        return None
    new = Task(
        plan.operation,
        action.connector,
        plan.entitlement,
        plan.principal,
        plan.principal_name,
        action.actor,
        "TASK_ORIGIN_API",
        description=action.reason,
        duration=action.duration,
        meaning=plan.meaning,
        undo=action.request.undo,
        emergency=action.emergency,
        ticket=action.ticket,
    )
    return create_task(connection, replace(new, **changes(new, end)), at=end.at)


def _entry(task: Task, end: Ending) -> str:
    if end.error is not None:
        return "provisionError"
    return "grantOutcome" if task.type == "grant" else "revokeOutcome"


def _end_requests(connection: Connection, recorded: Recorded, action: Action, now: datetime) -> None:
    """Requests whose access somebody has revoked are over."""
    for task_id in sorted({each.reason.task for each in recorded.ended if each.reason.task}):
        task = find_task(connection, task_id)
        if task.listing == "active" and task_id != action.task:
            update_task(
                connection,
                task_id,
                "stateChange",
                action.actor,
                comment=action.reason,
                at=now,
                facts={"revoked_by_action": recorded.action},
                listing="revoked",
                state=CLOSED,
                next_try_at=None,
            )


def _notices(
    engine: Engine, action: Action, attempt: Attempt, verdict: Verdict, end: Ending, task_id: int | None
) -> Iterator[Notice]:
    plan, to = attempt.plan, engine.connector(action.connector).owners
    about = notices.About(
        end.at, action.connector, plan.entitlement, plan.principal, plan.principal_name, reason=action.reason
    )
    if end.handoff is not None and end.due is not None and task_id is not None:
        yield notices.handed_off(about, end.handoff, end.due, task_id, to)
    elif verdict.status == "applied" and plan.operation == "grant":
        yield notices.granted(about, task_id, verdict.ends_at, verdict.seen, to)
    elif verdict.status == "applied":
        cause = action.reason or f"{action.actor.name} revoked it"
        yield notices.revoked(about, cause, task_id, verdict.seen, to)
    elif verdict.status == "failed" and attempt.error is not None:
        yield notices.failed(about, attempt.error, task_id, to)
