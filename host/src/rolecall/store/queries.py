"""What a published run holds, in rows as the command line shows them: streamed, in order of their ids."""

import heapq
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, select

from rolecall.models import EntitlementRef, Finding, Ref
from rolecall.store import tables
from rolecall.store.engine import Store
from rolecall.store.runs import RunRecord, read_findings
from rolecall.store.tables import held_at

Row = dict[str, Any]

_CHUNK = 500


def resources(store: Store, run: RunRecord, type: str | None = None) -> Iterator[Row]:  # noqa: A002 - the option's name
    """Resources that a published run holds, by type and id."""
    key, version = tables.resource_key.c, tables.resource_version.c
    parent = tables.resource_key.alias("parent")
    query = (
        select(
            key.type,
            key.ext_id,
            version.display_name,
            parent.c.type,
            parent.c.ext_id,
            version.status,
            version.profile,
        )
        .join_from(tables.resource_key, tables.connector)
        .join(tables.resource_version, version.key_id == key.id)
        .outerjoin(parent, parent.c.id == version.parent_id)
        .where(tables.connector.c.name == run.connector, held_at(tables.resource_version, _seq(run)))
        .order_by(key.type, key.ext_id)
    )
    if type is not None:
        query = query.where(key.type == type)
    with store.reading() as connection:
        streamed = connection.execute(query.execution_options(yield_per=_CHUNK))
        for kind, ident, name, parent_type, parent_id, status, profile in streamed:
            yield {
                "connector": run.connector,
                "type": kind,
                "id": ident,
                "display_name": name,
                "parent": None if parent_type is None else str(Ref(parent_type, parent_id)),
                "status": status,
                "profile": profile,
            }


def entitlements(store: Store, run: RunRecord, type: str | None = None) -> Iterator[Row]:  # noqa: A002
    """Entitlements that a published run holds, by their text ids; ``type`` is that of their resources."""
    key, version = tables.entitlement_key.c, tables.entitlement_version
    query = select(key.id, version.c.display_name, version.c.grantable_to).join_from(
        tables.entitlement_key, version, version.c.key_id == key.id
    )
    with store.reading() as connection:
        in_order = sorted((str(ref), n, ref) for n, ref in _entitlement_refs(connection, run, type))
        for start in range(0, len(in_order), _CHUNK):
            chunk = in_order[start : start + _CHUNK]
            held = query.where(key.id.in_([n for _, n, _ in chunk]), held_at(version, _seq(run)))
            described = {n: (name, grantable_to) for n, name, grantable_to in connection.execute(held)}
            for text, n, ref in chunk:
                name, grantable_to = described[n]
                yield {
                    "connector": run.connector,
                    "id": text,
                    "resource_type": ref.resource.type,
                    "resource_id": ref.resource.id,
                    "slug": ref.slug,
                    "display_name": name,
                    "grantable_to": grantable_to,
                }


def grants(store: Store, run: RunRecord, type: str | None = None) -> Iterator[Row]:  # noqa: A002
    """Grants that a published run holds, by text id; ``type`` is that of the entitlement's resource."""
    with store.reading() as connection:
        texts = {n: str(ref) for n, ref in _entitlement_refs(connection, run, None)}
        wanted = sorted((f"{ref}:", n) for n, ref in _entitlement_refs(connection, run, type))
        for chunk in _together(wanted):
            streams = [_grants_of(connection, run, n, texts) for _, n in chunk]
            yield from heapq.merge(*streams, key=lambda row: str(row["id"]))


def findings(store: Store, run: RunRecord, type: str | None = None) -> Iterator[Row]:  # noqa: A002
    """What a run found, by code and subject; ``type`` is the resource type of the subject."""
    for finding in read_findings(store, run.id):
        if type is None or finding.subject.startswith(f"{type}:"):
            yield {"connector": run.connector, **finding_row(finding)}


def finding_row(finding: Finding) -> Row:
    """One finding, as it stands in every list of them."""
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "message": finding.message,
        "subject": finding.subject,
    }


def _seq(run: RunRecord) -> int:
    if run.published is None:
        raise ValueError(f"run {run.id} wasn't published")
    return run.published


def _entitlement_refs(
    connection: Connection, run: RunRecord, resource_type: str | None
) -> Iterator[tuple[int, EntitlementRef]]:
    key, of = tables.entitlement_key.c, tables.resource_key.c
    query = (
        select(key.id, of.type, of.ext_id, key.slug)
        .join_from(tables.entitlement_key, tables.resource_key)
        .join(tables.connector)
        .join(tables.entitlement_version, tables.entitlement_version.c.key_id == key.id)
        .where(tables.connector.c.name == run.connector, held_at(tables.entitlement_version, _seq(run)))
    )
    if resource_type is not None:
        query = query.where(of.type == resource_type)
    for n, kind, ident, slug in connection.execute(query.execution_options(yield_per=_CHUNK)):
        yield n, EntitlementRef(Ref(kind, ident), slug)


def _grants_of(connection: Connection, run: RunRecord, n: int, texts: dict[int, str]) -> Iterator[Row]:
    grant, principal = tables.grant_version.c, tables.resource_key.c
    query = (
        select(principal.type, principal.ext_id, grant.expandable, grant.condition_id, grant.sources)
        .join_from(tables.grant_version, tables.resource_key, principal.id == grant.principal_id)
        .where(grant.entitlement_id == n, held_at(tables.grant_version, _seq(run)))
        .order_by(principal.type, principal.ext_id)
    )
    for kind, ident, expandable, condition, sources in connection.execute(query).yield_per(_CHUNK):
        yield {
            "connector": run.connector,
            "id": f"{texts[n]}:{Ref(kind, ident)}",
            "entitlement_id": texts[n],
            "principal_type": kind,
            "principal_id": ident,
            "expandable": expandable,
            "condition": None if condition is None else texts[condition],
            "sources": sources,
        }


def _together(in_order: Sequence[tuple[str, int]]) -> Iterator[list[tuple[str, int]]]:
    """Group entitlements whose grants' ids interleave: one id goes on, after a ``:``, where another ends."""
    group: list[tuple[str, int]] = []
    for text, n in in_order:
        if group and not text.startswith(group[0][0]):
            yield group
            group = []
        group.append((text, n))
    if group:
        yield group
