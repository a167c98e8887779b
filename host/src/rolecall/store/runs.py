"""Sync runs: begun, ended, found again, and what they logged."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import Connection, Select, func, insert, or_, select, update

from rolecall.errors import UsageError
from rolecall.ids import parse_entitlement
from rolecall.models import Finding, Severity
from rolecall.store import tables
from rolecall.store.engine import Store
from rolecall.store.leases import end_interrupted, lease_end
from rolecall.store.process import this_process
from rolecall.store.reports import RunMode, RunReport, SourceRead, completeness

RunStatus = Literal["running", "published", "unchanged", "failed", "refused"]


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run, as stored.

    Attributes:
        published: Its place in the order of publishing, of all connectors; None if it wasn't published.
        findings: How many; see ``read_findings``.
        completeness: What ``reports.completeness`` gives: lists, identity, totals and more.
        error: Why it failed or was refused, as the command line's error object, or None.
        source: The run of the connector's identity source that it read, or None.
    """

    id: int
    connector: str
    kind: str
    status: RunStatus
    mode: RunMode
    started_at: datetime
    finished_at: datetime | None
    published: int | None
    requests: int
    resources: int
    entitlements: int
    grants: int
    added: int
    removed: int
    findings: int
    completeness: Mapping[str, Any]
    error: Mapping[str, Any] | None
    source: SourceRead | None = None


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of a connector's log."""

    at: datetime
    level: str
    message: str


@dataclass(frozen=True, slots=True)
class StoredLogLine:
    """One line of a connector's log, with its place in it."""

    id: int
    run_id: int
    at: datetime
    level: str
    message: str


def start_run(store: Store, connector: str, kind: str, mode: RunMode) -> int:
    """Record that a run begins, and give its number; runs whose process died are ended first.

    While another run of the connector is alive, the new one is recorded as ``refused``, with the error
    ``sync_running``: see ``find_run``.
    """
    process = this_process()
    with store.writing() as connection:
        end_interrupted(connection)
        connector_id = _connector_id(connection, connector)
        error = _running(connection, connector_id, connector)
        now = datetime.now(UTC)
        started = insert(tables.run).values(
            connector_id=connector_id,
            kind=kind,
            status="refused" if error else "running",
            mode=mode,
            started_at=now,
            finished_at=now if error else None,
            completeness={},
            error=error,
            pid=process.pid,
            host=process.host,
            process_started=process.started,
            lease_until=None if error else lease_end(connection),
        )
        return int(connection.execute(started.returning(tables.run.c.id)).scalar_one())


def fail_run(
    store: Store,
    run_id: int,
    status: Literal["failed", "refused"],
    error: Mapping[str, object],
    report: RunReport,
) -> None:
    """Record that a run ended without being published, why, and what it found; one that has ended stays."""
    with store.writing() as connection:
        finish(connection, run_id, report, status=status, error=dict(error))


def finish(connection: Connection, run_id: int, report: RunReport, **outcome: object) -> bool:
    """Fill in a run's record at its end, in the caller's transaction; False where it had ended before."""
    findings = sorted(report.findings, key=lambda finding: (finding.code, finding.subject))
    totals = report.totals.values()
    if report.mode is not None:
        outcome["mode"] = report.mode
    ended = connection.execute(
        update(tables.run)
        .where(tables.run.c.id == run_id, tables.run.c.status == "running")
        .values(
            finished_at=datetime.now(UTC),
            requests=report.requests,
            resources=sum(total.resources for total in totals),
            entitlements=sum(total.entitlements for total in totals),
            grants=sum(total.grants for total in totals),
            findings=len(findings),
            completeness=completeness(report),
            source_run_id=report.source and report.source.run_id,
            **outcome,
        )
    )
    if findings and ended.rowcount:
        rows = [
            {
                "run_id": run_id,
                "n": n,
                "code": finding.code,
                "severity": finding.severity.value,
                "message": finding.message,
                "subject": finding.subject,
                "concerns": None if finding.concerns is None else str(finding.concerns),
            }
            for n, finding in enumerate(findings)
        ]
        connection.execute(insert(tables.finding), rows)
    return bool(ended.rowcount)


def list_runs(store: Store, connector: str | None = None) -> list[RunRecord]:
    """Every run, of one connector or of all, in the order in which they began."""
    query = _runs().order_by(tables.run.c.id)
    if connector is not None:
        query = query.where(tables.connector.c.name == connector)
    with store.reading() as connection:
        return [_record(row) for row in connection.execute(query)]


def running_runs(store: Store) -> set[int]:
    """Numbers of the runs that are under way by their record."""
    with store.reading() as connection:
        return set(
            connection.execute(select(tables.run.c.id).where(tables.run.c.status == "running")).scalars()
        )


def newest_runs(store: Store) -> dict[str, RunRecord]:
    """The last run that began, by connector.

    One that was refused as another was under way never began, and says nothing about the connector.
    """
    run = tables.run.c
    began = or_(run.finished_at.is_(None), run.finished_at != run.started_at)
    last = select(func.max(run.id)).where(began).group_by(run.connector_id)
    with store.reading() as connection:
        records = [_record(row) for row in connection.execute(_runs().where(tables.run.c.id.in_(last)))]
    return {record.connector: record for record in records}


def find_run(store: Store, run_id: int) -> RunRecord:
    """The run with this number.

    Raises:
        UsageError: There is none.
    """
    with store.reading() as connection:
        wanted = _runs().where(tables.run.c.id == min(run_id, tables.OPEN))
        row = connection.execute(wanted).one_or_none()
    if row is None:
        raise UsageError(f"There is no run {run_id}.", hint="see: rolecall runs")
    return _record(row)


