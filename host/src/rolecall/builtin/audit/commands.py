"""``rolecall audit``: what was written, by whom and why; whether the record is whole; whether it is true."""

import asyncio
import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from rolecall.audit import Verification
from rolecall.audit import verify as verify_chain
from rolecall.builtin.audit.listing import (
    ACTIONS,
    action_row,
    call_row,
    drift_row,
    event_row,
    verification_row,
)
from rolecall.builtin.audit.reading_log import reconcile_connector
from rolecall.builtin.audit.restoring import hold_against_sinks, look_into, put_down
from rolecall.builtin.audit.sinks import Sink, read_sinks
from rolecall.cli.failures import CommandFailed
from rolecall.cli.length import Length
from rolecall.cli.options import RolecallGroup, connector_option
from rolecall.cli.progress import shown_progress, watched
from rolecall.cli.session import Session
from rolecall.config import Config
from rolecall.durations import duration_text
from rolecall.errors import UsageError
from rolecall.output import Format
from rolecall.output.encoding import rfc3339
from rolecall.plans import Actor, WriteSeen
from rolecall.provisioning import open_engine, shell_actor
from rolecall.reconciliation import Reconciliation
from rolecall.store.actions import interrupted_actions
from rolecall.store.chain import provisioning_records, read_chain
from rolecall.store.runs import parse_time

WEEK = timedelta(days=7)
GRACE = timedelta(minutes=10)


class TimeOption(click.ParamType[datetime]):
    """A time on the command line; UTC unless it says otherwise."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The time that a text says."""
        if isinstance(value, datetime):
            return value
        try:
            return parse_time(value)
        except UsageError:
            self.fail(f"'{value}' is not a time; write it as 2026-01-31T09:00:00Z", param, ctx)


since_option = click.option("--since", type=TimeOption(), metavar="TIME", help="Only what was then or later.")
until_option = click.option("--until", type=TimeOption(), metavar="TIME", help="Only what was before then.")


@click.group(cls=RolecallGroup, invoke_without_command=True)
@connector_option
@since_option
@until_option
@click.pass_context
def audit(
    context: click.Context, connector: str | None, since: datetime | None, until: datetime | None
) -> None:
    """List everything that was to be written at a provider: by whom, why, by which calls, how it ended.

    Each action is told by its last audit record. Without a command; see also verify and reconcile.

    Examples:
      rolecall audit --connector aws-prod --since 2026-01-01
      rolecall audit -o json
      rolecall audit verify
      rolecall audit reconcile aws-prod
    """
    if context.invoked_subcommand is not None:
        if connector or since or until:
            raise UsageError(
                f"These options are for the list, not for audit {context.invoked_subcommand}.",
                hint=f"see: rolecall audit {context.invoked_subcommand} --help",
            )
        return
    session: Session = context.obj
    with session.store(session.config()) as store, store.reading() as connection:
        interrupted = {action.id for action in interrupted_actions(connection)}
        records = provisioning_records(connection, connector, since, until)
        session.print_rows(ACTIONS, (action_row(record, interrupted) for record in records))


@audit.command()
@click.option(
    "--accept-restore",
    is_flag=True,
    help="Put on record that what the chain lacks went by a restore from a backup; needs --as and --reason.",
)
@click.option("--as", "acting", metavar="EMAIL", help="Who accepts it; otherwise ROLECALL_AS.")
@click.option("--reason", metavar="TEXT", default="", help="Why it is lost; it goes on record.")
@click.pass_obj
def verify(session: Session, accept_restore: bool, acting: str | None, reason: str) -> None:
    """Prove that no audit record was changed, left out, moved or cut off.

    The whole chain is computed again, and held against what the sinks outside the store have kept. Exit
    code 1 when it is broken or a sink can't be read. Records that went by a restore from a backup are told,
    for ever: rolecall run puts the restore on record where it is one beyond doubt, and reconciles with the
    provider's log; where it isn't, somebody has to accept it.

    Examples:
      rolecall audit verify
      rolecall audit verify --accept-restore --as ada@acme.example --reason "disk failure, INC-7"
    """
    config = session.configured()
    sinks = read_sinks(session.plugins(), session.plugin_settings(config))
    if accept_restore:
        asyncio.run(_accept(session, config, _who(acting, reason), reason))
        sinks = read_sinks(session.plugins(), session.plugin_settings(config))
    heads = [head for sink in sinks for head in sink.heads]
    with session.store(config) as store, store.reading() as connection:
        told = verify_chain(read_chain(connection), heads)
    whole = verification_row(told, sinks)
    if session.form is Format.TABLE:
        session.print_facts(_verified(told, sinks))
    else:
        session.print_object(whole)
    for each in told.restorations:
        session.note(
            f"warning: audit records {each.after + 1} to {each.newest} were lost in a restore at "
            f"{rfc3339(each.at)} (record {each.record}, by {each.by}: {each.reason}); what was written "
            "then is told by the provider's log alone"
        )
    unkept = _unkept(told, sinks)
    if unkept:
        session.note(
            f"warning: no sink has kept the end of any of the last {unkept} of {told.records} records: were "
            "they cut off or written anew, it wouldn't be seen"
        )
    if told.broken is not None:
        raise CommandFailed(
            f"The audit chain is broken at record {told.broken.number}: {told.broken.message}",
            code="audit_broken",
            hint="what came before is whole; hold what follows against backups and the provider's log: "
            "rolecall audit reconcile NAME",
        )
    failed = [sink for sink in sinks if sink.error]
    if failed:
        raise CommandFailed(
            f"Sink {failed[0].plugin} can't be read: {failed[0].error}",
            code="audit_sink_failed",
            hint="the chain in the store is whole, but is held against nothing outside it there",
        )


