"""One cycle of the service: everything that is due, what ends access first."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from rolecall.builtin.requests.desk import Desk
from rolecall.builtin.service.expiring import expire_due, next_reminder, tell_people
from rolecall.builtin.service.owners import tell_new_owners
from rolecall.builtin.service.report import Report
from rolecall.builtin.service.schedule import sleep_until
from rolecall.builtin.service.syncing import next_sync, settle_by_runs, sync_due
from rolecall.builtin.service.tasks import go_on, note_overdue, work_on_due
from rolecall.cli.session import Session
from rolecall.notifying import deliver
from rolecall.store.ledger import next_end
from rolecall.store.notices import next_delivery
from rolecall.store.tasks import next_try


async def run_cycle(session: Session, desk: Desk, report: Report, every: timedelta) -> None:
    """Do everything that is due; a step that goes wrong is noted, and the next ones are done all the same."""

    async def now(step: Callable[[Desk, Report], None]) -> None:
        step(desk, report)

    steps: tuple[tuple[str, Callable[[], Awaitable[None]]], ...] = (
        ("going on with what was interrupted", lambda: go_on(desk, report)),
        ("expiry", lambda: now(expire_due)),
        ("tasks", lambda: work_on_due(desk, report)),
        ("hand-offs", lambda: now(note_overdue)),
        ("notices", lambda: now(tell_people)),
        ("owners", lambda: now(tell_new_owners)),
        ("sending notices", lambda: _deliver(desk, report)),
        ("syncs", lambda: sync_due(session, desk, report, every)),
        ("settling by runs", lambda: settle_by_runs(desk, report)),
        ("sending notices", lambda: _deliver(desk, report)),
    )
    for name, step in steps:
        if report.stop.is_set():
            return
        try:
            await step()
        except Exception as error:  # noqa: BLE001 - an expiry mustn't wait for a broken mail server
            report.failed(name, error)


def next_due(desk: Desk, every: timedelta, limit: timedelta, now: datetime) -> datetime:
    """When the next thing is due, ``now`` if something is; after ``limit`` in any case."""
    names = tuple(desk.engine.config.connectors)
    with desk.engine.store.reading() as connection:
        due = [next_end(connection), next_try(connection), next_delivery(connection)]
    due += [next_reminder(desk), next_sync(desk.engine.store, names, every)]
    return sleep_until(now, limit, due)


async def _deliver(desk: Desk, report: Report) -> None:
    engine = desk.engine
    sent = await deliver(engine.store, engine.plugins, engine.settings, datetime.now(UTC))
    report.notices += sent.told
    for sentence in (*sent.failed, *sent.given_up):
        report.did(report.problems, sentence, what="notice", code="not_told", message=sentence, hint=None)
