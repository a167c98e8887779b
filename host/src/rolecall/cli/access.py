"""``rolecall access``: who has which role on which account, and by which paths."""

from collections.abc import Mapping, Sequence

import click

from rolecall.access import AccessRow, Via, effective_access
from rolecall.accounts import Accounts
from rolecall.cli.options import RolecallCommand, at_option, connector_option
from rolecall.cli.published import published_runs
from rolecall.cli.session import Session
from rolecall.output import Column, Listing

ACCESS_FIELDS = (
    "connector",
    "user_id",
    "login",
    "display_name",
    "user_status",
    "can_sign_in",
    "account_id",
    "account_name",
    "role",
    "role_arn",
    "since",
    "expires_at",
    "via",
)


def via_text(paths: Sequence[Mapping[str, str]]) -> str:
    """Paths in a cell: ``direct;group:00g1``."""
    return ";".join(
        path["kind"] if path["kind"] == "direct" else f"group:{path['group_id']}" for path in paths
    )


def via_names(paths: Sequence[Mapping[str, str]]) -> str:
    """Paths as people know them: by the groups' names."""
    return ", ".join(path.get("group_name") or path["kind"] for path in paths)


ACCESS = Listing(
    ACCESS_FIELDS,
    (
        Column("login", "LOGIN"),
        Column("user_status", "STATUS"),
        Column("can_sign_in", "SIGN-IN"),
        Column("account_id", "ACCOUNT"),
        Column("account_name", "NAME"),
        Column("role", "ROLE"),
        Column("via", "VIA"),
        Column("since", "SINCE"),
        Column("expires_at", "EXPIRES"),
        Column("connector", "CONNECTOR"),
    ),
    cells={"via": via_text},
    table_cells={
        "via": via_names,
        "since": lambda since: f"{since:%Y-%m-%d}",
        "expires_at": lambda end: f"{end:%Y-%m-%d %H:%M} UTC" if end else "",
    },
)


@click.command(cls=RolecallCommand)
@connector_option
@click.option("--user", metavar="LOGIN|ID", help="Only this person: login, e-mail address or id.")
@click.option("--account", metavar="ID|NAME", help="Only this account; its name if [accounts] knows it.")
@click.option("--role", metavar="NAME", help="Only this role.")
@click.option("--can-sign-in", is_flag=True, help="Only people who can sign in at present.")
@at_option
@click.pass_obj
def access(
    session: Session,
    connector: str | None,
    user: str | None,
    account: str | None,
    role: str | None,
    can_sign_in: bool,
    at: str | None,
) -> None:
    """List who can assume which role, and by which paths.

    There is one row per person, account and role. Without --connector, connectors that were never
    synced are left out.

    Examples:
      rolecall access
      rolecall access --account prod --role Admin --can-sign-in
      rolecall access --user ada@acme.example --at 2026-01-31T08:00:00Z -o csv
    """
    config = session.config()
    accounts = config.accounts
    account_id = accounts.id_of(account) if account is not None else None
    with session.store(config) as store:
        runs = published_runs(session, config, store, connector, at)
        rows = (
            access_row(row, accounts)
            for run in runs
            for row in effective_access(
                store,
                run,
                user=user,
                account=account_id,
                role=role,
                can_sign_in_only=can_sign_in,
                ending=at is None,
            )
        )
        session.print_rows(ACCESS, rows)


def access_row(row: AccessRow, accounts: Accounts) -> dict[str, object]:
    """The row as scripts get it."""
    return {
        "connector": row.connector,
        "user_id": row.user_id,
        "login": row.login,
        "display_name": row.display_name,
        "user_status": row.user_status,
        "can_sign_in": row.can_sign_in,
        "account_id": row.account_id,
        "account_name": accounts.name(row.account_id),
        "role": row.role,
        "role_arn": row.role_arn,
        "since": row.since,
        "expires_at": row.expires_at,
        "via": [via_object(path) for path in row.via],
    }


def via_object(path: Via) -> dict[str, str]:
    """One path as scripts get it."""
    if path.kind == "direct":
        return {"kind": "direct"}
    return {"kind": "group", "group_id": path.group_id, "group_name": path.group_name}
