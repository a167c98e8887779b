"""The facts for the question why a person has an entitlement, or hasn't."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from rolecall.access.facts import Facts, load_facts, own_grants
from rolecall.access.people import Person, people_named
from rolecall.access.rows import AccessRow, effective_access
from rolecall.access.snapshot import Snapshot, open_snapshot
from rolecall.contracts import AccessPath, AccessQuestion
from rolecall.errors import UsageError
from rolecall.ids import parse_ref
from rolecall.models import EntitlementRef, Finding, Ref, Trait
from rolecall.store import tables
from rolecall.store.columns import load_json
from rolecall.store.engine import Store
from rolecall.store.runs import RunRecord, read_findings
from rolecall.store.tables import held_at


def ask(
    store: Store, run: RunRecord, user: str, account: str, role: str
) -> tuple[AccessQuestion, tuple[AccessRow, ...]]:
    """Gather what decides whether a person has a role on an account, and the rows if they have it.

    Args:
        store: Where the run is.
        run: A published one.
        user: Id, login or e-mail address of one person.
        account: The target's id.
        role: The entitlement's slug or ``role_arn``.

    Raises:
        UsageError: The run holds no such person, or several.
    """
    snapshot = open_snapshot(store, run)
    person = _one_person(snapshot, user)
    facts = load_facts(snapshot, account, role)
    with store.reading() as connection:
        own = own_grants(connection, snapshot, [person.key]).get(person.key, [])
        since_own = {entitlement: since for entitlement, since, _, _ in own}
        groups = _groups_of(
            since_own, {entitlement: condition for entitlement, _, condition, _ in own}, facts
        )
        paths: list[AccessPath] = []
        own_sources = {entitlement: sources for entitlement, _, _, sources in own}
        conditions: dict[int, bool] = {}
        for entitlement in facts.targets:
            for grant in _grants_of(connection, snapshot, person, entitlement):
                met = facts.met(grant.condition_id, since_own) is not None
                if grant.condition_id is not None:
                    conditions[grant.condition_id] = met
                paths.append(_path(grant, person, groups, met=met))
        paths.sort(key=lambda path: (path.principal != person.ref, path.principal))
        asked = _entitlement(connection, facts, account, role)
        return (
            AccessQuestion(
                person=person.ref,
                person_name=person.display_name,
                person_status=person.status,
                enabled=person.enabled,
                entitlement=asked,
                exists=bool(facts.targets),
                paths=tuple(paths),
                met={
                    _entitlement_ref(connection, condition): _stored_sources(own_sources[condition])
                    for condition, met in conditions.items()
                    if met
                },
                unmet=tuple(
                    sorted(
                        _entitlement_ref(connection, condition)
                        for condition, met in conditions.items()
                        if not met
                    )
                ),
                apps=_apps(connection, snapshot),
                findings=tuple(_findings_about(snapshot, person, paths, asked)),
            ),
            tuple(effective_access(store, run, user=person.ref.id, account=account, role=role)),
        )


def _one_person(snapshot: Snapshot, user: str) -> Person:
    people = people_named(snapshot, user)
    if not people:
        raise UsageError(
            f"{snapshot.connector} holds no person '{user}'.",
            hint="it holds who is assigned, and the members of groups that count: nobody else has access. "
            "Or else check the id, login or e-mail address; see: rolecall resources --type user",
        )
    if len(people) > 1:
        ids = ", ".join(person.ref.id for person in people[:5])
        raise UsageError(f"'{user}' names {len(people)} people: {ids}.", hint="give the id of one")
    return people[0]


def _groups_of(own: Mapping[int, int], conditions: Mapping[int, int | None], facts: Facts) -> set[int]:
    """Groups that a person is in, themselves or through other groups."""
    waiting = [
        facts.member_of[entitlement]
        for entitlement, condition in conditions.items()
        if entitlement in facts.member_of and facts.met(condition, own) is not None
    ]
    groups: set[int] = set()
    while waiting:
        group = waiting.pop()
        if group not in groups:
            groups.add(group)
            waiting += [
                facts.member_of[grant.entitlement]
                for grant in facts.held.get(group, ())
                if grant.entitlement in facts.member_of and facts.met(grant.condition, own) is not None
            ]
    return groups


def _grants_of(
    connection: Connection, snapshot: Snapshot, person: Person, entitlement: int
) -> Sequence[Row[Any]]:
    """Grants of an entitlement to a person or to any group."""
    grant, principal, version = tables.grant_version.c, tables.resource_key.c, tables.resource_version
    query = (
        select(
            principal.id,
            principal.type,
            principal.ext_id,
            version.c.display_name,
            grant.expandable,
            grant.condition_id,
            grant.sources,
        )
        .join_from(tables.grant_version, tables.resource_key, principal.id == grant.principal_id)
        .join(version, version.c.key_id == principal.id)
        .where(
            grant.entitlement_id == entitlement,
            (principal.id == person.key) | principal.type.in_(snapshot.types(Trait.GROUP)),
            held_at(tables.grant_version, snapshot.seq),
            held_at(version, snapshot.seq),
        )
    )
    return list(connection.execute(query))


def _path(grant: Row[Any], person: Person, groups: set[int], *, met: bool) -> AccessPath:
    own = grant.id == person.key
    holds = own or grant.id in groups
    return AccessPath(
        principal=Ref(grant.type, grant.ext_id),
        principal_name=grant.display_name,
        holds=holds,
        counts=met and holds and (own or grant.expandable),
        expandable=grant.expandable,
        sources=_sources(grant.sources),
    )


def _stored_sources(stored: str | None) -> tuple[Ref, ...] | None:
    return None if stored is None else _sources(load_json(stored))


def _sources(stored: Any) -> tuple[Ref, ...] | None:
    return None if stored is None else tuple(parse_ref(source) for source in stored)


def _entitlement(connection: Connection, facts: Facts, account: str, role: str) -> EntitlementRef:
    """The entitlement that is asked about, or would be, if the run held it."""
    for entitlement in facts.targets:
        return _entitlement_ref(connection, entitlement)
    kinds = facts.snapshot.types(Trait.TARGET)
    return EntitlementRef(Ref(kinds[0] if kinds else "target", account), role)


def _entitlement_ref(connection: Connection, entitlement: int) -> EntitlementRef:
    key, of = tables.entitlement_key.c, tables.resource_key.c
    query = select(of.type, of.ext_id, key.slug).join_from(tables.entitlement_key, tables.resource_key)
    kind, ident, slug = connection.execute(query.where(key.id == entitlement)).one()
    return EntitlementRef(Ref(kind, ident), slug)


def _apps(connection: Connection, snapshot: Snapshot) -> dict[str, Mapping[str, object]]:
    key, version = tables.resource_key.c, tables.resource_version
    query = (
        select(key.ext_id, version.c.profile)
        .join_from(tables.resource_key, version, version.c.key_id == key.id)
        .where(
            key.connector_id == snapshot.connector_id,
            key.type.in_(snapshot.types(Trait.APP)),
            held_at(version, snapshot.seq),
        )
        .order_by(key.ext_id)
    )
    return {row.ext_id: row.profile for row in connection.execute(query)}


def _findings_about(
    snapshot: Snapshot, person: Person, paths: Sequence[AccessPath], asked: EntitlementRef
) -> Iterator[Finding]:
    """Findings about what decides: the person, groups on paths, the role, the account, the app, settings."""
    subjects = {str(person.ref), *(str(path.principal) for path in paths)}
    subjects |= {str(source) for path in paths for source in path.sources or ()}
    subjects.add(str(asked.resource))
    apps = set(snapshot.types(Trait.APP))
    for finding in read_findings(snapshot.store, snapshot.run_id):
        kind, separator, _ = finding.subject.partition(":")
        setting = not separator or kind not in snapshot.traits
        if finding.subject in subjects or finding.concerns == asked or setting or kind in apps:
            yield finding
