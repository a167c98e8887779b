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
    Index,
    Integer,
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
    sqlite_autoincrement=True,
)

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


def held_at(version: Table, published: int) -> ColumnElement[bool]:
    """Picks the version rows that held at a publish number."""
    return (version.c.since <= published) & (version.c.until > published)
