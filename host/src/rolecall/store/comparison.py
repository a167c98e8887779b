"""What a run's publishing would change: found before it is published, and invisible to readers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Select,
    Table,
    and_,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    tuple_,
)

from rolecall.errors import Refused
from rolecall.models import EntitlementRef, Ref
from rolecall.store import staging_tables as staging
from rolecall.store import tables
from rolecall.store.reports import Totals
from rolecall.store.staged_keys import assign_keys, find_gone_keys, state_grants
from rolecall.store.staging import Staging
from rolecall.store.tables import OPEN
from rolecall.store.versioned import ENTITLEMENTS, RESOURCES

Counts = Mapping[str, int]
"""Resource type → number of things, for types that have any."""

_SAME_PAIR = and_(
    staging.stated_grant.c.principal_id == tables.grant_version.c.principal_id,
    staging.stated_grant.c.entitlement_id == tables.grant_version.c.entitlement_id,
)
_GRANT_DIFFERS = or_(
    *(
        staging.stated_grant.c[fact].is_distinct_from(tables.grant_version.c[fact])
        for fact in ("expandable", "sources", "condition_id")
    )
)


@dataclass(frozen=True, slots=True)
class Loss:
    """Things of one resource type that would end.

    Attributes:
        gone: How many, at least one.
        current: How many are published.
    """

    what: Literal["resources", "grants"]
    type: str
    gone: int
    current: int


@dataclass(frozen=True, slots=True)
class Base:
    """The connector's newest published run, which a run is compared with.

    Attributes:
        published: Its place in the order of publishing.
    """

    run_id: int
    published: int
    totals: Mapping[str, Totals]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A run against the published state of its connector.

    Attributes:
        base: The run that it was compared with; None when it is the first.
        totals: What the run holds, for each declared resource type.
        losses: What would end, by type.
        resources_removed: Resources that would end altogether.
        grants_removed: Pairs of entitlement and principal that would no longer be granted.
    """

    base: Base | None
    totals: Mapping[str, Totals]
    losses: tuple[Loss, ...]
    resources_removed: Counts
    grants_removed: Counts

    @property
    def first(self) -> bool:
        """Whether nothing was published of the connector before."""
        return self.base is None


def prepare(staged: Staging, run_id: int) -> Comparison:
    """Compare what was staged with what is published; nothing that readers see is changed.

    The result is kept as ``staged.compared``; publishing relies on it.

    Raises:
        PluginError: The staged state lacks something that it names.
        Refused: A later run of the connector, or another one than that whose state an incremental run
            changes, is the newest published one (``overtaken``).
        StoreError: The store can't be written.
    """
    staged.check_complete()
    connection = staged.connection
    with staged.database.writing(connection):
        connector_id = connector_of(connection, run_id)
        base = newest_base(connection, connector_id)
        if base and (base.run_id > run_id or staged.base not in (None, base.run_id)):
            raise overtaken(staged, run_id, base)
        assign_keys(connection, connector_id)
    with staged.database.reading(connection):
        if staged.mode == "incremental":
            find_gone_keys(connection, connector_id)
        state_grants(staged)
        staged.database.analyze(connection, staging.stated_grant)
        if staged.mode == "full":
            _compare_all(connection, connector_id)
        else:
            _compare_changes(staged)
            _refuse_dangling(staged)
        staged.compared = _counted(staged, base)
    return staged.compared


def connector_of(connection: Connection, run_id: int) -> int:
    """Key of the connector that a run is of."""
    run = tables.run.c
    return int(connection.execute(select(run.connector_id).where(run.id == run_id)).scalar_one())


def newest_base(connection: Connection, connector_id: int) -> Base | None:
    """The connector's newest published run."""
    run = tables.run.c
    newest = (
        select(run.id, run.published, run.completeness)
        .where(run.connector_id == connector_id, run.published.is_not(None))
        .order_by(run.published.desc())
        .limit(1)
    )
    found = connection.execute(newest).one_or_none()
    if found is None:
        return None
    run_id, published, stated = found
    return Base(run_id, published, {kind: Totals(**total) for kind, total in stated["totals"].items()})


def overtaken(staged: Staging, run_id: int, newest: Base) -> Refused:
    """Why a run can't be published: another one was, since it began or was compared."""
    return Refused(
        f"Run {run_id} was overtaken by run {newest.run_id}, which was published while it was under way.",
        hint=f"nothing was changed; sync again: rolecall sync {staged.connector}",
        code="overtaken",
    )


