"""The tables that a run stages to. They are its own: empty at its start, gone at its end."""

from sqlalchemy import BigInteger, Boolean, Column, Integer, MetaData, Table

from rolecall.store.columns import FaithfulText, Instant, Json

metadata = MetaData(schema="staging")

resource = Table(
    "resource",
    metadata,
    Column("n", Integer, primary_key=True),
    Column("type", FaithfulText),
    Column("ext_id", FaithfulText),
    Column("display_name", FaithfulText),
    Column("parent_n", Integer),
    Column("status", FaithfulText),
    Column("enabled", Boolean),
    Column("profile", Json),
    Column("stated", Boolean),
    Column("key", BigInteger, index=True),
    Column("parent_key", BigInteger),
)
"""Those that the run says something about, and, not ``stated``, published ones that it only names."""

entitlement = Table(
    "entitlement",
    metadata,
    Column("n", Integer, primary_key=True),
    Column("resource_n", Integer),
    Column("slug", FaithfulText),
    Column("display_name", FaithfulText),
    Column("grantable_to", Json),
    Column("profile", Json),
    Column("stated", Boolean),
    Column("key", BigInteger, index=True),
)

grant = Table(
    "grant",
    metadata,
    Column("n", Integer, primary_key=True),
    Column("entitlement_n", Integer),
    Column("principal_n", Integer),
    Column("expandable", Boolean),
    Column("condition_n", Integer),
    Column("sources", Json),
    Column("gone", Boolean),
)
"""In the order in which they came; ``gone`` is the word that there is none."""

gone_resource = Table(
    "gone_resource",
    metadata,
    Column("type", FaithfulText),
    Column("ext_id", FaithfulText),
    Column("key", BigInteger),
)

gone_entitlement = Table(
    "gone_entitlement",
    metadata,
    Column("type", FaithfulText),
    Column("ext_id", FaithfulText),
    Column("slug", FaithfulText),
    Column("key", BigInteger),
)

regranted = Table("regranted", metadata, Column("entitlement_n", Integer))

event = Table(
    "event",
    metadata,
    Column("n", Integer, primary_key=True),
    Column("uuid", FaithfulText, index=True),
    Column("at", Instant),
    Column("kind", FaithfulText),
    Column("outcome", FaithfulText),
    Column("actor", Json),
    Column("targets", Json),
    Column("message", FaithfulText),
)

event_gap = Table(
    "event_gap",
    metadata,
    Column("n", Integer, primary_key=True),
    Column("since", Instant),
    Column("until", Instant),
    Column("why", FaithfulText),
)

stated_grant = Table(
    "stated_grant",
    metadata,
    Column("principal_id", BigInteger, primary_key=True),
    Column("entitlement_id", BigInteger, primary_key=True),
    Column("expandable", Boolean),
    Column("condition_id", BigInteger),
    Column("sources", Json),
    Column("gone", Boolean),
    sqlite_with_rowid=False,
)
"""The grants once more when all are in: without repeats, with the store's keys, in their order."""

ended_resource = Table(
    "ended_resource",
    metadata,
    Column("key", BigInteger, primary_key=True, autoincrement=False),
    Column("gone", Boolean),
)
"""Current resources that end: gone altogether, or changed."""

ended_entitlement = Table(
    "ended_entitlement",
    metadata,
    Column("key", BigInteger, primary_key=True, autoincrement=False),
    Column("gone", Boolean),
)

ended_grant = Table(
    "ended_grant",
    metadata,
    Column("principal_id", BigInteger, primary_key=True),
    Column("entitlement_id", BigInteger, primary_key=True),
    Column("gone", Boolean),
    sqlite_with_rowid=False,
)

OF_STATE = (resource, entitlement, grant, gone_resource, gone_entitlement, regranted)
"""What is thrown away when a run starts over; events stay."""
