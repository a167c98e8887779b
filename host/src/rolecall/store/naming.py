"""What a published run calls things: resources by their name, and what a resource offers."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select

from rolecall.models import Ref
from rolecall.store import tables
from rolecall.store.engine import Store
from rolecall.store.runs import RunRecord
from rolecall.store.tables import held_at


@dataclass(frozen=True, slots=True)
class Offered:
    """One entitlement of a resource.

    Attributes:
        profile: Its further facts.
    """

    slug: str
    display_name: str
    profile: Mapping[str, object]


def resources_named(store: Store, run: RunRecord, types: Collection[str], name: str) -> Sequence[Ref]:
    """Resources of these types whose display name is exactly this, in order of their ids."""
    named = _resources(run, types).where(tables.resource_version.c.display_name == name)
    with store.reading() as connection:
        return [Ref(kind, ident) for kind, ident in connection.execute(named)]


def resource_ids(store: Store, run: RunRecord, type: str) -> Sequence[str]:  # noqa: A002 - the column's name
    """Ids of all resources of a type, in order."""
    with store.reading() as connection:
        return [ident for _, ident in connection.execute(_resources(run, [type]))]


def offered_by(store: Store, run: RunRecord, resource: Ref) -> Sequence[Offered]:
    """The entitlements of a resource, by slug; none where the run doesn't hold it."""
    key, of, version = tables.entitlement_key.c, tables.resource_key.c, tables.entitlement_version
    query = (
        select(key.slug, version.c.display_name, version.c.profile)
        .join_from(tables.entitlement_key, tables.resource_key)
        .join(tables.connector)
        .join(version, version.c.key_id == key.id)
        .where(
            tables.connector.c.name == run.connector,
            of.type == resource.type,
            of.ext_id == resource.id,
            held_at(version, run.published or 0),
        )
        .order_by(key.slug)
    )
    with store.reading() as connection:
        return [Offered(*row) for row in connection.execute(query)]


def _resources(run: RunRecord, types: Collection[str]) -> Select[Any]:
    key, version = tables.resource_key.c, tables.resource_version
    return (
        select(key.type, key.ext_id)
        .join_from(tables.resource_key, tables.connector)
        .join(version, version.c.key_id == key.id)
        .where(
            tables.connector.c.name == run.connector,
            key.type.in_(types),
            held_at(version, run.published or 0),
        )
        .order_by(key.type, key.ext_id)
    )
