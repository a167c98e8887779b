"""``rolecall plugins``: what is installed, and how a kind is configured."""

import click

from rolecall.cli.options import RolecallGroup
from rolecall.cli.session import Session
from rolecall.errors import UsageError
from rolecall.json_schema import kind_schema, table_schema
from rolecall.output import Column, Listing
from rolecall.plugins import PluginInfo

PLUGINS = Listing(
    ("distribution", "version", "name", "kinds", "hooks", "state"),
    (
        Column("name", "NAME"),
        Column("distribution", "DISTRIBUTION"),
        Column("version", "VERSION"),
        Column("kinds", "KINDS"),
        Column("state", "STATE"),
        Column("hooks", "HOOKS"),
    ),
    cells={"hooks": lambda hooks: ", ".join(hook.removeprefix("rolecall_") for hook in hooks)},
)


@click.group(cls=RolecallGroup)
def plugins() -> None:
    """Show installed plugins and how to configure their kinds.

    Examples:
      rolecall plugins list
      rolecall plugins schema okta_aws_federation
    """


@plugins.command("list")
@click.pass_obj
def list_(session: Session) -> None:
    """List installed plugins: distribution, version, kinds, hooks, and whether each works.

    Examples:
      rolecall plugins list
      rolecall plugins list -o json
    """
    session.print_rows(PLUGINS, (_row(info) for info in session.plugins().inventory))


@plugins.command()
@click.argument("kind")
@click.pass_obj
def schema(session: Session, kind: str) -> None:
    """Print the configuration of a connector kind, or of a plugin's own table, as JSON Schema.

    Examples:
      rolecall plugins schema okta_aws_federation
      rolecall plugins schema policy
    """
    loaded = session.plugins()
    kinds, tables = loaded.kinds, loaded.tables
    if kind in kinds:
        session.print_object(kind_schema(kinds[kind]))
    elif kind in tables:
        session.print_object(table_schema(kind, tables[kind]))
    else:
        raise UsageError(
            f"No plugin offers the kind or the table '{kind}'.",
            hint=f"there are: {', '.join(sorted([*kinds, *tables]))}",
        )


def _row(info: PluginInfo) -> dict[str, object]:
    return {
        "distribution": info.distribution,
        "version": info.version,
        "name": info.name,
        "kinds": list(info.kinds),
        "hooks": list(info.hooks),
        "state": f"broken: {info.reason}" if info.state == "broken" else info.state,
    }