def resolve_at(store: Store, connector: str, at: str | None) -> RunRecord:
    """The published run of a connector that a reader means.

    Args:
        store: Where the runs are.
        connector: Its name.
        at: A run's number; a time (RFC 3339): the run that was the published one then; None: the
            newest.

    Raises:
        UsageError: There is no such run, or it wasn't published.
    """
    published = (tables.connector.c.name == connector) & tables.run.c.published.is_not(None)
    query = _runs().where(published).order_by(tables.run.c.published.desc()).limit(1)
    if at is not None and at.isascii() and at.isdigit():
        query = query.where(tables.run.c.id == min(int(at), tables.OPEN))
    elif at is not None:
        query = query.where(tables.run.c.finished_at <= parse_time(at))
    with store.reading() as connection:
        row = connection.execute(query).one_or_none()
    if row is None:
        when = "yet" if at is None else f"at {at}"
        raise UsageError(
            f"Connector {connector} has no published run {when}.",
            hint=f"rolecall sync {connector}" if at is None else f"see: rolecall runs {connector}",
        )
    return _record(row)


def parse_time(text: str) -> datetime:
    """The time that a reader means, where a run's number might stand as well; UTC unless it says otherwise.

    Raises:
        UsageError: It is none.
    """
    try:
        time = datetime.fromisoformat(text)
        if time.tzinfo is None:
            time = time.replace(tzinfo=UTC)
        return time.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"'{text}' is neither a run's number nor a time.",
            hint="write a time as 2025-01-31T09:00:00Z",
        ) from error


def past_losses(store: Store, connector: str, runs: int = 10) -> dict[tuple[str, str], int]:
    """The largest loss of its last published full runs: ``("resources" | "grants", type)`` → number.

    A type that isn't there was in none of them.
    """
    run, change = tables.run.c, tables.run_change.c
    last = (
        select(run.id)
        .join(tables.connector)
        .where(tables.connector.c.name == connector, run.published.is_not(None), run.mode == "full")
        .order_by(run.published.desc())
        .limit(runs)
    )
    largest = (
        select(change.type, func.max(change.resources_removed), func.max(change.grants_removed))
        .where(change.run_id.in_(last))
        .group_by(change.type)
    )
    losses = {}
    with store.reading() as connection:
        for kind, resources, grants in connection.execute(largest):
            losses["resources", kind], losses["grants", kind] = resources, grants
    return losses


def read_findings(store: Store, run_id: int) -> Iterator[Finding]:
    """What a run found, published or not, by code and subject."""
    found = tables.finding.c
    query = select(found.code, found.severity, found.message, found.subject, found.concerns)
    with store.reading() as connection:
        ordered = query.where(found.run_id == run_id).order_by(found.n)
        for code, severity, message, subject, concerns in connection.execute(ordered):
            bearing = None if concerns is None else parse_entitlement(concerns)
            yield Finding(code, Severity(severity), message, subject, bearing)


def append_log(store: Store, run_id: int, lines: Sequence[LogLine]) -> None:
    """Add lines to a run's log."""
    if lines:
        with store.writing() as connection:
            connection.execute(
                insert(tables.log_line), [{"run_id": run_id, **asdict(line)} for line in lines]
            )


def read_log(store: Store, connector: str, run_id: int | None = None, after: int = 0) -> list[StoredLogLine]:
    """Lines of a connector's log, or of one of its runs, after line number ``after``."""
    line = tables.log_line.c
    query = (
        select(line.id, line.run_id, line.at, line.level, line.message)
        .join_from(tables.log_line, tables.run)
        .join(tables.connector)
        .where(tables.connector.c.name == connector, line.id > after)
        .order_by(line.id)
    )
    if run_id is not None:
        query = query.where(line.run_id == run_id)
    with store.reading() as connection:
        return [StoredLogLine(*row) for row in connection.execute(query)]


def _running(connection: Connection, connector_id: int, connector: str) -> dict[str, object] | None:
    """Why no other run of the connector may begin, or None."""
    run = tables.run.c
    alive = select(run.id, run.host, run.pid).where(run.connector_id == connector_id, run.status == "running")
    found = connection.execute(alive.limit(1)).one_or_none()
    if found is None:
        return None
    run_id, host, pid = found
    return {
        "code": "sync_running",
        "message": f"{connector} is being synced already, by run {run_id} (host {host}, process {pid}).",
        "hint": f"wait until it has ended; see: rolecall logs {connector}",
        "connector": connector,
    }


def _connector_id(connection: Connection, name: str) -> int:
    known = select(tables.connector.c.id).where(tables.connector.c.name == name)
    found = connection.execute(known).scalar_one_or_none()
    if found is None:
        added = insert(tables.connector).values(name=name).returning(tables.connector.c.id)
        found = int(connection.execute(added).scalar_one())
    return int(found)


def _runs() -> Select[Any]:
    run, source, of_source = tables.run.c, tables.run.alias("source"), tables.connector.alias("of_source")
    return (
        select(
            run.id,
            tables.connector.c.name,
            run.kind,
            run.status,
            run.mode,
            run.started_at,
            run.finished_at,
            run.published,
            run.requests,
            run.resources,
            run.entitlements,
            run.grants,
            run.added,
            run.removed,
            run.findings,
            run.completeness,
            run.error,
            of_source.c.name,
            source.c.id,
            source.c.finished_at,
        )
        .join_from(tables.run, tables.connector)
        .outerjoin(source, source.c.id == run.source_run_id)
        .outerjoin(of_source, of_source.c.id == source.c.connector_id)
    )


def _record(row: Sequence[Any]) -> RunRecord:
    *facts, source, source_run, source_ended = row
    facts.append(None if source is None else SourceRead(source, source_run, source_ended))
    return RunRecord(*facts)
