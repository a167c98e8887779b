"""The audit trail, as a plugin: the table ``[audit]``, and ``rolecall audit``."""

from collections.abc import Mapping, Sequence

import click
import marshmallow as ma

from rolecall import hookimpl
from rolecall.builtin.audit.schema import TABLE, AuditSchema
from rolecall.cli.options import Deferred


@hookimpl
def rolecall_settings() -> Mapping[str, type[ma.Schema]]:
    """The table ``[audit]``, which the sinks read too."""
    return {TABLE: AuditSchema}


@hookimpl
def rolecall_commands() -> Sequence[click.Command]:
    """What people type."""
    return [
        Deferred(
            "audit",
            "rolecall.builtin.audit.commands:audit",
            "See who had what written, and prove that the record is whole.",
        )
    ]
