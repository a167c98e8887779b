"""How requests, rules and twins are listed."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from rolecall.builtin.requests.rules import Rule, digest
from rolecall.durations import duration_text
from rolecall.output import Column, Listing
from rolecall.plans import Twin


def _length(seconds: int | None) -> str:
    return "" if seconds is None else duration_text(timedelta(seconds=seconds))


REQUESTS = Listing(
    (
        "id",
        "connector",
        "entitlement_id",
        "principal",
        "principal_name",
        "requester",
        "requester_id",
        "state",
        "task_state",
        "processing",
        "outcome",
        "outcome_at",
        "rule",
        "rule_digest",
        "reason",
        "ticket",
        "duration",
        "created_at",
        "lapses_at",
        "approvals_needed",
        "approved_by",
        "granted_at",
        "expires_at",
        "extends",
        "emergency",
        "reviewed",
        "handoff",
        "waits_for",
        "error",
        "next_try_at",
        "history",
    ),
    (
        Column("id", "ID"),
        Column("state", "STATE"),
        Column("connector", "CONNECTOR"),
        Column("entitlement_id", "ENTITLEMENT"),
        Column("principal_name", "FOR"),
        Column("requester", "ASKED BY"),
        Column("duration", "DURATION"),
        Column("approved_by", "APPROVED BY"),
        Column("expires_at", "EXPIRES"),
        Column("reason", "REASON"),
    ),
    table_cells={"duration": _length},
)

RULES = Listing(
    (
        "name",
        "connector",
        "accounts",
        "roles",
        "entitlement",
        "eligible",
        "approvers",
        "approvals",
        "max_duration",
        "ticket",
        "handoff",
        "lapse",
        "auto_approve",
        "emergency",
        "digest",
    ),
    (
        Column("name", "RULE"),
        Column("connector", "CONNECTOR"),
        Column("accounts", "ACCOUNTS"),
        Column("roles", "ROLES"),
        Column("entitlement", "ENTITLEMENT"),
        Column("eligible", "WHO MAY ASK"),
        Column("approvers", "WHO APPROVES"),
        Column("max_duration", "AT MOST"),
    ),
    table_cells={"max_duration": _length, "lapse": _length},
)

TWINS = Listing(
    ("entitlement_id", "groups", "create"),
    (
        Column("entitlement_id", "ENTITLEMENT"),
        Column("groups", "GROUPS"),
        Column("create", "CREATE THIS GROUP"),
    ),
    table_cells={
        "groups": lambda groups: ", ".join(f"{group['name']} ({group['source']})" for group in groups)
    },
)


def rule_row(rule: Rule) -> dict[str, object]:
    """A rule as scripts get it."""
    tags = [f"{tag}={value}" for tag, values in rule.tags.items() for value in values]
    terms = rule.emergency
    return {
        "name": rule.name,
        "connector": rule.connector,
        "accounts": [*rule.accounts, *tags],
        "roles": rule.roles or None,
        "entitlement": rule.entitlement or None,
        "eligible": [str(ref) for ref in rule.eligible],
        "approvers": [str(ref) for ref in rule.approvers],
        "approvals": 0 if rule.auto_approve else rule.approvals,
        "max_duration": int(rule.max_duration.total_seconds()),
        "ticket": rule.ticket,
        "handoff": rule.handoff,
        "lapse": int(rule.lapse.total_seconds()),
        "auto_approve": rule.auto_approve,
        "emergency": None
        if terms is None
        else {
            "eligible": [str(ref) for ref in terms.eligible],
            "max_duration": int(terms.max_duration.total_seconds()),
            "approvers": [str(ref) for ref in terms.approvers],
        },
        "digest": digest(rule),
    }


def twin_row(twin: Twin) -> dict[str, object]:
    """A role and its groups as scripts get them."""
    return {
        "entitlement_id": str(twin.entitlement),
        "groups": [{"group": str(ref), "name": name, "source": source} for ref, name, source in twin.groups],
        "create": twin.create or None,
    }


def request_facts(row: Mapping[str, Any]) -> dict[str, str]:
    """One request for people: what is known of it, then what happened, line by line."""
    facts = {
        "request": str(row["id"]),
        "state": row["state"],
        "access": f"{row['entitlement_id']} on {row['connector']}",
        "for": row["principal_name"],
        "asked by": row["requester"],
        "reason": row["reason"],
        "ticket": row["ticket"] or "",
        "rule": row["rule"],
        "duration": _length(row["duration"]),
        "approved by": ", ".join(row["approved_by"]),
        "approvals": f"{len(row['approved_by'])} of {row['approvals_needed']}"
        if row["approvals_needed"]
        else "",
        "lapses": moment(row["lapses_at"]),
        "granted": moment(row["granted_at"]),
        "expires": moment(row["expires_at"]),
        "extends": str(row["extends"] or ""),
        "emergency": _emergency(row),
        "waits for": f"task {row['waits_for']}" if row["waits_for"] else "",
        "handed to": row["handoff"]["content"]["system"] if row["handoff"] else "",
        "next try": moment(row["next_try_at"]),
        "error": row["error"]["message"] if row["error"] else "",
    }
    return facts | history_facts(row["history"])


def history_facts(history: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """What happened to a request or a task, for people, by number."""
    facts = {}
    for number, entry in enumerate(history, 1):
        comment = f": {entry['comment']}" if entry["comment"] else ""
        facts[f"{number:>3}"] = f"{moment(entry['at'])} {entry['event']} by {entry['by']}{comment}"
    return facts


def moment(at: datetime | None) -> str:
    """A time for people; empty where there is none."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC" if at else ""


def _emergency(row: Mapping[str, Any]) -> str:
    if not row["emergency"]:
        return ""
    return f"reviewed by {row['reviewed']['by']}" if row["reviewed"] else "yes, and nobody has reviewed it"
