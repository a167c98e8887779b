"""``rolecall check``: what a connector's credential can do, measured at the provider."""

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Literal

import click

from rolecall.cli.failures import CommandFailed
from rolecall.cli.options import RolecallCommand
from rolecall.cli.progress import watched
from rolecall.cli.recipe_text import print_recipe
from rolecall.cli.session import Session
from rolecall.config import Config, ConnectorConfig, connector_secrets
from rolecall.connectors import open_connector
from rolecall.contracts import CheckReport, ConnectorContext, Problem
from rolecall.errors import ConfigError, ProviderError
from rolecall.output import Column, Format, Listing
from rolecall.output.encoding import encode_json_text
from rolecall.plans import Recipe
from rolecall.plugins import Plugins

PROVISION = "Provision "
"""How the names of capabilities begin that only writing needs."""

CAPABILITIES = Listing(
    ("connector", "name", "allowed", "evidence"),
    (Column("name", "CAPABILITY"), Column("allowed", "ALLOWED"), Column("evidence", "EVIDENCE")),
)


@click.command(cls=RolecallCommand)
@click.argument("name")
@click.option(
    "--recipe",
    type=click.Choice(["read", "write"]),
    help="Print the smallest admin role and credential for this, and check nothing.",
)
@click.pass_obj
def check(session: Session, name: str, recipe: Literal["read", "write"] | None) -> None:
    """Measure what a connector's credential can do.

    Configuration, credential and app are checked; what provisioning needs is measured with the write
    credential, where there is one. Nothing is written at the provider. Exit code 1 when a sync would not
    work.

    Examples:
      rolecall check aws-prod
      rolecall check aws-prod -o json
      rolecall check aws-prod --recipe write
    """
    config, _ = session.ready_to_open([name])
    connector, plugins = config.connectors[name], session.plugins()
    with watched(session, connector, f"checking {name}") as context:
        if recipe is not None:
            print_recipe(session, name, recipe, asyncio.run(_recipe(plugins, context, recipe)))
            return
        report = asyncio.run(_measure(plugins, context))
        if connector.write_credential is not None:
            report = asyncio.run(_with_write_credential(plugins, config, connector, context, report))
    _print(session, name, report)
    if fatal := _fatal(report):
        first = fatal[0]
        raise CommandFailed(
            f"{name} isn't ready to sync: {first.message}",
            code=first.code,
            hint=first.hint,
            described={"code": first.code, "message": first.message, "hint": first.hint, "connector": name},
        )


async def _measure(plugins: Plugins, context: ConnectorContext) -> CheckReport:
    async with open_connector(plugins, context) as connector:
        return await connector.check()


async def _recipe(plugins: Plugins, context: ConnectorContext, purpose: Literal["read", "write"]) -> Recipe:
    async with open_connector(plugins, context) as connector:
        return await connector.recipe(purpose)


async def _with_write_credential(
    plugins: Plugins,
    config: Config,
    connector: ConnectorConfig,
    context: ConnectorContext,
    report: CheckReport,
) -> CheckReport:
    """The report with what the write credential can do in place of what the other one can't."""
    credential = connector.write_credential
    if credential is None:
        return report
    try:
        secrets = connector_secrets(config, connector, plugins, write=True)
        writing = replace(context, settings=credential.settings, secrets=secrets)
        measured = await _measure(plugins, writing)
    except (ConfigError, ProviderError) as error:
        told = "; ".join(error.problems) if isinstance(error, ConfigError) else error.message
        problem = Problem(
            "write_credential_unusable", f"The write credential: {told}", error.hint, fatal=False
        )
        return replace(report, problems=[*report.problems, problem])
    by_name = {each.name: each for each in measured.capabilities if each.name.startswith(PROVISION)}
    capabilities = [by_name.pop(each.name, each) for each in report.capabilities]
    return replace(report, capabilities=[*capabilities, *by_name.values()])


def _print(session: Session, name: str, report: CheckReport) -> None:
    if session.form is Format.TABLE:
        session.print_facts(_facts(name, report))
        session.print_text([""])
        session.print_rows(CAPABILITIES, _capability_rows(name, report))
        session.print_text(["", *_problem_lines(report)])
    elif session.form is Format.CSV:
        session.print_rows(CAPABILITIES, _capability_rows(name, report))
    else:
        session.print_object(_whole(name, report))


def _whole(name: str, report: CheckReport) -> dict[str, object]:
    principal = report.principal
    return {
        "connector": name,
        "ok": not _fatal(report),
        "app": report.app,
        "principal": {
            "id": principal.id if principal else None,
            "login": principal.login if principal else None,
        },
        "features": report.features,
        "capabilities": [
            {"name": capability.name, "allowed": capability.allowed, "evidence": capability.evidence}
            for capability in report.capabilities
        ],
        "problems": [
            {"code": problem.code, "message": problem.message, "hint": problem.hint}
            for problem in report.problems
        ],
    }


def _facts(name: str, report: CheckReport) -> dict[str, str]:
    facts = {"connector": name}
    if report.principal:
        facts["credential of"] = report.principal.login or report.principal.id or ""
    facts |= {f"app {key}": _value(value) for key, value in (report.app or {}).items()}
    facts |= {key: _value(value) for key, value in report.features.items()}
    return facts


def _value(value: object) -> str:
    return value if isinstance(value, str) else encode_json_text(value)


def _capability_rows(name: str, report: CheckReport) -> Iterable[dict[str, object]]:
    for capability in report.capabilities:
        yield {
            "connector": name,
            "name": capability.name,
            "allowed": capability.allowed,
            "evidence": capability.evidence,
        }


def _fatal(report: CheckReport) -> list[Problem]:
    return [problem for problem in report.problems if problem.fatal]


def _problem_lines(report: CheckReport) -> Iterator[str]:
    if not _fatal(report):
        yield "A sync would work."
    for problem in report.problems:
        yield f"{'problem' if problem.fatal else 'advice'} {problem.code}: {problem.message}"
        if problem.hint:
            yield f"  hint: {problem.hint}"
