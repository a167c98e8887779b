"""Calling off what is still to be given: whoever takes access away means also what is only under way.

What was handed over is withdrawn, and those who had it are told. Should they make the change all the same,
it is taken away: a task of the ledger waits for it. See ``closing.undo``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from rolecall import notices
from rolecall.ledger import Holding
from rolecall.plan_json import handoff_from, to_json
from rolecall.plans import Action, AuditHead, Notice, Plan
from rolecall.provisioning.pending import may_come
from rolecall.store.chain import append_record
from rolecall.store.ledger import end_reasons, find_holdings, reasons_of_action, reasons_of_task, set_state
from rolecall.store.notices import queue_notice
from rolecall.store.tasks import CLOSED, DONE, OPEN, Task, list_tasks, update_task

HANDED = ("open", "reported_done", "overdue", "reopened")
"""States of a hand-off that somebody outside may be working on."""


@dataclass(frozen=True, slots=True)
class CalledOff:
    """What was called off by a revocation.

    Attributes:
        tasks: Numbers of the grants.
        left: What Rolecall gave or handed over by them, and is to be taken away.
        pending: Whether some of it isn't there, and may yet come.
        heads: Of the audit chain, in order.
    """

    tasks: tuple[int, ...] = ()
    left: tuple[Holding, ...] = ()
    pending: bool = False
    heads: tuple[AuditHead, ...] = ()

    @property
    def why(self) -> str:
        """Half a sentence: why what is gone now may not stay so; empty where it does."""
        if not self.pending:
            return ""
        named = f"task{'s' * (len(self.tasks) > 1)} {', '.join(map(str, self.tasks))}"
        return f"the grant of {named} was called off; what was under way is taken back should it come"


def call_off(
    connection: Connection,
    action: Action,
    plan: Plan,
    owners: Sequence[str],
    now: datetime,
    *,
    before: datetime,
) -> CalledOff:
    """Call off every open grant of what a person's revocation takes from somebody.

    Args:
        connection: Of a durable write transaction.
        action: The revocation.
        plan: Its plan.
        owners: Who is told.
        now: When.
        before: When the revocation began: what was asked for later stands.
    """
    heads: list[AuditHead] = []
    left: list[Holding] = []
    tasks = [task for task in _open_grants(connection, plan, before) if _is_meant(task, action)]
    said = f"called off: {action.actor.name} revoked it" + (f" ({action.reason})" if action.reason else "")
    for task in tasks:
        left += end_grant(connection, task, now, "revocation")
        active = task.listing == "active"
        listing = {"listing": "revoked" if active else "cancelled"} if task.listing else {}
        outcome = {} if task.outcome else {"outcome": "GRANT_OUTCOME_CANCELLED", "outcome_at": now}
        update_task(
            connection,
            task.id,
            "grantOutcome",
            action.actor,
            comment=said,
            at=now,
            facts={"deed": "call off"},
            state=CLOSED,
            processing=DONE,
            next_try_at=None,
            due_at=None,
            handoff={**task.handoff, "state": "withdrawn"} if task.handoff else None,
            **outcome,
            **listing,
        )
        facts = to_json({"deed": "call off", "actor": action.actor, "reason": action.reason})
        heads.append(
            append_record(connection, "decided", facts, connector=task.connector, task=task.id, at=now)
        )
        queue_notice(connection, withdrawal(task, said, owners, now))
    pending = bool(may_come(connection, left, now, since=now))
    return CalledOff(tuple(task.id for task in tasks), tuple(left), pending, tuple(heads))


def end_grant(connection: Connection, task: Task, now: datetime, by: str) -> list[Holding]:
    """End every reason that a grant gave, and give what is to be taken away, or to be watched for.

    Args:
        connection: Of a durable write transaction.
        task: The grant's.
        now: When.
        by: See ``Reason.ended_by``.
    """
    due = list(reasons_of_task(connection, task.id))
    due += [each for number in task.actions for each in reasons_of_action(connection, number)]
    over = end_reasons(connection, {each.reason.id for each in due}, now, by)
    touched = find_holdings(connection, {each.holding.id for each in due})
    never = [each.id for each in touched if each.state == "intended" and not each.reasons]
    set_state(connection, never, "gone", now)
    return list(over)


def withdrawal(task: Task, said: str, owners: Sequence[str], now: datetime) -> Notice:
    """What is told of a grant that was called off: to those who have its hand-off, and to whoever asked."""
    about = notices.About(
        now, task.connector, task.entitlement, task.principal, task.principal_name, reason=task.description
    )
    to = (*task.source.get("emails", ()), *owners)
    if task.handoff is None or task.handoff["state"] not in HANDED:
        return notices.failed(about, said, task.id, to)
    return notices.handoff_withdrawn(about, handoff_from(task.handoff["content"]), said, task.id, to)


def _open_grants(connection: Connection, plan: Plan, before: datetime) -> list[Task]:
    found = list_tasks(connection, type="grant", state=OPEN, principal=plan.principal)
    decided = [task for task in found if task.listing != "pending"]
    return [task for task in decided if task.created_at is not None and task.created_at <= before]


def _is_meant(task: Task, action: Action) -> bool:
    """Whether a grant is of the same access, or hands over the very membership that is revoked."""
    request = action.request
    wanted = (str(request.entitlement.resource), request.entitlement.slug)
    things = task.handoff["things"] if task.handoff else []
    objects = {thing["object"] for thing in things}
    if any((thing["object"], thing["mechanism"]) == wanted for thing in things):
        return True
    same = (task.entitlement, task.connector) == (request.entitlement, action.connector)
    return same and (request.via is None or not objects or str(request.via) in objects)
