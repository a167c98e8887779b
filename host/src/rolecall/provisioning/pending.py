"""What is under way and can't be seen yet: a hand-off, a directory's next import, a call without an answer.

It is neither asked for a second time nor believed to be off for good: it may come after all.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from rolecall.ledger import Holding
from rolecall.plans import Action, Held, Plan
from rolecall.store.actions import StoredAction, find_action
from rolecall.store.tasks import OPEN, Task, list_tasks

IMPORTED_WITHIN = timedelta(days=1)
"""A change in a directory shows at the provider with the directory's next import."""

DONE_WITHIN = timedelta(days=14)
"""So long after it was withdrawn a hand-off is watched: whoever had it may not have read that it is off."""

ANSWERED_WITHIN = timedelta(minutes=10)
"""A call of which nothing is known isn't expected to have an effect any more after so long."""


@dataclass(frozen=True, slots=True)
class UnderWay:
    """An open task that does what is asked for, and the action by which it does."""

    task: Task
    action: StoredAction


def under_way(connection: Connection, action: Action, plan: Plan, now: datetime) -> UnderWay | None:
    """The open task that does what a plan would do a second time, where no read can tell that it is needed.

    Args:
        connection: Of a reading transaction.
        action: What is wanted. Its own task doesn't count, nor does a request's for what isn't one: whoever
            takes that back withdraws its hand-off.
        plan: Made afresh.
        now: When.
    """
    wanted = {*plan.gives, *plan.takes}
    if not wanted:
        return None
    alike = list_tasks(
        connection,
        type=plan.operation,
        state=OPEN,
        connector=action.connector,
        principal=plan.principal,
        entitlement=plan.entitlement,
    )
    for task in alike:
        if task.id == action.task or not task.actions or not _may_join(task, action):
            continue
        known = find_action(connection, task.actions[-1])
        if known.request.via not in (None, action.request.via):
            continue
        there = {*known.plan.gives, *known.plan.takes} if known.plan else set[Held]()
        if _is_waited_for(task, known, now) and wanted <= there:
            return UnderWay(task, known)
    return None


def may_come(
    connection: Connection, holdings: Iterable[Holding], now: datetime, *, since: datetime
) -> list[Held]:
    """Of what was given, what was never seen there and may come yet.

    Args:
        connection: Of a reading transaction.
        holdings: What was given.
        now: When.
        since: When it was called off.
    """
    return [
        holding.held
        for holding in holdings
        if holding.action is not None
        and (until := _comes_until(find_action(connection, holding.action), holding.held, since)) is not None
        and now < until
    ]


def lost_within(known: StoredAction) -> timedelta:
    """How long a call without an answer may have its effect yet."""
    routes = {step.route for step in known.plan.steps} if known.plan else set()
    return IMPORTED_WITHIN if "directory" in routes else ANSWERED_WITHIN


def _may_join(task: Task, action: Action) -> bool:
    """Whether what becomes of the task is what the action is for: a person's revocation ends more."""
    if action.request.operation == "revoke":
        return not task.undo or bool(action.request.undo)
    return task.listing is None or action.task is not None


def _comes_until(known: StoredAction, thing: Held, called_off: datetime) -> datetime | None:
    if known.plan is None or known.verified or known.finished_at is None:
        return None
    giving = next((n for n, step in enumerate(known.plan.steps) if thing in step.gives), None)
    if giving is None:
        return None
    step, state = known.plan.steps[giving], known.steps[giving].state
    if known.status == "handed_off":
        return called_off + DONE_WITHIN
    if step.route == "directory" and state != "not_applied":
        return known.finished_at + IMPORTED_WITHIN
    return known.finished_at + ANSWERED_WITHIN if state == "unknown" else None


def _is_waited_for(task: Task, known: StoredAction, now: datetime) -> bool:
    if known.status == "handed_off":
        return task.handoff is not None and task.handoff["state"] not in ("rejected", "withdrawn")
    if known.plan is None or known.finished_at is None or now - known.finished_at > IMPORTED_WITHIN:
        return False
    return any(
        step.route == "directory" and progress.state in ("applied", "unknown")
        for step, progress in zip(known.plan.steps, known.steps, strict=True)
    )
