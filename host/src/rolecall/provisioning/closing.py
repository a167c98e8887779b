"""Closing the loop: what was handed over or isn't verified stays open until a read shows it."""

from dataclasses import replace
from datetime import UTC, datetime

from rolecall import notices
from rolecall.errors import PluginError, RolecallError
from rolecall.models import GrantRef
from rolecall.plans import SYSTEM, Action, GrantOutcome, Plan, ProvisioningRequest
from rolecall.provisioning.carrying_out import provision, resume
from rolecall.provisioning.engine import Engine
from rolecall.provisioning.outcomes import Attempt, Done
from rolecall.provisioning.pending import lost_within, may_come
from rolecall.provisioning.reading_back import ReadBack, look_for
from rolecall.provisioning.settling import settle
from rolecall.provisioning.task_changes import LOOK_AGAIN, LOOK_UNDER_WAY, backoff
from rolecall.provisioning.ways_back import find_way, part_off, refuse_without_way
from rolecall.store.actions import StoredAction, find_action
from rolecall.store.chain import append_record
from rolecall.store.ledger import end_reasons, find_held, reasons_of_task
from rolecall.store.notices import queue_notice
from rolecall.store.tasks import CLOSED, OPEN, WAITING, Task, find_task, put_off, update_task
from rolecall.store.writing import record_ended


async def undo(engine: Engine, task_id: int) -> Done | None:
    """Take away what a task of the ledger lists: exactly what Rolecall gave, by its recorded inverse.

    What has a reason again by the time that the locks are held isn't touched. Where the task's connector may
    not write any more, another one that has granted by the same things takes them back. What was under way
    and isn't there yet is waited for: a hand-off that was withdrawn may be done all the same.

    Returns:
        What came of it; None where all of it is waited for.

    Raises:
        ConfigError, PluginError, ProviderError: It can't be read whether what is waited for is there.
        UsageError: There is no such task, or no connector that may take back what it lists.
        StoreError, asyncio.CancelledError: See ``carry_out``.
    """
    with engine.store.reading() as connection:
        task = find_task(connection, task_id)
    if task.undo:
        with engine.store.writing(durable=True) as connection:
            task = find_way(connection, engine.config, task, datetime.now(UTC))
        refuse_without_way(engine.config, task)
        task = await _without_what_may_come(engine, task)
        if not task.undo:
            return None
    connector = engine.connector(task.connector)
    request = ProvisioningRequest("revoke", task.entitlement, task.principal, undo=task.undo)
    action = Action(task.connector, connector.kind, SYSTEM, request, task.description, task=task.id)
    return await provision(engine, action)


async def look_again(engine: Engine, task_id: int, *, run_id: int | None = None) -> Done | None:
    """Read whether what a task waits for is so, and settle the task as far as that shows.

    The provider is only read, but for the steps that follow a hand-off, once that is seen done, and for the
    rest of what was applied in part.

    Args:
        engine: What to work with.
        task_id: The task's number.
        run_id: The published run that shows it, where one does.

    Returns:
        What came of it; None while nothing new is to be seen, or nothing is waited for.

    Raises:
        UsageError: There is no such task.
        ConfigError, PluginError, ProviderError: It can't be read; the task is as it was.
        StoreError, asyncio.CancelledError: See ``carry_out``.
    """
    with engine.store.reading() as connection:
        task = find_task(connection, task_id)
        known = find_action(connection, task.actions[-1]) if task.actions else None
    if task.state == CLOSED or known is None or known.plan is None or known.status == "running":
        return None
    if known.status == "handed_off":
        return await _handed_over(engine, task, known, run_id)
    if is_unfinished(task, known):
        return await resume(engine, known.id, task=task.id)
    read = await _look(engine, task, known)
    if read.seen:
        return await settle_seen(engine, task, known, run_id=run_id)
    return await _not_seen(engine, task, known, read.why)


def is_unfinished(task: Task, known: StoredAction) -> bool:
    """Whether an action was applied in part, and the rest failed: it is gone on with from a fresh read."""
    unknown = any(step.state == "unknown" for step in known.steps)
    return known.status in ("failed", "refused") and not unknown and not task.undo


async def settle_seen(engine: Engine, task: Task, known: StoredAction, *, run_id: int | None = None) -> Done:
    """Settle a task whose whole effect was seen, by a read now or by a published run."""
    attempt = Attempt(_plan(known), None, GrantOutcome("applied", verified=True))
    return await settle(engine, known.id, _of_task(known, task), attempt, seen=True, run_id=run_id)


async def reopen_if_back(engine: Engine, task_id: int) -> bool:
    """Open a closed revocation again whose access is there again, and tell of it.

    Raises:
        UsageError: There is no such task.
        ConfigError, PluginError, ProviderError: It can't be read.
    """
    with engine.store.reading() as connection:
        task = find_task(connection, task_id)
    if task.type != "revoke" or task.outcome != "REVOKE_OUTCOME_REVOKED" or task.undo:
        return False
    connector = await engine.reading(task.connector)
    (held,) = await connector.holds([GrantRef(task.entitlement, task.principal)])
    if held:
        reopen(engine, task, "a read shows it")
    return bool(held)


