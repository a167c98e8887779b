"""A plan, and what came of it, as scripts and as people get it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from rolecall.durations import duration_text
from rolecall.errors import error_object
from rolecall.models import EntitlementRef
from rolecall.plan_json import to_json
from rolecall.plans import Effect, HandOff, Plan, Removal, Step
from rolecall.provisioning import Done, StepDone

MANY = 20
"""So many people are named to people; scripts get all."""


def done_object(done: Done, removals: Sequence[Removal] = ()) -> dict[str, object]:
    """What came of an action as scripts get it; see the command line's contract."""
    request, plan = done.action.request, done.plan
    described: dict[str, object] = {
        "operation": request.operation,
        "connector": done.action.connector,
        "entitlement_id": str(request.entitlement),
        "principal": str(plan.principal if plan else request.principal),
        "principal_name": plan.principal_name if plan else None,
        "status": done.status,
        "plan": step_objects(plan, done.steps),
        "verified": done.verified,
        "effects": [effect_object(effect) for effect in plan.effects] if plan else [],
        "warnings": list(plan.warnings) if plan else [],
    }
    optional = {
        "why": done.why or None,
        "meaning": to_json(plan.meaning) if plan and plan.meaning else None,
        "elsewhere": [
            {"connector": connector, "entitlement_id": str(held)}
            for connector, held in (plan.elsewhere if plan else ())
        ]
        or None,
        "sessions": sessions(done),
        "task_id": done.task_id,
        "expires_at": done.access_until,
        "audit_id": done.audit_id,
        "removals": [removal_object(removal) for removal in removals] or None,
        "error": error_object(done.error) if done.error else None,
    }
    return described | {key: value for key, value in optional.items() if value is not None}


def step_objects(plan: Plan | None, done: Sequence[StepDone] = ()) -> list[dict[str, object]]:
    """The steps of a plan as scripts get them, with what became of each, where anything did."""
    if plan is None:
        return []
    known: Sequence[StepDone | None] = done or [None] * len(plan.steps)
    return [_step_object(step, each) for step, each in zip(plan.steps, known, strict=True)]


def effect_object(effect: Effect) -> dict[str, object]:
    """What changes for one person, as scripts get it."""
    return {
        "person": str(effect.person),
        "name": effect.name,
        "gains": [str(each) for each in effect.gains],
        "loses": [str(each) for each in effect.loses],
        "can_sign_in": effect.can_sign_in,
    }


def removal_object(removal: Removal) -> dict[str, object]:
    """One way to end an access, as scripts get it."""
    return {
        "via": str(removal.via),
        "path": removal.path,
        "change": removal.change,
        "route": removal.route,
        "ends_access": removal.ends_access,
        "effects": [effect_object(effect) for effect in removal.effects],
        "given_back_by": list(removal.given_back_by),
        "refused": removal.refused or None,
    }


def sessions(done: Done) -> dict[str, object] | None:
    """From when no new session can begin, and until when old ones may live, of a revocation that was seen."""
    plan = done.plan
    if plan is None or plan.operation == "grant" or done.status != "applied" or not done.verified:
        return None
    length = plan.session_seconds
    until = None if length is None else done.at + timedelta(seconds=length)
    return {"no_new_session_from": done.at, "old_sessions_until": until}


def plan_lines(plan: Plan, done: Sequence[StepDone] = ()) -> Iterator[str]:
    """A plan for people: the steps, then who gains and loses what, then what they must read."""
    verb = "Grant" if plan.operation == "grant" else "Revoke"
    joint = "to" if plan.operation == "grant" else "from"
    yield f"{verb} {plan.entitlement} {joint} {plan.principal_name} ({plan.principal})"
    if plan.status != "planned":
        yield f"  {plan.status.replace('_', ' ')}: nothing needs to be written"
    known: Sequence[StepDone | None] = done or [None] * len(plan.steps)
    for number, (step, each) in enumerate(zip(plan.steps, known, strict=True), 1):
        yield f"  {number}. {step.effect}{_outcome_text(each)}"
        yield f"     {_how(step)}"
        if step.handoff is not None:
            yield from (f"     {line}" for line in handoff_lines(step.handoff))
    yield from effect_lines(plan.effects)
    for warning in plan.warnings:
        yield f"Warning: {warning}"


