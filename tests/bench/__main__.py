"""``make bench``: what a full sync and a long ``access`` cost, against a simulated Okta in another process.

Every figure is of one run on this machine; compare the ratios, not the seconds. ``--quick`` leaves
out the largest organisation, ``--json FILE`` keeps the figures.
"""

import argparse
import json
import sys
import tempfile
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from rich.console import Console
from rich.table import Table

from rolecall_okta.simulator import Recipe, generate, serve_in_process
from tests.bench.long_access import LENGTH, publish_long_access
from tests.bench.measuring import TOKEN, Cost, measure

SEED = 1
SIZES = (5_000, 15_000, 50_000)
LATENCIES_MS = (0, 50)
MODES = ("mapping", "single")


@dataclass(frozen=True)
class Sync:
    mode: str
    people: int
    latency_ms: int
    requests: int
    minimum: int
    grants: int
    wall: float
    cpu: float
    peak_mb: float


def recipe(mode: str, people: int) -> Recipe:
    """Every part grows with the people: 300 accounts and 5,000 role groups at 50,000."""
    return Recipe(
        people=people,
        groups=people * 2 // 5,
        role_groups=people // 10 if mode == "mapping" else 60,
        accounts=max(1, people * 300 // 50_000),
        app_users=people * 3 // 10,
        role_group_size=40 if mode == "mapping" else people // 100,
        mode=mode,
    )


def minimum_of(wanted: Recipe) -> int:
    """The requests that no plan can do without, counted in the organisation itself.

    Pages of app users, of app groups and of the group search, and one request for each page of
    members of a group that matters, or one for each app user, whichever is less.
    """
    org = generate(wanted, seed=SEED)
    (app,) = (app for app in org.apps if app.name == "amazon_aws")
    app_users, assigned = org.app_users(app), org.app_groups(app)
    if wanted.mode == "mapping":
        named = [group for group in org.groups if (group.name or "").startswith("aws_")]
        mattering = [group for group in named if not group.source or group.source.name == "active_directory"]
    else:
        named, mattering = [], [held.group for held in assigned]
    by_group = sum(pages(len(group.members), 1000) for group in mattering)
    lists = pages(len(app_users), 500) + pages(len(assigned), 200) + pages(len(named), 200)
    return lists + min(by_group, len(app_users))


def pages(items: int, size: int) -> int:
    return -(-items // size)


def measure_sync(mode: str, people: int, latency_ms: int) -> Sync:
    wanted = recipe(mode, people)
    generated = [f"{field.name}={getattr(wanted, field.name)}" for field in fields(wanted)]
    simulator = ["--generate", *generated, "--seed", str(SEED), "--token", f"{TOKEN}=read_only"]
    with (
        tempfile.TemporaryDirectory() as name,
        serve_in_process(*simulator, "--latency-ms", str(latency_ms)) as okta,
    ):
        folder = Path(name)
        (folder / "rolecall.toml").write_text(
            f'[connectors.aws]\nkind = "okta_aws_federation"\ndomain = "{okta.domain}"\n'
            f'api_token = {{ env = "OKTA_API_TOKEN" }}\naws_okta_app_id = "{aws_app(okta.domain)}"\n',
            encoding="utf-8",
        )
        cost = measure(folder, "sync", "-o", "json")
        (run,) = json.loads(cost.out)["runs"]
        return Sync(
            mode, people, latency_ms, run["requests"], minimum_of(wanted), run["grants"],
            round(cost.wall, 2), round(cost.cpu, 2), round(cost.peak_mb, 1),
        )  # fmt: skip


def aws_app(domain: str) -> str:
    import httpx

    apps = httpx.get(
        f"http://{domain}/api/v1/apps",
        params={"filter": 'name eq "amazon_aws"'},
        headers={"Authorization": f"SSWS {TOKEN}"},
        timeout=60,
    )
    return apps.json()[0]["id"]


def measure_access(folder: Path) -> Cost:
    publish_long_access(folder)
    return measure(folder, "access", "-o", "jsonl")


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 120)
    sizes = SIZES[:-1] if given.quick else SIZES
    syncs = []
    for mode in MODES:
        for latency in LATENCIES_MS:
            for people in sizes:
                with console.status(f"{mode}, {people:,} people, {latency} ms"):
                    syncs.append(measure_sync(mode, people, latency))
    console.print(sync_table(syncs))
    with tempfile.TemporaryDirectory() as name, console.status(f"access, {LENGTH:,} rows"):
        long = measure_access(Path(name))
    console.print(
        f"access, {LENGTH:,} rows: first row {long.first_row:.2f} s, all {long.wall:.1f} s, "
        f"CPU {long.cpu:.1f} s, peak {long.peak_mb:.0f} MB"
    )
    if given.json:
        figures = {"sync": [asdict(sync) for sync in syncs], "access": {**asdict(long), "out": None}}
        given.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def sync_table(syncs: list[Sync]) -> Table:
    table = Table(title="One full sync, alone")
    for heading in (
        "mode", "people", "latency", "requests", "minimum", "grants",
        "wall s", "CPU s", "peak MB", "grants/s", "growth: wall / people",
    ):  # fmt: skip
        table.add_column(heading, justify="right", no_wrap=True)
    first: dict[tuple[str, int], Sync] = {}
    for sync in syncs:
        smallest = first.setdefault((sync.mode, sync.latency_ms), sync)
        growth = f"{sync.wall / smallest.wall:.1f} / {sync.people / smallest.people:.0f}"
        table.add_row(
            sync.mode, f"{sync.people:,}", f"{sync.latency_ms} ms", f"{sync.requests:,}", f"{sync.minimum:,}",
            f"{sync.grants:,}", f"{sync.wall:.1f}", f"{sync.cpu:.1f}", f"{sync.peak_mb:.0f}",
            f"{sync.grants / sync.wall:,.0f}", growth,
        )  # fmt: skip
    return table


if __name__ == "__main__":
    main()
