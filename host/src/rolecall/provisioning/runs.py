"""What a published run says of what is open: closed where it shows it done, reopened where access is back."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from rolecall.access import held_among
from rolecall.ledger import ended_with
from rolecall.models import GrantRef
from rolecall.provisioning.closing import follows_hand_off, look_again, reopen, settle_seen
from rolecall.provisioning.engine import Engine
from rolecall.store.actions import StoredAction, find_action
from rolecall.store.ledger import holdings_of
from rolecall.store.runs import RunRecord
from rolecall.store.tasks import CLOSED, OPEN, Task, list_tasks, put_off

WATCHED = timedelta(days=90)
"""How long a revocation is watched once it is closed."""


async def settle_by_run(engine: Engine, run: RunRecord) -> list[int]:
    """Settle what is open by what a published run holds, and reopen revocations whose access it shows back.

    Only what the run read after the write counts. A grant or a single path, a hand-off included, is looked at
    by a read of the very things: the run says that there may be something to see. What is to be written after
    a hand-off, and what the ledger takes away, is due at once for the service.

    Args:
        engine: What to work with.
        run: A published one.

    Returns:
        Numbers of the tasks that were closed or reopened.

    Raises:
        ConfigError, PluginError, ProviderError: The provider can't be read.
        StoreError, asyncio.CancelledError: See ``carry_out``.
    """
    with engine.store.reading() as connection:
        tasks = list_tasks(connection, connector=run.connector)
    open_ones = [each for task in tasks if task.state == OPEN and (each := _waiting(engine, task, run))]
    by_run = [each for each in open_ones if _is_told_by_run(*each)]
    watched = _newest([task for task in tasks if _is_watched(task, run)])
    held = held_among(engine.store, run, [_grant(task) for task in (*(task for task, _ in by_run), *watched)])
    settled = []
    for task, action in by_run:
        if _grant(task) not in held:
            await settle_seen(engine, task, action, run_id=run.id)
            settled.append(task.id)
    for task in watched:
        if _grant(task) in held and not _given_again(engine, task):
            reopen(engine, task, f"run {run.id} shows it", run_id=run.id)
            settled.append(task.id)
    for task, action in open_ones:
        if not _is_told_by_run(task, action) and await _look_closer(engine, task, action, run):
            settled.append(task.id)
    return settled


async def _look_closer(engine: Engine, task: Task, action: StoredAction, run: RunRecord) -> bool:
    """Have a read tell whether a task is done, where that writes nothing; gives whether it is."""
    if follows_hand_off(task, action):
        with engine.store.writing() as connection:
            put_off(connection, task.id, datetime.now(UTC))
        return False
    done = await look_again(engine, task.id, run_id=run.id)
    return done is not None and done.error is None


def _waiting(engine: Engine, task: Task, run: RunRecord) -> tuple[Task, StoredAction] | None:
    """An open task of something that was written, or handed over, before the run began; with its action."""
    if not task.actions:
        return None
    with engine.store.reading() as connection:
        action = find_action(connection, task.actions[-1])
    waits = action.status in ("applied", "handed_off") or any(
        step.state == "unknown" for step in action.steps
    )
    return (task, action) if waits and _before(action.finished_at, run) else None


def _is_told_by_run(task: Task, action: StoredAction) -> bool:
    """Whether the run itself shows that a revocation is done: it is of the access, by every path."""
    by_a_person = task.type == "revoke" and not task.undo and action.request.via is None
    return by_a_person and not follows_hand_off(task, action)


def _judged(task: Task) -> bool:
    return task.type == "revoke" and not task.undo and bool(task.actions)


def _is_watched(task: Task, run: RunRecord) -> bool:
    revoked = task.state == CLOSED and task.outcome == "REVOKE_OUTCOME_REVOKED" and _judged(task)
    at = task.outcome_at
    return revoked and at is not None and _before(at, run) and run.started_at - at < WATCHED


def _before(at: datetime | None, run: RunRecord) -> bool:
    return at is not None and at < run.started_at


def _newest(tasks: Sequence[Task]) -> list[Task]:
    """The last revocation of each grant: earlier ones are history."""
    return list({_grant(task): task for task in tasks}.values())


def _grant(task: Task) -> GrantRef:
    return GrantRef(task.entitlement, task.principal)


def _given_again(engine: Engine, task: Task) -> bool:
    """Whether Rolecall knows why the access is there, or only one path of several was ended."""
    with engine.store.reading() as connection:
        action = find_action(connection, task.actions[-1])
        held = holdings_of(connection, task.principal)
    reasons = [reason for each in held for reason in ended_with(each, task.entitlement, task.connector)]
    accounted = any(reason.kind != "standing" for reason in reasons)  # that is what others gave
    return accounted or action.request.via is not None
