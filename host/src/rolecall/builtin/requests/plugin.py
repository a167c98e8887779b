"""Just-in-time access, as a plugin: the table ``[requests]``, ``rolecall request`` and ``rolecall jit``."""

from collections.abc import Mapping, Sequence

import click
import marshmallow as ma

from rolecall import hookimpl
from rolecall.builtin.requests.rule_schema import RequestsSchema
from rolecall.cli.options import Deferred

TABLE = "requests"
COMMANDS = "rolecall.builtin.requests.commands"


@hookimpl
def rolecall_settings() -> Mapping[str, type[ma.Schema]]:
    """The table ``[requests]``."""
    return {TABLE: RequestsSchema}


@hookimpl
def rolecall_commands() -> Sequence[click.Command]:
    """What people type."""
    return [
        Deferred("request", f"{COMMANDS}:request", "Ask for access that ends, and approve it."),
        Deferred("jit", f"{COMMANDS}:jit", "See what can be asked for, and what it takes."),
    ]
