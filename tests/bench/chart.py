"""The figures of docs/performance.md as one picture; matplotlib draws it, and is only needed here."""

from collections.abc import Sequence
from pathlib import Path

from tests.bench.scenarios import Figure

SCENARIOS = {
    "both, full": "directory and AWS, everything",
    "alone, full": "AWS alone, everything",
    "AWS with source, full": "AWS with a source, everything",
    "both, 20 changes": "both, after 20 changes",
    "both, nothing changed": "both, nothing changed",
}
COLOURS = ("#0969da", "#8250df", "#1a7f37", "#bc4c00", "#57606a")


def draw(figures: Sequence[Figure], to: Path) -> None:
    """Seconds and requests against people, for group mapping without latency; both axes are logarithmic."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot

    mpl.rcParams |= {"svg.fonttype": "none", "svg.hashsalt": "rolecall", "font.size": 11}
    picture, (seconds, requests) = pyplot.subplots(1, 2, figsize=(10, 4.6), layout="constrained")
    for (scenario, label), colour in zip(SCENARIOS.items(), COLOURS, strict=True):
        shown = [
            each for each in figures
            if each.scenario == scenario and each.mode == "mapping" and each.latency_ms == 0
        ]  # fmt: skip
        people = [each.people for each in shown]
        seconds.plot(people, [each.wall for each in shown], marker="o", color=colour, label=label)
        requests.plot(people, [each.requests for each in shown], marker="o", color=colour)
    for axes, title in ((seconds, "seconds"), (requests, "requests")):
        axes.set(title=title, xlabel="people", xscale="log", yscale="log")
        ticks = sorted({each.people for each in figures})
        axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
        axes.minorticks_off()
        axes.yaxis.set_major_formatter("{x:,g}")
        axes.grid(color="#d0d7de", linewidth=0.6)
    picture.legend(loc="outside lower center", ncols=3, frameon=False)
    picture.savefig(to, metadata={"Date": None})
    pyplot.close(picture)
