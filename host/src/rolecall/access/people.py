"""People of a run: those whom a text names, or all of them in the order of their ids."""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, select

from rolecall.access.snapshot import Snapshot, open_snapshot
from rolecall.models import Ref, Trait
from rolecall.store import tables
from rolecall.store.columns import encode_text
from rolecall.store.engine import Store
from rolecall.store.runs import RunRecord
from rolecall.store.tables import held_at

KEYS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Person:
    """A resource of a type with the trait USER.

    Attributes:
        key: The store's number for it.
        login: From its profile, like ``email``; None where it has no such text.
    """

    key: int
    ref: Ref
    display_name: str
    status: str | None
    enabled: bool
    login: str | None
    email: str | None


def find_people(store: Store, run: RunRecord, text: str) -> list[Person]:
    """People whose id this is, or else whose login or e-mail address, in any case; perhaps several."""
    return people_named(open_snapshot(store, run), text)


def people_named(snapshot: Snapshot, text: str) -> list[Person]:
    """See ``find_people``."""
    key = tables.resource_key.c
    query = _people(snapshot, snapshot.types(Trait.USER)).order_by(key.ext_id, key.type)
    wanted = text.casefold()
    with snapshot.store.reading() as connection:
        by_id = [_person(row) for row in connection.execute(query.where(key.ext_id == text))]
        return by_id or [
            person
            for person in map(_person, connection.execute(query))
            if wanted in {name.casefold() for name in (person.login, person.email) if name}
        ]


def everybody(snapshot: Snapshot) -> Iterator[Person]:
    """All people, in the order of their ids; no transaction stays open in between."""
    by_type = [_of_type(snapshot, kind) for kind in snapshot.types(Trait.USER)]
    return by_type[0] if len(by_type) == 1 else heapq.merge(*by_type, key=_place)


def people_with_keys(connection: Connection, snapshot: Snapshot, keys: Sequence[int]) -> list[Person]:
    """Those of the resources with these keys that are people, in the order of their ids."""
    query = _people(snapshot, snapshot.types(Trait.USER))
    found: list[Person] = []
    for start in range(0, len(keys), KEYS_AT_ONCE):
        chunk = query.where(tables.resource_key.c.id.in_(keys[start : start + KEYS_AT_ONCE]))
        found += [_person(row) for row in connection.execute(chunk)]
    return sorted(found, key=_place)


def _of_type(snapshot: Snapshot, kind: str) -> Iterator[Person]:
    key = tables.resource_key.c
    query = _people(snapshot, [kind]).order_by(key.ext_id).limit(KEYS_AT_ONCE)
    after = ""  # ids are never empty
    while True:
        with snapshot.store.reading() as connection:
            page = [_person(row) for row in connection.execute(query.where(key.ext_id > after))]
        if not page:
            return
        yield from page
        after = page[-1].ref.id


def _place(person: Person) -> tuple[str, str]:
    return encode_text(person.ref.id), person.ref.type


def _people(snapshot: Snapshot, kinds: Sequence[str]) -> Select[Any]:
    key, version = tables.resource_key.c, tables.resource_version.c
    return (
        select(
            key.id,
            key.type,
            key.ext_id,
            version.display_name,
            version.status,
            version.enabled,
            version.profile,
        )
        .join_from(tables.resource_key, tables.resource_version, version.key_id == key.id)
        .where(
            key.connector_id == snapshot.connector_id,
            key.type.in_(kinds),
            held_at(tables.resource_version, snapshot.seq),
        )
    )


def _person(row: Iterable[Any]) -> Person:
    key, kind, ident, name, status, enabled, profile = row
    login, email = profile.get("login"), profile.get("email")
    return Person(
        key,
        Ref(kind, ident),
        name,
        status,
        enabled,
        login if isinstance(login, str) else None,
        email if isinstance(email, str) else None,
    )