def _compare_all(connection: Connection, connector_id: int) -> None:
    """Find what ends when the staged state takes the place of the published one."""
    key = tables.resource_key.c
    ours = select(key.id).where(key.connector_id == connector_id)
    offered = select(tables.entitlement_key.c.id).join(tables.resource_key)
    offered = offered.where(key.connector_id == connector_id)
    for kind, mine in ((RESOURCES, ours), (ENTITLEMENTS, offered)):
        gone = kind.staged.c.key.is_(None)
        ended = (
            select(kind.version.c.key_id, gone)
            .join_from(kind.version, kind.staged, kind.staged.c.key == kind.version.c.key_id, isouter=True)
            .where(kind.version.c.key_id.in_(mine), kind.version.c.until == OPEN, gone | kind.differs)
        )
        connection.execute(insert(kind.ended).from_select(["key", "gone"], ended))
    current, stated = tables.grant_version.c, staging.stated_grant.c
    gone = stated.principal_id.is_(None)
    ended = (
        select(current.principal_id, current.entitlement_id, gone)
        .join_from(tables.grant_version, staging.stated_grant, _SAME_PAIR, isouter=True)
        .where(current.principal_id.in_(ours), current.until == OPEN, gone | _GRANT_DIFFERS)
    )
    connection.execute(
        insert(staging.ended_grant).from_select(["principal_id", "entitlement_id", "gone"], ended)
    )


def _compare_changes(staged: Staging) -> None:
    """Find what the staged changes end; only what they are about is looked at.

    By IN rather than by joins: SQLite would look all that is current up among what is staged.
    """

    def end(table: Table, rows: Select[Any]) -> None:
        staged.database.insert_first(staged.connection, table, rows)

    for kind in (RESOURCES, ENTITLEMENTS):
        version, given = kind.version.c, kind.staged.c
        same = exists().where(given.key == version.key_id, given.stated)
        for gone, among in (
            (False, version.key_id.in_(select(given.key)) & same.where(kind.differs)),
            (True, version.key_id.in_(select(kind.gone.c.key)) & ~same),
        ):
            ended = select(version.key_id, literal(gone, Boolean)).where(among, version.until == OPEN)
            end(kind.ended, ended)
    current, stated = tables.grant_version.c, staging.stated_grant.c
    pair = tuple_(current.principal_id, current.entitlement_id)
    named = select(stated.principal_id, stated.entitlement_id)
    changed = exists().where(_SAME_PAIR, ~stated.gone, _GRANT_DIFFERS)
    restated = exists().where(_SAME_PAIR, ~stated.gone)
    regranted = select(staging.entitlement.c.key).join(
        staging.regranted, staging.regranted.c.entitlement_n == staging.entitlement.c.n
    )
    endings: tuple[tuple[bool, ColumnElement[bool]], ...] = (
        (False, pair.in_(named) & changed),
        (True, pair.in_(named.where(stated.gone))),
        (True, current.entitlement_id.in_(regranted) & ~restated),
        (True, current.principal_id.in_(select(staging.gone_resource.c.key)) & ~restated),
        (True, current.entitlement_id.in_(select(staging.gone_entitlement.c.key)) & ~restated),
    )
    for altogether, these in endings:
        ended = select(current.principal_id, current.entitlement_id, literal(altogether, Boolean))
        end(staging.ended_grant, ended.where(these, current.until == OPEN))


