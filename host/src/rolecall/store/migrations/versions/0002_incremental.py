"""Checkpoints, events and leases: what incremental runs go on from."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    # By hand, because Alembic adds the foreign key in a second statement, which SQLite hasn't got.
    op.execute(
        "ALTER TABLE run ADD COLUMN source_run_id BIGINT CONSTRAINT fk_run_source_run_id REFERENCES run (id)"
    )
    op.add_column("run", sa.Column("lease_until", sa.DateTime(), nullable=True))
    op.create_table(
        "run_change",
        sa.Column("run_id", KEY, nullable=False),
        sa.Column("type", TEXT, nullable=False),
        sa.Column("resources", sa.BigInteger(), nullable=False),
        sa.Column("resources_added", sa.BigInteger(), nullable=False),
        sa.Column("resources_removed", sa.BigInteger(), nullable=False),
        sa.Column("grants", sa.BigInteger(), nullable=False),
        sa.Column("grants_added", sa.BigInteger(), nullable=False),
        sa.Column("grants_removed", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_run_change_run_id"),
        sa.PrimaryKeyConstraint("run_id", "type", name="pk_run_change"),
    )
    op.create_table(
        "checkpoint",
        sa.Column("connector_id", KEY, nullable=False),
        sa.Column("run_id", KEY, nullable=False),
        sa.Column("full_run_id", KEY, nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["connector_id"], ["connector.id"], name="fk_checkpoint_connector_id"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_checkpoint_run_id"),
        sa.ForeignKeyConstraint(["full_run_id"], ["run.id"], name="fk_checkpoint_full_run_id"),
        sa.PrimaryKeyConstraint("connector_id", name="pk_checkpoint"),
    )
    op.create_table(
        "event",
        sa.Column("id", KEY, nullable=False),
        sa.Column("connector_id", KEY, nullable=False),
        sa.Column("run_id", KEY, nullable=False),
        sa.Column("uuid", TEXT, nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("outcome", TEXT, nullable=True),
        sa.Column("actor", sa.Text(), nullable=True),
        sa.Column("targets", sa.Text(), nullable=False),
        sa.Column("message", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["connector_id"], ["connector.id"], name="fk_event_connector_id"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_event_run_id"),
        sa.PrimaryKeyConstraint("id", name="pk_event"),
        sa.UniqueConstraint("connector_id", "uuid", name="uq_event_connector_id_uuid"),
    )
    op.create_index("ix_event_connector_id_at", "event", ["connector_id", "at"], unique=False)
    op.create_table(
        "event_gap",
        sa.Column("id", KEY, nullable=False),
        sa.Column("connector_id", KEY, nullable=False),
        sa.Column("run_id", KEY, nullable=False),
        sa.Column("since", sa.DateTime(), nullable=True),
        sa.Column("until", sa.DateTime(), nullable=False),
        sa.Column("why", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["connector_id"], ["connector.id"], name="fk_event_gap_connector_id"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_event_gap_run_id"),
        sa.PrimaryKeyConstraint("id", name="pk_event_gap"),
    )
    conditional = sa.text("condition_id IS NOT NULL")
    op.create_index(
        "ix_grant_version_condition_id",
        "grant_version",
        ["condition_id"],
        unique=False,
        sqlite_where=conditional,
        postgresql_where=conditional,
    )
    if op.get_context().dialect.name == "postgresql":
        # Two checks a row are most of what publishing costs there; SQLite's are free. See decision 0014.
        for column in ("principal_id", "entitlement_id", "condition_id"):
            op.drop_constraint(f"fk_grant_version_{column}", "grant_version", type_="foreignkey")
