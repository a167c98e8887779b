"""``make bench``: what syncs cost, against a simulated Okta in another process, and a long ``access``.

Every figure is of one run on this machine; compare the ratios, not the seconds. ``--quick`` leaves
out the largest organisation and the run within rate limits, ``--json FILE`` keeps the figures, and
``--docs`` puts them into docs/performance.md.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.long_access import LENGTH, publish_long_access
from tests.bench.measuring import Cost, measure
from tests.bench.rationed import ROLE_GROUPS, Rationed, measure_rationed
from tests.bench.report import write_report
from tests.bench.scenarios import Figure, measure_organisation

SIZES = (5_000, 50_000, 100_000)
LATENCIES_MS = (0, 50)
MODES = ("mapping", "single")
LIMIT_SCALE = 4.0


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--quick", action="store_true")
    which.add_argument("--docs", action="store_true")
    parser.add_argument("--json", type=Path, metavar="FILE")
    given = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 150)
    figures = list(measure_all(console, SIZES[:-1] if given.quick else SIZES))
    console.print(sync_table(figures))
    rationed = None
    if not given.quick:
        with console.status(f"{ROLE_GROUPS:,} role groups within rate limits"):
            rationed = measure_rationed(LIMIT_SCALE)
        console.print(rationed_text(rationed))
    with tempfile.TemporaryDirectory() as name, console.status(f"access, {LENGTH:,} rows"):
        access = asdict(measure_access(Path(name)))
    del access["out"]
    console.print(
        f"access, {LENGTH:,} rows: first row {access['first_row']:.2f} s, all {access['wall']:.1f} s, "
        f"CPU {access['cpu']:.1f} s, peak {access['peak_mb']:.0f} MB"
    )
    if given.json:
        sync = [asdict(figure) for figure in figures]
        kept = {"sync": sync, "rationed": rationed and asdict(rationed), "access": access}
        given.json.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    if given.docs and rationed:
        write_report(figures, rationed, access)


def measure_all(console: Console, sizes: Sequence[int]):
    for people in sizes:
        for mode in MODES:
            for latency in LATENCIES_MS:
                with console.status(f"{mode}, {people:,} people, {latency} ms") as status:
                    for figure in measure_organisation(mode, people, latency):
                        status.update(f"{mode}, {people:,} people, {latency} ms: {figure.scenario} done")
                        yield figure


def measure_access(folder: Path) -> Cost:
    publish_long_access(folder)
    return measure(folder, "access", "-o", "jsonl")


def sync_table(figures: Sequence[Figure]) -> Table:
    table = Table(
        title="Syncs: requests against the least there can be (or that are allowed), and what they cost"
    )
    for heading in (
        "mode", "latency", "people", "scenario", "requests", "least",
        "wall s", "CPU s", "peak MB", "rows/s", "growth: wall / people",
    ):  # fmt: skip
        table.add_column(heading, justify="left" if heading == "scenario" else "right", no_wrap=True)
    smallest: dict[tuple[str, int, str], Figure] = {}
    for each in figures:
        first = smallest.setdefault((each.mode, each.latency_ms, each.scenario), each)
        table.add_row(
            each.mode, f"{each.latency_ms} ms", f"{each.people:,}", each.scenario,
            f"{each.requests:,}", f"{each.minimum:,}",
            f"{each.wall:.1f}", f"{each.cpu:.1f}", f"{each.peak_mb:.0f}", f"{each.rows / each.wall:,.0f}",
            f"{each.wall / first.wall:.1f} / {each.people / first.people:.0f}",
        )  # fmt: skip
    return table


def rationed_text(run: Rationed) -> str:
    return (
        f"within limits x{run.scale:g}: {run.requests:,} requests in {run.wall:.0f} s, forecast "
        f"{run.forecast_s:.0f} s, rationed minimum {run.rationed_s:.0f} s, {run.refused} answered with 429; "
        f"the second client sent {run.other_wanted:,}, {run.other_refused} answered with 429"
    )


if __name__ == "__main__":
    main()
