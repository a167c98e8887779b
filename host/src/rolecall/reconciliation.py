"""Holding what Rolecall says it wrote against what the provider's log tells of, both ways. Pure.

Calls and events belong together by the request's id; where a call's answer never came, by what it gave or
took, and when.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, TypeAlias

from rolecall.audit import AuditRecord
from rolecall.ids import parse_ref
from rolecall.ledger import Holding
from rolecall.models import Ref
from rolecall.plan_json import time_in
from rolecall.plans import WriteSeen

Thing: TypeAlias = tuple[bool, Ref, Ref]
"""Given (or taken), on what, to whom."""

NEAR = timedelta(minutes=10)
"""How far an event may be from the call without an answer that it is taken for."""

IMPORT = timedelta(hours=24)
"""How long what was written to a directory may take: only the import from there is told by the log."""

_FAILED = frozenset({"FAILURE", "DENY"})


@dataclass(frozen=True, slots=True)
class WrittenCall:
    """One call that Rolecall says it sent.

    Attributes:
        n: Which of its action's calls, from 0.
        audit_id: Number of the record that tells of it; None while its action is under way.
        status: The answer's; None where none came.
        things: What its step gives and takes.
        applied: False where a read showed that it didn't do anything.
        by_directory: It went to a directory: the log tells of it when the provider imports it, as the
            provider's own doing.
    """

    connector: str
    action: int
    n: int
    audit_id: int | None
    task: int | None
    entitlement: str
    principal: str
    at: datetime
    method: str
    path: str
    status: int | None
    request_id: str | None
    things: frozenset[Thing] = frozenset()
    applied: bool = True
    by_directory: bool = False

    @property
    def succeeded(self) -> bool:
        """Whether the provider's log must tell of it."""
        return self.status is not None and 200 <= self.status < 300 and self.applied  # noqa: PLR2004 - HTTP


@dataclass(frozen=True, slots=True)
class Drift:
    """Somebody else's change to what the ledger holds."""

    seen: WriteSeen
    change: Literal["given", "taken", "changed"]
    holding: Holding


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What came of it.

    Attributes:
        matched: How many of our calls the log tells of.
        unrecorded: Written with our credentials, and on no record: behind our back.
        unseen: On record, and not in the log: forged, or lost.
        drift: Others' changes to what the ledger holds.
    """

    matched: int
    unrecorded: tuple[WriteSeen, ...]
    unseen: tuple[WrittenCall, ...]
    drift: tuple[Drift, ...]


def reconcile(
    calls: Iterable[WrittenCall],
    seen: Iterable[WriteSeen],
    holdings: Iterable[Holding],
    *,
    connector: str,
    since: datetime,
    until: datetime,
    settled: datetime,
) -> Reconciliation:
    """Hold calls against events.

    The log is read with a credential that needn't be the one that writes: whoever is seen to make our
    recorded calls, and isn't known for us, is taken for us in what is on no record too.

    Args:
        calls: Of every connector, since two may share a credential, and from before ``since`` too.
        seen: What the connector's log tells of; from before ``since`` and after ``until`` too.
        holdings: What the ledger holds by the connector.
        connector: Whose calls the log must tell of.
        since: From when on.
        until: Until when.
        settled: What was sent later may not have reached the log yet.
    """
    events = list({event.id: event for event in seen}.values())
    sent = list(calls)
    told = _by_request(sent, events)
    as_us = {event.actor for event in events if event.id in told and not event.ours}
    rest = [event for event in events if event.id not in told]
    own = [event for event in rest if event.ours is not False or event.actor in as_us]
    told |= _by_thing(sent, own) | _by_import(sent, rest)
    rest = [event for event in rest if event.id not in told and since <= event.at < until]
    ours = [event for event in rest if event.ours or event.actor in as_us]
    paired = set(told.values())
    due = [
        (n, call)
        for n, call in enumerate(sent)
        if call.connector == connector and since <= call.at < _settled(call, until, settled)
    ]
    return Reconciliation(
        sum(n in paired for n, _ in due),
        tuple(event for event in ours if event.outcome not in _FAILED),
        tuple(call for n, call in due if call.succeeded and n not in paired),
        tuple(_drift((event for event in rest if event not in ours), holdings)),
    )


def written_calls(records: Iterable[AuditRecord]) -> list[WrittenCall]:
    """The calls that audit records tell of, each once, with the last record that tells of it."""
    told: dict[tuple[int, int], WrittenCall] = {}
    plans: dict[tuple[int, int], Mapping[str, Any] | None] = {}
    for record in records:
        facts = record.facts
        if record.action is None or "calls" not in facts:
            continue
        plans[record.action, facts["attempt"]] = facts["plan"]
        for n, call in enumerate(facts["calls"]):
            plan = plans.get((record.action, call["attempt"]))
            newest = call["attempt"] == facts["attempt"]
            state = facts["steps"][call["step"]]["state"] if newest else "answered"
            told[record.action, n] = WrittenCall(
                record.connector or "",
                record.action,
                n,
                record.number,
                record.task,
                facts["entitlement"],
                facts["principal"],
                time_in(call["at"]),
                call["method"],
                call["path"],
                call["status"],
                call["request_id"],
                things_of(plan, call["step"]),
                state != "not_applied",
                by_directory(plan, call["step"]),
            )
    return list(told.values())


def things_of(plan: Mapping[str, Any] | None, step: int) -> frozenset[Thing]:
    """What a step of a plan, as JSON, gives and takes."""
    if plan is None or step >= len(plan["steps"]):
        return frozenset()
    whole = plan["steps"][step]
    return frozenset(
        (given, parse_ref(held["object"]), parse_ref(held["principal"]))
        for given, side in ((True, "gives"), (False, "takes"))
        for held in whole[side]
    )


def by_directory(plan: Mapping[str, Any] | None, step: int) -> bool:
    """Whether a step of a plan, as JSON, goes to a directory."""
    return plan is not None and step < len(plan["steps"]) and plan["steps"][step]["route"] == "directory"


def _settled(call: WrittenCall, until: datetime, settled: datetime) -> datetime:
    """Before when a call must have been sent that the log tells of by now."""
    return min(until, settled - IMPORT if call.by_directory else settled)


def _by_request(calls: Sequence[WrittenCall], events: Iterable[WriteSeen]) -> dict[str, int]:
    """Event's id → index of the call whose request brought it about."""
    by_request = {call.request_id: n for n, call in enumerate(calls) if call.request_id is not None}
    return {event.id: by_request[event.request_id] for event in events if event.request_id in by_request}


