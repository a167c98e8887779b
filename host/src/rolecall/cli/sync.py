"""``rolecall sync``: read connectors, publish what was read, and say how each run ended."""

import asyncio
import gc
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from typing import Literal

import click

from rolecall.cli.estimates import print_estimates
from rolecall.cli.failures import FAILED, PARTLY, REFUSED, USAGE, CommandFailed
from rolecall.cli.options import RolecallCommand
from rolecall.cli.progress import shown_progress
from rolecall.cli.runs import run_row, runs_listing
from rolecall.cli.session import Session
from rolecall.cli.settling import settle_by_records
from rolecall.config import Config, ConnectorConfig
from rolecall.config_schemas import did_you_mean
from rolecall.errors import ConfigError, UsageError
from rolecall.guard import ShrinkGuard
from rolecall.output import Format
from rolecall.plugins import Plugins
from rolecall.sources import SourceSetting, in_order, stale_sources
from rolecall.store.engine import Store
from rolecall.store.reports import RunMode
from rolecall.store.runs import RunRecord
from rolecall.sync import SyncJob, SyncRules, sync_connectors

EVERY_TYPE = "*"
"""What ``--accept-shrink`` without a type means."""


@click.command(cls=RolecallCommand)
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("--full", is_flag=True, help="Read everything again.")
@click.option(
    "--incremental",
    is_flag=True,
    help="Read only what changed, where the connector can, even if a full run is due.",
)
@click.option(
    "--accept-shrink",
    "accepted",
    metavar="[TYPE]",
    is_flag=False,
    flag_value=EVERY_TYPE,
    multiple=True,
    help="Publish even if many grants would go: of this resource type, or of any. May be repeated.",
)
@click.option("--estimate", is_flag=True, help="Say what a sync would cost, and don't sync.")
@click.pass_obj
def sync(
    session: Session,
    names: Sequence[str],
    full: bool,
    incremental: bool,
    accepted: Sequence[str],
    estimate: bool,
) -> None:
    """Read connectors and publish what they hold.

    Without a name all of them, identity sources first. Only what changed is read where a connector can
    tell, and everything once a day ([sync] full_every). A run that fails or is refused changes nothing:
    the last published run stands. Exit codes: 1 failed (of several: all), 3 refused because too much
    would go, or because another sync of the connector is under way, 4 some failed.

    Examples:
      rolecall sync
      rolecall sync aws-prod -o json
      rolecall sync aws-prod --estimate
      rolecall sync aws-prod --accept-shrink=group
    """
    if full and incremental:
        raise UsageError("--full and --incremental exclude each other.")
    names, types = _told_apart(session.draft().config, session.plugins(), names, accepted)
    config, known = session.ready_to_open(names)
    if not known:
        raise ConfigError(f"{config.path} has no connectors.", hint="add one: rolecall init")
    _check_types(config, session.plugins(), known, types)
    mode: RunMode | None = "full" if full else "incremental" if incremental else None
    rules = SyncRules(mode, config.full_every, ShrinkGuard(config.max_shrink, _accepted(types)))
    with session.store(config) as store:
        added = [] if estimate else _stale_sources(store, config, known)
        if added:
            session.note(f"Syncing {', '.join(added)} first: missing or stale, and an identity source.")
            config, known = session.ready_to_open([*known, *added])
        jobs = jobs_in_order(config, known)
        if estimate:
            print_estimates(session, store, jobs, rules)
            return
        records = _run(session, store, jobs, rules)
        _print(session, store, records)
        settle_by_records(session, store, records)
    _fail_if_any_failed(records)


def jobs_in_order(config: Config, names: Collection[str]) -> list[SyncJob]:
    """What is to be synced, identity sources first.

    Args:
        config: With the secrets of these connectors.
        names: Of connectors.
    """
    return [_job(config, config.connectors[name]) for name in in_order(names, _sources(config))]


def _told_apart(
    config: Config, plugins: Plugins, names: Sequence[str], accepted: Sequence[str]
) -> tuple[Sequence[str], Sequence[str]]:
    """Connectors, and resource types whose shrinking is accepted.

    ``--accept-shrink NAME`` means every type of that connector where it can mean nothing else.

    Raises:
        UsageError: A word after ``--accept-shrink`` may be meant as a connector.
    """
    types = _types(config, plugins, config.connectors)
    named = [word for word in accepted if word in config.connectors and (not names or word not in types)]
    if not named:
        return names, accepted
    if names or len(accepted) > 1 or named[0] in types:
        also = " and" if named[0] in types else ", not"
        raise UsageError(
            f"'{named[0]}' after --accept-shrink is a connector{also} a resource type.",
            hint="name the connectors first: rolecall sync NAME --accept-shrink=TYPE",
        )
    return named, [EVERY_TYPE]


