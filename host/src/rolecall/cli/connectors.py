"""``rolecall connectors`` and ``rolecall status``: what is configured, and how it is doing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import click

from rolecall.cli.options import RolecallCommand, RolecallGroup
from rolecall.cli.runs import source_text
from rolecall.cli.session import Session, known_connectors
from rolecall.config import Config, ConnectorConfig
from rolecall.output import Column, Format, Listing
from rolecall.output.encoding import encode_json_text
from rolecall.store.engine import Store
from rolecall.store.leases import end_interrupted_runs
from rolecall.store.runs import RunRecord, newest_runs
from rolecall.store.source import published_source
from rolecall.store.tasks import list_tasks

NOT_SYNCED, SYNCING, CONNECTED, ERROR = "Not synced", "Syncing", "Connected", "Error"
_STATUS = {
    "running": SYNCING,
    "published": CONNECTED,
    "unchanged": CONNECTED,
    "failed": ERROR,
    "refused": ERROR,
}


def _sync_text(last: Mapping[str, Any] | None) -> str:
    if last is None:
        return ""
    finished = f", {last['finished_at']:%Y-%m-%d %H:%M} UTC" if last["finished_at"] else ""
    return f"run {last['run_id']} {last['status']}{finished}"


def _source_text(source: Mapping[str, Any] | None) -> str:
    if source is None or source["run_id"] is None:
        return "" if source is None else f"{source['connector']}, not synced"
    return source_text(source) + (" (stale)" if source["stale"] else "")


def _tasks_text(tasks: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {word}" for word, count in tasks.items() if count)


CONNECTORS = Listing(
    ("name", "kind", "owners", "identity_source", "provisioning", "status", "last_sync", "source"),
    (
        Column("name", "NAME"),
        Column("kind", "KIND"),
        Column("owners", "OWNERS"),
        Column("identity_source", "IDENTITY SOURCE"),
        Column("provisioning", "PROVISIONING"),
        Column("status", "STATUS"),
        Column("last_sync", "LAST SYNC"),
    ),
    cells={"last_sync": _sync_text, "source": _source_text},
)
STATUS = Listing(
    ("connector", "status", "provisioning", "last_sync", "source", "tasks", "error"),
    (
        Column("connector", "CONNECTOR"),
        Column("status", "STATUS"),
        Column("provisioning", "WRITES"),
        Column("last_sync", "LAST SYNC"),
        Column("source", "IDENTITY SOURCE"),
        Column("tasks", "TASKS"),
        Column("error", "ERROR"),
    ),
    cells={
        "last_sync": _sync_text,
        "source": _source_text,
        "tasks": _tasks_text,
        "error": lambda error: str(error["message"]) if error else "",
    },
)


@dataclass(frozen=True, slots=True)
class State:
    """How a connector is doing.

    Attributes:
        last: Its last run, or None.
        source: The newest run of its identity source, and how old that is, or None without a source.
        tasks: How many tasks are open, and how many of these fail, or wait for somebody outside for too long.
    """

    last: RunRecord | None
    source: Mapping[str, object] | None
    tasks: Mapping[str, int]


@click.group(cls=RolecallGroup)
def connectors() -> None:
    """Show the connectors that are configured.

    Examples:
      rolecall connectors list
      rolecall connectors show aws-prod
    """


@connectors.command("list")
@click.pass_obj
def list_(session: Session) -> None:
    """List connectors with status and last sync.

    Examples:
      rolecall connectors list
      rolecall connectors list -o json
    """
    config = session.config()
    states = _states(session, config)
    rows = (_connector_row(connector, states[name]) for name, connector in config.connectors.items())
    session.print_rows(CONNECTORS, rows)


@connectors.command()
@click.argument("name")
@click.pass_obj
def show(session: Session, name: str) -> None:
    """Show one connector with its settings.

    Of a secret, only where it is.

    Examples:
      rolecall connectors show aws-prod
      rolecall connectors show aws-prod -o json
    """
    known_connectors(session.config(), [name])
    config = session.configured()
    connector = config.connectors[name]
    row = _connector_row(connector, _states(session, config)[name])
    row |= {
        "settings": _settings(connector),
        "secrets": _secrets(connector),
        "write_credential": connector.write_table is not None,
    }
    if row["settings"] is None:
        session.note(f"The kind {connector.kind} isn't loaded, so the settings aren't shown.")
    if session.form is Format.TABLE:
        session.print_facts(_facts(row))
    else:
        session.print_object(row)


@click.command(cls=RolecallCommand)
@click.argument("name", required=False)
@click.pass_obj
def status(session: Session, name: str | None) -> None:
    """Say how each connector is doing.

    That is Not synced, Syncing, Connected or Error.

    Examples:
      rolecall status
      rolecall status aws-prod -o json
    """
    config = session.config()
    wanted = known_connectors(config, [name] if name else [])
    states = _states(session, config)
    rows = (_status_row(config.connectors[each], states[each]) for each in wanted)
    session.print_rows(STATUS, rows)


def _states(session: Session, config: Config) -> dict[str, State]:
    with session.store(config) as store:
        last = newest_runs(store)
        if any(run.status == "running" for run in last.values()):
            end_interrupted_runs(store)
            last = newest_runs(store)
        return {
            name: State(last.get(name), _source(store, connector), _tasks(store, name))
            for name, connector in config.connectors.items()
        }


def _tasks(store: Store, connector: str) -> dict[str, int]:
    with store.reading() as connection:
        tasks = list(list_tasks(connection, state="TASK_STATE_OPEN", connector=connector))
    now = datetime.now(UTC)
    return {
        "open": len(tasks),
        "failing": sum(task.error is not None for task in tasks),
        "overdue": sum(task.due_at is not None and task.due_at <= now for task in tasks),
    }


def _source(store: Store, connector: ConnectorConfig) -> dict[str, object] | None:
    if connector.identity_source is None:
        return None
    run = published_source(store, connector.identity_source)
    age = None if run is None else datetime.now(UTC) - run.finished_at
    return {
        "connector": connector.identity_source,
        "run_id": run and run.run_id,
        "finished_at": run and run.finished_at,
        "age_seconds": age and round(age.total_seconds()),
        "stale": age is None or age > connector.source_max_age,
    }


def _connector_row(connector: ConnectorConfig, state: State) -> dict[str, object]:
    last = state.last
    return {
        "name": connector.name,
        "kind": connector.kind,
        "owners": list(connector.owners),
        "identity_source": connector.identity_source,
        "provisioning": connector.provisioning,
        "status": _STATUS[last.status] if last else NOT_SYNCED,
        "last_sync": _last_sync(last),
        "source": state.source,
    }


def _status_row(connector: ConnectorConfig, state: State) -> dict[str, object]:
    last = state.last
    return {
        "connector": connector.name,
        "status": _STATUS[last.status] if last else NOT_SYNCED,
        "provisioning": connector.provisioning,
        "last_sync": _last_sync(last),
        "source": state.source,
        "tasks": state.tasks,
        "error": last.error if last else None,
    }


def _last_sync(last: RunRecord | None) -> dict[str, object] | None:
    if last is None:
        return None
    return {"run_id": last.id, "status": last.status, "finished_at": last.finished_at}


def _settings(connector: ConnectorConfig) -> dict[str, object] | None:
    if connector.settings is None:
        return None
    return {key: value for key, value in connector.table.items() if key not in connector.secret_refs}


def _secrets(connector: ConnectorConfig) -> dict[str, object]:
    return {key: {ref.scheme: ref.reference} for key, ref in connector.secret_refs.items()}


def _facts(row: Mapping[str, Any]) -> dict[str, str]:
    facts = {
        "name": row["name"],
        "kind": row["kind"],
        "owners": ", ".join(row["owners"]),
        "identity source": _source_text(row["source"]),
        "provisioning": row["provisioning"],
        "write credential": "its own, opened only to write" if row["write_credential"] else "",
        "status": row["status"],
        "last sync": _sync_text(row["last_sync"]),
    }
    facts |= {
        key: value if isinstance(value, str) else encode_json_text(value)
        for key, value in (row["settings"] or {}).items()
    }
    facts |= {
        key: f"{scheme}: {reference}"
        for key, ref in row["secrets"].items()
        for scheme, reference in ref.items()
    }
    return facts
