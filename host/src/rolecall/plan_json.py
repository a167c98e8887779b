"""Requests, plans and what they are made of, as JSON for the store and the audit chain, and read back.

Names of resources and entitlements stand as text ids; times as RFC 3339 in UTC. What is read back was
written here: it isn't validated.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from rolecall.ids import parse_entitlement, parse_ref
from rolecall.models import EntitlementRef, Ref
from rolecall.plans import Actor, Effect, HandOff, Held, Plan, ProvisioningRequest, Step

JsonObject: TypeAlias = Mapping[str, Any]


def to_json(value: object) -> Any:
    """The JSON form of a value of ``plans``, or of any JSON value."""
    if isinstance(value, list | tuple) and not isinstance(value, Ref | EntitlementRef):
        return [to_json(each) for each in value]
    if isinstance(value, frozenset | set):
        return sorted(to_json(each) for each in value)
    if isinstance(value, Mapping):
        return {key: to_json(each) for key, each in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_json(getattr(value, field.name)) for field in fields(value)}
    return _plain(value)


def _plain(value: object) -> Any:
    match value:
        case Ref() | EntitlementRef():
            return str(value)
        case datetime():
            return time_text(value)
        case timedelta():
            return value.total_seconds()
        case _:
            return value


def time_text(at: datetime) -> str:
    """A time in UTC with microseconds: equal times are equal texts, and texts sort as times do."""
    return f"{at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def time_in(text: str) -> datetime:
    """The time that ``time_text`` was given."""
    return datetime.fromisoformat(text)


def actor_from(stored: JsonObject) -> Actor:
    """See ``to_json``."""
    auth_time = stored["auth_time"]
    return Actor(
        stored["name"],
        stored["assurance"],
        stored["subject"],
        auth_time and time_in(auth_time),
        tuple(stored["methods"]),
        stored["operator"],
    )


def request_from(stored: JsonObject) -> ProvisioningRequest:
    """See ``to_json``; a principal that was given as a login comes back as one."""
    return ProvisioningRequest(
        stored["operation"],
        parse_entitlement(stored["entitlement"]),
        stored["principal"]["login"]
        if isinstance(stored["principal"], Mapping)
        else parse_ref(stored["principal"]),
        stored["via"] and parse_ref(stored["via"]),
        tuple(map(held_from, stored["undo"])),
        tuple(map(held_from, stored["made"])),
        frozenset(stored["accept"]),
    )


def request_json(request: ProvisioningRequest) -> dict[str, Any]:
    """The request's JSON; a principal without a reference is ``{"login": …}``."""
    whole: dict[str, Any] = to_json(request)
    if isinstance(request.principal, str):
        whole["principal"] = {"login": request.principal}
    return whole


def held_from(stored: JsonObject) -> Held:
    """See ``to_json``."""
    return Held(
        stored["provider"],
        parse_ref(stored["object"]),
        parse_ref(stored["principal"]),
        stored["mechanism"],
        stored["detail"],
    )


def handoff_from(stored: JsonObject) -> HandOff:
    """See ``to_json``."""
    facts = {**stored, "group": parse_ref(stored["group"]), "person": parse_ref(stored["person"])}
    return HandOff(**facts)


def plan_from(stored: JsonObject) -> Plan:
    """See ``to_json``."""
    return Plan(
        stored["operation"],
        parse_entitlement(stored["entitlement"]),
        parse_ref(stored["principal"]),
        stored["principal_name"],
        stored["status"],
        tuple(map(_step_from, stored["steps"])),
        tuple(map(_effect_from, stored["effects"])),
        tuple(map(held_from, stored["rests_on"])),
        stored["meaning"],
        tuple(stored["warnings"]),
        tuple(stored["locks"]),
        stored["session_seconds"],
        tuple((connector, parse_entitlement(held)) for connector, held in stored.get("elsewhere", ())),
    )


def _step_from(stored: JsonObject) -> Step:
    return Step(
        stored["action"],
        stored["route"],
        stored["effect"],
        stored["method"],
        stored["path"],
        stored["body"],
        tuple(map(held_from, stored["gives"])),
        tuple(map(held_from, stored["takes"])),
        stored["expects"],
        stored["handoff"] and handoff_from(stored["handoff"]),
    )


def _effect_from(stored: JsonObject) -> Effect:
    return Effect(
        parse_ref(stored["person"]),
        stored["name"],
        _entitlements(stored["gains"]),
        _entitlements(stored["loses"]),
        stored["can_sign_in"],
    )


def _entitlements(stored: Sequence[str]) -> tuple[EntitlementRef, ...]:
    return tuple(map(parse_entitlement, stored))
