"""The store's tables. Keys are integers inside; the providers' ids stand once, in the ``_key`` tables.

A ``_version`` row is a fact that held from publish number ``since`` until before publish number
``until``; OPEN while it holds. What held at publish number N: ``since <= N < until``.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    ForeignKey,
    FromClause,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    UniqueConstraint,
)

from rolecall.store.columns import FaithfulText, Instant, Json

OPEN = 2**63 - 1
"""``until`` of a fact that still holds."""

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

Key = BigInteger().with_variant(Integer(), "sqlite")
"""SQLite numbers rows by itself only where the type is exactly INTEGER."""

connector = Table(
    "connector",
    metadata,
    Column("id", Key, primary_key=True),
    Column("name", FaithfulText, nullable=False, unique=True),
)

resource_type = Table(
    "resource_type",
    metadata,
    Column("connector_id", Key, ForeignKey("connector.id"), primary_key=True),
    Column("id", FaithfulText, primary_key=True),
    Column("display_name", FaithfulText, nullable=False),
    Column("trait", FaithfulText),
)

run = Table(
    "run",
    metadata,
    Column("id", Key, primary_key=True),
    Column("connector_id", Key, ForeignKey("connector.id"), nullable=False, index=True),
    Column("kind", FaithfulText, nullable=False),
    Column("status", FaithfulText, nullable=False),
    Column("mode", FaithfulText, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("published", BigInteger, unique=True),
    Column("requests", BigInteger, nullable=False, default=0),
    Column("resources", BigInteger, nullable=False, default=0),
    Column("entitlements", BigInteger, nullable=False, default=0),
    Column("grants", BigInteger, nullable=False, default=0),
    Column("added", BigInteger, nullable=False, default=0),
    Column("removed", BigInteger, nullable=False, default=0),
    Column("findings", BigInteger, nullable=False, default=0),
    Column("completeness", Json, nullable=False),
    Column("error", Json),
    Column("pid", BigInteger, nullable=False),
    Column("host", FaithfulText, nullable=False),
    Column("process_started", FaithfulText),
    Column("source_run_id", BigInteger, ForeignKey("run.id")),
    Column("lease_until", Instant),
    sqlite_autoincrement=True,
)

run_change = Table(
    "run_change",
    metadata,
    Column("run_id", Key, ForeignKey("run.id"), primary_key=True),
    Column("type", FaithfulText, primary_key=True),
    Column("resources", BigInteger, nullable=False),
    Column("resources_added", BigInteger, nullable=False),
    Column("resources_removed", BigInteger, nullable=False),
    Column("grants", BigInteger, nullable=False),
    Column("grants_added", BigInteger, nullable=False),
    Column("grants_removed", BigInteger, nullable=False),
)
"""What a published run held of each resource type, and how that differs from the one before."""

checkpoint = Table(
    "checkpoint",
    metadata,
    Column("connector_id", Key, ForeignKey("connector.id"), primary_key=True),
    Column("run_id", Key, ForeignKey("run.id"), nullable=False),
    Column("full_run_id", Key, ForeignKey("run.id"), nullable=False),
    Column("data", LargeBinary, nullable=False),
)

event = Table(
    "event",
    metadata,
    Column("id", Key, primary_key=True),
    Column("connector_id", Key, ForeignKey("connector.id"), nullable=False),
    Column("run_id", Key, ForeignKey("run.id"), nullable=False),
    Column("uuid", FaithfulText, nullable=False),
    Column("at", Instant, nullable=False),
    Column("kind", FaithfulText, nullable=False),
    Column("outcome", FaithfulText),
    Column("actor", Json),
    Column("targets", Json, nullable=False),
    Column("message", FaithfulText, nullable=False),
    UniqueConstraint("connector_id", "uuid"),
    Index(None, "connector_id", "at"),
)

event_gap = Table(
    "event_gap",
    metadata,
    Column("id", Key, primary_key=True),
    Column("connector_id", Key, ForeignKey("connector.id"), nullable=False),
    Column("run_id", Key, ForeignKey("run.id"), nullable=False),
    Column("since", Instant),
    Column("until", Instant, nullable=False),
    Column("why", FaithfulText, nullable=False),
)
"""Spans of time of which some events may be missing."""

finding = Table(
    "finding",
    metadata,
    Column("run_id", Key, ForeignKey("run.id"), primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("code", FaithfulText, nullable=False),
    Column("severity", FaithfulText, nullable=False),
    Column("message", FaithfulText, nullable=False),
    Column("subject", FaithfulText, nullable=False),
    Column("concerns", FaithfulText),
)

log_line = Table(
    "log_line",
    metadata,
    Column("id", Key, primary_key=True),
    Column("run_id", Key, ForeignKey("run.id"), nullable=False, index=True),
    Column("at", Instant, nullable=False),
    Column("level", FaithfulText, nullable=False),
    Column("message", FaithfulText, nullable=False),
    sqlite_autoincrement=True,
)

resource_key = Table(
    "resource_key",
    metadata,
    Column("id", Key, primary_key=True),
    Column("connector_id", Key, ForeignKey("connector.id"), nullable=False),
    Column("type", FaithfulText, nullable=False),
    Column("ext_id", FaithfulText, nullable=False),
    UniqueConstraint("connector_id", "type", "ext_id"),
)

resource_version = Table(
    "resource_version",
    metadata,
    Column("key_id", Key, ForeignKey("resource_key.id"), primary_key=True),
    Column("since", BigInteger, primary_key=True),
    Column("until", BigInteger, nullable=False),
    Column("display_name", FaithfulText, nullable=False),
    Column("parent_id", Key, ForeignKey("resource_key.id")),
    Column("status", FaithfulText),
    Column("enabled", Boolean, nullable=False),
    Column("profile", Json, nullable=False),
)

entitlement_key = Table(
    "entitlement_key",
    metadata,
    Column("id", Key, primary_key=True),
    Column("resource_id", Key, ForeignKey("resource_key.id"), nullable=False),
    Column("slug", FaithfulText, nullable=False),
    UniqueConstraint("resource_id", "slug"),
)

entitlement_version = Table(
    "entitlement_version",
    metadata,
    Column("key_id", Key, ForeignKey("entitlement_key.id"), primary_key=True),
    Column("since", BigInteger, primary_key=True),
    Column("until", BigInteger, nullable=False),
    Column("display_name", FaithfulText, nullable=False),
    Column("grantable_to", Json, nullable=False),
    Column("profile", Json, nullable=False),
)

grant_version = Table(
    "grant_version",
    metadata,
    # The primary key starts with the principal: access reads all that one principal holds, in one place.
    Column("principal_id", Key, ForeignKey("resource_key.id"), primary_key=True),
    Column("entitlement_id", Key, ForeignKey("entitlement_key.id"), primary_key=True),
    Column("since", BigInteger, primary_key=True),
    Column("until", BigInteger, nullable=False),
    Column("expandable", Boolean, nullable=False),
    Column("condition_id", Key, ForeignKey("entitlement_key.id")),
    Column("sources", Json),
    Index(None, "entitlement_id", "until"),
    sqlite_with_rowid=False,
)
"""On PostgreSQL without its foreign keys: migration 0002 says why."""

Index(
    "ix_grant_version_condition_id",
    grant_version.c.condition_id,
    sqlite_where=grant_version.c.condition_id.is_not(None),
    postgresql_where=grant_version.c.condition_id.is_not(None),
)
"""Few grants have a condition; an incremental run in which one ends must find them."""


def held_at(version: FromClause, published: int) -> ColumnElement[bool]:
    """Picks the version rows that held at a publish number."""
    return (version.c.since <= published) & (version.c.until > published)
