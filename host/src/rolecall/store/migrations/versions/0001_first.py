"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "connector",
        sa.Column("id", KEY, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_connector"),
        sa.UniqueConstraint("name", name="uq_connector_name"),
    )
    op.create_table(
        "resource_key",
        sa.Column("id", KEY, nullable=False),
        sa.Column("connector_id", KEY, nullable=False),
        sa.Column("type", TEXT, nullable=False),
        sa.Column("ext_id", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["connector_id"], ["connector.id"], name="fk_resource_key_connector_id"),
        sa.PrimaryKeyConstraint("id", name="pk_resource_key"),
        sa.UniqueConstraint(
            "connector_id", "type", "ext_id", name="uq_resource_key_connector_id_type_ext_id"
        ),
    )
    op.create_table(
        "resource_type",
        sa.Column("connector_id", KEY, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("display_name", TEXT, nullable=False),
        sa.Column("trait", TEXT, nullable=True),
        sa.ForeignKeyConstraint(["connector_id"], ["connector.id"], name="fk_resource_type_connector_id"),
        sa.PrimaryKeyConstraint("connector_id", "id", name="pk_resource_type"),
    )
    op.create_table(
        "run",
        sa.Column("id", KEY, nullable=False),
        sa.Column("connector_id", KEY, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("mode", TEXT, nullable=False),
        sa.Column("started_at", sa.DateTime(), nullable=False),
        sa.Column("finished_at", sa.DateTime(), nullable=True),
        sa.Column("published", sa.BigInteger(), nullable=True),
        sa.Column("requests", sa.BigInteger(), nullable=False),
        sa.Column("resources", sa.BigInteger(), nullable=False),
        sa.Column("entitlements", sa.BigInteger(), nullable=False),
        sa.Column("grants", sa.BigInteger(), nullable=False),
        sa.Column("added", sa.BigInteger(), nullable=False),
        sa.Column("removed", sa.BigInteger(), nullable=False),
        sa.Column("findings", sa.BigInteger(), nullable=False),
        sa.Column("completeness", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("pid", sa.BigInteger(), nullable=False),
        sa.Column("host", TEXT, nullable=False),
        sa.Column("process_started", TEXT, nullable=True),
        sa.ForeignKeyConstraint(["connector_id"], ["connector.id"], name="fk_run_connector_id"),
        sa.PrimaryKeyConstraint("id", name="pk_run"),
        sa.UniqueConstraint("published", name="uq_run_published"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_run_connector_id", "run", ["connector_id"], unique=False)
    op.create_table(
        "entitlement_key",
        sa.Column("id", KEY, nullable=False),
        sa.Column("resource_id", KEY, nullable=False),
        sa.Column("slug", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["resource_id"], ["resource_key.id"], name="fk_entitlement_key_resource_id"),
        sa.PrimaryKeyConstraint("id", name="pk_entitlement_key"),
        sa.UniqueConstraint("resource_id", "slug", name="uq_entitlement_key_resource_id_slug"),
    )
    op.create_table(
        "finding",
        sa.Column("run_id", KEY, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("code", TEXT, nullable=False),
        sa.Column("severity", TEXT, nullable=False),
        sa.Column("message", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("concerns", TEXT),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_finding_run_id"),
        sa.PrimaryKeyConstraint("run_id", "n", name="pk_finding"),
    )
    op.create_table(
        "log_line",
        sa.Column("id", KEY, nullable=False),
        sa.Column("run_id", KEY, nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("level", TEXT, nullable=False),
        sa.Column("message", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_log_line_run_id"),
        sa.PrimaryKeyConstraint("id", name="pk_log_line"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_log_line_run_id", "log_line", ["run_id"], unique=False)
    op.create_table(
        "resource_version",
        sa.Column("key_id", KEY, nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("display_name", TEXT, nullable=False),
        sa.Column("parent_id", KEY, nullable=True),
        sa.Column("status", TEXT, nullable=True),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("profile", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["resource_key.id"], name="fk_resource_version_key_id"),
        sa.ForeignKeyConstraint(["parent_id"], ["resource_key.id"], name="fk_resource_version_parent_id"),
        sa.PrimaryKeyConstraint("key_id", "since", name="pk_resource_version"),
    )
    op.create_table(
        "entitlement_version",
        sa.Column("key_id", KEY, nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("display_name", TEXT, nullable=False),
        sa.Column("grantable_to", sa.Text(), nullable=False),
        sa.Column("profile", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["entitlement_key.id"], name="fk_entitlement_version_key_id"),
        sa.PrimaryKeyConstraint("key_id", "since", name="pk_entitlement_version"),
    )
    op.create_table(
        "grant_version",
        sa.Column("principal_id", KEY, nullable=False),
        sa.Column("entitlement_id", KEY, nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("expandable", sa.Boolean(), nullable=False),
        sa.Column("condition_id", KEY, nullable=True),
        sa.Column("sources", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["condition_id"], ["entitlement_key.id"], name="fk_grant_version_condition_id"
        ),
        sa.ForeignKeyConstraint(
            ["entitlement_id"], ["entitlement_key.id"], name="fk_grant_version_entitlement_id"
        ),
        sa.ForeignKeyConstraint(["principal_id"], ["resource_key.id"], name="fk_grant_version_principal_id"),
        sa.PrimaryKeyConstraint("principal_id", "entitlement_id", "since", name="pk_grant_version"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_grant_version_entitlement_id_until", "grant_version", ["entitlement_id", "until"], unique=False
    )
