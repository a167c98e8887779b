"""The service, as a plugin: ``rolecall run``, and ``rolecall task`` for what it waits for."""

from collections.abc import Sequence

import click

from rolecall import hookimpl
from rolecall.cli.options import Deferred


@hookimpl
def rolecall_commands() -> Sequence[click.Command]:
    """What people type, or their service manager does."""
    return [
        Deferred("run", "rolecall.builtin.service.commands:run", "Do what is due, as long as it runs."),
        Deferred("task", "rolecall.builtin.service.task_commands:task", "See to hand-offs and revocations."),
    ]
