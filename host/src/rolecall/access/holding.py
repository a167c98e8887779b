"""Which of many grants are so in a published run, by any path."""

from collections import defaultdict
from collections.abc import Collection

from sqlalchemy import Connection, select

from rolecall.access.facts import load_facts, own_grants
from rolecall.access.rows import held_by
from rolecall.access.snapshot import Snapshot, open_snapshot
from rolecall.models import EntitlementRef, GrantRef, Ref
from rolecall.store import tables
from rolecall.store.chunks import by_type, chunks
from rolecall.store.engine import Store
from rolecall.store.runs import RunRecord


def held_among(store: Store, run: RunRecord, grants: Collection[GrantRef]) -> set[GrantRef]:
    """Those of the grants that are so: of a target by any path that gives access, of others by their own."""
    snapshot = open_snapshot(store, run)
    asked: defaultdict[Ref, set[EntitlementRef]] = defaultdict(set)
    for entitlement, principal in grants:
        asked[principal].add(entitlement)
    with store.reading() as connection:
        principals = _resource_keys(connection, snapshot, asked)
        entitlements = _entitlement_keys(connection, snapshot, {grant.entitlement for grant in grants})
    if not principals or not entitlements:
        return set()
    facts = load_facts(snapshot)
    found: set[GrantRef] = set()
    for chunk in chunks(principals):
        with store.reading() as connection:
            own = own_grants(connection, snapshot, chunk)
        for key, held in own.items():
            reached = held_by(held, facts).keys()
            has = {entitlement for entitlement, _, _, _ in held if entitlement not in facts.targets} | reached
            principal = principals[key]
            found |= {GrantRef(ref, principal) for ref in asked[principal] if entitlements.get(ref) in has}
    return found


def _resource_keys(connection: Connection, snapshot: Snapshot, refs: Collection[Ref]) -> dict[int, Ref]:
    key = tables.resource_key.c
    found: dict[int, Ref] = {}
    for kind, idents in by_type(refs):
        query = select(key.id, key.ext_id).where(
            key.connector_id == snapshot.connector_id, key.type == kind, key.ext_id.in_(idents)
        )
        found |= {number: Ref(kind, ident) for number, ident in connection.execute(query)}
    return found


def _entitlement_keys(
    connection: Connection, snapshot: Snapshot, refs: Collection[EntitlementRef]
) -> dict[EntitlementRef, int]:
    key = tables.entitlement_key.c
    of = _resource_keys(connection, snapshot, {ref.resource for ref in refs})
    found: dict[EntitlementRef, int] = {}
    for chunk in chunks(of):
        query = select(key.id, key.resource_id, key.slug).where(key.resource_id.in_(chunk))
        found |= {
            EntitlementRef(of[resource], slug): number for number, resource, slug in connection.execute(query)
        }
    return found
