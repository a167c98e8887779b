"""What is put on record of a write, each in one transaction: intent, progress, outcome, refusal.

The caller opens the transaction with ``store.writing(durable=True)``, adds what belongs to the same fact (a
task, a notice), and broadcasts the head to ``rolecall_audit_head`` once it is committed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import Connection

from rolecall.ids import parse_ref
from rolecall.ledger import Holding, Reason, ReasonKind, ended_with, serves_only
from rolecall.models import Ref
from rolecall.plan_json import request_json, to_json
from rolecall.plans import Action, AuditHead, Held, Plan
from rolecall.store import actions, ledger
from rolecall.store.actions import ActionStatus, StoredAction
from rolecall.store.chain import append_record
from rolecall.store.ledger import DueReason


@dataclass(frozen=True, slots=True)
class Recorded:
    """What was put on record of an action.

    Attributes:
        action: Its number.
        head: Of the chain, with this record; ``head.number`` is the audit id.
        ended: Reasons that ended by it, with what they were on: their requests are over.
        lost: What Rolecall gave, is still there, and has no reason any more: to be taken away.
        attempt: Which of the action's attempts begins, where one does.
    """

    action: int
    head: AuditHead
    ended: tuple[DueReason, ...] = ()
    lost: tuple[Holding, ...] = ()
    attempt: int = 1


def record_intent(connection: Connection, asked: Action, plan: Plan) -> Recorded:
    """Put on record what is about to be done: the action, its audit record, what the ledger expects.

    A grant's reason is on everything that it rests on from now on, so that nothing of it is taken away
    meanwhile; it ends ``asked.duration`` from now, until ``record_end`` says when.
    """
    now = datetime.now(UTC)
    ends_at = now + asked.duration if asked.duration is not None else None
    action_id = actions.add_action(connection, asked, plan, "running", ends_at)
    _note(connection, asked, plan, action_id, now, ends_at)
    return Recorded(action_id, _append(connection, "intended", action_id, now))


def record_attempt(connection: Connection, action_id: int, plan: Plan) -> Recorded:
    """Put on record that an interrupted or handed-off action is gone on with, by a plan made afresh."""
    now = datetime.now(UTC)
    attempt = actions.begin_attempt(connection, action_id, plan)
    known = actions.find_action(connection, action_id)
    _note(connection, known.asked, plan, action_id, now, known.ends_at)
    return Recorded(action_id, _append(connection, "intended", action_id, now), attempt=attempt)


def record_lost(connection: Connection, action_id: int, why: str) -> Recorded:
    """Put on record what was learned of an action that another process goes on with, such as late answers."""
    now = datetime.now(UTC)
    return Recorded(action_id, _append(connection, "observed", action_id, now, why=why))


def record_refusal(
    connection: Connection,
    asked: Action,
    plan: Plan | None,
    error: Mapping[str, Any],
    status: Literal["refused", "failed"] = "refused",
) -> Recorded:
    """Put on record what was asked for and not begun: refused by a policy or the provider's rules, or failed.

    Args:
        connection: Of a durable write transaction.
        asked: What was asked for.
        plan: Where one was made.
        error: See ``errors.error_object``.
        status: ``failed`` where planning failed.
    """
    action_id = actions.add_action(connection, asked, plan, status, None)
    actions.end_action(connection, action_id, status, verified=False, error=error, ends_at=None)
    return Recorded(action_id, _append(connection, "refused", action_id, datetime.now(UTC)))


def record_joined(
    connection: Connection,
    asked: Action,
    plan: Plan,
    status: ActionStatus,
    *,
    error: Mapping[str, Any] | None,
    ends_at: datetime | None,
) -> Recorded:
    """Put on record what was asked for and is under way by an open task: nothing is sent again.

    A grant's reason is on all of it that the ledger knows, beside those that are there, with its own end.
    """
    now = datetime.now(UTC)
    action_id = actions.add_action(connection, asked, plan, status, ends_at)
    if plan.operation == "grant":
        things = [*plan.rests_on, *plan.gives]
        ledger.add_reasons(connection, things, _reason(asked, plan, action_id, now, ends_at))
    actions.end_action(connection, action_id, status, verified=False, error=error, ends_at=ends_at)
    return Recorded(action_id, _append(connection, "ended", action_id, now, joins=asked.task))


def record_begins(
    connection: Connection, action_id: int, step: int, method: str, path: str, *, attempt: int | None = None
) -> None:
    """Put on record that a call is about to be sent: what it gives may be there from now on.

    Args:
        connection: Of a durable write transaction.
        action_id: The action's.
        step: Index in the attempt's plan.
        method: HTTP method.
        path: With its query, if any.
        attempt: Whose call it is; the newest unless given.
    """
    known = actions.find_action(connection, action_id)
    actions.add_call(connection, action_id, attempt or known.attempts, step, method, path)
    ledger.note_made(connection, _gives(known, step), action_id, made=True)


def record_answered(
    connection: Connection,
    action_id: int,
    step: int,
    status: int,
    request_id: str | None,
    *,
    attempt: int | None = None,
) -> None:
    """Put on record what the provider answered, also where another process goes on with the action."""
    own = attempt or actions.find_action(connection, action_id).attempts
    actions.answer_call(connection, action_id, own, step, status, request_id)


def record_ended(
    connection: Connection,
    action_id: int,
    step: int,
    outcome: Literal["applied", "not_applied", "unknown"],
    why: str = "",
    *,
    attempt: int | None = None,
) -> None:
    """Put on record what is known of a step; of an attempt that isn't the newest any more, nothing."""
    known = actions.find_action(connection, action_id)
    if attempt not in (None, known.attempts):
        return
    actions.set_step(connection, action_id, known.attempts, step, outcome, why)
    ledger.note_made(connection, _gives(known, step), action_id, made=outcome != "not_applied")