def _check_types(config: Config, plugins: Plugins, names: Collection[str], accepted: Sequence[str]) -> None:
    known = _types(config, plugins, names)
    for word in accepted:
        if word != EVERY_TYPE and word not in known:
            raise UsageError(
                f"--accept-shrink: no connector that is synced has a resource type '{word}'"
                f"{did_you_mean(word, known)}.",
                hint="; ".join(f"{name} has {', '.join(_types(config, plugins, [name]))}" for name in names),
            )


def _types(config: Config, plugins: Plugins, names: Iterable[str]) -> list[str]:
    kinds = (plugins.kinds.get(config.connectors[name].kind) for name in names)
    return list(dict.fromkeys(each.id for kind in kinds if kind for each in kind.resource_types))


def _accepted(types: Sequence[str]) -> Collection[str] | Literal[True]:
    return True if EVERY_TYPE in types else types


def _stale_sources(store: Store, config: Config, names: Sequence[str]) -> list[str]:
    """Identity sources that are missing or stale, configured to be synced then, and not named anyhow."""
    settings = {
        name: setting
        for name, connector in config.connectors.items()
        if connector.source_when_stale == "sync" and (setting := _setting(connector))
    }
    stale = stale_sources(store, names, settings, datetime.now(UTC))
    return [name for name in stale if name not in names]


def _sources(config: Config) -> dict[str, str]:
    return {
        name: connector.identity_source
        for name, connector in config.connectors.items()
        if connector.identity_source is not None
    }


def _setting(connector: ConnectorConfig) -> SourceSetting | None:
    if connector.identity_source is None:
        return None
    return SourceSetting(connector.identity_source, connector.source_match, connector.source_max_age)


def _job(config: Config, connector: ConnectorConfig) -> SyncJob:
    dependents = tuple(name for name, source in _sources(config).items() if source == connector.name)
    return SyncJob(
        connector.name,
        connector.kind,
        connector.settings,
        connector.secrets,
        _setting(connector),
        dependents,
    )


def _run(session: Session, store: Store, jobs: Sequence[SyncJob], rules: SyncRules) -> list[RunRecord]:
    # Pages become millions of short-lived dicts without cycles; looking through them for cycles at the
    # usual rate took a fifth of a large sync.
    gc.set_threshold(100_000, 50, 100)
    title = ", ".join(job.connector for job in jobs)
    with shown_progress(session, f"syncing {title}") as show:
        return asyncio.run(sync_connectors(store, session.plugins(), jobs, rules, show))


def _print(session: Session, store: Store, records: Sequence[RunRecord]) -> None:
    rows = [run_row(store, record) for record in records]
    if session.form is Format.JSON:
        session.print_object({"runs": rows})
    else:
        session.print_rows(runs_listing(records), rows)
    for record in records:
        if because := record.completeness.get("full_because"):
            session.note(f"{record.connector} read everything: {because}.")
    if session.form is not Format.TABLE:
        return
    for record in records:
        if record.error is not None and len(records) > 1:
            session.note(f"{record.connector}: {record.error['message']}")
        if record.findings and record.published is not None:
            noun = "finding" if record.findings == 1 else "findings"
            session.note(f"{record.connector}: {record.findings} {noun}; see: rolecall findings")


def _fail_if_any_failed(records: Sequence[RunRecord]) -> None:
    bad = [record for record in records if record.status in ("failed", "refused")]
    if not bad:
        return
    failed = [record for record in bad if record.status == "failed"]
    some_went_well = len(bad) < len(records)
    exit_code = REFUSED if not failed else PARTLY if some_went_well else FAILED
    if all(record.error and record.error["code"] == ConfigError.code for record in records):
        exit_code = USAGE
    if len(bad) == 1 and bad[0].error is not None:
        error = bad[0].error
        raise CommandFailed(
            str(error["message"]), code=str(error["code"]), exit_code=exit_code, described=error
        )
    raise CommandFailed(
        f"{len(bad)} of {len(records)} connectors were not synced: {', '.join(r.connector for r in bad)}.",
        code="sync_failed" if failed else "sync_refused",
        hint="what happened: rolecall logs NAME",
        exit_code=exit_code,
    )
