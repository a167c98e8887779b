"""``rolecall init``: ask what a connector needs, and write it into ``rolecall.toml``."""

import asyncio
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import click

from rolecall.cli.config_file import add_connector, connector_names
from rolecall.cli.options import RolecallCommand
from rolecall.cli.progress import TerminalProgress
from rolecall.cli.session import Session
from rolecall.cli.setup_flags import Given, alternatives, click_options, flags_of, is_required, is_secret
from rolecall.config import CONNECTOR_NAME, FILE_NAME
from rolecall.config_schemas import HOST_KEYS, load_table
from rolecall.contracts import Choice, ConnectorContext, ConnectorKind, Secret, SetupQuestion
from rolecall.errors import ConfigError, PluginError, ProviderError, UsageError
from rolecall.output import Format, safe
from rolecall.plugins import Plugins
from rolecall.secrets import SecretRef, read_secret

VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
Settings = dict[str, str | SecretRef]


class InitCommand(RolecallCommand):
    """``init`` has the flags that installed connector kinds declare."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Its own flags, the global ones, and the kinds'."""
        own = super().get_params(ctx)
        session = ctx.find_object(Session)
        if session is None:
            return own
        taken = {name for parameter in own for name in parameter.opts}
        return [*own, *click_options(_plugins(session).kinds, taken)]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The kinds' flags in a section of their own."""
        session = ctx.find_object(Session)
        options = (
            click_options(_plugins(session).kinds, {"--name", "--kind", "--identity-source"})
            if session
            else []
        )
        records = [record for option in options if (record := option.get_help_record(ctx))]
        if records:
            with formatter.section("Settings of connector kinds"):
                formatter.write_dl(records)
        super().format_options(ctx, formatter)


@click.command(cls=InitCommand)
@click.option("--name", help="Name of the new connector, such as aws-prod.")
@click.option("--kind", metavar="KIND", help="Its kind; otherwise the one that has all the flags given.")
@click.option(
    "--identity-source", metavar="NAME", help="Connector whose people and groups the new one shares."
)
@click.pass_obj
def init(
    session: Session,
    /,
    name: str | None,
    kind: str | None,
    identity_source: str | None,
    **flags: str | None,
) -> None:
    """Write rolecall.toml, or add a connector to it.

    What isn't given is asked for. The file is written in this folder, or where --config says. An
    existing connector is never changed. Without a terminal every required flag must be given.

    Examples:
      rolecall init
      rolecall init --name aws-prod --domain acme.okta.example --app-id 0oa1abcd --token-env OKTA_API_TOKEN
    """
    path = _target(session)
    plugins = _plugins(session)
    asks = sys.stdin.isatty() and sys.stderr.isatty()
    chosen = _kind(plugins, kind, flags, asks=asks)
    given = Given({f.option: v for f in flags_of(chosen) if (v := flags.get(f.parameter)) is not None})
    settings = given.settings(chosen)
    if not asks:
        _require(chosen, name, settings)
    connector = _name(name)
    if asks:
        settings = _ask(session, plugins, chosen, connector, settings)
    _validate(chosen, connector, settings)
    if identity_source is not None:
        settings |= {"identity_source": _known_source(path, identity_source)}
    add_connector(path, connector, chosen.id, settings)
    if session.output in (Format.JSON, Format.JSONL):
        session.print_object({"path": path, "connector": connector, "kind": chosen.id})
    else:
        session.print_text(_next_steps(path, connector, chosen, settings))


def _known_source(path: Path, name: str) -> str:
    configured = connector_names(path)
    if name not in configured:
        raise UsageError(
            f"--identity-source: there is no connector {name} in {path}.",
            hint=f"configured: {', '.join(configured) or 'none'}",
        )
    return name


def _target(session: Session) -> Path:
    if session.config_named:
        return Path(session.config_named).expanduser().absolute()
    return Path.cwd() / FILE_NAME


def _plugins(session: Session) -> Plugins:
    path = _target(session)
    return session.plugins_for(path if path.exists() else None)


def _kind(
    plugins: Plugins, named: str | None, flags: Mapping[str, str | None], *, asks: bool
) -> ConnectorKind:
    """The kind named, or the only one that has all the flags given, or the one picked."""
    kinds = {ident: kind for ident, kind in plugins.kinds.items() if kind.setup}
    installed = ", ".join(sorted(kinds)) or "none"
    if named is not None and named not in kinds:
        raise UsageError(
            f"No plugin offers the kind '{named}' for init.", hint=f"installed kinds: {installed}"
        )
    used = {parameter for parameter, value in flags.items() if value is not None}
    fitting = {
        ident: kind
        for ident, kind in kinds.items()
        if named in (None, ident) and used <= {flag.parameter for flag in flags_of(kind)}
    }
    if not fitting:
        if not kinds:
            raise PluginError(
                "No installed plugin offers a connector kind.", hint="see: rolecall plugins list"
            )
        given = ", ".join(sorted(f"--{parameter.replace('_', '-')}" for parameter in used))
        whose = f"kind {named} does not have" if named else "no connector kind has"
        raise UsageError(f"The flags don't fit together: {whose} all of {given}.")
    if len(fitting) == 1:
        return next(iter(fitting.values()))
    if not asks:
        raise UsageError(
            f"Several connector kinds fit: {', '.join(sorted(fitting))}.", hint="name one with --kind"
        )
    choices = [Choice(ident, f"{kind.display_name} ({ident})") for ident, kind in sorted(fitting.items())]
    return kinds[_pick("Which kind of connector", choices, only=True)]


