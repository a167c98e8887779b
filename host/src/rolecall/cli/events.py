"""``rolecall events``: what a provider's log said happened, as the sync runs read it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import click

from rolecall.cli.options import RolecallCommand
from rolecall.cli.session import Session, known_connectors
from rolecall.errors import UsageError
from rolecall.models import EventTarget
from rolecall.output import Column, Listing
from rolecall.store.engine import Store
from rolecall.store.events import EventGap, KeptEvent, list_events
from rolecall.store.runs import find_run, parse_time


def _who(target: Mapping[str, Any] | None) -> str:
    return f"{target['name'] or target['id']} ({target['type']})" if target else ""


def _targets(targets: Sequence[Mapping[str, Any]] | None) -> str:
    return ", ".join(_who(target) for target in targets or ())


EVENTS = Listing(
    (
        "connector",
        "run_id",
        "record",
        "at",
        "until",
        "type",
        "outcome",
        "actor",
        "targets",
        "message",
        "event_id",
    ),
    (
        Column("at", "AT"),
        Column("type", "TYPE"),
        Column("outcome", "OUTCOME"),
        Column("actor", "ACTOR"),
        Column("targets", "TARGETS"),
        Column("message", "MESSAGE"),
    ),
    table_cells={"actor": _who, "targets": _targets},
)


@click.command(cls=RolecallCommand)
@click.argument("name")
@click.option(
    "--since", metavar="RUN|TIME", help="Only what came after this run, or happened since this time."
)
@click.option("--type", "kind", metavar="TYPE", help="Only events of this type; gaps stay.")
@click.pass_obj
def events(session: Session, name: str, since: str | None, kind: str | None) -> None:
    """List what the provider's log says happened.

    Oldest first, as the sync runs read it. A row of the record "gap" is a span of time of which events
    may be missing, and says why.

    Examples:
      rolecall events okta-prod --since 2026-01-31T08:00:00Z
      rolecall events okta-prod --since 12 --type group.user_membership.add -o jsonl
    """
    config = session.config()
    known_connectors(config, [name])
    with session.store(config) as store:
        after_run, after = _since(store, name, since)
        rows = (_row(name, each) for each in list_events(store, name, after, after_run, kind))
        session.print_rows(EVENTS, rows)


def _since(store: Store, connector: str, since: str | None) -> tuple[int | None, datetime | None]:
    if since is None:
        return None, None
    if since.isascii() and since.isdigit():
        run = find_run(store, int(since))
        if run.connector != connector:
            raise UsageError(f"Run {since} is not of {connector}.", hint=f"see: rolecall runs {connector}")
        return run.id, None
    return None, parse_time(since)


def _row(connector: str, found: KeptEvent | EventGap) -> dict[str, object]:
    row: dict[str, object] = {"connector": connector, "run_id": found.run_id}
    if isinstance(found, EventGap):
        return row | {
            "record": "gap",
            "at": found.since,
            "until": found.until,
            "type": None,
            "outcome": None,
            "actor": None,
            "targets": [],
            "message": f"events may be missing: {found.why}",
            "event_id": None,
        }
    event = found.event
    return row | {
        "record": "event",
        "at": event.at,
        "until": None,
        "type": event.kind,
        "outcome": event.outcome,
        "actor": _named(event.actor),
        "targets": [_named(target) for target in event.targets],
        "message": event.message,
        "event_id": event.id,
    }


def _named(target: EventTarget | None) -> dict[str, str] | None:
    return None if target is None else {"type": target.type, "id": target.id, "name": target.name}
