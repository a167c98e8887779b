"""Ending access: reasons end, requests with them, and what nobody has a reason for becomes a revocation."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rolecall.builtin.requests.desk import Page
from rolecall.builtin.requests.records import PROCESSING, find_request
from rolecall.builtin.requests.states import Deed, State
from rolecall.ledger import Holding
from rolecall.models import EntitlementRef, Ref
from rolecall.plans import Actor
from rolecall.store.ledger import DueReason, end_reasons, find_holdings, set_state
from rolecall.store.tasks import Task, create_task


@dataclass(frozen=True, slots=True)
class Cause:
    """Why reasons end.

    Attributes:
        word: As the ledger keeps it: ``expiry``, ``request cancelled``.
        deed: What becomes of their requests by it.
        origin: Of the revocations: ``TASK_ORIGIN_…``.
        comment: As given, by whoever did it.
    """

    word: str
    deed: Deed
    origin: str
    actor: Actor
    comment: str = ""


def end_all(page: Page, due: Sequence[DueReason], cause: Cause) -> list[int]:
    """End reasons in one transaction with all that follows, and give the revocations' numbers.

    A revocation is made for what Rolecall gave and has no reason any more. Where others hold it there is
    none: the access stays, and the request's history says so.
    """
    revocations = []
    for (connector, entitlement, principal), reasons in _by_access(due).items():
        over = _over(page, reasons, cause)
        idents = sorted({each.reason.task for each in reasons if each.reason.task is not None})
        made: list[int] = []
        if over:
            revocation = Task(
                "revoke",
                connector,
                entitlement,
                principal,
                _name(page, idents, principal),
                cause.actor,
                cause.origin,
                processing=PROCESSING,
                source=_source(cause, reasons, idents),
                description=_description(cause, idents),
                undo=tuple(holding.held for holding in over),
                next_try_at=page.at,
            )
            made = [create_task(page.connection, revocation, at=page.at)]
        revocations += made
        for ident in idents:
            _end_request(page, ident, cause, made)
    return revocations


def _over(page: Page, reasons: Sequence[DueReason], cause: Cause) -> Sequence[Holding]:
    """End reasons, and give what is to be taken away: also what a hand-off was about to give, and may yet."""
    over = end_reasons(page.connection, [each.reason.id for each in reasons], page.at, cause.word)
    touched = find_holdings(page.connection, [each.holding.id for each in reasons])
    never = [each.id for each in touched if each.state == "intended" and not each.reasons]
    set_state(page.connection, never, "gone", page.at)
    return over


def _by_access(due: Sequence[DueReason]) -> Mapping[tuple[str, EntitlementRef, Ref], list[DueReason]]:
    groups: defaultdict[tuple[str, EntitlementRef, Ref], list[DueReason]] = defaultdict(list)
    for each in due:
        reason, held = each.reason, each.holding.held
        groups[reason.connector, reason.entitlement, held.principal].append(each)
    return groups


def _end_request(page: Page, ident: int, cause: Cause, revocations: Sequence[int]) -> None:
    request = find_request(page.connection, ident)
    if request.state is State.ACTIVE:
        facts = {"tasks": list(revocations)} if revocations else {"kept": "it is held for other reasons too"}
        page.settle(request, cause.deed, cause.actor, comment=cause.comment, facts=facts, ends_at=page.at)


def _name(page: Page, idents: Sequence[int], principal: Ref) -> str:
    return find_request(page.connection, idents[0]).task.principal_name if idents else str(principal)


def _source(cause: Cause, reasons: Sequence[DueReason], idents: Sequence[int]) -> dict[str, Any]:
    if cause.deed is Deed.EXPIRE:
        ends = [each.reason.ends_at for each in reasons if each.reason.ends_at is not None]
        return {"expired": {"expiredAt": max(ends)}, "requests": list(idents)}
    return {"request": {}, "requests": list(idents)}


def _description(cause: Cause, idents: Sequence[int]) -> str:
    of = f" of request {', '.join(map(str, idents))}" if idents else ""
    return f"the time{of} is over" if cause.deed is Deed.EXPIRE else f"cancellation{of}"