def record_end(
    connection: Connection,
    action_id: int,
    status: ActionStatus,
    *,
    verified: bool,
    why: str = "",
    error: Mapping[str, Any] | None = None,
    ends_at: datetime | None = None,
    handed_off: int | None = None,
) -> Recorded:
    """Put on record how an action ended, with what follows for the ledger.

    A grant that failed and gave nothing as far as is known takes its reasons back; one that gave a part
    keeps them. A person's revocation ends every reason on what was taken, and those that serve the
    entitlement elsewhere, unless it was confined to one path.

    Args:
        connection: Of a durable write transaction.
        action_id: The action's.
        status: How it ended.
        verified: Whether a read showed the whole effect.
        why: Half a sentence, where it isn't verified.
        error: See ``errors.error_object``; where it failed or was refused.
        ends_at: When the access ends that a grant gave; None: not by itself, or (handed off) its clock hasn't
            begun.
        handed_off: Index of the step that somebody outside must make now.
    """
    now = datetime.now(UTC)
    known = actions.find_action(connection, action_id)
    ended: list[DueReason] = []
    over: tuple[Holding, ...] = ()
    if known.request.operation == "grant":
        _end_grant(connection, known, status, ends_at, handed_off, now)
    else:
        ended, over = _end_revocation(connection, known, status, verified, now)
    actions.end_action(connection, action_id, status, verified=verified, error=error, ends_at=ends_at)
    head = _append(
        connection, "ended", action_id, now, why=why, reasons_ended=[each.reason.id for each in ended]
    )
    return Recorded(action_id, head, tuple(ended), over)


def _note(
    connection: Connection,
    asked: Action,
    plan: Plan,
    action_id: int,
    now: datetime,
    ends_at: datetime | None,
) -> None:
    if plan.operation == "revoke":
        ledger.note_taking(connection, [*plan.takes, *asked.request.undo], now, action_id)
        return
    why = _reason(asked, plan, action_id, now, ends_at)
    things = [*plan.rests_on, *plan.gives]
    ledger.note_intent(connection, things, plan.gives, why, plan.meaning, action_id)


def _reason(
    asked: Action, plan: Plan, action_id: int, began_at: datetime, ends_at: datetime | None
) -> Reason:
    kind: ReasonKind = "grant" if asked.rule is None else "request"
    return Reason(kind, asked.connector, plan.entitlement, began_at, ends_at, action_id, asked.task)


def _end_grant(
    connection: Connection,
    known: StoredAction,
    status: ActionStatus,
    ends_at: datetime | None,
    handed_off: int | None,
    now: datetime,
) -> None:
    if handed_off is not None:
        ledger.note_made(connection, _gives(known, handed_off), known.id, made=True)
    own = ledger.action_holdings(connection, known.id)
    intended = [each for each in own if each.state == "intended"]
    match status:
        case "applied" | "already_granted":
            ledger.set_state(connection, [each.id for each in intended], "held", now)
            ledger.set_end(connection, known.id, ends_at)
        case "handed_off":
            ledger.set_end(connection, known.id, ends_at)
        case _ if not any(each.made for each in own):
            reasons = ledger.reasons_of_action(connection, known.id)
            ledger.end_reasons(connection, [each.reason.id for each in reasons], now, "not granted")
            own = ledger.action_holdings(connection, known.id)
            ledger.set_state(connection, [each.id for each in own if not each.reasons], "gone", now)
            ledger.set_state(connection, [each.id for each in own if each.reasons], "held", now)


