"""Granting what was approved: once more it is looked at, live, and what isn't as it was approved is void."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from rolecall import notices
from rolecall.builtin.requests.desk import Desk, Page
from rolecall.builtin.requests.live import find_person, is_among, shown
from rolecall.builtin.requests.records import Request, end_of_access, find_request
from rolecall.builtin.requests.rules import Rule
from rolecall.builtin.requests.states import Deed, State
from rolecall.builtin.requests.terms import end_of
from rolecall.connectors import OpenConnector
from rolecall.errors import Refused, RolecallError, error_object
from rolecall.models import EntitlementRef, Ref
from rolecall.plans import Action, Actor, PrincipalNow, ProvisioningRequest
from rolecall.provisioning import SYSTEM, backoff, provision
from rolecall.store.actions import find_action
from rolecall.store.ledger import reasons_of_task
from rolecall.store.locks import holding_locks
from rolecall.store.tasks import add_entry, update_task

PATIENCE = timedelta(minutes=1)
"""How long to wait for another process that is granting or cancelling the same request."""

FAILED_AFTER = 3
"""So many attempts in vain make a notice: once, however long it goes on."""

TOLD = "requesterTold"


def wanted_action(
    desk: Desk,
    connector: str,
    entitlement: EntitlementRef,
    principal: Ref,
    actor: Actor,
    reason: str,
    duration: timedelta,
    rule: Rule,
    emergency: bool,
    ticket: str | None,
    task: int | None = None,
) -> Action:
    """The grant that a request is for."""
    return Action(
        connector,
        desk.engine.connector(connector).kind,
        actor,
        ProvisioningRequest("grant", entitlement, principal),
        reason,
        duration,
        task=task,
        rule=rule.name,
        emergency=emergency,
        ticket=ticket,
    )


def action_for(desk: Desk, request: Request, duration: timedelta) -> Action:
    """The grant that carries out a request."""
    task = request.task
    return wanted_action(
        desk,
        task.connector,
        task.entitlement,
        task.principal,
        task.created_by,
        task.description,
        duration,
        request.rule,
        task.emergency,
        task.ticket,
        request.id,
    )


async def check_eligible(connector: OpenConnector, rule: Rule, person: PrincipalNow) -> None:
    """Refuse whoever isn't among those whom a rule lets ask, now.

    Raises:
        Refused: They aren't, or that can't be told.
        ProviderError: The provider can't be read.
    """
    if not await is_among(connector, person.ref, rule.eligible):
        raise Refused(
            f"{shown(person)} is not among those who may have this by rule {rule.name}: "
            f"{', '.join(map(str, rule.eligible))}.",
            code="not_eligible",
        )


async def grant(desk: Desk, ident: int) -> Request:
    """Grant an approved request, and give it as it stands then.

    It is void where people, memberships or the meaning aren't any more what they were; where the provider
    doesn't answer it is tried again later. While an attempt of it is under way, or was interrupted, nothing
    is done: ``resume`` goes on with that.

    Raises:
        Refused: Another process holds the request for long (code ``locked``).
        StoreError: The store can't be written.
    """
    store = desk.engine.store
    async with holding_locks(store, [lock_of(ident)], PATIENCE):
        with store.reading() as connection:
            request = find_request(connection, ident)
            if request.state is not State.APPROVED or is_under_way(connection, ident):
                return request
        try:
            _check_time(request)
            await _check_people(desk, request)
        except Refused as error:
            _void(desk, request, error)
        except RolecallError as error:
            _put_off(desk, request, error)
        else:
            await _provision(desk, request)
    return tell(desk, ident)


def lock_of(ident: int) -> str:
    """Name of the lock for what changes a request's access."""
    return f"request/{ident}"


def is_under_way(connection: Connection, ident: int) -> bool:
    """Whether an attempt to grant a request is running, or was interrupted."""
    actions = {each.reason.action for each in reasons_of_task(connection, ident)}
    return any(find_action(connection, each).status == "running" for each in actions if each is not None)


