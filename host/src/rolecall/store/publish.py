"""Publishing a run: in one transaction the staged state becomes the current one, or nothing changes."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    Table,
    and_,
    exists,
    func,
    insert,
    literal,
    select,
    tuple_,
    update,
)

from rolecall.errors import Refused, StoreError
from rolecall.store import sqlite, staging, tables
from rolecall.store.runs import RunReport, finish
from rolecall.store.staging import Staging
from rolecall.store.tables import OPEN

SMALL_SHRINK = 10
"""So many grants of a type may always go."""


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
    max_shrink: float = 0.2,
    accept_shrink: Collection[str] | Literal[True] = (),
) -> Published:
    """Make what was staged the connector's current state, and finish the run's record.

    Args:
        staged: All that the run read.
        run_id: The run's number.
        report: What the run says about itself.
        max_shrink: Share of the grants of one resource type that may go in one run. The first
            published run of a connector is exempt.
        accept_shrink: Resource types whose grants may go all the same; True is all of them.

    Raises:
        Refused: More would go (``shrink_refused``), or a run of the connector that began later is
            published already (``overtaken``): what this one read is older. Nothing was changed.
        PluginError: The staged state lacks something that it names.
        StoreError: The store can't be written, or the run has ended already; nothing was changed.
    """
    staged.check_complete()
    connection = staged.connection
    sqlite.begin_writing(connection)
    with connection.begin():
        run = tables.run.c
        connector_id = connection.execute(select(run.connector_id).where(run.id == run_id)).scalar_one()
        _refuse_if_overtaken(connection, connector_id, run_id)
        seq = (connection.execute(select(func.max(run.published))).scalar_one() or 0) + 1
        changed = _publish_types(connection, connector_id, staged)
        _assign_keys(connection, connector_id)
        _state_grants(connection)
        _find_ended_grants(connection, connector_id)
        if accept_shrink is not True:
            _guard(connection, connector_id, staged.connector, max_shrink, accept_shrink)
        changed += _publish_resources(connection, connector_id, seq)
        changed += _publish_entitlements(connection, connector_id, seq)
        ended, gone = _end_grants(connection, seq)
        begun = _begin_grants(connection, seq)
        status: Literal["published", "unchanged"] = "published" if changed or ended or begun else "unchanged"
        published = Published(status, added=begun - (ended - gone), removed=gone)
        if not finish(
            connection,
            run_id,
            report,
            status=status,
            published=seq,
            added=published.added,
            removed=published.removed,
        ):
            raise StoreError(f"Run {run_id} has ended already; nothing was published.")
    return published


def _refuse_if_overtaken(connection: Connection, connector_id: int, run_id: int) -> None:
    run = tables.run.c
    mine = run.connector_id == connector_id
    later = select(func.max(run.id)).where(mine, run.id > run_id, run.published.is_not(None))
    newer = connection.execute(later).scalar_one()
    if newer is not None:
        raise Refused(
            f"Run {run_id} was overtaken by run {newer}, which began later and is published already.",
            hint="nothing is to be done: the later run read the newer state",
            code="overtaken",
        )


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


def _assign_keys(connection: Connection, connector_id: int) -> None:
    """Find the key of everything staged; what the store never saw before gets one."""
    staged, key = staging.resource.c, tables.resource_key.c
    same = and_(key.connector_id == connector_id, key.type == staged.type, key.ext_id == staged.ext_id)
    connection.execute(
        insert(tables.resource_key).from_select(
            ["connector_id", "type", "ext_id"],
            select(literal(connector_id), staged.type, staged.ext_id)
            .where(~exists().where(same))
            .order_by(staged.type, staged.ext_id),
        )
    )
    connection.execute(update(staging.resource).values(key=select(key.id).where(same).scalar_subquery()))
    parent = staging.resource.alias("parent")
    parent_key = select(parent.c.key).where(parent.c.n == staged.parent_n).scalar_subquery()
    connection.execute(update(staging.resource).values(parent_key=parent_key))

    offered, offered_key = staging.entitlement.c, tables.entitlement_key.c
    connection.execute(
        insert(tables.entitlement_key).from_select(
            ["resource_id", "slug"],
            select(staged.key, offered.slug)
            .join_from(staging.entitlement, staging.resource, offered.resource_n == staged.n)
            .where(~exists().where(offered_key.resource_id == staged.key, offered_key.slug == offered.slug))
            .order_by(staged.key, offered.slug),
        )
    )
    own_key = (
        select(offered_key.id)
        .join(staging.resource, staged.key == offered_key.resource_id)
        .where(staged.n == offered.resource_n, offered_key.slug == offered.slug)
    )
    connection.execute(update(staging.entitlement).values(key=own_key.scalar_subquery()))


def _state_grants(connection: Connection) -> None:
    """Write down the staged grants by key: sorted once, they compare and insert in one pass each."""
    staged = staging.grant.c
    of, to = staging.entitlement.alias("of").c, staging.resource.alias("to").c
    condition = staging.entitlement.alias("condition").c
    stated = (
        select(to.key, of.key, staged.expandable, condition.key, staged.sources)
        .join_from(staging.grant, of.key.table, of.n == staged.entitlement_n)
        .join(to.key.table, to.n == staged.principal_n)
        .outerjoin(condition.key.table, condition.n == staged.condition_n)
        .order_by(to.key, of.key, staged.n)
    )
    sqlite.insert_first(connection, staging.stated_grant, stated)


def _find_ended_grants(connection: Connection, connector_id: int) -> None:
    """List the current grants that aren't stated (gone), or not as they are (changed)."""
    current, stated = tables.grant_version.c, staging.stated_grant.c
    gone = stated.principal_id.is_(None)
    ours = select(tables.resource_key.c.id).where(tables.resource_key.c.connector_id == connector_id)
    ended = (
        select(current.principal_id, current.entitlement_id, gone)
        .join_from(
            tables.grant_version,
            staging.stated_grant,
            and_(
                stated.principal_id == current.principal_id,
                stated.entitlement_id == current.entitlement_id,
            ),
            isouter=True,
        )
        .where(
            current.principal_id.in_(ours),
            current.until == OPEN,
            gone
            | (stated.expandable != current.expandable)
            | stated.sources.is_distinct_from(current.sources)
            | stated.condition_id.is_distinct_from(current.condition_id),
        )
    )
    connection.execute(
        insert(staging.ended_grant).from_select(["principal_id", "entitlement_id", "gone"], ended)
    )