def _end_revocation(
    connection: Connection, known: StoredAction, status: ActionStatus, verified: bool, now: datetime
) -> tuple[list[DueReason], tuple[Holding, ...]]:
    taken = [each for each in ledger.action_holdings(connection, known.id) if each.state == "ending"]
    idents = [each.id for each in taken]
    if status not in ("applied", "already_revoked"):
        if status != "handed_off":
            still = [each.id for each in taken if each.reasons]
            ledger.set_state(connection, still, "held", now)
        return [], ()
    idents = sorted({*idents, *_ending_by_plan(connection, known)})
    ended = ledger.end_every_reason(connection, idents, now, "revocation")
    if verified:
        ledger.set_state(connection, idents, "gone", now)
    if known.request.undo or known.request.via is not None:
        return ended, ()
    elsewhere = _of_same_grants(connection, known, ended)
    over = ledger.end_reasons(connection, [each.reason.id for each in elsewhere], now, "revocation")
    if verified and status == "already_revoked":  # the plan knew of these, and found none to take
        known_to_plan = {
            each.holding.id for each in elsewhere if serves_only(each.holding, known.entitlement)
        }
        gone = [
            each for each in over if each.id in known_to_plan and each.held.principal == _principal(known)
        ]
        ledger.set_state(connection, [each.id for each in gone], "gone", now)
        over = tuple(each for each in over if each not in gone)
    return [*ended, *elsewhere], over


def _ending_by_plan(connection: Connection, known: StoredAction) -> list[int]:
    """What its plan takes, also where another revocation of the same has been begun since."""
    taken = known.plan.takes if known.plan else ()
    return [each.id for each in ledger.find_held(connection, taken).values() if each.state == "ending"]


def _of_same_grants(
    connection: Connection, known: StoredAction, ended: Sequence[DueReason]
) -> list[DueReason]:
    """What else the grants to this principal rest on that a revocation ends.

    They are those that had a reason on what was taken, and those of the entitlement. What they rest on may be
    another's, such as a group's assignment, and may have been granted by another connector.
    """
    principal = _principal(known)
    own = [
        reason
        for holding in ledger.holdings_of(connection, principal)
        for reason in ended_with(holding, known.entitlement, known.connector)
    ]
    over = {reason.action for reason in (*own, *(each.reason for each in ended))}
    grants = actions.find_actions(connection, [each for each in over if each is not None])
    theirs = [each.id for each in grants if _principal(each) == principal]
    return [due for each in theirs for due in ledger.reasons_of_action(connection, each)]


def _gives(known: StoredAction, step: int) -> tuple[Held, ...]:
    return known.plan.steps[step].gives if known.plan else ()


def _principal(known: StoredAction) -> Ref:
    """As the plan found it; an action that was carried out has one."""
    return known.plan.principal if known.plan else parse_ref(known.principal)


def _append(connection: Connection, kind: str, action_id: int, at: datetime, **more: Any) -> AuditHead:
    known = actions.find_action(connection, action_id)
    facts = {
        "connector_kind": known.kind,
        "operation": known.request.operation,
        "entitlement": str(known.entitlement),
        "principal": known.principal,
        "principal_name": known.plan.principal_name if known.plan else known.principal,
        "actor": to_json(known.actor),
        "reason": known.reason,
        "rule": known.rule,
        "emergency": known.emergency,
        "ticket": known.ticket,
        "seconds": None if known.duration is None else round(known.duration.total_seconds()),
        "ends_at": to_json(known.ends_at),
        "request": request_json(known.request),
        "plan": to_json(known.plan),
        "attempt": known.attempts,
        "steps": to_json(known.steps),
        "calls": to_json(known.calls),
        "status": known.status,
        "verified": known.verified,
        "error": to_json(known.error),
        **more,
    }
    return append_record(
        connection, kind, facts, connector=known.connector, action=action_id, task=known.task, at=at
    )