def _refuse_dangling(staged: Staging) -> None:
    """Refuse changes that leave a parent or a condition behind which they end."""
    connection = staged.connection
    given, parent = staging.resource.c, staging.resource.alias("parent").c
    version, ended = tables.resource_version.c, staging.ended_resource.c
    gone = select(ended.key).where(ended.gone)
    left = (
        select(given.type, given.ext_id)
        .join(parent.n.table, parent.n == given.parent_n, isouter=True)
        .where(given.stated, given.parent_n.is_not(None), parent.n.is_(None) | parent.key.in_(gone))
    )
    orphan = connection.execute(left.limit(1)).first()
    if orphan is None and connection.execute(gone.limit(1)).first():
        key = tables.resource_key.c
        kept = (
            select(key.type, key.ext_id)
            .join(tables.resource_version, version.key_id == key.id)
            .where(
                version.until == OPEN, version.parent_id.in_(gone), version.key_id.not_in(select(ended.key))
            )
        )
        orphan = connection.execute(kept.limit(1)).first()
    if orphan is not None:
        staged.refuse(f"{Ref(*orphan)} keeps a parent that is gone")

    grant, condition = staging.grant.c, staging.entitlement.c
    lost = select(staging.ended_entitlement.c.key).where(staging.ended_entitlement.c.gone)
    stated, current, pair = staging.stated_grant.c, tables.grant_version.c, staging.ended_grant.c
    known = exists().where(
        pair.principal_id == current.principal_id, pair.entitlement_id == current.entitlement_id
    )
    for left in (
        select(staging.entitlement.c.key)
        .join(staging.grant, grant.entitlement_n == condition.n)
        .where(grant.condition_n.not_in(select(staging.entitlement.alias("any").c.n))),
        select(stated.entitlement_id).where(stated.condition_id.in_(lost)),
        select(current.entitlement_id).where(current.condition_id.in_(lost), current.until == OPEN, ~known),
    ):
        holding = connection.execute(left.limit(1)).first()
        if holding is not None:
            staged.refuse(f"a grant of {_entitlement(connection, holding[0])} keeps a condition that is gone")


def _counted(staged: Staging, base: Base | None) -> Comparison:
    connection = staged.connection
    before = base.totals if base else {}
    ended = staging.ended_grant.c
    removed = (
        *(_count(connection, kind.ended.c.key, kind.ended.c.gone) for kind in (RESOURCES, ENTITLEMENTS)),
        _count(connection, ended.entitlement_id, ended.gone),
    )
    declared = [kind.id for kind in staged.resource_types]
    if staged.mode == "full":
        held = (
            _count(connection, staging.resource.c.key),
            _count(connection, staging.entitlement.c.key),
            _count(connection, staging.stated_grant.c.entitlement_id),
        )
        totals = {kind: Totals(*(counts.get(kind, 0) for counts in held)) for kind in declared}
    else:
        added = _added(connection)
        totals = {
            kind: _moved(before.get(kind, Totals()), kind, added, removed)
            for kind in dict.fromkeys([*declared, *before])
        }
    losses = [Loss("resources", kind, n, before[kind].resources) for kind, n in removed[0].items()]
    losses += [Loss("grants", kind, n, before[kind].grants) for kind, n in removed[2].items()]
    losses.sort(key=lambda loss: (loss.type, loss.what))
    return Comparison(base, totals, tuple(losses), removed[0], removed[2])


def _added(connection: Connection) -> tuple[Counts, Counts, Counts]:
    """Stated resources, entitlements and grants that aren't published."""
    new = []
    for kind in (RESOURCES, ENTITLEMENTS):
        version, given = kind.version.c, kind.staged.c
        known = exists().where(version.key_id == given.key, version.until == OPEN)
        new.append(_count(connection, given.key, given.stated, ~known))
    stated = staging.stated_grant.c
    granted = exists().where(_SAME_PAIR, tables.grant_version.c.until == OPEN)
    return new[0], new[1], _count(connection, stated.entitlement_id, ~stated.gone, ~granted)


def _moved(was: Totals, kind: str, added: tuple[Counts, ...], removed: tuple[Counts, ...]) -> Totals:
    before = was.resources, was.entitlements, was.grants
    return Totals(
        *(
            count + more.get(kind, 0) - less.get(kind, 0)
            for count, more, less in zip(before, added, removed, strict=True)
        )
    )


def _count(connection: Connection, key: Column[Any], *among: ColumnElement[bool]) -> Counts:
    """How many rows there are by the resource type of a key, which is a resource's or an entitlement's."""
    of, offered = tables.resource_key, tables.entitlement_key
    rows = select(of.c.type, func.count())
    if key.table in (staging.resource, staging.ended_resource):
        typed = rows.join(key.table, key == of.c.id)
    else:
        typed = rows.join(offered, offered.c.resource_id == of.c.id).join(key.table, key == offered.c.id)
    counted = connection.execute(typed.where(*among).group_by(of.c.type))
    return dict(counted.all())


def _entitlement(connection: Connection, key: int) -> EntitlementRef:
    of, offered = tables.resource_key.c, tables.entitlement_key.c
    named = select(of.type, of.ext_id, offered.slug).join(tables.entitlement_key).where(offered.id == key)
    kind, ident, slug = connection.execute(named).one()
    return EntitlementRef(Ref(kind, ident), slug)
