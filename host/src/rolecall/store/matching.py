"""Which principals of a connector its identity source doesn't hold."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

from sqlalchemy import Connection, Select, exists, func, select

from rolecall.models import Ref, Trait
from rolecall.store import tables
from rolecall.store.source import PublishedSource
from rolecall.store.tables import OPEN, held_at

EXAMPLES = 5
"""So many unmatched principals are named."""

Match = Literal["id", "login", "email"]


@dataclass(frozen=True, slots=True)
class Unmatched:
    """Principals of one type that an identity source doesn't hold.

    Attributes:
        count: How many.
        of: How many principals of the type there are.
        examples: A few of them, as text ids.
    """

    type: str
    count: int
    of: int
    examples: tuple[str, ...]


def unmatched(
    connection: Connection, connector: str, source: PublishedSource, match: Match
) -> list[Unmatched]:
    """The people, and by id the groups, who hold a current grant of a connector, but aren't in its source.

    Args:
        connection: A transaction that sees the connector's rows: that of publishing, or a later one.
        connector: The one that reads the source.
        source: The run that it reads.
        match: ``id``: the source has a resource of the same id; otherwise one whose profile has the same
            value under that key, whatever its case.
    """
    found = []
    for trait in (Trait.USER, Trait.GROUP) if match == "id" else (Trait.USER,):
        among = _types(connection, source.connector, trait)
        for kind in _types(connection, connector, trait):
            principals = _principals(connector, kind)
            if match == "id":
                missing, count = _without_same_id(connection, principals, source, among)
            else:
                missing, count = _without_same_value(connection, principals, source, among, match)
            if count:
                of = connection.execute(select(func.count()).select_from(principals.subquery())).scalar_one()
                examples = tuple(str(Ref(kind, ident)) for ident in missing)
                found.append(Unmatched(kind, count, of, examples))
    return found


def _types(connection: Connection, connector: str, trait: Trait) -> list[str]:
    kind = tables.resource_type.c
    query = (
        select(kind.id)
        .join_from(tables.resource_type, tables.connector)
        .where(tables.connector.c.name == connector, kind.trait == trait.value)
    )
    return list(connection.execute(query.order_by(kind.id)).scalars())


def _principals(connector: str, kind: str) -> Select[Any]:
    key, version, grant = tables.resource_key.c, tables.resource_version.c, tables.grant_version.c
    holds = exists().where(grant.principal_id == key.id, grant.until == OPEN)
    return (
        select(key.ext_id, version.profile)
        .join_from(tables.resource_key, tables.connector)
        .join(tables.resource_version, version.key_id == key.id)
        .where(tables.connector.c.name == connector, key.type == kind, version.until == OPEN, holds)
    )


def _without_same_id(
    connection: Connection, principals: Select[Any], source: PublishedSource, among: list[str]
) -> tuple[list[str], int]:
    key, version = tables.resource_key.alias("known"), tables.resource_version.alias("known_version")
    of = tables.connector.alias("of_source")
    same = (
        exists()
        .where(
            of.c.name == source.connector,
            key.c.connector_id == of.c.id,
            key.c.type.in_(among),
            key.c.ext_id == tables.resource_key.c.ext_id,
            version.c.key_id == key.c.id,
            held_at(version, source.published),
        )
        .correlate(tables.resource_key)
    )
    missing = principals.where(~same)
    count = connection.execute(select(func.count()).select_from(missing.subquery())).scalar_one()
    ident = tables.resource_key.c.ext_id
    return list(connection.execute(missing.order_by(ident).limit(EXAMPLES)).scalars()), count


def _without_same_value(
    connection: Connection, principals: Select[Any], source: PublishedSource, among: list[str], match: Match
) -> tuple[list[str], int]:
    known = {
        value
        for kind in among
        for person in source.resources(kind)
        for value in _value(person.profile, match)
    }
    rows = connection.execute(principals.order_by(tables.resource_key.c.ext_id))
    missing = [ident for ident, profile in rows if known.isdisjoint(_value(profile, match))]
    return list(islice(missing, EXAMPLES)), len(missing)


def _value(profile: Any, match: Match) -> Iterator[str]:
    value = profile.get(match)
    if isinstance(value, str):
        yield value.casefold()