def tell(desk: Desk, ident: int) -> Request:
    """Tell whoever asked that it was granted or can't be, once; gives the request."""
    with desk.page() as page:
        request = find_request(page.connection, ident)
        told = any(entry.kind == TOLD for entry in request.history)
        if told or request.state not in (State.ACTIVE, State.FAILED):
            return request
        task, about = request.task, desk.about(request.task, page.at)
        if request.state is State.ACTIVE:
            seen = task.observed_at is not None
            page.tell(notices.granted(about, ident, task.ends_at, seen, request.emails))
        else:
            said = str((task.error or {}).get("message", "it wasn't granted"))
            page.tell(notices.failed(about, said, ident, request.emails))
        add_entry(page.connection, ident, TOLD, SYSTEM, at=page.at)
        return find_request(page.connection, ident)


def _check_time(request: Request) -> None:
    """What was approved long ago and couldn't be granted since isn't given out of the blue."""
    lapses_at = request.task.lapses_at
    if lapses_at is not None and lapses_at <= datetime.now(UTC):
        raise Refused(
            "It couldn't be granted in time after it was approved.", hint="ask again", code="lapsed"
        )


async def _check_people(desk: Desk, request: Request) -> None:
    """Everybody is still who they must be: whoever asked, gets it and approved it."""
    connector = await desk.engine.reading(request.task.connector)
    for ref in dict.fromkeys((request.requester, request.task.principal)):
        await check_eligible(connector, request.rule, await find_person(connector, ref))
    for approver in request.approvers:
        person = await find_person(connector, approver)
        if not await is_among(connector, approver, request.rule.approvers):
            raise Refused(
                f"{shown(person)}, who approved it, is not among the approvers of rule {request.rule.name} "
                "any more.",
                code="not_approver",
            )


async def _provision(desk: Desk, request: Request) -> None:
    task = request.task
    with desk.page() as page:
        current = end_of_access(page.connection, task) if task.extends else None
        ends_at = end_of(page.at, request.duration, request.rule.max_duration, current)
        duration = ends_at - page.at
    action = action_for(desk, request, duration)
    handoff = request.rule.handoff
    done = await provision(desk.engine, action, handoff_allowed=handoff, expected=task.meaning)
    if done.status == "failed" and done.error is not None:
        with desk.page() as page:
            now = find_request(page.connection, request.id)
            # of what was begun, the engine tells the owners
            owners = () if done.steps else desk.owners(task.connector)
            _tell_after_some_tries(desk, page, now, done.error, owners)


def _void(desk: Desk, request: Request, error: RolecallError) -> None:
    """What was approved can't be granted: it has to be asked for anew."""
    with desk.page() as page:
        now = find_request(page.connection, request.id)
        if now.state is not State.APPROVED:  # called off meanwhile
            return
        page.settle(now, Deed.FAIL, SYSTEM, comment=error.message, error=error_object(error))


def _put_off(desk: Desk, request: Request, error: RolecallError) -> None:
    """It is tried again later; after some attempts in vain people are told, once."""
    with desk.page() as page:
        now = find_request(page.connection, request.id)
        tries = now.task.tries + 1
        update_task(
            page.connection,
            now.id,
            "provisionError",
            SYSTEM,
            comment=error.message,
            at=page.at,
            tries=tries,
            next_try_at=page.at + backoff(tries),
            error=error_object(error),
        )
        owners = desk.owners(request.task.connector)
        _tell_after_some_tries(desk, page, find_request(page.connection, request.id), error, owners)


def _tell_after_some_tries(
    desk: Desk, page: Page, request: Request, error: RolecallError, owners: Sequence[str]
) -> None:
    if request.state is State.APPROVED and request.task.tries == FAILED_AFTER:
        about = desk.about(request.task, page.at)
        page.tell(notices.failed(about, error, request.id, (*request.emails, *owners)))
