"""Audit records, calls and events as the rows that ``rolecall audit`` prints."""

from collections.abc import Collection, Mapping

from rolecall.audit import AuditRecord, Verification
from rolecall.builtin.audit.sinks import Sink
from rolecall.output import Column, Listing
from rolecall.plans import WriteSeen
from rolecall.reconciliation import Drift, WrittenCall

ACTIONS = Listing(
    (
        "audit_id",
        "at",
        "connector",
        "kind",
        "operation",
        "entitlement_id",
        "principal",
        "principal_name",
        "actor",
        "reason",
        "status",
        "verified",
        "expires_at",
        "task_id",
        "rule",
        "emergency",
        "ticket",
        "action_id",
        "calls",
        "error",
    ),
    (
        Column("audit_id", "AUDIT"),
        Column("at", "AT"),
        Column("connector", "CONNECTOR"),
        Column("operation", "OPERATION"),
        Column("entitlement_id", "ENTITLEMENT"),
        Column("principal_name", "PRINCIPAL"),
        Column("actor", "BY"),
        Column("status", "STATUS"),
        Column("verified", "VERIFIED"),
        Column("reason", "REASON"),
    ),
    cells={"actor": lambda actor: f"{actor['name']} ({actor['assurance']})"},
)


def action_row(record: AuditRecord, interrupted: Collection[int]) -> dict[str, object]:
    """An action's last record as scripts get it.

    Args:
        record: Of kind ``intended``, ``ended``, ``refused``, or ``observed``.
        interrupted: Numbers of actions whose process is gone.
    """
    facts = record.facts
    status = facts["status"]
    if status == "running" and record.action in interrupted:
        status = "interrupted"
    return {
        "audit_id": record.number,
        "at": record.at,
        "connector": record.connector,
        "kind": record.kind,
        "operation": facts["operation"],
        "entitlement_id": facts["entitlement"],
        "principal": facts["principal"],
        "principal_name": facts["principal_name"],
        "actor": facts["actor"],
        "reason": facts["reason"],
        "status": status,
        "verified": facts["verified"],
        "expires_at": facts["ends_at"],
        "task_id": record.task,
        "rule": facts["rule"],
        "emergency": facts["emergency"],
        "ticket": facts.get("ticket"),
        "action_id": record.action,
        "calls": [
            {key: call[key] for key in ("method", "path", "status", "request_id")} for call in facts["calls"]
        ],
        "error": facts["error"],
    }


def verification_row(told: Verification, sinks: Collection[Sink]) -> dict[str, object]:
    """What ``rolecall audit verify`` found, as scripts get it."""
    broken = told.broken
    return {
        "ok": broken is None and not any(sink.error for sink in sinks),
        "records": told.records,
        "head": told.head if told.records else None,
        "sinks": [
            {
                "plugin": sink.plugin,
                "heads": len(sink.heads),
                "last": (last := sink.last_but(told.lost)),
                "behind": max(0, told.records - last),
                "error": sink.error,
            }
            for sink in sinks
        ],
        "restored": [
            {
                "record": each.record,
                "at": each.at,
                "by": each.by,
                "reason": each.reason,
                "after": each.after,
                "newest": each.newest,
                "heads": len(each.lost),
            }
            for each in told.restorations
        ],
        "broken": broken and {"record": broken.number, "flaw": broken.flaw, "message": broken.message},
    }


def event_row(seen: WriteSeen) -> dict[str, object]:
    """A change that the provider's log tells of."""
    return {
        "event_id": seen.id,
        "at": seen.at,
        "event": seen.kind,
        "outcome": seen.outcome,
        "request_id": seen.request_id,
        "actor": seen.actor,
        "gives": seen.gives,
        "object": seen.object and str(seen.object),
        "principal": seen.principal and str(seen.principal),
    }


def call_row(call: WrittenCall) -> dict[str, object]:
    """A call that the log doesn't tell of."""
    return {
        "audit_id": call.audit_id,
        "action_id": call.action,
        "task_id": call.task,
        "at": call.at,
        "method": call.method,
        "path": call.path,
        "status": call.status,
        "request_id": call.request_id,
        "entitlement_id": call.entitlement,
        "principal": call.principal,
    }


def drift_row(drift: Drift) -> dict[str, object]:
    """Somebody else's change to what the ledger holds."""
    holding = drift.holding
    serves: Mapping[str, None] = dict.fromkeys(str(reason.entitlement) for reason in holding.reasons)
    return {
        **event_row(drift.seen),
        "change": drift.change,
        "mechanism": holding.held.mechanism,
        "entitlement_ids": list(serves),
    }
