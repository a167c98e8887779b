"""Publishing a run: in one transaction the staged state becomes the current one, or nothing changes."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal

from sqlalchemy import BigInteger, Connection, exists, func, insert, literal, select, tuple_, update

from rolecall.errors import StoreError
from rolecall.models import Finding
from rolecall.store import staging_tables as staging
from rolecall.store import tables
from rolecall.store.checkpoints import full_run_of, replace_checkpoint
from rolecall.store.comparison import Comparison, connector_of, newest_base, overtaken, prepare
from rolecall.store.events import publish_events
from rolecall.store.reports import RunReport, Totals
from rolecall.store.runs import finish
from rolecall.store.staging import Staging
from rolecall.store.tables import OPEN
from rolecall.store.versioned import ENTITLEMENTS, RESOURCES, Versioned

MUCH = 10_000
"""So many grants begin or end in one run before the query planner is told how large the tables are now."""


@dataclass(frozen=True, slots=True)
class Published:
    """What publishing a run changed.

    Attributes:
        added: Pairs of entitlement and principal that weren't granted before.
        removed: Pairs that no longer are.
    """

    status: Literal["published", "unchanged"]
    added: int
    removed: int


def publish(
    staged: Staging,
    run_id: int,
    report: RunReport,
    *,
    checkpoint: bytes | None = None,
    last_word: Callable[[Connection], Iterable[Finding]] | None = None,
) -> Published:
    """Make what was staged the connector's current state, and finish the run's record.

    Args:
        staged: All that the run read; it is compared first where it wasn't yet.
        run_id: The run's number.
        report: What the run says about itself; its mode and totals are filled in here.
        checkpoint: What the next run needs to read only what changed; None makes it a full one.
        last_word: Called in the transaction, when the new state is in place; gives further findings.

    Raises:
        Refused: Another run of the connector was published meanwhile (``overtaken``). Nothing was changed.
        PluginError: The staged state lacks something that it names.
        StoreError: The store can't be written, or the run has ended already; nothing was changed.
    """
    compared = staged.compared or prepare(staged, run_id)
    connection = staged.connection
    with staged.database.writing(connection):
        connector_id = connector_of(connection, run_id)
        newest = newest_base(connection, connector_id)
        if newest is not None and newest != compared.base:
            raise overtaken(staged, run_id, newest)
        run = tables.run.c
        seq = (connection.execute(select(func.max(run.published))).scalar_one() or 0) + 1
        changed = _publish_types(connection, connector_id, staged)
        changed += _replace_versions(connection, RESOURCES, seq)
        changed += _replace_versions(connection, ENTITLEMENTS, seq)
        ended, gone = _end_grants(connection, seq)
        begun = _begin_grants(connection, seq)
        status: Literal["published", "unchanged"] = "published" if changed or ended or begun else "unchanged"
        published = Published(status, added=begun - (ended - gone), removed=gone)
        full_run = run_id if staged.mode == "full" else full_run_of(connection, connector_id)
        replace_checkpoint(connection, connector_id, run_id, full_run, checkpoint)
        publish_events(connection, connector_id, run_id)
        _note_changes(connection, run_id, compared)
        if ended + begun > MUCH:
            staged.database.analyze(connection, *tables.metadata.sorted_tables)
        found = (*report.findings, *(last_word(connection) if last_word else ()))
        final = replace(report, findings=found, totals=compared.totals, mode=staged.mode)
        if not finish(
            connection,
            run_id,
            final,
            status=status,
            published=seq,
            added=published.added,
            removed=published.removed,
        ):
            raise StoreError(f"Run {run_id} has ended already; nothing was published.")
    return published


def _publish_types(connection: Connection, connector_id: int, staged: Staging) -> int:
    known = tables.resource_type
    columns = known.c.id, known.c.display_name, known.c.trait
    current = connection.execute(select(*columns).where(known.c.connector_id == connector_id))
    declared = {
        (kind.id, kind.display_name, kind.trait and kind.trait.value) for kind in staged.resource_types
    }
    if {tuple(row) for row in current} == declared:
        return 0
    connection.execute(known.delete().where(known.c.connector_id == connector_id))
    connection.execute(
        insert(known),
        [
            {"connector_id": connector_id, "id": kind, "display_name": name, "trait": trait}
            for kind, name, trait in declared
        ],
    )
    return 1


def _replace_versions(connection: Connection, kind: Versioned, seq: int) -> int:
    """End the current versions found to end, begin the stated ones that aren't current.

    Returns:
        How many versions ended or began.
    """
    version, given = kind.version.c, kind.staged.c
    ended = (
        update(kind.version)
        .where(version.key_id.in_(select(kind.ended.c.key)), version.until == OPEN)
        .values(until=seq)
    )
    known = exists().where(version.key_id == given.key, version.until == OPEN)
    begun = insert(kind.version).from_select(
        ["key_id", "since", "until", *kind.facts],
        select(
            given.key,
            literal(seq, BigInteger),
            literal(OPEN, BigInteger),
            *(given[name] for name in kind.facts.values()),
        )
        .where(given.stated, ~known)
        .order_by(given.key),
    )
    return connection.execute(ended).rowcount + connection.execute(begun).rowcount


def _end_grants(connection: Connection, seq: int) -> tuple[int, int]:
    """End the grants found to have ended; gives how many, and how many of them are gone altogether."""
    ended = staging.ended_grant.c
    total, gone = connection.execute(select(func.count(), func.count().filter(ended.gone))).one()
    if total:
        current = tables.grant_version.c
        connection.execute(
            update(tables.grant_version)
            .where(
                tuple_(current.principal_id, current.entitlement_id).in_(
                    select(ended.principal_id, ended.entitlement_id)
                ),
                current.until == OPEN,
            )
            .values(until=seq)
        )
    return total, gone


def _begin_grants(connection: Connection, seq: int) -> int:
    """Begin the stated grants that aren't current."""
    stated, current = staging.stated_grant.c, tables.grant_version.c
    known = exists().where(
        current.principal_id == stated.principal_id,
        current.entitlement_id == stated.entitlement_id,
        current.until == OPEN,
    )
    begun = (
        select(
            stated.principal_id,
            stated.entitlement_id,
            literal(seq, BigInteger),
            literal(OPEN, BigInteger),
            stated.expandable,
            stated.condition_id,
            stated.sources,
        )
        .where(~stated.gone, ~known)
        .order_by(stated.principal_id, stated.entitlement_id)
    )
    columns = [column.name for column in tables.grant_version.c]
    return connection.execute(insert(tables.grant_version).from_select(columns, begun)).rowcount


def _note_changes(connection: Connection, run_id: int, compared: Comparison) -> None:
    """Keep by type what the run holds and what changed: the history that later losses are judged by."""
    before = compared.base.totals if compared.base else {}
    rows = []
    for kind, totals in compared.totals.items():
        was = before.get(kind, Totals())
        resources_removed = compared.resources_removed.get(kind, 0)
        grants_removed = compared.grants_removed.get(kind, 0)
        rows.append(
            {
                "run_id": run_id,
                "type": kind,
                "resources": totals.resources,
                "resources_added": totals.resources - was.resources + resources_removed,
                "resources_removed": resources_removed,
                "grants": totals.grants,
                "grants_added": totals.grants - was.grants + grants_removed,
                "grants_removed": grants_removed,
            }
        )
    if rows:
        connection.execute(insert(tables.run_change), rows)
