"""What people do with a request: approve, deny, cancel, review. Who they are is read live, every time."""

from collections.abc import Mapping, Sequence
from typing import Any

from rolecall import notices
from rolecall.builtin.requests.asking import GRACE
from rolecall.builtin.requests.desk import Desk, Page
from rolecall.builtin.requests.ending import Cause, end_all
from rolecall.builtin.requests.granting import PATIENCE, action_for, grant, is_under_way, lock_of
from rolecall.builtin.requests.live import is_among, shown
from rolecall.builtin.requests.records import CLOSED, DONE, PROCESSING, Request, find_request
from rolecall.builtin.requests.states import Deed, objection
from rolecall.errors import Refused
from rolecall.plan_json import to_json
from rolecall.plans import Actor, PrincipalNow
from rolecall.provisioning import SYSTEM, permit, undo, withdrawal
from rolecall.store.ledger import reasons_of_task
from rolecall.store.locks import holding_locks
from rolecall.store.tasks import update_task


async def approve(desk: Desk, ident: int, comment: str, acting: str | None) -> Request:
    """Approve a request, and grant it where that was the last approval needed; gives it as it stands then.

    Raises:
        Refused: This person may not, or it can't be approved as it stands.
        UsageError: There is no such request.
        ProviderError: The provider can't be read.
    """
    person, actor, request = await _deciding(desk, ident, Deed.APPROVE, acting)
    permit(desk.engine, action_for(desk, request, request.duration))
    with desk.page() as page:
        request = _still(page, ident, Deed.APPROVE, person)
        _refuse_lapsed(page, request)
        approval = {
            "ref": str(person.ref),
            "name": shown(person),
            "at": to_json(page.at),
            "comment": comment,
            "actor": to_json(actor),
        }
        approvals = [*request.task.approvals, approval]
        if len(approvals) < request.rule.approvals:
            _note_approval(page, request, actor, comment, approvals)
            return find_request(page.connection, ident)
        page.settle(
            request,
            Deed.APPROVE,
            actor,
            comment=comment,
            approvals=approvals,
            processing=PROCESSING,
            next_try_at=page.at + GRACE,
            lapses_at=page.at + request.rule.lapse,
        )
    return await grant(desk, ident)


async def deny(desk: Desk, ident: int, comment: str, acting: str | None) -> Request:
    """Deny a request; see ``approve``."""
    person, actor, _ = await _deciding(desk, ident, Deed.DENY, acting)
    with desk.page() as page:
        request = _still(page, ident, Deed.DENY, person)
        page.settle(request, Deed.DENY, actor, comment=comment, facts={"approver": str(person.ref)})
        about = desk.about(request.task, page.at)
        said = f"{shown(person)} denied it" + (f": {comment}" if comment else "")
        page.tell(notices.failed(about, said, ident, request.emails))
        return find_request(page.connection, ident)


async def cancel(desk: Desk, ident: int, comment: str, acting: str | None) -> Request:
    """Take a request back, and the access that it gave unless other reasons hold it; see ``approve``."""
    person, actor, _ = await _deciding(desk, ident, Deed.CANCEL, acting)
    async with holding_locks(desk.engine.store, [lock_of(ident)], PATIENCE):
        with desk.page() as page:
            request = _still(page, ident, Deed.CANCEL, person)
            if is_under_way(page.connection, ident):
                raise Refused(
                    f"Request {ident} is being granted.",
                    hint="cancel it when it is: rolecall request show; or run: rolecall run --once",
                    code="under_way",
                )
            cause = Cause("request cancelled", Deed.CANCEL, "TASK_ORIGIN_API", actor, comment)
            revocations = end_all(page, reasons_of_task(page.connection, ident), cause)
            if find_request(page.connection, ident).state is request.state:  # nothing of it was given yet
                page.settle(request, Deed.CANCEL, actor, comment=comment, state=CLOSED, processing=DONE)
                _withdraw_handoff(desk, page, request)
    for revocation in revocations:
        await undo(desk.engine, revocation)
    with desk.engine.store.reading() as connection:
        return find_request(connection, ident)


def _withdraw_handoff(desk: Desk, page: Page, request: Request) -> None:
    """Tell those who were to act outside that they needn't any more."""
    task = request.task
    if task.handoff is None:
        return
    handoff = {**task.handoff, "state": "withdrawn"}
    update_task(page.connection, request.id, "stateChange", SYSTEM, at=page.at, handoff=handoff, due_at=None)
    page.tell(withdrawal(task, "the request was cancelled", desk.owners(task.connector), page.at))


async def review(desk: Desk, ident: int, comment: str, acting: str | None) -> Request:
    """Close the open item that access in an emergency is; see ``approve``."""
    person, actor, _ = await _deciding(desk, ident, Deed.REVIEW, acting)
    with desk.page() as page:
        request = _still(page, ident, Deed.REVIEW, person)
        reviewed = {
            "by": shown(person),
            "ref": str(person.ref),
            "at": to_json(page.at),
            "comment": comment,
            "actor": to_json(actor),
        }
        update_task(
            page.connection,
            ident,
            "comment",
            actor,
            comment=comment,
            at=page.at,
            facts={"deed": Deed.REVIEW.value},
            reviewed=reviewed,
            state=CLOSED,
            processing=DONE,
        )
        page.decided(request.task.connector, ident, actor, Deed.REVIEW.value, comment=comment)
        return find_request(page.connection, ident)


async def _deciding(
    desk: Desk, ident: int, deed: Deed, acting: str | None
) -> tuple[PrincipalNow, Actor, Request]:
    """Whoever acts, found live, who may do this with the request as it stands."""
    with desk.engine.store.reading() as connection:
        request = find_request(connection, ident)
    connector = await desk.engine.reading(request.task.connector)
    person, actor = await desk.acting(connector, acting)
    approver = deed not in (Deed.CANCEL, Deed.EXTEND) and await is_among(
        connector, person.ref, request.rule.approvers
    )
    _refuse(request, deed, person, approver=approver)
    return person, actor, request


def _still(page: Page, ident: int, deed: Deed, person: PrincipalNow) -> Request:
    """The request as it is now that nobody else can change it; that the person is an approver stands."""
    request = find_request(page.connection, ident)
    _refuse(request, deed, person, approver=True)
    return request


def _refuse(request: Request, deed: Deed, person: PrincipalNow, *, approver: bool) -> None:
    refused = objection(request.state, deed, request.parties, person.ref, approver=approver)
    if refused:
        raise Refused(
            f"{shown(person)} can't {deed.value} request {request.id}: {refused}.", code="not_allowed"
        )


def _refuse_lapsed(page: Page, request: Request) -> None:
    """What waited for too long isn't approved any more, also where no service has closed it yet."""
    lapses_at = request.task.lapses_at
    if lapses_at is not None and lapses_at <= page.at:
        raise Refused(
            f"Request {request.id} has lapsed: nobody approved it by {lapses_at:%Y-%m-%d %H:%M:%S} UTC.",
            hint="it has to be asked for anew",
            code="lapsed",
        )


def _note_approval(
    page: Page, request: Request, actor: Actor, comment: str, approvals: Sequence[Mapping[str, Any]]
) -> None:
    update_task(
        page.connection,
        request.id,
        "approvalInstanceChange",
        actor,
        comment=comment,
        at=page.at,
        facts={"deed": Deed.APPROVE.value},
        approvals=approvals,
    )
    page.decided(
        request.task.connector,
        request.id,
        actor,
        Deed.APPROVE.value,
        comment=comment,
        rule=request.rule.name,
        approvals=len(approvals),
        needed=request.rule.approvals,
    )
