"""``rolecall logs``: what a connector said while it was read."""

import time
from collections.abc import Iterator

import click

from rolecall.cli.options import RolecallCommand
from rolecall.cli.session import Session, known_connectors
from rolecall.errors import UsageError
from rolecall.output import Column, Format, Listing, encode_json, safe
from rolecall.store.engine import Store
from rolecall.store.runs import StoredLogLine, find_run, read_log

POLL_SECONDS = 1.0
LOG = Listing(
    ("connector", "run_id", "at", "level", "message"),
    (Column("at", "AT"), Column("level", "LEVEL"), Column("message", "MESSAGE")),
)


@click.command(cls=RolecallCommand)
@click.argument("name")
@click.option("--follow", is_flag=True, help="Go on with new lines as they come, until Ctrl-C.")
@click.option("--run", "run_id", type=click.IntRange(min=1), metavar="RUN", help="Only of this run.")
@click.pass_obj
def logs(session: Session, name: str, follow: bool, run_id: int | None) -> None:
    """Show a connector's log, oldest line first. With --follow, JSON comes as one object per line.

    Examples:
      rolecall logs aws-prod
      rolecall logs aws-prod --run 12 -o jsonl
      rolecall logs aws-prod --follow
    """
    config = session.config()
    known_connectors(config, [name])
    with session.store(config) as store:
        if run_id is not None and find_run(store, run_id).connector != name:
            raise UsageError(f"Run {run_id} is not of {name}.", hint=f"see: rolecall runs {name}")
        if follow:
            _follow(session, store, name, run_id)
        elif session.form is Format.TABLE:
            session.print_text(_text(line) for line in read_log(store, name, run_id))
        else:
            session.print_rows(LOG, (_row(name, line) for line in read_log(store, name, run_id)))


def _follow(session: Session, store: Store, name: str, run_id: int | None) -> None:
    if session.form is Format.CSV:
        raise UsageError("logs --follow has no CSV form.", hint="use -o jsonl")
    with session.sink() as sink:
        for line in _lines_as_they_come(store, name, run_id):
            if session.form is Format.TABLE:
                sink.write_text(safe(_text(line)) + "\n")
            else:
                sink.write(encode_json(_row(name, line)) + b"\n")
            sink.flush()


def _lines_as_they_come(store: Store, name: str, run_id: int | None) -> Iterator[StoredLogLine]:
    last = 0
    while True:
        for line in read_log(store, name, run_id, after=last):
            yield line
            last = line.id
        time.sleep(POLL_SECONDS)


def _text(line: StoredLogLine) -> str:
    return f"{line.at:%Y-%m-%dT%H:%M:%SZ} run {line.run_id} {line.level}: {line.message}"


def _row(name: str, line: StoredLogLine) -> dict[str, object]:
    return {
        "connector": name,
        "run_id": line.run_id,
        "at": line.at,
        "level": line.level,
        "message": line.message,
    }
