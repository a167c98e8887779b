"""A command that is imported when it is used behaves as if it had been there all along."""

import sys

import pytest

from tests.host.plugin_samples import install

PLUGIN = """
from rolecall import hookimpl
from rolecall.cli.options import Deferred

@hookimpl
def rolecall_commands():
    return [Deferred("wave", "acme_waving:wave", "Wave at somebody.")]
"""
COMMAND = """
import click
from rolecall.cli.options import RolecallCommand, RolecallGroup

@click.group(cls=RolecallGroup)
def wave():
    "Wave at somebody, near or far."

@wave.command()
@click.argument("name")
@click.pass_obj
def near(session, name):
    "Wave at a neighbour."
    session.print_object({"waved": name})
"""


@pytest.fixture(autouse=True)
def waving(site):
    install(site, "acme-wave", PLUGIN)
    (site / "acme_waving.py").write_text(COMMAND)
    yield
    for name in ("acme_wave", "acme_waving"):
        sys.modules.pop(name, None)


def test_the_list_of_commands_has_it_without_importing_it(workspace, rolecall):
    shown = rolecall("--help").out.decode()

    assert "Wave at somebody." in shown
    assert "acme_waving" not in sys.modules


def test_it_runs_with_its_arguments_and_the_global_options(workspace, rolecall):
    assert rolecall("wave", "near", "ada", "-o", "json").json == {"waved": "ada"}


def test_its_own_help_is_the_real_commands(workspace, rolecall):
    shown = rolecall("wave", "--help").out.decode()

    assert "near or far" in shown
    assert "Wave at a neighbour." in shown
    assert "--no-color" in shown


def test_a_usage_error_in_it_is_told_like_any(workspace, rolecall):
    assert rolecall("wave", "near").code == 2
