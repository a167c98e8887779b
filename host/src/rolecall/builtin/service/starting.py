"""The first look after a start: is the store older than what was done, as after a restore from a backup?"""

from datetime import datetime
from uuid import uuid4

from sqlalchemy import Connection

from rolecall.audit import RESTORED, Verification
from rolecall.builtin.audit.restoring import Found, hold_against_sinks, is_restored, look_into, put_down
from rolecall.builtin.requests.desk import Desk
from rolecall.builtin.service.report import Report
from rolecall.plan_json import to_json
from rolecall.plans import Notice
from rolecall.provisioning import SYSTEM
from rolecall.store.service_state import keep_state, read_state

ANSWERED = "foreign_heads"
"""Under this name the store remembers heads that no restore explains, and that were looked into."""


async def look_back(desk: Desk, report: Report) -> None:
    """Hold the store's audit chain against the heads kept elsewhere, before anything is written.

    A head that the store hasn't means that writes were made which it doesn't know of. Then each connector
    that writes is reconciled: what the ledger holds is read at the provider, what is gone is noted as gone,
    and writes that aren't on record are told, since nothing will end what they gave. Where a restore from a
    backup explains it, the chain says so from now on; else the break stays one, until somebody accepts it.

    Raises:
        RolecallError: A sink or a provider can't be read: nothing may be written until it can.
    """
    told = hold_against_sinks(desk.engine)
    if not told.foreign:
        return
    newest = max(told.foreign, key=lambda head: head.number)
    report.line(
        f"the store lacks audit record {newest.number}, which a sink has kept: it is older than what was done"
    )
    restored = is_restored(desk.engine, told)
    if not restored:
        report.did(
            report.problems,
            f"the audit chain isn't what sinks have kept, from record {told.after + 1} on",
            what="comparing the store with what was done",
            code="audit_broken",
            message=f"The audit chain isn't what sinks have kept, from record {told.after + 1} on, and no "
            "restore from a backup explains it.",
            hint="see: rolecall audit verify",
        )
    with desk.engine.store.reading() as connection:
        answered = _answered(connection)
    if not restored and {head.hash for head in told.foreign} <= answered:
        return
    found = await look_into(desk.engine, told)
    _put_down(desk, told, found, restored=restored)
    for each in found:
        _say(report, each)


def _put_down(desk: Desk, told: Verification, found: list[Found], *, restored: bool) -> None:
    kind, reason = (
        (RESTORED, "the store was restored from a backup")
        if restored
        else ("observed", "the chain isn't what sinks have kept, and no restore explains it")
    )
    with desk.page() as page:
        head = put_down(page.connection, told, found, SYSTEM, reason, kind=kind, at=page.at)
        page.heads.append(head)
        for each in found:
            if each.unrecorded:
                page.tell(_notice(desk, each, page.at))
        if not restored:
            known = _answered(page.connection) | {head.hash for head in told.foreign}
            keep_state(page.connection, ANSWERED, sorted(known))


def _answered(connection: Connection) -> set[str]:
    kept = read_state(connection, ANSWERED)
    return set(kept) if isinstance(kept, list) else set()


def _say(report: Report, found: Found) -> None:
    name = found.connector
    for each in found.gone:
        report.line(f"{name}: {each.held.principal} hasn't {each.held.object} {each.held.mechanism} any more")
    for event in found.unrecorded:
        message = f"{event.kind} {event.object} {event.principal} at {event.at:%Y-%m-%d %H:%M:%S} UTC"
        report.did(
            report.problems,
            f"{name}: written by Rolecall, and not on record: {message}",
            what=f"reconciling {name}",
            code="unrecorded_write",
            message=f"written, and not on record: {message}",
            hint=None
            if event.gives is False
            else "what it gave has no end; revoke it, or grant it again with one",
            event=event.id,
        )


def _notice(desk: Desk, found: Found, at: datetime) -> Notice:
    count = "a write" if len(found.unrecorded) == 1 else f"{len(found.unrecorded)} writes"
    return Notice(
        uuid4().hex,
        at,
        "failed",
        found.connector,
        f"The store is older than what was done, and {count} of {found.connector} made since then aren't on "
        "record: what was given has no end.",
        {"unrecorded": to_json(list(found.unrecorded))},
        tuple(desk.owners(found.connector)),
    )
