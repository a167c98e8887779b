"""A stranger's plugin, built as a wheel and installed beside ours in a fresh environment, works."""

import json
import os
import subprocess
import sys
import sysconfig
import textwrap
from pathlib import Path

import pytest

from rolecall.testing.workspace import STORE_VARIABLE, in_store

ROOT = Path(__file__).parents[2]
DISTRIBUTIONS = [ROOT / "host", ROOT / "plugins" / "okta", ROOT / "plugins" / "okta_aws_federation"]
PROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "{name}"
version = "0.3.1"
dependencies = ["rolecall"]
[project.entry-points."rolecall.plugins"]
{module} = "{module}"
"""
BADGES = '''
"""A connector for door badges, by somebody else."""

import marshmallow as ma

import rolecall
from rolecall import EntitlementRef, Grant, Ref, hookimpl

DOOR = rolecall.ResourceType("door", "Door", rolecall.Trait.TARGET)
PERSON = rolecall.ResourceType("person", "Person", rolecall.Trait.USER)
TEAM = rolecall.ResourceType("team", "Team", rolecall.Trait.GROUP)
OPEN = EntitlementRef(Ref("door", "vault"), "open")


class Settings(ma.Schema):
    class Meta:
        unknown = ma.RAISE

    badge_office = ma.fields.String(required=True)


@hookimpl
def rolecall_connector_kinds():
    return [rolecall.ConnectorKind("badges", "Door badges", Settings, (DOOR, PERSON, TEAM))]


@hookimpl
async def rolecall_open(context):
    return Badges(context.settings["badge_office"])


class Badges:
    def __init__(self, office):
        self.office = office

    @hookimpl
    async def rolecall_sync_resources(self, resource_type, run):
        kind = resource_type.id
        held = {"door": {"vault": "V"}, "person": {"ada": "A", "bob": "B"}, "team": {"night": self.office}}
        yield [rolecall.Resource(Ref(kind, ident), name) for ident, name in held[kind].items()]

    @hookimpl
    async def rolecall_sync_entitlements(self, resource_type, run):
        offered = {"door": [OPEN], "team": [EntitlementRef(Ref("team", "night"), rolecall.MEMBER)]}
        yield [rolecall.Entitlement(ref, ref.slug) for ref in offered.get(resource_type.id, [])]

    @hookimpl
    async def rolecall_sync_grants(self, resource_type, run):
        if resource_type is DOOR:
            yield [Grant(OPEN, Ref("team", "night"), expandable=True)]
        if resource_type is TEAM:
            yield [Grant(EntitlementRef(Ref("team", "night"), rolecall.MEMBER), Ref("person", "bob"))]
'''


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """A fresh virtual environment with our wheels, a stranger's, and two broken ones.

    Nothing comes from an index: libraries are those of the environment that runs the tests.
    """
    folder = tmp_path_factory.mktemp("wheels")
    projects = [
        *DISTRIBUTIONS,
        _project(folder, "acme-badges", BADGES),
        _project(folder, "acme-broken", "raise RuntimeError('the licence server is down')"),
        _project(folder, "acme-typo", BADGES.replace("rolecall_open(", "rolecall_opened(")),
    ]
    wheels = folder / "wheels"
    build = (sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(wheels))
    for project in projects:
        _run(*build, str(project))
    fresh = folder / "fresh"
    _run(sys.executable, "-m", "venv", "--without-pip", str(fresh))
    python = fresh / "bin" / "python"
    _run(
        sys.executable, "-m", "pip", "--python", str(python), "install", "--no-index", "--no-deps",
        *map(str, sorted(wheels.glob("*.whl"))),
    )  # fmt: skip
    site = next((fresh / "lib").glob("python*")) / "site-packages"
    (site / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return fresh


def _project(folder: Path, name: str, source: str) -> Path:
    module = name.replace("-", "_")
    project = folder / name
    project.mkdir()
    (project / "pyproject.toml").write_text(PROJECT.format(name=name, module=module), encoding="utf-8")
    (project / f"{module}.py").write_text(source, encoding="utf-8")
    return project


def _run(*command: str, cwd: Path | None = None) -> str:
    quiet = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    finished = subprocess.run(
        command, cwd=cwd, env=quiet, capture_output=True, text=True, timeout=170, check=False
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


@pytest.fixture
def rolecall(environment, tmp_path, store_url, monkeypatch):
    monkeypatch.setenv(STORE_VARIABLE, store_url)
    connector = """
        [connectors.doors]
        kind = "badges"
        badge_office = "Night shift"
    """
    (tmp_path / "rolecall.toml").write_text(in_store(store_url, textwrap.dedent(connector)), encoding="utf-8")
    return lambda *arguments: json.loads(
        _run(str(environment / "bin" / "rolecall"), *arguments, "-o", "json", cwd=tmp_path)
    )


def test_the_inventory_shows_ours_the_strangers_and_the_broken_ones_with_the_reason(rolecall, environment):
    inventory = {plugin["name"]: plugin for plugin in rolecall("plugins", "list")}

    assert inventory["acme_badges"]["distribution"] == "acme-badges"
    assert inventory["acme_badges"]["version"] == "0.3.1"
    assert inventory["acme_badges"]["kinds"] == ["badges"]
    assert inventory["acme_badges"]["state"] == "ok"
    assert inventory["okta_aws_federation"]["state"] == "ok"
    assert inventory["acme_broken"]["state"] == "broken: RuntimeError: the licence server is down"
    assert inventory["acme_typo"]["state"].startswith("broken: ")
    assert "rolecall_opened" in inventory["acme_typo"]["state"]


def test_a_strangers_connector_syncs_and_answers_who_has_access_and_by_what_path(rolecall):
    (run,) = rolecall("sync", "doors")["runs"]
    (row,) = rolecall("access")

    assert (run["status"], run["resources"], run["grants"]) == ("published", 4, 2)
    assert (row["user_id"], row["account_id"], row["role"]) == ("bob", "vault", "open")
    assert row["via"] == [{"kind": "group", "group_id": "night", "group_name": "Night shift"}]


def test_wheels_work_outside_the_checkout(environment, tmp_path):
    where = "import rolecall, rolecall_okta_aws_federation as p; print(rolecall.__file__, p.__file__)"

    found = _run(str(environment / "bin" / "python"), "-c", where, cwd=tmp_path).split()

    assert all(Path(path).is_relative_to(environment) for path in found)