def _unkept(told: Verification, sinks: Sequence[Sink]) -> int:
    """How many of the newest records no sink could be asked about."""
    kept = [sink.last_but(told.lost) for sink in sinks if sink.error is None]
    return max(0, told.records - max(kept, default=0))


@audit.command()
@click.argument("name")
@since_option
@until_option
@click.option(
    "--grace",
    type=Length(none=True),
    default=GRACE,
    show_default="10m",
    metavar="DURATION",
    help="How long what was written may take to reach the log.",
)
@click.pass_obj
def reconcile(
    session: Session, name: str, since: datetime | None, until: datetime | None, grace: timedelta
) -> None:
    """Hold what is on record against the provider's log, both ways; the last 7 days unless told otherwise.

    Unrecorded: written with our credentials and on no record. Unseen: on record, and not in the log. Drift:
    somebody else changed what Rolecall accounts for. Exit code 1 when anything is unrecorded or unseen.

    Examples:
      rolecall audit reconcile aws-prod
      rolecall audit reconcile aws-prod --since 2026-01-01 -o json
    """
    config, _ = session.ready_to_open([name])
    connector = config.connectors[name]
    until = until or datetime.now(UTC)
    since = since or until - WEEK
    if since >= until:
        raise UsageError("--since must be before --until.")
    with session.store(config) as store, watched(session, connector, f"reading the log of {name}") as context:
        told = asyncio.run(reconcile_connector(store, session.plugins(), context, since, until, grace))
    whole = _reconciled(name, since, until, told)
    if session.form is Format.TABLE:
        session.print_text(_lines(told, grace))
    else:
        session.print_object(whole)
    if told.unrecorded or told.unseen:
        raise CommandFailed(
            f"{name}: {len(told.unrecorded)} of our writes are on no record, and {len(told.unseen)} that are "
            "on record aren't in the log.",
            code="audit_unreconciled",
            hint="an unrecorded write was made with Rolecall's credential by somebody else: replace it",
        )


def _who(acting: str | None, reason: str) -> Actor:
    """Who accepts a restore: somebody with a name, who says why."""
    if not (acting or os.environ.get("ROLECALL_AS")) or not reason.strip():
        raise UsageError(
            "Whoever accepts that audit records are lost goes on record, with the reason.",
            hint='rolecall audit verify --accept-restore --as EMAIL --reason "…"',
        )
    return shell_actor(acting)


async def _accept(session: Session, config: Config, actor: Actor, reason: str) -> None:
    """Put on record that what the chain lacks went by a restore; providers show what was done since."""
    settings = session.plugin_settings(config)
    with session.store(config) as store, shown_progress(session, "reading the providers' logs") as show:
        async with open_engine(store, session.plugins(), config, settings, show) as engine:
            told = hold_against_sinks(engine)
            if not told.foreign or told.flawed:
                return  # nothing to accept; or a break that no restore makes, which is told
            found = await look_into(engine, told)
            with store.writing(durable=True) as connection:
                head = put_down(connection, told, found, actor, reason)
            engine.announce_heads([head])
    for each in found:
        for event in each.unrecorded:
            session.note(f"{each.connector}: written by Rolecall, and not on record: {_event(event)}")


def _verified(told: Verification, sinks: list[Sink]) -> dict[str, str]:
    facts = {"records": str(told.records), "head": told.head if told.records else "none yet"}
    for sink in sinks:
        kept = f"{len(sink.heads)} heads, the newest of record {sink.last_but(told.lost)}"
        facts[f"sink {sink.plugin}"] = sink.error or (kept if sink.heads else "no heads")
    return facts


def _reconciled(name: str, since: datetime, until: datetime, told: Reconciliation) -> dict[str, object]:
    return {
        "connector": name,
        "since": since,
        "until": until,
        "matched": told.matched,
        "unrecorded": [event_row(seen) for seen in told.unrecorded],
        "unseen": [call_row(call) for call in told.unseen],
        "drift": [drift_row(drift) for drift in told.drift],
    }


def _lines(told: Reconciliation, grace: timedelta) -> list[str]:
    matched = "1 write on record is" if told.matched == 1 else f"{told.matched} writes on record are"
    return [
        f"{matched} in the log; the last {duration_text(grace)} don't count.",
        *(f"unrecorded: {_event(seen)}" for seen in told.unrecorded),
        *(
            f"unseen: {rfc3339(call.at)} {call.method} {call.path} (audit record {call.audit_id})"
            for call in told.unseen
        ),
        *(f"drift: {drift.change}: {_event(drift.seen)}" for drift in told.drift),
    ]


def _event(seen: WriteSeen) -> str:
    what = f"{seen.kind} of {seen.object} for {seen.principal}"
    return f"{rfc3339(seen.at)} {what} by {seen.actor} (event {seen.id})"