def _require(kind: ConnectorKind, name: str | None, settings: Settings) -> None:
    missing = [] if name else ["--name"]
    missing += [
        alternatives(kind, question)
        for question in kind.setup
        if is_required(kind, question) and question.setting not in settings
    ]
    if missing:
        raise UsageError(
            f"Missing: {', '.join(missing)}.", hint="there is no terminal to ask at, so give these flags"
        )


def _name(name: str | None) -> str:
    if name is not None:
        if not CONNECTOR_NAME.fullmatch(name):
            raise UsageError(
                f"'{name}' can't be a connector's name.",
                hint="use a-z, 0-9, '-', '_' and '.', beginning with a-z or 0-9",
            )
        return name
    while True:
        answer: str = click.prompt("Name of the connector", default="aws-prod", err=True)
        if CONNECTOR_NAME.fullmatch(answer):
            return answer
        click.echo("Use a-z, 0-9, '-', '_' and '.', beginning with a-z or 0-9.", err=True)


def _ask(
    session: Session, plugins: Plugins, kind: ConnectorKind, name: str, given: Mapping[str, str | SecretRef]
) -> Settings:
    """Answers to the kind's questions, in their order; those given aren't asked."""
    settings: Settings = {}
    for question in kind.setup:
        if question.setting in given:
            settings[question.setting] = given[question.setting]
        elif is_secret(kind, question):
            answer = _ask_for_secret(question, required=is_required(kind, question))
            if answer is not None:
                settings[question.setting] = answer
        else:
            choices = _choices(session, plugins, kind, name, settings, question) if question.choices else ()
            text = _pick(question.prompt, choices, optional=not is_required(kind, question))
            if text:
                settings[question.setting] = text
    return settings


def _ask_for_secret(question: SetupQuestion, *, required: bool) -> SecretRef | None:
    click.echo(
        f"{safe(question.prompt)}: where is it? Name an environment variable, or write file:PATH or "
        "keyring:SERVICE/USER. Don't paste the secret itself.",
        err=True,
    )
    while True:
        answer: str = click.prompt("Place", default=None if required else "", show_default=False, err=True)
        scheme, separator, reference = answer.partition(":")
        if not answer:
            return None
        if separator and scheme in ("file", "keyring") and reference:
            return SecretRef(scheme, reference)
        if VARIABLE.fullmatch(answer):
            return SecretRef("env", answer)
        click.echo("That is neither a variable's name nor file:… or keyring:….", err=True)


def _choices(
    session: Session,
    plugins: Plugins,
    kind: ConnectorKind,
    name: str,
    settings: Settings,
    question: SetupQuestion,
) -> Sequence[Choice]:
    """Values that the provider has on offer; none where it can't be asked, which is said."""
    refs = {key: value for key, value in settings.items() if isinstance(value, SecretRef)}
    try:
        secrets: dict[str, Secret] = {
            key: read_secret(ref, _target(session).parent, plugins.resolve_secret)
            for key, ref in refs.items()
        }
        plain = {key: value for key, value in settings.items() if isinstance(value, str)}
        context = ConnectorContext(name, kind.id, plain, secrets, TerminalProgress(session, None))
        return asyncio.run(_setup_choices(plugins, context, question.setting))
    except (ConfigError, ProviderError) as error:
        session.note(f"Can't list values to pick from: {error.message}")
        return ()


async def _setup_choices(plugins: Plugins, context: ConnectorContext, setting: str) -> Sequence[Choice]:
    return await plugins.setup_choices(context, setting)


def _pick(prompt: str, choices: Sequence[Choice], *, optional: bool = False, only: bool = False) -> str:
    """Ask for a value, which may be the number of a choice; with ``only`` it must be one of them."""
    for number, choice in enumerate(choices, 1):
        click.echo(f"  {number}. {safe(choice.label)}", err=True)
    default = "1" if choices else "" if optional else None
    while True:
        answer: str = click.prompt(
            safe(prompt), default=default, show_default=bool(default), err=True
        ).strip()
        if answer.isascii() and answer.isdigit() and 1 <= int(answer) <= len(choices):
            return choices[int(answer) - 1].value
        if not only or answer in {choice.value for choice in choices}:
            return answer
        click.echo(f"Give a number from 1 to {len(choices)}.", err=True)


def _validate(kind: ConnectorKind, name: str, settings: Settings) -> None:
    table = {
        key: {value.scheme: value.reference} if isinstance(value, SecretRef) else value
        for key, value in settings.items()
    }
    problems: list[str] = []
    load_table(kind.settings(), table, name, problems, also_known=HOST_KEYS)
    if problems:
        raise ConfigError("The settings don't fit; nothing was written.", problems=problems)


def _next_steps(path: Path, name: str, kind: ConnectorKind, settings: Settings) -> Iterator[str]:
    yield f"Wrote connector {name} to {path}."
    if kind.credential_help:
        yield ""
        yield from kind.credential_help.strip().splitlines()
    yield ""
    yield "Next:"
    for ref in settings.values():
        if isinstance(ref, SecretRef) and ref.scheme == "env":
            yield f"  export {ref.reference}=…"
    yield f"  rolecall check {name}"
    yield f"  rolecall sync {name}"
    yield "  rolecall access"