def _by_thing(calls: Sequence[WrittenCall], events: Iterable[WriteSeen]) -> dict[str, int]:
    """Event's id → index of the nearest call without an answer that gave, or took, just that."""
    told = {}
    for event, fitting in _fitting(calls, events, lambda call: call.request_id is None):
        away = {n: abs(event.at - calls[n].at) for n in fitting}
        near = [n for n in away if away[n] <= NEAR]
        if near:
            told[event.id] = min(near, key=lambda n: away[n])
    return told


def _by_import(calls: Sequence[WrittenCall], events: Iterable[WriteSeen]) -> dict[str, int]:
    """Event's id → index of the last call to a directory before it that gave, or took, just that."""
    told = {}
    for event, fitting in _fitting(calls, events, lambda call: call.by_directory and call.applied):
        before = [n for n in fitting if -NEAR <= event.at - calls[n].at <= IMPORT]
        if before:
            told[event.id] = max(before, key=lambda n: calls[n].at)
    return told


def _fitting(
    calls: Sequence[WrittenCall], events: Iterable[WriteSeen], wanted: Callable[[WrittenCall], bool]
) -> Iterator[tuple[WriteSeen, Sequence[int]]]:
    """Events that gave or took something, each with the indices of wanted calls that did just that."""
    by_thing: defaultdict[Thing, list[int]] = defaultdict(list)
    for n, call in enumerate(calls):
        if wanted(call):
            for thing in call.things:
                by_thing[thing].append(n)
    for event in events:
        if event.gives is not None and event.object is not None and event.principal is not None:
            yield event, by_thing.get((event.gives, event.object, event.principal), ())


def _drift(others: Iterable[WriteSeen], holdings: Iterable[Holding]) -> Iterable[Drift]:
    held: defaultdict[tuple[Ref, Ref], list[Holding]] = defaultdict(list)
    for holding in holdings:
        held[holding.held.object, holding.held.principal].append(holding)
    for event in others:
        if event.outcome in _FAILED or event.object is None or event.principal is None:
            continue
        for holding in held.get((event.object, event.principal), ()):
            change: Literal["given", "taken", "changed"]
            change = "changed" if event.gives is None else "given" if event.gives else "taken"
            if change != "given" or holding.state == "ending":
                yield Drift(event, change, holding)
