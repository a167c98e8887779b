"""From what was staged by number to the store's keys, which both sides are compared by."""

from sqlalchemy import BigInteger, Connection, and_, exists, insert, literal, select, update

from rolecall.store import staging_tables as staging
from rolecall.store import tables
from rolecall.store.staging import Staging
from rolecall.store.tables import OPEN


def assign_keys(connection: Connection, connector_id: int) -> None:
    """Find the key of everything staged, in a write transaction; what the store never saw gets one."""
    staged, key = staging.resource.c, tables.resource_key.c
    same = and_(key.connector_id == connector_id, key.type == staged.type, key.ext_id == staged.ext_id)
    connection.execute(
        insert(tables.resource_key).from_select(
            ["connector_id", "type", "ext_id"],
            select(literal(connector_id, BigInteger), staged.type, staged.ext_id)
            .where(~exists().where(same))
            .order_by(staged.type, staged.ext_id),
        )
    )
    connection.execute(update(staging.resource).values(key=select(key.id).where(same).scalar_subquery()))
    parent = staging.resource.alias("parent")
    parent_key = select(parent.c.key).where(parent.c.n == staged.parent_n).scalar_subquery()
    connection.execute(update(staging.resource).values(parent_key=parent_key))

    offered, offered_key = staging.entitlement.c, tables.entitlement_key.c
    connection.execute(
        insert(tables.entitlement_key).from_select(
            ["resource_id", "slug"],
            select(staged.key, offered.slug)
            .join_from(staging.entitlement, staging.resource, offered.resource_n == staged.n)
            .where(~exists().where(offered_key.resource_id == staged.key, offered_key.slug == offered.slug))
            .order_by(staged.key, offered.slug),
        )
    )
    own_key = (
        select(offered_key.id)
        .join(staging.resource, staged.key == offered_key.resource_id)
        .where(staged.n == offered.resource_n, offered_key.slug == offered.slug)
    )
    connection.execute(update(staging.entitlement).values(key=own_key.scalar_subquery()))


def find_gone_keys(connection: Connection, connector_id: int) -> None:
    """Find the keys of what is said to be gone; with a resource goes all that it offers."""
    gone, key = staging.gone_resource.c, tables.resource_key.c
    own = select(key.id).where(
        key.connector_id == connector_id, key.type == gone.type, key.ext_id == gone.ext_id
    )
    connection.execute(update(staging.gone_resource).values(key=own.scalar_subquery()))
    lost, offered = staging.gone_entitlement.c, tables.entitlement_key.c
    own = (
        select(offered.id)
        .join(tables.resource_key)
        .where(
            key.connector_id == connector_id,
            key.type == lost.type,
            key.ext_id == lost.ext_id,
            offered.slug == lost.slug,
        )
    )
    connection.execute(update(staging.gone_entitlement).values(key=own.scalar_subquery()))
    version = tables.entitlement_version.c
    with_theirs = (
        select(offered.id)
        .join_from(tables.entitlement_key, tables.entitlement_version)
        .where(offered.resource_id.in_(select(gone.key)), version.until == OPEN)
    )
    connection.execute(insert(staging.gone_entitlement).from_select(["key"], with_theirs))


def state_grants(into: Staging) -> None:
    """Write down the staged grants by key: sorted once, they compare and insert in one pass each."""
    staged = staging.grant.c
    of, to = staging.entitlement.alias("of").c, staging.resource.alias("to").c
    condition = staging.entitlement.alias("condition").c
    stated = (
        select(to.key, of.key, staged.expandable, condition.key, staged.sources, staged.gone)
        .join_from(staging.grant, of.key.table, of.n == staged.entitlement_n)
        .join(to.key.table, to.n == staged.principal_n)
        .outerjoin(condition.key.table, condition.n == staged.condition_n)
        .order_by(to.key, of.key, staged.n if into.mode == "full" else staged.n.desc())
    )
    into.database.insert_first(into.connection, staging.stated_grant, stated)
