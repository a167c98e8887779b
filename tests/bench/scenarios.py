"""What is measured in one organisation: alone, with an identity source, and again after few changes."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path

import httpx

from rolecall_okta.simulator import Recipe, SimulatorProcess, serve_in_process
from tests.bench import organisations
from tests.bench.measuring import TOKEN, Cost, measure

CHANGES = 20
IDLE_AT_MOST = 10
"""Requests that a run may take to learn that nothing changed."""


@dataclass(frozen=True)
class Figure:
    """One command in one organisation.

    ``minimum`` is what no plan can do without; for a second run, what the project allows itself.
    ``rows`` are the resources, entitlements and grants that the command published, or compared.
    """

    scenario: str
    mode: str
    people: int
    latency_ms: int
    requests: int
    minimum: int
    rows: int
    wall: float
    cpu: float
    peak_mb: float


def measure_organisation(mode: str, people: int, latency_ms: int) -> Iterator[Figure]:
    """Every scenario in one organisation, each as it is done."""
    wanted = organisations.recipe(mode, people)
    org = organisations.organisation(wanted)
    alone = organisations.minimum_alone(org)
    app = organisations.minimum_of_app(org)
    both = organisations.minimum_of_directory(org) + app
    del org

    def figure(scenario: str, minimum: int, folder: Path, *arguments: str) -> Figure:
        cost = measure(folder, "sync", *arguments, "-o", "json")
        return _figure(scenario, mode, people, latency_ms, minimum, cost)

    with simulated(wanted, "--latency-ms", str(latency_ms), "--control") as okta:
        with workspace(okta, with_source=False) as folder:
            yield figure("alone, full", alone, folder)
            yield figure("alone, nothing changed", IDLE_AT_MOST, folder)
        with workspace(okta, with_source=True) as folder:
            yield figure("both, full", both, folder)
            yield figure("AWS with source, full", app, folder, "aws", "--full")
            yield figure("both, nothing changed", IDLE_AT_MOST, folder)
            touched = _change(okta)
            yield figure(f"both, {CHANGES} changes", IDLE_AT_MOST + touched, folder)


@contextmanager
def simulated(wanted: Recipe, *options: str) -> Iterator[SimulatorProcess]:
    generated = [f"{field.name}={getattr(wanted, field.name)}" for field in fields(wanted)]
    seed = ["--seed", str(organisations.SEED)]
    with serve_in_process("--generate", *generated, *seed, "--token", f"{TOKEN}=read_only", *options) as okta:
        yield okta


@contextmanager
def workspace(okta: SimulatorProcess, *, with_source: bool, more: str = "") -> Iterator[Path]:
    """A folder with a configuration for the organisation, and nothing synced yet."""
    shared = f'domain = "{okta.domain}"\napi_token = {{ env = "OKTA_API_TOKEN" }}\n{more}'
    source = f'[connectors.okta]\nkind = "okta"\n{shared}' if with_source else ""
    named = 'identity_source = "okta"\n' if with_source else ""
    aws = f'[connectors.aws]\nkind = "okta_aws_federation"\n{shared}{named}'
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        app = f'aws_okta_app_id = "{aws_app(okta.domain)}"\n'
        (folder / "rolecall.toml").write_text(source + aws + app, encoding="utf-8")
        yield folder


def aws_app(domain: str) -> str:
    apps = httpx.get(
        f"http://{domain}/api/v1/apps",
        params={"filter": 'name eq "amazon_aws"'},
        headers={"Authorization": f"SSWS {TOKEN}"},
        timeout=60,
    )
    return apps.json()[0]["id"]


def _figure(scenario: str, mode: str, people: int, latency_ms: int, minimum: int, cost: Cost) -> Figure:
    runs = json.loads(cost.out)["runs"]
    return Figure(
        scenario, mode, people, latency_ms,
        sum(run["requests"] for run in runs), minimum,
        sum(run["resources"] + run["entitlements"] + run["grants"] for run in runs),
        round(cost.wall, 2), round(cost.cpu, 2), round(cost.peak_mb, 1),
    )  # fmt: skip


def _change(okta: SimulatorProcess) -> int:
    """Change the organisation a little; how many groups and people that touched."""
    asked = {
        "seed": organisations.SEED,
        "count": CHANGES,
        "kinds": ["join", "leave", "status", "assign_user"],
    }
    made = httpx.post(f"http://{okta.domain}/simulator/change", json=asked, timeout=60).json()["changes"]
    groups = {group for change in made for group in change["groups"]}
    people = {person for change in made for person in change["users"]}
    return len(groups) + len(people)
