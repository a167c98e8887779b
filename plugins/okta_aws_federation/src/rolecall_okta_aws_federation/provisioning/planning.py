"""Makes the plan for a request: a fresh read, the rules for what is asked, and who gains and loses what."""

from collections.abc import Iterable
from dataclasses import replace

from rolecall import MEMBER, EntitlementRef, Plan, ProvisioningRequest, Ref, Refused, Severity
from rolecall_okta import (
    GroupNow,
    OktaClient,
    UserRow,
    find_person,
    provider_of,
    read_group,
    refuse_unable,
    shown,
)
from rolecall_okta_aws_federation.config import Settings
from rolecall_okta_aws_federation.findings import quoted
from rolecall_okta_aws_federation.payloads import ACTIVE
from rolecall_okta_aws_federation.provisioning import group_plans, person_plans, undoing
from rolecall_okta_aws_federation.provisioning.desk import Desk
from rolecall_okta_aws_federation.provisioning.draft import Outline
from rolecall_okta_aws_federation.provisioning.foresight import Foreseen, counted, foresee
from rolecall_okta_aws_federation.provisioning.fresh_reading import begin_reading
from rolecall_okta_aws_federation.provisioning.guards import guard
from rolecall_okta_aws_federation.provisioning.things import as_given
from rolecall_okta_aws_federation.sync import ASSIGNED

LONGEST_SESSION = 43_200
"""Seconds: the most that AWS lets a role be set to."""


async def make_plan(okta: OktaClient, settings: Settings, request: ProvisioningRequest) -> Plan:
    """See ``rolecall_plan``."""
    ours = tuple(held for held in request.made if held.provider == provider_of(okta))
    request = replace(request, made=ours)
    desk = Desk(okta, settings, request, await begin_reading(okta, settings.aws_okta_app_id))
    _refuse_strange(desk, request.entitlement)
    if request.undo:
        outline = await undoing.undo(desk)
    else:
        outline = await _outline(desk, await _principal(desk))
    return _finished(desk, outline)


async def _outline(desk: Desk, principal: UserRow | GroupNow) -> Outline:
    request = desk.request
    if isinstance(principal, GroupNow):
        _refuse_inactive_app(desk)
        return await group_plans.outline(desk, principal)
    if request.operation == "grant":
        refuse_unable(principal, f"grant {shown(str(request.entitlement))}")
        _refuse_inactive_app(desk)
    return await person_plans.outline(desk, principal)


def _finished(desk: Desk, outline: Outline) -> Plan:
    request, draft = desk.request, outline.draft
    is_grant = request.operation == "grant"
    foreseen = foresee(outline.org, draft.change)
    if draft.steps:
        guard(request, outline.principal, foreseen, draft.instead)
        status = "planned"
    else:
        status = "already_granted" if is_grant else "already_revoked"
    return Plan(
        request.operation,
        request.entitlement,
        outline.principal,
        outline.name,
        status,  # type: ignore[arg-type]
        tuple(draft.steps),
        foreseen.felt,
        as_given(outline.rests_on(foreseen), [*desk.given, *draft.gives]),
        outline.meaning,
        tuple(dict.fromkeys([*_summary(outline, foreseen), *draft.warnings, *_app_warnings(desk)])),
        tuple(sorted({*draft.locks, *desk.lock(*outline.writes_on)})),
        None if is_grant else session_seconds(desk.reading.app.settings.session_duration),
    )


def _summary(outline: Outline, foreseen: Foreseen) -> Iterable[str]:
    """Of a group's change, how many it reaches."""
    return counted(foreseen.felt) if outline.principal.type == "group" else ()


def session_seconds(value: object) -> int:
    """How long AWS lets a session live that the app began; AWS's own limit where the setting doesn't say."""
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit():
        value = int(value)
    known = isinstance(value, int) and not isinstance(value, bool) and 0 < value < LONGEST_SESSION
    return value if known else LONGEST_SESSION  # type: ignore[return-value]


async def _principal(desk: Desk) -> UserRow | GroupNow:
    wanted = desk.request.principal
    found: UserRow | GroupNow | None = None
    if isinstance(wanted, Ref) and wanted.type == "group":
        found = await read_group(desk.okta, wanted.id, directory_writes=False, rules=())
    elif not isinstance(wanted, Ref) or wanted.type == "user":
        found = await find_person(desk.okta, wanted)
    if found is None:
        raise Refused(
            f"The org has no user or group {quoted(str(wanted))}.",
            code="unknown_principal",
            hint="give a login, an e-mail address, user:ID or group:ID",
        )
    return found


def _refuse_strange(desk: Desk, entitlement: EntitlementRef) -> None:
    """Only what this connector provisions."""
    resource, slug = entitlement
    if resource.type == "account" and resource.id and slug:
        return
    if resource.type == "group" and slug == MEMBER:
        return
    if resource.type == "app" and slug == ASSIGNED:
        if resource.id == desk.app_id:
            return
        raise Refused(
            f"This connector is for the app {desk.app_id}, not for {resource.id}.",
            code="another_app",
            hint=f"grant app:{desk.app_id}:{ASSIGNED}",
        )
    raise Refused(
        f"This connector can't provision {quoted(str(entitlement))}.",
        code="unknown_entitlement",
        hint="give account:ACCOUNT:ROLE, group:ID:member or app:ID:assigned",
    )


def _refuse_inactive_app(desk: Desk) -> None:
    app = desk.reading.app
    if desk.request.operation == "grant" and app.status != ACTIVE:
        raise Refused(
            f"The AWS app is {app.status}, not {ACTIVE}: nobody has access through it.",
            code="app_inactive",
            hint="activate the app in Okta first",
        )


def _app_warnings(desk: Desk) -> Iterable[str]:
    app = desk.reading.app
    if app.status != ACTIVE:
        yield f"The AWS app is {app.status}: until it is activated nobody has access through it."
    yield from (odd.message for odd in desk.reading.oddities if odd.severity == Severity.HIGH)
