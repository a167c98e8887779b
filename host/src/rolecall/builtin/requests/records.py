"""A request as it is stored: a task that grants, with the rule that it was made under and its history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection

from rolecall.builtin.requests.rules import Rule, rule_from, with_terms
from rolecall.builtin.requests.states import Parties, State
from rolecall.errors import UsageError
from rolecall.ids import parse_ref
from rolecall.models import Ref
from rolecall.plans import PrincipalNow
from rolecall.store.tasks import Task, TaskEntry, find_task, list_tasks, task_histories, task_history

OPEN: Final = "TASK_STATE_OPEN"
CLOSED: Final = "TASK_STATE_CLOSED"
PROCESSING: Final = "TASK_PROCESSING_TYPE_PROCESSING"
WAITING: Final = "TASK_PROCESSING_TYPE_WAITING"
DONE: Final = "TASK_PROCESSING_TYPE_DONE"
GRANTED = "GRANT_OUTCOME_GRANTED"
EVENTS = {
    "requesterTold": "told",
    "taskCreated": "created",
    "grantOutcome": "settled",
    "provisionError": "attempt failed",
    "taskEscalated": "emergency",
}
"""What people read for kinds of history whose word says little."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request.

    Attributes:
        rule: As it was when the request was made, with the terms that apply.
        requester: Who asked, by the provider's id.
        emails: Of who asked and whom it is for.
    """

    task: Task
    rule: Rule
    requester: Ref
    emails: tuple[str, ...]
    history: tuple[TaskEntry, ...]

    @property
    def id(self) -> int:
        """Its number, which is the task's."""
        return self.task.id

    @property
    def state(self) -> State:
        """Where it stands."""
        return State(str(self.task.listing))

    @property
    def duration(self) -> timedelta:
        """For how long it was asked."""
        return self.task.duration or timedelta()

    @property
    def approvers(self) -> tuple[Ref, ...]:
        """Who approved it."""
        return tuple(parse_ref(each["ref"]) for each in self.task.approvals)

    @property
    def granted_at(self) -> datetime | None:
        """When its access was given."""
        return self.task.outcome_at if self.task.outcome == GRANTED else None

    @property
    def waits_for(self) -> int | None:
        """The task that does the same already, where one does."""
        known = [entry.facts["waits_for"] for entry in self.history if "waits_for" in entry.facts]
        return known[-1] if known and self.state is State.APPROVED and self.task.error is None else None

    @property
    def is_reviewed(self) -> bool:
        """Whether nobody has to review it, or somebody has."""
        return not self.task.emergency or self.task.reviewed is not None or self.granted_at is None

    @property
    def parties(self) -> Parties:
        """Who has to do with it."""
        return Parties(self.requester, self.task.principal, frozenset(self.approvers), self.is_reviewed)


def find_request(connection: Connection, ident: int) -> Request:
    """The request with this number.

    Raises:
        UsageError: There is none.
    """
    try:
        task = find_task(connection, ident)
    except UsageError:
        task = None
    if task is None or task.listing is None:
        raise UsageError(f"There is no request {ident}.", hint="see: rolecall request list")
    return _request(task, task_history(connection, ident))


def list_requests(
    connection: Connection, states: Sequence[State] = (), connector: str | None = None
) -> list[Request]:
    """Requests in one of these states, or in any, by number."""
    found = list_tasks(connection, requests=True, connector=connector)
    wanted = [task for task in found if not states or task.listing in states]
    histories = task_histories(connection, (task.id for task in wanted))
    return [_request(task, histories.get(task.id, ())) for task in wanted]


def end_of_access(connection: Connection, task: Task) -> datetime | None:
    """When the last of the active requests ends that give somebody the same access; None without one."""
    alike = list_tasks(
        connection,
        listing="active",
        connector=task.connector,
        principal=task.principal,
        entitlement=task.entitlement,
    )
    return max((each.ends_at for each in alike if each.ends_at is not None), default=None)


def parties_source(requester: PrincipalNow, beneficiary: PrincipalNow) -> dict[str, Any]:
    """What a request's ``Task.source`` keeps of who asked, and of whom it is for."""
    return {
        "requester": {"ref": str(requester.ref), "name": requester.login or requester.name},
        "emails": [person.email for person in (requester, beneficiary) if person.email],
    }


def request_row(request: Request) -> dict[str, object]:
    """A request as scripts get it."""
    task = request.task
    return {
        "id": task.id,
        "connector": task.connector,
        "entitlement_id": str(task.entitlement),
        "principal": str(task.principal),
        "principal_name": task.principal_name,
        "requester": task.source["requester"]["name"],
        "requester_id": str(request.requester),
        "state": task.listing,
        "task_state": task.state,
        "processing": task.processing,
        "outcome": task.outcome,
        "outcome_at": task.outcome_at,
        "rule": request.rule.name,
        "rule_digest": task.rule_digest,
        "reason": task.description,
        "ticket": task.ticket,
        "duration": _seconds(task.duration),
        "created_at": task.created_at,
        "lapses_at": task.lapses_at if request.state is State.PENDING else None,
        "approvals_needed": 0 if _is_unapproved(request) else request.rule.approvals,
        "approved_by": [each["name"] for each in task.approvals],
        "granted_at": request.granted_at,
        "expires_at": task.ends_at,
        "extends": task.extends,
        "emergency": task.emergency,
        "reviewed": task.reviewed,
        "handoff": task.handoff,
        "waits_for": request.waits_for,
        "error": task.error,
        "next_try_at": task.next_try_at if request.state is State.APPROVED else None,
        "history": [_entry_row(entry) for entry in request.history],
    }


def _is_unapproved(request: Request) -> bool:
    return request.task.emergency or request.rule.auto_approve


def _entry_row(entry: TaskEntry) -> dict[str, object]:
    facts: Mapping[str, Any] = entry.facts
    row: dict[str, object] = {
        "at": entry.at,
        "event": facts.get("deed") or EVENTS.get(entry.kind, entry.kind),
        "by": entry.actor.name,
        "assurance": entry.actor.assurance,
        "comment": entry.comment,
    }
    for key, name in (("listing", "state"), ("error", "error"), ("tasks", "tasks")):
        if facts.get(key):
            row[name] = facts[key]
    return row


def _request(task: Task, history: Sequence[TaskEntry]) -> Request:
    rule = with_terms(rule_from(task.rule or {}), emergency=task.emergency)
    source = task.source
    return Request(
        task,
        rule,
        parse_ref(source["requester"]["ref"]),
        tuple(source["emails"]),
        tuple(history),
    )


def _seconds(length: timedelta | None) -> int | None:
    return None if length is None else int(length.total_seconds())
