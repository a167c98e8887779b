"""Going on with open tasks: revocations, hand-offs, what wasn't verified, requests that wait."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from rolecall import notices
from rolecall.builtin.requests.desk import Desk
from rolecall.builtin.requests.granting import grant
from rolecall.builtin.requests.records import OPEN, WAITING, find_request
from rolecall.builtin.requests.states import Deed, State
from rolecall.builtin.service.claims import WAITING_FOR
from rolecall.builtin.service.report import Report
from rolecall.cli.plan_text import sessions
from rolecall.errors import Refused
from rolecall.plan_json import handoff_from
from rolecall.plans import HandOff
from rolecall.provisioning import SYSTEM, Done, look_again, resume, undo
from rolecall.store.actions import StoredAction, interrupted_actions
from rolecall.store.tasks import Task, due_tasks, find_task, list_tasks, put_off, update_task

POLL = timedelta(minutes=5)
"""How often what waits for somebody outside, or went wrong unforeseen, is looked at."""

WRITE_AGAIN_AFTER = 3
"""After so many reads that still show what was taken away, it is planned and carried out again."""


async def go_on(desk: Desk, report: Report) -> None:
    """Go on with every action that was interrupted: its process is gone."""
    with desk.engine.store.reading() as connection:
        interrupted = interrupted_actions(connection)

    async def work(action: StoredAction) -> None:
        done = await resume(desk.engine, action.id)
        report.did(
            report.resumed,
            f"resumed: {action.request.operation} {action.entitlement} {action.principal}: {done.status}",
            action=action.id,
            operation=action.request.operation,
            connector=action.connector,
            entitlement_id=str(action.entitlement),
            principal=action.principal,
            status=done.status,
            verified=done.verified,
        )

    await report.each(interrupted, lambda action: f"action {action.id}", work)


async def work_on_due(desk: Desk, report: Report) -> None:
    """Work on every open task that is due."""
    with desk.engine.store.reading() as connection:
        due = due_tasks(connection, datetime.now(UTC))

    async def work(task: Task) -> None:
        try:
            await _work_on(desk, report, task)
        finally:
            _not_at_once_again(desk, task)

    await report.each(due, lambda task: f"task {task.id}", work)


def note_overdue(desk: Desk, report: Report) -> None:
    """Tell, once, of each hand-off whose time is over."""
    now = datetime.now(UTC)
    with desk.engine.store.reading() as connection:
        waiting = [task for task in list_tasks(connection, state=OPEN) if task.handoff is not None]
    for task in waiting:
        if task.due_at is not None and task.due_at <= now and _state(task) in ("open", "reported_done"):
            _note_overdue(desk, report, task.id)


async def _work_on(desk: Desk, report: Report, task: Task) -> None:
    if task.listing == State.PENDING.value:
        _lapse(desk, report, task)
    elif _is_handed(task):
        _note_handoff(report, task, await look_again(desk.engine, task.id))
    elif task.listing == State.APPROVED.value:
        await _grant(desk, report, task)
    elif task.type == "revoke" and task.undo:
        await _revoke(desk, report, task)
    else:
        _note(report, task, await look_again(desk.engine, task.id))


async def _revoke(desk: Desk, report: Report, task: Task) -> None:
    """Take away what the ledger gave; where that was applied already and isn't seen, read first."""
    sent = task.actions and task.error is None and task.processing == WAITING
    if sent and task.tries < WRITE_AGAIN_AFTER:
        done = await look_again(desk.engine, task.id)
    else:
        done = await undo(desk.engine, task.id)
    _note(report, task, done)


async def _grant(desk: Desk, report: Report, task: Task) -> None:
    try:
        request = await grant(desk, task.id)
    except Refused as error:
        if error.code != "locked":
            raise
        return  # a command is granting or cancelling it
    if request.state is not State.APPROVED:
        report.did(
            report.granted,
            f"request {task.id}: {request.state}",
            request=task.id,
            connector=task.connector,
            state=request.state.value,
            expires_at=request.task.ends_at,
        )
    elif request.task.error:
        why = request.task.error
        said = f"request {task.id} couldn't be granted: {why['message']}"
        report.did(report.problems, said, what=f"request {task.id}", **why)


