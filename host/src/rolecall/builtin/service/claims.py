"""What people say of hand-offs: that one is done, or that it won't be. Only a read closes one."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from rolecall import notices
from rolecall.builtin.requests.desk import Desk, Page
from rolecall.builtin.requests.records import CLOSED, DONE, WAITING, find_request
from rolecall.builtin.requests.states import Deed, State
from rolecall.config import Config
from rolecall.errors import ProviderError, Refused, RolecallError, error_object
from rolecall.plan_json import to_json
from rolecall.plans import Actor
from rolecall.provisioning import end_grant, look_again, open_undo
from rolecall.store.tasks import Task, find_task, update_task

WAITING_FOR = ("open", "reported_done", "overdue", "reopened")


async def report_done(desk: Desk, ident: int, actor: Actor, ticket: str | None, comment: str) -> Task:
    """Keep that somebody says that a hand-off is done, and look at once whether it is so.

    Returns:
        The task as it stands then: the claim changes nothing that a read doesn't show.

    Raises:
        Refused: No hand-off of the task is open.
        UsageError: There is no such task.
    """
    with desk.page() as page:
        task = _open_handoff(page, ident, (*WAITING_FOR, "rejected"))
        claim = {"by": actor.name, "at": to_json(page.at), "ticket": ticket, "actor": to_json(actor)}
        now = {**_handoff(task), "state": "reported_done", "claim": claim}
        changes: dict[str, Any] = {"ticket": ticket} if ticket else {}
        update_task(
            page.connection,
            ident,
            "comment",
            actor,
            comment=comment,
            at=page.at,
            facts={"deed": "reported done"},
            handoff=now,
            **changes,
        )
        page.decided(task.connector, ident, actor, "reported done", ticket=ticket, comment=comment)
    with suppress(ProviderError):  # the service looks again
        await look_again(desk.engine, ident)
    with desk.engine.store.reading() as connection:
        return find_task(connection, ident)


def reject(desk: Desk, ident: int, actor: Actor, comment: str) -> Task:
    """Note that somebody outside won't make the change that was handed over.

    A grant is over by that: nothing was given. A revocation stays open, since the access is still there, and
    is looked at again: somebody may yet take it away.

    Raises:
        Refused: No hand-off of the task is open.
        UsageError: There is no such task.
    """
    with desk.page() as page:
        task = _open_handoff(page, ident)
        handoff = {**_handoff(task), "state": "rejected"}
        said = f"{actor.name} rejected the hand-off: {comment}"
        if task.type == "grant":
            _end_grant(page, desk.engine.config, task, actor, said, handoff)
        else:
            update_task(
                page.connection,
                ident,
                "provisionError",
                actor,
                comment=comment,
                at=page.at,
                facts={"deed": "rejected"},
                handoff=handoff,
                processing=WAITING,
                next_try_at=page.at,
                error=error_object(_rejected(said)),
            )
        page.decided(task.connector, ident, actor, "reject", comment=comment)
        about = desk.about(task, page.at)
        emails = tuple(task.source.get("emails", ()))
        page.tell(notices.failed(about, said, ident, (*emails, *desk.owners(task.connector))))
        return find_task(page.connection, ident)


def _end_grant(
    page: Page, config: Config, task: Task, actor: Actor, said: str, handoff: Mapping[str, Any]
) -> None:
    left = end_grant(page.connection, task, page.at, "hand-off rejected")
    open_undo(page.connection, config, left, f"the hand-off of task {task.id} was rejected", page.at)
    error = error_object(_rejected(said))
    if task.listing == State.APPROVED.value:
        request = find_request(page.connection, task.id)
        page.settle(request, Deed.FAIL, actor, comment=said, handoff=handoff, due_at=None, error=error)
        return
    update_task(
        page.connection,
        task.id,
        "grantOutcome",
        actor,
        comment=said,
        at=page.at,
        facts={"deed": "rejected"},
        handoff=handoff,
        state=CLOSED,
        processing=DONE,
        outcome="GRANT_OUTCOME_ERROR",
        outcome_at=page.at,
        next_try_at=None,
        due_at=None,
        error=error,
    )


def _rejected(said: str) -> RolecallError:
    return RolecallError(said, code="handoff_rejected")


def _open_handoff(page: Page, ident: int, states: Sequence[str] = WAITING_FOR) -> Task:
    task = find_task(page.connection, ident)
    if task.state == CLOSED or _handoff(task).get("state") not in states:
        raise Refused(
            f"No hand-off of task {ident} is open.",
            hint=f"see: rolecall task show {ident}",
            code="no_open_handoff",
        )
    return task


def _handoff(task: Task) -> Mapping[str, Any]:
    return task.handoff or {}
