"""Time that is over: reasons end, and what nobody has a reason for any more is to be taken away."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from rolecall import notices
from rolecall.builtin.requests.desk import Desk
from rolecall.builtin.requests.ending import Cause, end_all
from rolecall.builtin.requests.granting import TOLD, tell
from rolecall.builtin.requests.records import find_request
from rolecall.builtin.requests.states import Deed, State
from rolecall.builtin.requests.terms import notice_at
from rolecall.builtin.service.report import Report
from rolecall.provisioning import SYSTEM
from rolecall.store.ledger import DueReason, due_reasons, reasons_of_task
from rolecall.store.tasks import Task, add_entry, list_tasks, tasks_with_entry

REMINDED = "expiryReminder"
BATCH = 200
"""Reasons that end in one transaction: others who write needn't wait for long."""

EXPIRY = Cause("expiry", Deed.EXPIRE, "TASK_ORIGIN_TIME_REVOKE", SYSTEM)


def expire_due(desk: Desk, report: Report) -> None:
    """End every reason whose time is over, each with its revocation in the same transaction.

    From then on the revocation stands in the store, and is gone on with until a read shows the access gone.
    """
    bad: set[int] = set()
    while not report.stop.is_set():
        with desk.engine.store.reading() as connection:
            due = [each for each in due_reasons(connection, datetime.now(UTC)) if each.reason.id not in bad]
        if not due:
            break
        try:
            _expire(desk, report, due[:BATCH])
        except Exception:  # noqa: BLE001 - one that can't be ended must keep no other
            bad |= _expire_singly(desk, report, due[:BATCH])
    _end_forgotten(desk, report)


def _expire(desk: Desk, report: Report, due: Sequence[DueReason]) -> None:
    with desk.page() as page:
        end_all(page, due, EXPIRY)
    for access in _by_access(due):
        reason, principal = access[0].reason, access[0].holding.held.principal
        report.did(
            report.expired,
            f"expired: {principal} {reason.entitlement} on {reason.connector}",
            request=reason.task,
            connector=reason.connector,
            entitlement_id=str(reason.entitlement),
            principal=str(principal),
            objects=[str(each.holding.held.object) for each in access],
            expired_at=reason.ends_at,
        )


def _by_access(due: Sequence[DueReason]) -> Iterable[list[DueReason]]:
    """One for each grant, whatever it rested on: what was made for it comes first."""
    found: dict[tuple[object, ...], list[DueReason]] = {}
    for each in due:
        reason = each.reason
        key = reason.action, reason.task, reason.connector, reason.entitlement, reason.ends_at
        found.setdefault(key, []).append(each)
    return [sorted(each, key=lambda due: not due.holding.made) for each in found.values()]


def _expire_singly(desk: Desk, report: Report, due: Sequence[DueReason]) -> set[int]:
    """Each on its own; gives the numbers of those that can't be ended."""
    bad = set()
    for each in due:
        try:
            _expire(desk, report, [each])
        except Exception as error:  # noqa: BLE001 - see above
            report.failed(f"expiry of {each.holding.held.principal} {each.reason.entitlement}", error)
            bad.add(each.reason.id)
    return bad


def _end_forgotten(desk: Desk, report: Report) -> None:
    """Requests whose time is over and of which nothing is left to end: it was taken away outside."""
    now = datetime.now(UTC)
    with desk.engine.store.reading() as connection:
        active = list_tasks(connection, listing="active")
        over = [task.id for task in active if task.ends_at is not None and task.ends_at <= now]
    for ident in over:
        with desk.page() as page:
            request = find_request(page.connection, ident)
            if request.state is State.ACTIVE and not reasons_of_task(page.connection, ident):
                page.settle(request, Deed.EXPIRE, SYSTEM, comment="it was gone before its time was over")
                report.line(f"request {ident} expired; nothing of it was left")


def tell_people(desk: Desk, report: Report) -> None:
    """Tell whoever asked that access was given, can't be, or is about to end; each once."""
    now = datetime.now(UTC)
    with desk.engine.store.reading() as connection:
        told, reminded = tasks_with_entry(connection, TOLD), tasks_with_entry(connection, REMINDED)
        active = list(list_tasks(connection, listing="active"))
        failed = list(list_tasks(connection, listing="failed"))
    for task in (*active, *failed):
        if task.id not in told and not report.stop.is_set():
            tell(desk, task.id)
    for task in active:
        at = reminder_at(task)
        if task.id not in reminded and at is not None and at <= now and not report.stop.is_set():
            _remind(desk, report, task.id)


def next_reminder(desk: Desk) -> datetime | None:
    """When the next access is about to end of which nobody was told."""
    with desk.engine.store.reading() as connection:
        reminded = tasks_with_entry(connection, REMINDED)
        active = [task for task in list_tasks(connection, listing="active") if task.id not in reminded]
    return min((at for task in active if (at := reminder_at(task)) is not None), default=None)


def reminder_at(task: Task) -> datetime | None:
    """When to tell that a request's access is about to end; None where it doesn't."""
    granted_at = task.outcome_at or task.created_at
    return notice_at(granted_at, task.ends_at) if granted_at and task.ends_at else None


def _remind(desk: Desk, report: Report, ident: int) -> None:
    with desk.page() as page:
        request = find_request(page.connection, ident)
        ends_at = request.task.ends_at
        add_entry(page.connection, ident, REMINDED, SYSTEM, at=page.at)
        if ends_at is not None and ends_at > page.at:
            about = desk.about(request.task, page.at)
            page.tell(notices.expiring(about, ends_at, ident, request.emails))
            report.line(f"request {ident} is about to end, at {ends_at:%Y-%m-%d %H:%M:%S} UTC")
