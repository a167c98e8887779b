"""A workspace with one installed plugin, and the command line as a call in this process or a new one."""

import json
import logging
import os
import subprocess
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from rolecall.cli.program import run
from rolecall.testing.workspace import STORE_VARIABLE, in_store
from tests.host.plugin_samples import install
from tests.host.vaults import ADMIN, Vault, install_vault

LAB_SOURCE = Path(__file__).with_name("lab_plugin.py")
CONFIG = """
[connectors.lab-one]
kind = "lab"
site = "lab.acme.example"
token = { env = "LAB_TOKEN" }
owners = ["ada@acme.example"]

[accounts]
file = "accounts.csv"
"""


@dataclass(frozen=True)
class Result:
    """How a call ended, and what it wrote."""

    code: int
    out: bytes
    err: bytes

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def lines(self):
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def error(self):
        """The error object: the last line of standard error."""
        return json.loads(self.err.splitlines()[-1])["error"]


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A folder on ``sys.path`` with the lab plugin installed in it."""
    folder = tmp_path / "site"
    folder.mkdir()
    install(folder, "acme-lab", LAB_SOURCE.read_text(encoding="utf-8"))
    monkeypatch.syspath_prepend(folder)
    yield folder
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None) or "").startswith(str(folder)):
            del sys.modules[name]


@pytest.fixture(name="in_store")
def says_where_the_store_is(store_url, monkeypatch):
    """Adds to a configuration where the test's store is."""
    monkeypatch.setenv(STORE_VARIABLE, store_url)
    return partial(in_store, store_url)


@pytest.fixture
def workspace(tmp_path, monkeypatch, site, in_store):
    """A folder with a configuration, which is the current one."""
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "rolecall.toml").write_text(in_store(CONFIG), encoding="utf-8")
    (folder / "accounts.csv").write_text(
        "\ufeffaccount_id,name,owner,tags\n123456789012,prod,ada,env=prod\n", encoding="utf-8"
    )
    monkeypatch.chdir(folder)
    monkeypatch.setenv("LAB_TOKEN", "lab-secret")
    for name in ("ROLECALL_CONFIG", "ROLECALL_LOG_LEVEL", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture
def rolecall(capfdbinary):
    """The command line, called in this process."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level

    def call(*arguments):
        code = run([str(argument) for argument in arguments])
        sys.stdout.flush()
        return Result(code, *capfdbinary.readouterr())

    yield call
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def rolecall_process(site):
    """The command line as a process of its own."""

    def start(*arguments, env=None, **options):
        environment = {**os.environ, "PYTHONPATH": str(site), **(env or {})}
        command = [sys.executable, "-m", "rolecall", *map(str, arguments)]
        return subprocess.run(
            command, env=environment, capture_output=True, timeout=60, check=False, **options
        )

    return start


@pytest.fixture
def synced(workspace, rolecall):
    """The workspace after its first sync."""
    assert rolecall("sync").code == 0
    return workspace


@pytest.fixture
def new_vault(workspace, site, monkeypatch, in_store):
    """A vault that was never synced, with provisioning on and a write credential."""
    install_vault(site)
    monkeypatch.setenv("VAULT_READER", "reader")
    monkeypatch.setenv("VAULT_WRITER", "writer")
    monkeypatch.delenv("ROLECALL_AS", raising=False)
    vault = Vault(workspace / "vault.json")
    (workspace / "rolecall.toml").write_text(in_store(vault.toml()))
    return vault


@pytest.fixture
def vault(new_vault, rolecall):
    """A vault that was synced once."""
    assert rolecall("sync").code == 0
    return new_vault


@pytest.fixture
def grant(vault, rolecall):
    """Gives Ben the role Admin unless told otherwise."""

    def call(*arguments, entitlement=ADMIN, principal="ben@acme.example"):
        return rolecall("grant", "vault", entitlement, principal, "-o", "json", *arguments)

    return call


@pytest.fixture
def revoke(vault, rolecall):
    """Takes the role Admin from Ben unless told otherwise."""

    def call(*arguments, entitlement=ADMIN, principal="ben@acme.example"):
        return rolecall("revoke", "vault", entitlement, principal, "-o", "json", *arguments)

    return call
