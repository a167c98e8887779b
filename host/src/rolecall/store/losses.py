"""A closer look at what a compared run would end."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Select, and_, func, select

from rolecall.models import EntitlementRef, GrantRef, Ref
from rolecall.store import staging_tables as staging
from rolecall.store import tables
from rolecall.store.chunks import by_type
from rolecall.store.comparison import Loss
from rolecall.store.staging import Staging
from rolecall.store.tables import OPEN


def sample_gone(staged: Staging, loss: Loss, limit: int) -> list[Ref | GrantRef]:
    """Some of the things that would end, at random; ``prepare`` found them."""
    kind = tables.resource_key.c
    if loss.what == "resources":
        ended = staging.ended_resource.c
        found = select(kind.type, kind.ext_id).join_from(
            staging.ended_resource, tables.resource_key, kind.id == ended.key
        )
    else:
        found, ended = _ended_grants(), staging.ended_grant.c
    picked = found.where(ended.gone, kind.type == loss.type).order_by(func.random()).limit(limit)
    with staged.database.reading(staged.connection):
        return [_ref(row) for row in staged.connection.execute(picked)]


def gone_of(staged: Staging, resources: Collection[Ref]) -> dict[Ref, tuple[int, int]]:
    """Of each of these resources that is published, how many grants would end, and how many there are."""
    of, offered = tables.resource_key.c, tables.entitlement_key.c
    ended, current, connector = staging.ended_grant.c, tables.grant_version.c, tables.connector.c
    offering = (
        select(of.type, of.ext_id, func.count())
        .join_from(tables.connector, tables.resource_key)
        .join(tables.entitlement_key)
        .group_by(of.type, of.ext_id)
    )
    granted = offering.join(tables.grant_version, current.entitlement_id == offered.id).where(
        current.until == OPEN
    )
    gone = offering.join(staging.ended_grant, ended.entitlement_id == offered.id).where(ended.gone)
    counts: dict[Ref, tuple[int, int]] = {}
    connection = staged.connection
    with staged.database.reading(connection):
        for kind, chunk in by_type(resources):
            these = and_(connector.name == staged.connector, of.type == kind, of.ext_id.in_(chunk))
            lost = {ident: n for _, ident, n in connection.execute(gone.where(these))}
            for _, ident, n in connection.execute(granted.where(these)):
                counts[Ref(kind, ident)] = lost.get(ident, 0), n
    return counts


def _ended_grants() -> Select[Any]:
    of, offered = tables.resource_key.c, tables.entitlement_key.c
    to, ended = tables.resource_key.alias("to"), staging.ended_grant
    return (
        select(of.type, of.ext_id, offered.slug, to.c.type, to.c.ext_id)
        .join_from(ended, tables.entitlement_key, offered.id == ended.c.entitlement_id)
        .join(tables.resource_key, of.id == offered.resource_id)
        .join(to, to.c.id == ended.c.principal_id)
    )


def _ref(row: Sequence[str]) -> Ref | GrantRef:
    resource, *grant = Ref(row[0], row[1]), *row[2:]
    if not grant:
        return resource
    slug, *principal = grant
    return GrantRef(EntitlementRef(resource, slug), Ref(*principal))
