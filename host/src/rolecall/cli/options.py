"""The global options, which every command takes at any level, and the command classes that carry them."""

import inspect
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import version
from typing import Any

import click

from rolecall.cli.logging_setup import set_up_logging
from rolecall.cli.session import Session
from rolecall.output import Format


def _stored(store: Callable[[Session, Any], None]) -> Callable[[click.Context, click.Parameter, Any], None]:
    def callback(context: click.Context, _parameter: click.Parameter, value: Any) -> None:
        session = context.find_object(Session)
        if session is not None and value not in (None, False, 0):
            store(session, value)

    return callback


def _set(attribute: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    return _stored(lambda session, value: setattr(session, attribute, value))


def _add_verbosity(session: Session, value: int) -> None:
    session.verbosity += value


def _print_version(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value:
        click.echo(f"rolecall {version('rolecall')}")
        context.exit()


def _option(*names: str, **settings: Any) -> click.Option:
    return click.Option(names, expose_value=False, is_eager=True, **settings)


GLOBAL_OPTIONS: tuple[click.Option, ...] = (
    _option(
        "--config",
        metavar="PATH",
        callback=_set("config_named"),
        help="The configuration; otherwise ROLECALL_CONFIG, or rolecall.toml here or in a folder above.",
    ),
    _option(
        "-o",
        "--output",
        type=click.Choice([form.value for form in Format]),
        callback=_stored(lambda session, value: setattr(session, "output", Format(value))),
        help="How data is written; a table on a terminal, JSON otherwise.",
    ),
    _option("-q", "--quiet", is_flag=True, callback=_set("quiet"), help="Only data and errors."),
    _option(
        "-v", "--verbose", count=True, callback=_stored(_add_verbosity), help="Say more; twice, even more."
    ),
    _option("--no-color", is_flag=True, callback=_set("colorless"), help="No colours; so does NO_COLOR."),
    _option("--version", is_flag=True, callback=_print_version, help="Print the version."),
)


class RolecallCommand(click.Command):
    """A command that takes the global options too."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Its own parameters, then the global ones."""
        return [*super().get_params(ctx), *GLOBAL_OPTIONS]

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The docstring, with its examples line for line."""
        _format_help_text(self, formatter)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command, now that all options are known."""
        session = ctx.find_object(Session)
        if session is not None:
            set_up_logging(session)
        return super().invoke(ctx)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Own options first; the global ones in a section of their own."""
        _format_options(super().get_params(ctx), ctx, formatter)


class RolecallGroup(click.Group):
    """A group that takes the global options too, and makes commands that do."""

    command_class = RolecallCommand

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Its own parameters, then the global ones."""
        return [*super().get_params(ctx), *GLOBAL_OPTIONS]

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The docstring, with its examples line for line."""
        _format_help_text(self, formatter)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands, then the options."""
        self.format_commands(ctx, formatter)
        _format_options(super().get_params(ctx), ctx, formatter)


class Deferred(click.Command):
    """A command that is imported when it is used: a list of commands shouldn't wait for what each needs.

    Args:
        name: What it is called.
        target: Where it is: ``module:attribute``.
        short_help: What a list of commands says of it.
    """

    def __init__(self, name: str, target: str, short_help: str) -> None:
        super().__init__(name, short_help=short_help)
        self._target = target

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """The context of the command that it stands for."""
        module, _, attribute = self._target.partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command.make_context(info_name, args, parent, **extra)


def adopt(command: click.Command) -> click.Command:
    """Give a plugin's command the global options whose names it doesn't use itself."""
    used = {name for parameter in command.params for name in parameter.opts}
    command.params.extend(
        option for option in GLOBAL_OPTIONS if used.isdisjoint(option.opts) and option not in command.params
    )
    if isinstance(command, click.Group):
        for child in command.commands.values():
            adopt(child)
    return command


connector_option = click.option("--connector", metavar="NAME", help="Only this connector; otherwise all.")
at_option = click.option(
    "--at", metavar="RUN|TIME", help="As published by this run, or as it was at this time."
)


def _format_help_text(command: click.Command, formatter: click.HelpFormatter) -> None:
    prose, _, examples = inspect.cleandoc(command.help or "").partition("\nExamples:\n")
    formatter.write_paragraph()
    with formatter.indentation():
        formatter.write_text(prose)
    if examples:
        formatter.write(f"\nExamples:\n{examples.rstrip()}\n")


def _format_options(
    own: list[click.Parameter], context: click.Context, formatter: click.HelpFormatter
) -> None:
    for title, parameters in (("Options", own), ("Global options", GLOBAL_OPTIONS)):
        records = [record for parameter in parameters if (record := parameter.get_help_record(context))]
        if records:
            with formatter.section(title):
                formatter.write_dl(records)
