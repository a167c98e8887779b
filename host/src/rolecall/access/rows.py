"""The rows of effective access: one per person and target entitlement, with every path that gives it."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Literal

from sqlalchemy import Connection, select

from rolecall.access.endings import Endings, load_endings
from rolecall.access.facts import Facts, OwnGrant, Target, load_facts, own_grants
from rolecall.access.people import (
    KEYS_AT_ONCE,
    Person,
    everybody,
    people_named,
    people_with_keys,
)
from rolecall.access.snapshot import Snapshot, open_snapshot
from rolecall.store import tables
from rolecall.store.columns import encode_text
from rolecall.store.engine import Store
from rolecall.store.runs import RunRecord
from rolecall.store.tables import held_at

GRANTS_AT_ONCE = 20_000
"""How many grants of people to hold in memory, about."""

FEW_PEOPLE = 10_000
"""So many people are looked up by what they hold; for more, everybody is gone through."""

FEW_ENTITLEMENTS = 50
"""So many entitlements are looked up for each person; for more, all that the person holds is read."""

FIRST_CHUNK = 10
"""People read before it is known how much they hold."""

DIRECT = 0
"""Stands for a grant of one's own among the keys of groups, which begin at 1."""


@dataclass(frozen=True, slots=True)
class Via:
    """The last step of a path: a grant to the person, or to a group."""

    kind: Literal["direct", "group"]
    group_id: str = ""
    group_name: str = ""


@dataclass(frozen=True, slots=True)
class AccessRow:
    """A person has an entitlement of a target.

    Attributes:
        user_status: The provider's word.
        can_sign_in: Whether the provider lets the person in at all.
        role: The entitlement's slug.
        since: When the run was published from which on the person has had it by one of the paths.
        expires_at: When the access ends by itself: every path of it was given for a time. None unless asked.
        via: Direct first, then by group id. Empty where it came through a group that nobody can name.
    """

    connector: str
    user_id: str
    login: str | None
    display_name: str
    user_status: str | None
    can_sign_in: bool
    account_id: str
    role: str
    role_arn: str | None
    since: datetime
    expires_at: datetime | None
    via: tuple[Via, ...]


@dataclass(slots=True)
class Held:
    """An entitlement that a person has: since when (publish number), and through which groups."""

    since: int
    via: set[int]


def effective_access(
    store: Store,
    run: RunRecord,
    *,
    user: str | None = None,
    account: str | None = None,
    role: str | None = None,
    can_sign_in_only: bool = False,
    ending: bool = False,
) -> Iterator[AccessRow]:
    """Who had what when a run was published, by person, account and role; streamed.

    Args:
        store: Where the run is.
        run: A published one.
        user: Only people whom this id, login or e-mail address names; perhaps nobody.
        account: Only this target's id.
        role: Only this slug or ``role_arn``.
        can_sign_in_only: Only people who can sign in.
        ending: Say when access ends by itself, as the ledger knows it now.
    """
    snapshot = open_snapshot(store, run)
    facts = load_facts(snapshot, account, role)
    if not facts.targets:
        return
    writer = _RowWriter(facts, load_endings(snapshot) if ending else Endings())
    leading = None if account is None and role is None else facts.leading()
    people = _people(facts, user, leading)
    if can_sign_in_only:
        people = (person for person in people if person.enabled)
    for chunk, grants in _with_grants(facts, people, leading):
        for person in chunk:
            yield from writer.rows(person, grants.get(person.key, ()))


def held_by(own: Sequence[OwnGrant], facts: Facts) -> dict[int, Held]:
    """The target entitlements that a person has, from the grants to that person."""
    since_own = {entitlement: since for entitlement, since, _, _ in own}
    held: dict[int, Held] = {}
    for entitlement, since, condition, sources in own:
        if entitlement in facts.targets:
            reached = _reached(since, () if condition is None else (condition,), since_own, facts)
            if reached is not None:
                _add(held, entitlement, reached, _via(sources, facts))
            continue
        for target, group, path_since, conditions in facts.paths(entitlement):
            needed = conditions if condition is None else conditions | {condition}
            reached = _reached(max(since, path_since), needed, since_own, facts)
            if reached is not None:
                _add(held, target, reached, (group,))
    return held


def _reached(
    since: int, conditions: Collection[int], since_own: Mapping[int, int], facts: Facts
) -> int | None:
    """Since when a path and all conditions on it have held; None where a condition isn't met."""
    for condition in conditions:
        met = facts.met(condition, since_own)
        if met is None:
            return None
        since = max(since, met)
    return since


