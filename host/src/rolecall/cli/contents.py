"""``rolecall resources|entitlements|grants|findings``: what a run holds, as the connector stated it."""

from collections.abc import Callable, Iterable, Mapping

import click

from rolecall.cli.options import RolecallCommand, at_option, connector_option
from rolecall.cli.published import published_runs
from rolecall.cli.session import Session
from rolecall.output import Column, Listing
from rolecall.store import queries
from rolecall.store.engine import Store
from rolecall.store.runs import RunRecord

RESOURCES = Listing(
    ("connector", "type", "id", "display_name", "parent", "status", "profile"),
    (
        Column("connector", "CONNECTOR"),
        Column("type", "TYPE"),
        Column("id", "ID"),
        Column("display_name", "NAME"),
        Column("status", "STATUS"),
    ),
)
ENTITLEMENTS = Listing(
    ("connector", "id", "resource_type", "resource_id", "slug", "display_name", "grantable_to"),
    (
        Column("connector", "CONNECTOR"),
        Column("id", "ENTITLEMENT"),
        Column("display_name", "NAME"),
        Column("grantable_to", "GRANTABLE TO"),
    ),
)
GRANTS = Listing(
    (
        "connector",
        "id",
        "entitlement_id",
        "principal_type",
        "principal_id",
        "expandable",
        "condition",
        "sources",
    ),
    (
        Column("connector", "CONNECTOR"),
        Column("entitlement_id", "ENTITLEMENT"),
        Column("principal_type", "HELD BY"),
        Column("principal_id", "ID"),
        Column("expandable", "EXPANDABLE"),
        Column("condition", "CONDITION"),
        Column("sources", "SOURCES"),
    ),
)
FINDINGS = Listing(
    ("connector", "code", "severity", "message", "subject"),
    (
        Column("connector", "CONNECTOR"),
        Column("severity", "SEVERITY"),
        Column("code", "CODE"),
        Column("subject", "SUBJECT"),
        Column("message", "MESSAGE"),
    ),
)

Read = Callable[[Store, RunRecord, str | None], Iterable[Mapping[str, object]]]
type_option = click.option("--type", "kind", metavar="TYPE", help="Only of this resource type.")


@click.command(cls=RolecallCommand)
@connector_option
@type_option
@at_option
@click.pass_obj
def resources(session: Session, connector: str | None, kind: str | None, at: str | None) -> None:
    """List people, groups, apps and accounts.

    Examples:
      rolecall resources --type account
      rolecall resources --connector aws-prod --type group -o csv
    """
    _print(session, RESOURCES, queries.resources, connector, kind, at)


@click.command(cls=RolecallCommand)
@connector_option
@type_option
@at_option
@click.pass_obj
def entitlements(session: Session, connector: str | None, kind: str | None, at: str | None) -> None:
    """List what can be held: roles, memberships, assignments.

    Examples:
      rolecall entitlements --type account
      rolecall entitlements --connector aws-prod --at 12 -o jsonl
    """
    _print(session, ENTITLEMENTS, queries.entitlements, connector, kind, at)


@click.command(cls=RolecallCommand)
@connector_option
@type_option
@at_option
@click.pass_obj
def grants(session: Session, connector: str | None, kind: str | None, at: str | None) -> None:
    """List who holds what, as the provider states it.

    For what that amounts to, see: rolecall access.

    Examples:
      rolecall grants --type account
      rolecall grants --at 2026-01-31T08:00:00Z -o json
    """
    _print(session, GRANTS, queries.grants, connector, kind, at)


@click.command(cls=RolecallCommand)
@connector_option
@type_option
@at_option
@click.pass_obj
def findings(session: Session, connector: str | None, kind: str | None, at: str | None) -> None:
    """List what was odd in a run.

    Examples:
      rolecall findings
      rolecall findings --connector aws-prod -o json
    """
    _print(session, FINDINGS, queries.findings, connector, kind, at)


def _print(
    session: Session, listing: Listing, read: Read, connector: str | None, kind: str | None, at: str | None
) -> None:
    config = session.config()
    with session.store(config) as store:
        runs = published_runs(session, config, store, connector, at)
        session.print_rows(listing, (row for run in runs for row in read(store, run, kind)))
