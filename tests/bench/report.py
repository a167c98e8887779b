"""Puts measured figures into docs/performance.md: the JSON, the chart, and the tables between the markers."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.bench.chart import draw
from tests.bench.rationed import ROLE_GROUPS, Rationed
from tests.bench.scenarios import Figure

MODES = {"mapping": "Group mapping", "single": "Roles by assignment"}
DOCS = Path(__file__).parents[2] / "docs"
FIGURES = re.compile(r"(<!-- figures: begin -->\n).*(<!-- figures: end -->)", re.DOTALL)


def write_report(figures: Sequence[Figure], rationed: Rationed, access: Mapping[str, Any]) -> None:
    """Write docs/performance.json, the chart from it, and the page's tables."""
    kept = {"sync": [asdict(each) for each in figures], "rationed": asdict(rationed), "access": access}
    (DOCS / "performance.json").write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    draw(figures, DOCS / "performance.svg")
    page = DOCS / "performance.md"
    shown = "\n".join([*_tables(figures), _within_limits(rationed), _listing(access)])
    page.write_text(
        FIGURES.sub(lambda found: f"{found[1]}{shown}\n{found[2]}", page.read_text(encoding="utf-8")),
        encoding="utf-8",
    )


def _tables(figures: Sequence[Figure]) -> list[str]:
    lines = []
    for mode in dict.fromkeys(each.mode for each in figures):
        for latency in dict.fromkeys(each.latency_ms for each in figures):
            lines += [
                f"### {MODES[mode]}, {latency} ms latency",
                "",
                "| people | what | requests | least | wall | CPU | peak |",
                "|---:|---|---:|---:|---:|---:|---:|",
                *(_row(each) for each in figures if (each.mode, each.latency_ms) == (mode, latency)),
                "",
            ]
    return lines


def _row(each: Figure) -> str:
    return (
        f"| {each.people:,} | {each.scenario} | {each.requests:,} | {each.minimum:,} "
        f"| {each.wall:.1f} s | {each.cpu:.1f} s | {each.peak_mb:.0f} MB |"
    )


def _within_limits(run: Rationed) -> str:
    return f"""### Within enforced rate limits

{ROLE_GROUPS:,} role groups, limits of a workforce org times {run.scale:g}, of which a token may use half.
Rolecall uses half of that, and a second client of the same token draws the other half all the time.

| | |
|---|---:|
| requests | {run.requests:,} |
| finished after | {run.wall:.0f} s |
| forecast, when the groups were known | {run.forecast_s:.0f} s |
| the least that the limits allow | {run.rationed_s:.0f} s |
| answered with 429 | {run.refused} |
| the second client's calls, and its 429s | {run.other_wanted:,}, {run.other_refused} |
"""


def _listing(access: Mapping[str, Any]) -> str:
    return f"""### A long `access`

A million rows, streamed: the first after {access["first_row"]:.1f} s, all after {access["wall"]:.1f} s,
at most {access["peak_mb"]:.0f} MB.
"""