def _add(held: dict[int, Held], entitlement: int, since: int, via: Sequence[int]) -> None:
    known = held.get(entitlement)
    if known is None:
        held[entitlement] = Held(since, set(via))
    else:
        known.since = min(known.since, since)
        known.via.update(via)


def _via(sources: str | None, facts: Facts) -> Sequence[int]:
    if sources is None:
        return ()
    return facts.sources(sources) or (DIRECT,)


class _RowWriter:
    """Turns what people hold into rows, with one Via object for each group."""

    def __init__(self, facts: Facts, endings: Endings) -> None:
        self._facts = facts
        self._endings = endings
        self._ending = bool(endings)
        self._vias = {DIRECT: Via("direct")}

    def rows(self, person: Person, own: Sequence[OwnGrant]) -> Iterator[AccessRow]:
        targets, snapshot = self._facts.targets, self._facts.snapshot
        held = held_by(own, self._facts)
        for entitlement in sorted(held, key=lambda key: targets[key].rank):
            target, how = targets[entitlement], held[entitlement]
            vias = self._in_order(how.via)
            yield AccessRow(
                snapshot.connector,
                person.ref.id,
                person.login,
                person.display_name,
                person.status,
                person.enabled,
                target.account_id,
                target.role,
                target.role_arn,
                snapshot.times[how.since],
                self._ends(person, target, vias) if self._ending else None,
                vias,
            )

    def _ends(self, person: Person, target: Target, vias: Sequence[Via]) -> datetime | None:
        groups = (via.group_id if via.kind == "group" else None for via in vias)
        return self._endings.of(person.ref, target.account_id, target.role, groups)

    def _in_order(self, keys: set[int]) -> tuple[Via, ...]:
        vias = [self._vias.get(key) or self._name(key) for key in keys]
        if len(vias) > 1:
            vias.sort(key=lambda via: encode_text(via.group_id))  # that of the direct one is empty
        return tuple(vias)

    def _name(self, key: int) -> Via:
        group = self._facts.groups[key]
        via = self._vias[key] = Via("group", group.id, group.name)
        return via


def _people(facts: Facts, user: str | None, leading: Sequence[int] | None) -> Iterable[Person]:
    """Everybody who may have access, in order."""
    if user is not None:
        return people_named(facts.snapshot, user)
    if leading is not None:
        with facts.snapshot.store.reading() as connection:
            holders = _holders(connection, facts.snapshot, leading)
            if len(holders) <= FEW_PEOPLE:
                return people_with_keys(connection, facts.snapshot, list(holders))
    return everybody(facts.snapshot)


def _holders(connection: Connection, snapshot: Snapshot, entitlements: Sequence[int]) -> set[int]:
    """Principals that hold any of these; more than FEW_PEOPLE tell only that they are many."""
    grant = tables.grant_version.c
    holders: set[int] = set()
    for start in range(0, len(entitlements), KEYS_AT_ONCE):
        query = (
            select(grant.principal_id)
            .distinct()
            .where(
                grant.entitlement_id.in_(entitlements[start : start + KEYS_AT_ONCE]),
                held_at(tables.grant_version, snapshot.seq),
            )
            .limit(FEW_PEOPLE + 1)
        )
        holders.update(connection.execute(query).scalars())
        if len(holders) > FEW_PEOPLE:
            break
    return holders


def _with_grants(
    facts: Facts, people: Iterable[Person], leading: Sequence[int] | None
) -> Iterator[tuple[list[Person], dict[int, list[OwnGrant]]]]:
    """The people in chunks, each with the grants to them: of a size that memory doesn't feel."""
    upcoming, size = iter(people), FIRST_CHUNK
    while chunk := list(islice(upcoming, size)):
        grants = _grants_of([person.key for person in chunk], facts, leading)
        yield chunk, grants
        per_person = sum(map(len, grants.values())) / len(chunk)
        size = int(min(GRANTS_AT_ONCE / max(per_person, 1), 4 * size, KEYS_AT_ONCE)) or 1


def _grants_of(keys: Sequence[int], facts: Facts, leading: Sequence[int] | None) -> dict[int, list[OwnGrant]]:
    """Grants to people: all, or where few entitlements matter, of these and of their conditions."""
    snapshot = facts.snapshot
    with snapshot.store.reading() as connection:
        if leading is None or len(leading) > FEW_ENTITLEMENTS:
            return own_grants(connection, snapshot, keys)
        grants = own_grants(connection, snapshot, keys, leading)
        needed = {condition for own in grants.values() for _, _, condition, _ in own if condition}
        needed.update(*(path.conditions for member in leading for path in facts.paths(member)))
        more = own_grants(connection, snapshot, keys, needed.difference(leading))
        return {key: own + more.get(key, []) for key, own in grants.items()}