def reopen(engine: Engine, task: Task, why: str, *, run_id: int | None = None) -> None:
    """Open a revocation again: its access is back."""
    now, to = datetime.now(UTC), engine.connector(task.connector).owners
    about = notices.About(
        now, task.connector, task.entitlement, task.principal, task.principal_name, reason=task.description
    )
    with engine.store.writing(durable=True) as connection:
        update_task(
            connection,
            task.id,
            "stateChange",
            SYSTEM,
            comment=f"reopened: {why}",
            at=now,
            facts={"run_id": run_id},
            state=OPEN,
            processing=WAITING,
            outcome=None,
            outcome_at=None,
            next_try_at=now + LOOK_AGAIN,
            handoff={**task.handoff, "state": "reopened"} if task.handoff else None,
        )
        facts = {"reopened": why, "run_id": run_id}
        head = append_record(connection, "observed", facts, connector=task.connector, task=task.id, at=now)
        queue_notice(connection, notices.reopened(about, why, task.id, to))
    engine.announce_heads([head])


async def _handed_over(engine: Engine, task: Task, known: StoredAction, run_id: int | None) -> Done | None:
    """Whether a person outside has done what was handed to them; then the rest is carried out."""
    if known.plan is None or task.handoff is None:
        return None
    connector = await engine.reading(task.connector)
    step = known.plan.steps[task.handoff["step"]]
    wanted = known.request.operation == "grant"
    present = await connector.present(step.gives + step.takes)
    if not present or any(there is not wanted for there in present):
        return None
    if run_id is not None and not follows_hand_off(task, known):
        return await settle_seen(engine, task, known, run_id=run_id)
    return await resume(engine, known.id, task=task.id)


def follows_hand_off(task: Task, known: StoredAction) -> bool:
    """Whether steps wait for a hand-off."""
    return task.handoff is not None and len(_plan(known).steps) > task.handoff["step"] + 1


async def _without_what_may_come(engine: Engine, task: Task) -> Task:
    """A task of the ledger without what isn't there yet, which is left to be looked at later."""
    now = datetime.now(UTC)
    with engine.store.reading() as connection:
        holdings = find_held(connection, task.undo).values()
        coming = may_come(connection, holdings, now, since=task.created_at or now)
    if not coming:
        return task
    connector = await engine.reading(task.connector)
    there = await connector.present(coming)
    waited = {thing for thing, present in zip(coming, there, strict=True) if present is not True}
    with engine.store.writing(durable=True) as connection:
        if waited == set(task.undo):
            put_off(connection, task.id, now + LOOK_UNDER_WAY)
            return replace(task, undo=())
        return part_off(connection, task, waited, now, now + LOOK_UNDER_WAY) if waited else task


async def _look(engine: Engine, task: Task, known: StoredAction) -> ReadBack:
    plan = _plan(known)
    if plan.operation == "revoke":
        return await look_for(engine, _of_task(known, task), plan)
    connector = await engine.reading(task.connector)
    wanted = plan.rests_on or plan.gives
    there = await connector.present(wanted) if wanted else ()
    return ReadBack(bool(there) and all(each is True for each in there))


async def _not_seen(engine: Engine, task: Task, known: StoredAction, why: str) -> Done | None:
    now = datetime.now(UTC)
    lost = [index for index, step in enumerate(known.steps) if step.state == "unknown"]
    ended = known.finished_at or now
    if lost and known.request.operation == "grant" and now - ended > lost_within(known):
        with engine.store.writing(durable=True) as connection:
            for index in lost:
                record_ended(connection, known.id, index, "not_applied", "it was never seen")
            if not any(step.state == "applied" for step in known.steps):
                joined = [each.reason.id for each in reasons_of_task(connection, task.id)]
                end_reasons(connection, joined, now, "not granted")
        error = RolecallError("A call that got no answer had no effect.", hint="grant it again")
        failed = Attempt(_plan(known), None, error=error)
        return await settle(engine, known.id, _of_task(known, task), failed)
    tries = task.tries + 1
    with engine.store.writing(durable=True) as connection:
        update_task(
            connection,
            task.id,
            "observed",
            SYSTEM,
            comment=why or "not seen yet",
            at=now,
            tries=tries,
            next_try_at=now + backoff(tries),
        )
    return None


def _plan(known: StoredAction) -> Plan:
    if known.plan is None:
        raise PluginError(f"Action {known.id} has no plan.")
    return known.plan


def _of_task(known: StoredAction, task: Task) -> Action:
    plan = _plan(known)
    request = replace(known.request, principal=plan.principal)
    return replace(known.asked, request=request, task=task.id)