def _guard(
    connection: Connection,
    connector_id: int,
    connector: str,
    max_shrink: float,
    accepted: Collection[str],
) -> None:
    """Refuse a run that would end too many grants; a first run has none that could end."""
    kind = tables.resource_key.c.type
    ended = staging.ended_grant
    typed = tables.entitlement_key.join(tables.resource_key)
    vanishing = connection.execute(
        select(kind, func.count())
        .select_from(typed.join(ended, ended.c.entitlement_id == tables.entitlement_key.c.id))
        .where(ended.c.gone)
        .group_by(kind)
        .order_by(kind)
    ).all()
    refused = []
    for resource_type, gone in vanishing:
        if gone <= SMALL_SHRINK or resource_type in accepted:
            continue
        current = connection.execute(
            select(func.count())
            .select_from(
                typed.join(
                    tables.grant_version,
                    tables.grant_version.c.entitlement_id == tables.entitlement_key.c.id,
                )
            )
            .where(
                tables.resource_key.c.connector_id == connector_id,
                kind == resource_type,
                tables.grant_version.c.until == OPEN,
            )
        ).scalar_one()
        if gone > max_shrink * current:
            refused.append(f"{gone} of {current} grants of type {resource_type}")
    if refused:
        raise Refused(
            f"This run of {connector} would end {' and '.join(refused)}, "
            f"more than {max_shrink:.0%}; it was not published.",
            hint="a credential with a narrower scope reads shorter lists; if the access is really gone: "
            f"rolecall sync {connector} --accept-shrink",
            code="shrink_refused",
        )


def _publish_resources(connection: Connection, connector_id: int, seq: int) -> int:
    staged, key = staging.resource.c, tables.resource_key.c
    ours = select(key.id).where(key.connector_id == connector_id)
    return _replace_versions(
        connection,
        tables.resource_version,
        {
            "key_id": staged.key,
            "display_name": staged.display_name,
            "parent_id": staged.parent_key,
            "status": staged.status,
            "enabled": staged.enabled,
            "profile": staged.profile,
        },
        ours,
        seq,
    )


def _publish_entitlements(connection: Connection, connector_id: int, seq: int) -> int:
    staged, key = staging.entitlement.c, tables.resource_key.c
    ours = select(tables.entitlement_key.c.id).join(tables.resource_key)
    return _replace_versions(
        connection,
        tables.entitlement_version,
        {
            "key_id": staged.key,
            "display_name": staged.display_name,
            "grantable_to": staged.grantable_to,
            "profile": staged.profile,
        },
        ours.where(key.connector_id == connector_id),
        seq,
    )


def _replace_versions(
    connection: Connection,
    version: Table,
    staged: Mapping[str, ColumnElement[Any]],
    ours: Select[tuple[int]],
    seq: int,
) -> int:
    """End the current versions that aren't staged as they are, begin the staged ones that aren't current.

    Returns:
        How many versions ended or began.
    """
    current = version.c
    same = and_(*(column.is_not_distinct_from(current[name]) for name, column in staged.items()))
    ended = (
        update(version)
        .where(current.until == OPEN, current.key_id.in_(ours), ~exists().where(same))
        .values(until=seq)
    )
    known = exists().where(current.key_id == staged["key_id"], current.until == OPEN)
    begun = insert(version).from_select(
        [*staged, "since", "until"],
        select(*staged.values(), literal(seq, BigInteger), literal(OPEN, BigInteger))
        .where(~known)
        .order_by(staged["key_id"]),
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
        .where(~known)
        .order_by(stated.principal_id, stated.entitlement_id)
    )
    columns = [column.name for column in tables.grant_version.c]
    return connection.execute(insert(tables.grant_version).from_select(columns, begun)).rowcount