def _lapse(desk: Desk, report: Report, task: Task) -> None:
    with desk.page() as page:
        request = find_request(page.connection, task.id)
        lapses_at = request.task.lapses_at
        if request.state is not State.PENDING or lapses_at is None or lapses_at > page.at:
            return
        page.settle(request, Deed.LAPSE, SYSTEM, comment="nobody approved it in time")
        about = desk.about(request.task, page.at)
        page.tell(notices.failed(about, "nobody approved it in time", task.id, request.emails))
    report.did(report.lapsed, f"request {task.id} lapsed", request=task.id, connector=task.connector)


def _note(report: Report, task: Task, done: Done | None) -> None:
    """Note what came of a task; of a revocation where it is reported."""
    if done is None:
        return
    if done.error is not None:
        report.failed(f"task {task.id}", done.error)
        return
    rows = report.revoked if task.type == "revoke" else report.granted
    seen = "seen gone" if done.verified else "not seen gone yet"
    word = f"revoked, {seen}{_living(done)}" if task.type == "revoke" else done.status
    report.did(
        rows,
        f"task {task.id}: {task.principal_name} {task.entitlement} on {task.connector}: {word}",
        task=task.id,
        connector=task.connector,
        entitlement_id=str(task.entitlement),
        principal=str(task.principal),
        status=done.status,
        verified=done.verified,
        at=done.at,
        sessions=sessions(done),
    )


def _living(done: Done) -> str:
    """From when no new session can begin, and until when old ones may live."""
    known = sessions(done)
    if known is None:
        return ""
    until = known["old_sessions_until"]
    older = f", and older ones may live until {until:%Y-%m-%d %H:%M:%S} UTC" if until else ""
    return f"; no new session can begin from {done.at:%Y-%m-%d %H:%M:%S} UTC{older}"


def _note_handoff(report: Report, task: Task, done: Done | None) -> None:
    if done is None:
        return
    report.did(
        report.handoffs,
        f"task {task.id}: the hand-off was seen done: {done.status}",
        task=task.id,
        connector=task.connector,
        state="verified" if done.error is None and done.status != "handed_off" else "open",
        status=done.status,
    )


def _note_overdue(desk: Desk, report: Report, ident: int) -> None:
    with desk.page() as page:
        task = find_task(page.connection, ident)
        content = _content(task)
        if content is None or task.handoff is None or task.due_at is None or _state(task) == "overdue":
            return
        now: Mapping[str, Any] = {**task.handoff, "state": "overdue"}
        update_task(page.connection, ident, "stateChange", SYSTEM, at=page.at, handoff=now)
        about = desk.about(task, page.at)
        page.tell(notices.handoff_overdue(about, content, task.due_at, ident, desk.owners(task.connector)))
    report.did(
        report.handoffs,
        f"task {ident}: the hand-off is overdue since {task.due_at:%Y-%m-%d %H:%M} UTC",
        task=ident,
        connector=task.connector,
        state="overdue",
        due_at=task.due_at,
    )


def _not_at_once_again(desk: Desk, task: Task) -> None:
    """Whatever came of it, a task that stays open isn't due again at once."""
    with desk.engine.store.writing() as connection:
        now = find_task(connection, task.id)
        if now.state == OPEN and now.next_try_at == task.next_try_at:
            put_off(connection, task.id, datetime.now(UTC) + POLL)


def _is_handed(task: Task) -> bool:
    """Whether somebody outside may make the change, also where they said that they won't."""
    return _state(task) in (*WAITING_FOR, "rejected")


def _state(task: Task) -> str:
    return str((task.handoff or {}).get("state", ""))


def _content(task: Task) -> HandOff | None:
    return handoff_from(task.handoff["content"]) if task.handoff else None
