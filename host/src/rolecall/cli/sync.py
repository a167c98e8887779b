"""``rolecall sync``: read connectors, publish what was read, and say how each run ended."""

import asyncio
import gc
from collections.abc import Sequence

import click

from rolecall.cli.failures import FAILED, PARTLY, REFUSED, USAGE, CommandFailed
from rolecall.cli.options import RolecallCommand
from rolecall.cli.progress import shown_progress
from rolecall.cli.runs import RUNS, run_row
from rolecall.cli.session import Session
from rolecall.config import Config
from rolecall.errors import ConfigError, UsageError
from rolecall.output import Format
from rolecall.store.engine import Store
from rolecall.store.runs import RunRecord
from rolecall.sync import ShrinkGuard, SyncJob, sync_connectors


@click.command(cls=RolecallCommand)
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("--full", "full", is_flag=True, help="Read everything again; what happens anyhow at present.")
@click.option("--incremental", is_flag=True, help="Read what changed; until that is built, reads everything.")
@click.option("--accept-shrink", is_flag=True, help="Publish even if many grants would go.")
@click.option("--estimate", is_flag=True, help="Not available yet.")
@click.pass_obj
def sync(
    session: Session,
    names: Sequence[str],
    full: bool,
    incremental: bool,
    accept_shrink: bool,
    estimate: bool,
) -> None:
    """Read connectors and publish what they hold.

    Without a name all of them, identity sources first. A run that fails or is refused changes
    nothing: the last published run stands. Exit codes: 1 failed (of several: all), 3 refused
    because too much would go, 4 some failed.

    Examples:
      rolecall sync
      rolecall sync aws-prod -o json
      rolecall sync aws-prod --accept-shrink
    """
    if estimate:
        raise UsageError("sync --estimate is not available yet.", hint="leave it out to sync")
    if full and incremental:
        raise UsageError("--full and --incremental exclude each other.")
    config, known = session.ready_to_open(names)
    wanted = _ordered(config, known)
    if not wanted:
        raise ConfigError(f"{config.path} has no connectors.", hint="add one: rolecall init")
    if incremental:
        session.note("Incremental runs are not available yet; this is a full run.")
    for name in wanted:
        if source := config.connectors[name].identity_source:
            session.note(f"{name} reads everything itself: its identity source {source} isn't used yet.")
    with session.store(config) as store:
        records = _run(session, config, store, wanted, accept_shrink)
        _print(session, store, records)
    _fail_if_any_failed(records)


def _ordered(config: Config, names: Sequence[str]) -> list[str]:
    """Identity sources first, otherwise in the order given."""
    sources = {connector.identity_source for connector in config.connectors.values()}
    return sorted(names, key=lambda name: name not in sources)


def _run(
    session: Session, config: Config, store: Store, names: Sequence[str], accept_shrink: bool
) -> list[RunRecord]:
    jobs = [
        SyncJob(name, connector.kind, connector.settings, connector.secrets)
        for name, connector in ((name, config.connectors[name]) for name in names)
    ]
    guard = ShrinkGuard(config.max_shrink, accepted=True if accept_shrink else ())
    # Pages become millions of short-lived dicts without cycles; looking through them for cycles at the
    # usual rate took a fifth of a large sync.
    gc.set_threshold(100_000, 50, 100)
    with shown_progress(session, f"syncing {', '.join(names)}") as show:
        return asyncio.run(sync_connectors(store, session.plugins(), jobs, guard, show))


def _print(session: Session, store: Store, records: Sequence[RunRecord]) -> None:
    rows = [run_row(store, record) for record in records]
    if session.form is Format.JSON:
        session.print_object({"runs": rows})
        return
    session.print_rows(RUNS, rows)
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
