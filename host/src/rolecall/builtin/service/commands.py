"""``rolecall run``: the service."""

import asyncio
import logging
from datetime import timedelta

import click

from rolecall.builtin.service.report import Report
from rolecall.builtin.service.runner import serve
from rolecall.cli.failures import FAILED, PARTLY, CommandFailed
from rolecall.cli.length import Length
from rolecall.cli.options import RolecallCommand
from rolecall.cli.session import Session
from rolecall.output import Format

log = logging.getLogger("rolecall.run")


@click.command(cls=RolecallCommand)
@click.option(
    "--every",
    metavar="DURATION",
    type=Length(none=True),
    default="15m",
    show_default=True,
    help="How often connectors are synced; 0: never.",
)
@click.option("--once", is_flag=True, help="Do what is due, and stop.")
@click.pass_obj
def run(session: Session, every: timedelta, once: bool) -> None:
    """Do what is due, as long as it runs: access ends in time, and what failed is tried again.

    Ends access whose time is over, goes on with what was interrupted or isn't seen done, grants approved
    requests, looks after hand-offs, tells people, and syncs connectors. One runs at a time; another waits.
    SIGTERM and Ctrl-C end it when the step under way is done. Exit codes with --once: 4 some of it failed, 1
    all of it.

    Examples:
      rolecall run
      rolecall run --every 1h
      rolecall run --once -o json
    """
    said: list[str] = []
    unwatched = said.append if once and session.form is Format.TABLE else log.info
    say = session.note if session.shows_progress else unwatched
    report = asyncio.run(serve(session, every, say, once=once))
    if not once:
        return
    if session.form is Format.TABLE:
        session.print_text([*said, _summary(report)])
    else:
        session.print_object(report.rows())
    if report.problems:
        raise CommandFailed(
            f"{len(report.problems)} of what was due failed: {report.problems[0]['message']}",
            code="run_failed",
            hint="it is tried again by the next: rolecall run",
            exit_code=PARTLY if _done(report) else FAILED,
        )


def _summary(report: Report) -> str:
    parts = [f"{len(rows)} {name}" for name, rows in report.rows().items() if isinstance(rows, list) and rows]
    return ", ".join(parts) or "Nothing was due."


def _done(report: Report) -> int:
    return sum(
        len(rows) for name, rows in report.rows().items() if isinstance(rows, list) and name != "problems"
    )
