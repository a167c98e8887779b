"""The frame of the command line: ``run``, the commands, and where every error ends."""

import os
import sys
from importlib import import_module
from itertools import pairwise

import click

from rolecall.cli.failures import FAILED, report
from rolecall.cli.logging_setup import set_up_logging
from rolecall.cli.options import RolecallGroup, adopt
from rolecall.cli.session import Session
from rolecall.errors import ConfigError
from rolecall.output import Format

COMMANDS = {
    "init": "rolecall.cli.init:init",
    "plugins": "rolecall.cli.plugins:plugins",
    "connectors": "rolecall.cli.connectors:connectors",
    "check": "rolecall.cli.check:check",
    "status": "rolecall.cli.connectors:status",
    "logs": "rolecall.cli.logs:logs",
    "sync": "rolecall.cli.sync:sync",
    "runs": "rolecall.cli.runs:runs",
    "events": "rolecall.cli.events:events",
    "resources": "rolecall.cli.contents:resources",
    "entitlements": "rolecall.cli.contents:entitlements",
    "grants": "rolecall.cli.contents:grants",
    "findings": "rolecall.cli.contents:findings",
    "access": "rolecall.cli.access:access",
    "explain": "rolecall.cli.explain:explain",
    "grant": "rolecall.cli.grant:grant",
    "revoke": "rolecall.cli.revoke:revoke",
}
"""Imported only when needed: a plugin's ``--help`` shouldn't wait for the store."""


class Program(RolecallGroup):
    """All commands: the host's own, then those that plugins add."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of use."""
        return [*COMMANDS, *(name for name in sorted(_added(ctx)) if name not in COMMANDS)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name; plugins are loaded only when it isn't the host's."""
        if cmd_name in COMMANDS:
            module, _, attribute = COMMANDS[cmd_name].partition(":")
            command: click.Command = getattr(import_module(module), attribute)
            return command
        return _added(ctx, failing=True).get(cmd_name)


def _added(context: click.Context, *, failing: bool = False) -> dict[str, click.Command]:
    session = context.find_object(Session)
    if session is None or context.resilient_parsing:
        return {}
    try:
        commands = session.plugins().commands
    except ConfigError:
        if failing:
            raise
        return {}  # a mistake in the configuration must not keep --help from people
    return {command.name or "": adopt(command) for command in commands}


@click.group(cls=Program, context_settings={"max_content_width": 100})
@click.pass_context
def program(context: click.Context) -> None:
    """Who can assume which role, by what path, and should they?

    Data goes to standard output, everything else to standard error. Exit codes: 0 done, 1 failed,
    2 usage or configuration error, 3 refused, 4 partly done, 5 handed over to a person, 130 interrupted.

    Examples:
      rolecall init                       write rolecall.toml
      rolecall sync                       read every connector
      rolecall access --account prod      who has which role there
      rolecall explain ada prod/Admin     why she has it, or hasn't
    """
    set_up_logging(context.ensure_object(Session))


def run(arguments: list[str]) -> int:
    """Run one command, and tell of its failure; returns the exit code."""
    session = _session(arguments)
    code = FAILED
    try:
        code = _invoke(arguments, session)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader has seen enough
        _abandon_output()
        return FAILED
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - here every error becomes an exit code
        try:
            code = report(error, session)
        except BrokenPipeError:
            code = FAILED
        _abandon_unwritable_output()
    return code


def _invoke(arguments: list[str], session: Session) -> int:
    try:
        with program.make_context("rolecall", list(arguments), obj=session) as context:
            program.invoke(context)
    except click.exceptions.Exit as end:
        return end.exit_code
    return 0


def _session(arguments: list[str]) -> Session:
    """What can be seen before parsing: which plugins to load, and how to show a usage error."""
    session = Session(config_named=os.environ.get("ROLECALL_CONFIG"))
    for word, following in pairwise([*arguments, ""]):
        name, equals, value = word.partition("=")
        if word == "--":
            break
        if name == "--config":
            session.config_named = value if equals else following
        if name in ("-o", "--output") or (name.startswith("-o") and not name.startswith("--")):
            chosen = value if equals else following if name in ("-o", "--output") else name[2:]
            session.output = next((form for form in Format if form.value == chosen), None)
    return session


def _abandon_output() -> None:
    """Keep Python from flushing, at exit, what can't be written."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())


def _abandon_unwritable_output() -> None:
    try:
        sys.stdout.flush()
    except OSError:
        _abandon_output()
