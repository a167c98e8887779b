"""The tables of provisioning: what was done and by whom, what is held for which reasons, what is still to do.

Resources and entitlements stand by their text ids, connectors by name: what was done outlives what a sync
knows. None of it is changed by a sync.
"""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Table, Text, UniqueConstraint

from rolecall.store.columns import FaithfulText, Instant, Json
from rolecall.store.tables import Key, metadata

action = Table(
    "action",
    metadata,
    Column("id", Key, primary_key=True),
    Column("connector", FaithfulText, nullable=False),
    Column("kind", FaithfulText, nullable=False),
    Column("operation", FaithfulText, nullable=False),
    Column("entitlement", FaithfulText, nullable=False),
    Column("principal", FaithfulText, nullable=False),
    Column("request", Json, nullable=False),
    Column("plan", Json),
    Column("steps", Json, nullable=False),
    Column("status", FaithfulText, nullable=False),
    Column("verified", Boolean, nullable=False),
    Column("actor", Json, nullable=False),
    Column("reason", FaithfulText, nullable=False),
    Column("seconds", BigInteger),
    Column("ends_at", Instant),
    Column("task_id", Key),
    Column("rule", FaithfulText),
    Column("emergency", Boolean, nullable=False),
    Column("ticket", FaithfulText),
    Column("attempts", BigInteger, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("error", Json),
    Column("log", Json, nullable=False),
    Column("pid", BigInteger, nullable=False),
    Column("host", FaithfulText, nullable=False),
    Column("process_started", FaithfulText),
    Column("alive_until", Instant, nullable=False),
    Index(None, "status"),
    sqlite_autoincrement=True,
)

action_call = Table(
    "action_call",
    metadata,
    Column("id", Key, primary_key=True),
    Column("action_id", Key, ForeignKey("action.id"), nullable=False, index=True),
    Column("attempt", BigInteger, nullable=False),
    Column("step", BigInteger, nullable=False),
    Column("method", FaithfulText, nullable=False),
    Column("path", FaithfulText, nullable=False),
    Column("status", BigInteger),
    Column("request_id", FaithfulText),
    Column("at", Instant, nullable=False),
    sqlite_autoincrement=True,
)
"""Calls that an action was about to send; ``status`` where the provider answered."""

audit_record = Table(
    "audit_record",
    metadata,
    Column("number", Key, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False, index=True),
    Column("kind", FaithfulText, nullable=False),
    Column("connector", FaithfulText),
    Column("action_id", Key, index=True),
    Column("task_id", Key, index=True),
    Column("body", Text, nullable=False),
    Column("prev_hash", Text, nullable=False),
    Column("hash", Text, nullable=False),
)
"""The audit chain. All that counts is in ``body``; the columns before it are there to find a record."""

holding = Table(
    "holding",
    metadata,
    Column("id", Key, primary_key=True),
    Column("provider", FaithfulText, nullable=False),
    Column("object", FaithfulText, nullable=False),
    Column("principal", FaithfulText, nullable=False),
    Column("mechanism", FaithfulText, nullable=False),
    Column("detail", Json, nullable=False),
    Column("meaning", Json, nullable=False),
    Column("connector", FaithfulText, nullable=False, index=True),
    Column("state", FaithfulText, nullable=False),
    Column("made", Boolean, nullable=False),
    Column("action_id", Key, ForeignKey("action.id"), index=True),
    Column("changed_at", Instant, nullable=False),
    UniqueConstraint("provider", "principal", "object", "mechanism"),
    sqlite_autoincrement=True,
)

reason = Table(
    "reason",
    metadata,
    Column("id", Key, primary_key=True),
    Column("holding_id", Key, ForeignKey("holding.id"), nullable=False, index=True),
    Column("kind", FaithfulText, nullable=False),
    Column("connector", FaithfulText, nullable=False),
    Column("entitlement", FaithfulText, nullable=False),
    Column("action_id", Key, ForeignKey("action.id"), index=True),
    Column("task_id", Key, index=True),
    Column("began_at", Instant, nullable=False),
    Column("ends_at", Instant),
    Column("ended_at", Instant),
    Column("ended_by", FaithfulText),
    sqlite_autoincrement=True,
)
Index(
    "ix_reason_ends_at",
    reason.c.ends_at,
    sqlite_where=reason.c.ended_at.is_(None),
    postgresql_where=reason.c.ended_at.is_(None),
)

task = Table(
    "task",
    metadata,
    Column("id", Key, primary_key=True),
    Column("type", FaithfulText, nullable=False),
    Column("state", FaithfulText, nullable=False),
    Column("processing", FaithfulText, nullable=False),
    Column("outcome", FaithfulText),
    Column("outcome_at", Instant),
    Column("origin", FaithfulText, nullable=False),
    Column("source", Json, nullable=False),
    Column("connector", FaithfulText, nullable=False),
    Column("entitlement", FaithfulText, nullable=False),
    Column("principal", FaithfulText, nullable=False),
    Column("principal_name", FaithfulText, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("created_by", Json, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("listing", FaithfulText),
    Column("description", FaithfulText, nullable=False),
    Column("seconds", BigInteger),
    Column("ends_at", Instant),
    Column("lapses_at", Instant),
    Column("rule", Json),
    Column("rule_digest", FaithfulText),
    Column("approvals", Json, nullable=False),
    Column("handoff", Json),
    Column("undo", Json, nullable=False),
    Column("due_at", Instant),
    Column("next_try_at", Instant),
    Column("tries", BigInteger, nullable=False),
    Column("actions", Json, nullable=False),
    Column("observed_run_id", Key, ForeignKey("run.id")),
    Column("observed_at", Instant),
    Column("meaning", Json, nullable=False),
    Column("emergency", Boolean, nullable=False),
    Column("reviewed", Json),
    Column("extends", Key),
    Column("ticket", FaithfulText),
    Column("error", Json),
    Index(None, "state", "next_try_at"),
    Index(None, "listing"),
    sqlite_autoincrement=True,
)

task_entry = Table(
    "task_entry",
    metadata,
    Column("id", Key, primary_key=True),
    Column("task_id", Key, ForeignKey("task.id"), nullable=False, index=True),
    Column("at", Instant, nullable=False),
    Column("kind", FaithfulText, nullable=False),
    Column("actor", Json, nullable=False),
    Column("comment", FaithfulText, nullable=False),
    Column("facts", Json, nullable=False),
    sqlite_autoincrement=True,
)
"""A task's history; rows are only ever added."""

lock = Table(
    "lock",
    metadata,
    Column("name", FaithfulText, primary_key=True),
    Column("token", FaithfulText, nullable=False),
    Column("pid", BigInteger, nullable=False),
    Column("host", FaithfulText, nullable=False),
    Column("process_started", FaithfulText),
    Column("until", Instant, nullable=False),
)

notice = Table(
    "notice",
    metadata,
    Column("id", FaithfulText, primary_key=True),
    Column("at", Instant, nullable=False, index=True),
    Column("kind", FaithfulText, nullable=False),
    Column("connector", FaithfulText, nullable=False),
    Column("summary", FaithfulText, nullable=False),
    Column("facts", Json, nullable=False),
    Column("recipients", Json, nullable=False),
    Column("task_id", Key),
)

notice_delivery = Table(
    "notice_delivery",
    metadata,
    Column("notice_id", FaithfulText, ForeignKey("notice.id"), primary_key=True),
    Column("plugin", FaithfulText, primary_key=True),
    Column("state", FaithfulText, nullable=False),
    Column("tries", BigInteger, nullable=False),
    Column("tried_at", Instant, nullable=False),
    Column("next_try_at", Instant),
    Column("receipt", FaithfulText),
    Column("error", FaithfulText),
)
"""What came of telling a notice by a plugin; there is no row before the first try."""

service_state = Table(
    "service_state",
    metadata,
    Column("name", FaithfulText, primary_key=True),
    Column("value", Json, nullable=False),
)
