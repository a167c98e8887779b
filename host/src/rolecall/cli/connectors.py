"""``rolecall connectors`` and ``rolecall status``: what is configured, and how it is doing."""

from collections.abc import Mapping
from typing import Any

import click

from rolecall.cli.options import RolecallCommand, RolecallGroup
from rolecall.cli.session import Session, known_connectors
from rolecall.config import Config, ConnectorConfig
from rolecall.output import Column, Format, Listing
from rolecall.output.encoding import encode_json_text
from rolecall.store.runs import RunRecord, end_interrupted_runs, newest_runs

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


CONNECTORS = Listing(
    ("name", "kind", "owners", "identity_source", "provisioning", "status", "last_sync"),
    (
        Column("name", "NAME"),
        Column("kind", "KIND"),
        Column("owners", "OWNERS"),
        Column("identity_source", "IDENTITY SOURCE"),
        Column("provisioning", "PROVISIONING"),
        Column("status", "STATUS"),
        Column("last_sync", "LAST SYNC"),
    ),
    cells={"last_sync": _sync_text},
)
STATUS = Listing(
    ("connector", "status", "last_sync", "error"),
    (
        Column("connector", "CONNECTOR"),
        Column("status", "STATUS"),
        Column("last_sync", "LAST SYNC"),
        Column("error", "ERROR"),
    ),
    cells={"last_sync": _sync_text, "error": lambda error: str(error["message"]) if error else ""},
)


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
    last_runs = _last_runs(session, config)
    rows = (_connector_row(connector, last_runs.get(name)) for name, connector in config.connectors.items())
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
    row = _connector_row(connector, _last_runs(session, config).get(name))
    row |= {"settings": _settings(connector), "secrets": _secrets(connector)}
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
    last_runs = _last_runs(session, config)
    rows = (_status_row(connector, last_runs.get(connector)) for connector in wanted)
    session.print_rows(STATUS, rows)


def _last_runs(session: Session, config: Config) -> dict[str, RunRecord]:
    with session.store(config) as store:
        last = newest_runs(store)
        if any(run.status == "running" for run in last.values()):
            end_interrupted_runs(store)
            last = newest_runs(store)
    return last


def _connector_row(connector: ConnectorConfig, last: RunRecord | None) -> dict[str, object]:
    return {
        "name": connector.name,
        "kind": connector.kind,
        "owners": list(connector.owners),
        "identity_source": connector.identity_source,
        "provisioning": connector.provisioning,
        "status": _STATUS[last.status] if last else NOT_SYNCED,
        "last_sync": _last_sync(last),
    }


def _status_row(name: str, last: RunRecord | None) -> dict[str, object]:
    return {
        "connector": name,
        "status": _STATUS[last.status] if last else NOT_SYNCED,
        "last_sync": _last_sync(last),
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
        "identity source": row["identity_source"] or "",
        "provisioning": row["provisioning"],
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
