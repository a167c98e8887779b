"""What provisioning remembers: actions, the audit chain, the ledger, tasks, locks, notices."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "action",
        sa.Column("id", KEY, nullable=False),
        sa.Column("connector", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("operation", TEXT, nullable=False),
        sa.Column("entitlement", TEXT, nullable=False),
        sa.Column("principal", TEXT, nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=True),
        sa.Column("steps", sa.Text(), nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("seconds", sa.BigInteger(), nullable=True),
        sa.Column("ends_at", sa.DateTime(), nullable=True),
        sa.Column("task_id", KEY, nullable=True),
        sa.Column("rule", TEXT, nullable=True),
        sa.Column("emergency", sa.Boolean(), nullable=False),
        sa.Column("ticket", TEXT, nullable=True),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.DateTime(), nullable=False),
        sa.Column("finished_at", sa.DateTime(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("log", sa.Text(), nullable=False),
        sa.Column("pid", sa.BigInteger(), nullable=False),
        sa.Column("host", TEXT, nullable=False),
        sa.Column("process_started", TEXT, nullable=True),
        sa.Column("alive_until", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_action"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_action_status", "action", ["status"], unique=False)
    op.create_table(
        "action_call",
        sa.Column("id", KEY, nullable=False),
        sa.Column("action_id", KEY, nullable=False),
        sa.Column("attempt", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.BigInteger(), nullable=False),
        sa.Column("method", TEXT, nullable=False),
        sa.Column("path", TEXT, nullable=False),
        sa.Column("status", sa.BigInteger(), nullable=True),
        sa.Column("request_id", TEXT, nullable=True),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["action_id"], ["action.id"], name="fk_action_call_action_id"),
        sa.PrimaryKeyConstraint("id", name="pk_action_call"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_action_call_action_id", "action_call", ["action_id"], unique=False)
    op.create_table(
        "audit_record",
        sa.Column("number", KEY, nullable=False, autoincrement=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("connector", TEXT, nullable=True),
        sa.Column("action_id", KEY, nullable=True),
        sa.Column("task_id", KEY, nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("prev_hash", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_audit_record"),
    )
    op.create_index("ix_audit_record_action_id", "audit_record", ["action_id"], unique=False)
    op.create_index("ix_audit_record_at", "audit_record", ["at"], unique=False)
    op.create_index("ix_audit_record_task_id", "audit_record", ["task_id"], unique=False)
    op.create_table(
        "holding",
        sa.Column("id", KEY, nullable=False),
        sa.Column("provider", TEXT, nullable=False),
        sa.Column("object", TEXT, nullable=False),
        sa.Column("principal", TEXT, nullable=False),
        sa.Column("mechanism", TEXT, nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("meaning", sa.Text(), nullable=False),
        sa.Column("connector", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("made", sa.Boolean(), nullable=False),
        sa.Column("action_id", KEY, nullable=True),
        sa.Column("changed_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["action_id"], ["action.id"], name="fk_holding_action_id"),
        sa.PrimaryKeyConstraint("id", name="pk_holding"),
        sa.UniqueConstraint(
            "provider",
            "principal",
            "object",
            "mechanism",
            name="uq_holding_provider_principal_object_mechanism",
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_holding_action_id", "holding", ["action_id"], unique=False)
    op.create_index("ix_holding_connector", "holding", ["connector"], unique=False)
    op.create_table(
        "reason",
        sa.Column("id", KEY, nullable=False),
        sa.Column("holding_id", KEY, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("connector", TEXT, nullable=False),
        sa.Column("entitlement", TEXT, nullable=False),
        sa.Column("action_id", KEY, nullable=True),
        sa.Column("task_id", KEY, nullable=True),
        sa.Column("began_at", sa.DateTime(), nullable=False),
        sa.Column("ends_at", sa.DateTime(), nullable=True),
        sa.Column("ended_at", sa.DateTime(), nullable=True),
        sa.Column("ended_by", TEXT, nullable=True),
        sa.ForeignKeyConstraint(["action_id"], ["action.id"], name="fk_reason_action_id"),
        sa.ForeignKeyConstraint(["holding_id"], ["holding.id"], name="fk_reason_holding_id"),
        sa.PrimaryKeyConstraint("id", name="pk_reason"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_reason_action_id", "reason", ["action_id"], unique=False)
    open_reasons = sa.text("ended_at IS NULL")
    op.create_index(
        "ix_reason_ends_at",
        "reason",
        ["ends_at"],
        unique=False,
        sqlite_where=open_reasons,
        postgresql_where=open_reasons,
    )
    op.create_index("ix_reason_holding_id", "reason", ["holding_id"], unique=False)
    op.create_index("ix_reason_task_id", "reason", ["task_id"], unique=False)
    op.create_table(
        "task",
        sa.Column("id", KEY, nullable=False),
        sa.Column("type", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("processing", TEXT, nullable=False),
        sa.Column("outcome", TEXT, nullable=True),
        sa.Column("outcome_at", sa.DateTime(), nullable=True),
        sa.Column("origin", TEXT, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("connector", TEXT, nullable=False),
        sa.Column("entitlement", TEXT, nullable=False),
        sa.Column("principal", TEXT, nullable=False),
        sa.Column("principal_name", TEXT, nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.Column("listing", TEXT, nullable=True),
        sa.Column("description", TEXT, nullable=False),
        sa.Column("seconds", sa.BigInteger(), nullable=True),
        sa.Column("ends_at", sa.DateTime(), nullable=True),
        sa.Column("lapses_at", sa.DateTime(), nullable=True),
        sa.Column("rule", sa.Text(), nullable=True),
        sa.Column("rule_digest", TEXT, nullable=True),
        sa.Column("approvals", sa.Text(), nullable=False),
        sa.Column("handoff", sa.Text(), nullable=True),
        sa.Column("undo", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(), nullable=True),
        sa.Column("next_try_at", sa.DateTime(), nullable=True),
        sa.Column("tries", sa.BigInteger(), nullable=False),
        sa.Column("actions", sa.Text(), nullable=False),
        sa.Column("observed_run_id", KEY, nullable=True),
        sa.Column("observed_at", sa.DateTime(), nullable=True),
        sa.Column("meaning", sa.Text(), nullable=False),
        sa.Column("emergency", sa.Boolean(), nullable=False),
        sa.Column("reviewed", sa.Text(), nullable=True),
        sa.Column("extends", KEY, nullable=True),
        sa.Column("ticket", TEXT, nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["observed_run_id"], ["run.id"], name="fk_task_observed_run_id"),
        sa.PrimaryKeyConstraint("id", name="pk_task"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_task_listing", "task", ["listing"], unique=False)
    op.create_index("ix_task_state_next_try_at", "task", ["state", "next_try_at"], unique=False)
    op.create_table(
        "task_entry",
        sa.Column("id", KEY, nullable=False),
        sa.Column("task_id", KEY, nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("comment", TEXT, nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name="fk_task_entry_task_id"),
        sa.PrimaryKeyConstraint("id", name="pk_task_entry"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_task_entry_task_id", "task_entry", ["task_id"], unique=False)
    op.create_table(
        "lock",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("token", TEXT, nullable=False),
        sa.Column("pid", sa.BigInteger(), nullable=False),
        sa.Column("host", TEXT, nullable=False),
        sa.Column("process_started", TEXT, nullable=True),
        sa.Column("until", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_lock"),
    )
    op.create_table(
        "notice",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("connector", TEXT, nullable=False),
        sa.Column("summary", TEXT, nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("recipients", sa.Text(), nullable=False),
        sa.Column("task_id", KEY, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_notice"),
    )
    op.create_index("ix_notice_at", "notice", ["at"], unique=False)
    op.create_table(
        "notice_delivery",
        sa.Column("notice_id", TEXT, nullable=False),
        sa.Column("plugin", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("tries", sa.BigInteger(), nullable=False),
        sa.Column("tried_at", sa.DateTime(), nullable=False),
        sa.Column("next_try_at", sa.DateTime(), nullable=True),
        sa.Column("receipt", TEXT, nullable=True),
        sa.Column("error", TEXT, nullable=True),
        sa.ForeignKeyConstraint(["notice_id"], ["notice.id"], name="fk_notice_delivery_notice_id"),
        sa.PrimaryKeyConstraint("notice_id", "plugin", name="pk_notice_delivery"),
    )
    op.create_table(
        "service_state",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_service_state"),
    )
