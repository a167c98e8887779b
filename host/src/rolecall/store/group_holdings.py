"""What groups hold in the published runs of several connectors."""

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, select

from rolecall.models import EntitlementRef, Ref, Trait
from rolecall.store import tables
from rolecall.store.tables import OPEN


def held_by_groups(
    connection: Connection, groups: Collection[Ref], connectors: Collection[str]
) -> Sequence[tuple[str, EntitlementRef]]:
    """The access and the apps that these groups have now, as the connectors' last runs published it.

    Returns:
        Connector's name and entitlement, sorted.
    """
    group, thing = tables.resource_key.alias(), tables.resource_key.alias()
    grant, entitlement, kind = tables.grant_version, tables.entitlement_key, tables.resource_type
    query = (
        select(tables.connector.c.name, thing.c.type, thing.c.ext_id, entitlement.c.slug)
        .join_from(grant, group, group.c.id == grant.c.principal_id)
        .join(entitlement, entitlement.c.id == grant.c.entitlement_id)
        .join(thing, thing.c.id == entitlement.c.resource_id)
        .join(tables.connector, tables.connector.c.id == thing.c.connector_id)
        .join(kind, (kind.c.connector_id == thing.c.connector_id) & (kind.c.id == thing.c.type))
        .where(
            grant.c.until == OPEN,
            tables.connector.c.name.in_(connectors),
            kind.c.trait.in_([Trait.TARGET.value, Trait.APP.value]),
            group.c.ext_id.in_([each.id for each in groups]),
            group.c.type.in_({each.type for each in groups}),
        )
        .distinct()
    )
    found = {
        (name, EntitlementRef(Ref(kind, ident), slug))
        for name, kind, ident, slug in connection.execute(query)
    }
    return sorted(found)