def effect_lines(effects: Sequence[Effect]) -> Iterator[str]:
    """Who gains and loses what: the first of many, and how many more."""
    if not effects:
        return
    yield f"Who gains and loses ({len(effects)} {'person' if len(effects) == 1 else 'people'})"
    for effect in effects[:MANY]:
        changes = [*_signed("+", effect.gains), *_signed("-", effect.loses)]
        asleep = "" if effect.can_sign_in else " (can't sign in at present)"
        yield f"  {effect.name}{asleep}: {', '.join(changes)}"
    if len(effects) > MANY:
        gaining = sum(1 for effect in effects if effect.gains)
        losing = sum(1 for effect in effects if effect.loses)
        yield f"  and {len(effects) - MANY} more (-o json lists all): {gaining} gain, {losing} lose something"


def handoff_lines(handoff: HandOff) -> Iterator[str]:
    """What a person outside must do."""
    verb, joint = ("add", "to") if handoff.change == "add" else ("remove", "from")
    yield f"in {handoff.system}: {verb} {_names(handoff.person_names)} {joint} {_names(handoff.group_names)}"
    if handoff.command:
        yield f"command: {handoff.command}"


def removal_lines(removals: Sequence[Removal], revoke: str) -> Iterator[str]:
    """Ways to end an access, the smallest change first.

    Args:
        removals: As the connector gave them.
        revoke: The command, to which ``--via`` is added.
    """
    for removal in removals:
        yield f"{removal.path}"
        ends = "this ends the access" if removal.ends_access else "the access stays, by another path"
        yield f"  {removal.change} ({_route(removal.route)}); {ends}"
        yield from (f"  {line}" for line in effect_lines(removal.effects))
        if removal.given_back_by:
            yield f"  would be given back by: {', '.join(removal.given_back_by)}"
        if removal.refused:
            yield f"  can't be done from here: {removal.refused}"
        else:
            yield f"  {revoke} --via {removal.via}"


def done_lines(done: Done) -> Iterator[str]:
    """What came of an action, for people."""
    plan, name = done.plan, done.action.connector
    yield from _status_lines(done)
    if done.access_until is not None:
        yield f"It ends {_time(done.access_until)} (in {duration_text(done.access_until - done.at)})."
    elif done.expires_at is not None:
        yield "It doesn't end by itself: there was a reason for it before, which stays."
    living = sessions(done)
    if living is not None and plan is not None:
        yield f"No new session can begin from {_time(done.at)}."
        if plan.session_seconds is not None:
            until = done.at + timedelta(seconds=plan.session_seconds)
            yield f"Sessions that began before may live until {_time(until)}."
    if done.task_id is not None and not done.verified:
        yield f"Task {done.task_id}: rolecall task show {done.task_id}"
    if done.audit_id is not None:
        yield f"Audit record {done.audit_id} of {name}."


def _status_lines(done: Done) -> Iterator[str]:
    match done.status:
        case "applied":
            yield (
                "Applied, and seen by a read." if done.verified else f"Applied, but not verified: {done.why}."
            )
        case "already_granted" | "already_revoked":
            yield f"{done.status.replace('_', ' ').capitalize()}: nothing was written."
            if done.why:
                yield f"But {done.why}."
        case "handed_off":
            yield "Handed over: a person outside must act, and nothing has changed by it yet."


def _step_object(step: Step, done: StepDone | None) -> dict[str, object]:
    described: dict[str, object] = {"action": step.action, "route": step.route, "effect": step.effect}
    optional = {
        "method": step.method,
        "path": step.path,
        "body": to_json(step.body),
        "handoff": to_json(step.handoff) if step.handoff else None,
        "outcome": done.outcome if done else None,
        "why": (done.why or None) if done else None,
        "request_id": done.request_id if done else None,
    }
    return described | {key: value for key, value in optional.items() if value is not None}


def _outcome_text(done: StepDone | None) -> str:
    if done is None:
        return ""
    why = f", {done.why}" if done.why else ""
    return f" [{done.outcome.replace('_', ' ')}{why}]"


def _how(step: Step) -> str:
    call = f"{step.method} {step.path}" if step.method else ""
    return f"{_route(step.route)}{': ' if call else ''}{call}"


def _route(route: str) -> str:
    return {"api": "by the API", "directory": "through the directory", "handoff": "by a person outside"}[
        route
    ]


def _names(names: Mapping[str, str]) -> str:
    first, *others = names.items()
    more = ", ".join(f"{key} {value}" for key, value in others)
    return first[1] + (f" ({more})" if more else "")


def _signed(sign: str, entitlements: Sequence[EntitlementRef]) -> list[str]:
    return [f"{sign} {each}" for each in entitlements]


def _time(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
