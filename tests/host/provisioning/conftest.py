"""A workbench for each test: a vault, an empty store, and engines on them."""

import sys

import pytest

from rolecall.plugins import load_plugins
from tests.host.vaults import Vault, install_vault
from tests.host.workbench import Workbench


@pytest.fixture
def bench(tmp_path, store, monkeypatch):
    """A workbench with an empty store."""
    site = tmp_path / "site"
    site.mkdir()
    install_vault(site)
    monkeypatch.syspath_prepend(site)
    monkeypatch.setenv("VAULT_READER", "reader")
    monkeypatch.setenv("VAULT_WRITER", "writer")
    vault = Vault(tmp_path / "vault.json")
    (tmp_path / "accounts.csv").write_text("account_id,name\n123456789012,prod\n")
    (tmp_path / "rolecall.toml").write_text(vault.toml())
    yield Workbench(tmp_path, vault, store, load_plugins(allow=["acme-vault"]))
    sys.modules.pop("acme_vault", None)
