"""A write credential takes the place of the settings that say whose credential is used."""

import json
import sys

import pytest

from rolecall.config import configure, connector_secrets, read_draft
from rolecall.errors import ConfigError
from rolecall.json_schema import kind_schema
from rolecall.plugins import load_plugins
from tests.host.plugin_samples import GOOD, install
from tests.host.vaults import install_vault

TABLE = """
[connectors.vault]
kind = "vault"
file = "vault.json"
token = { env = "VAULT_READER" }
"""


@pytest.fixture
def plugins(tmp_path, monkeypatch):
    site = tmp_path / "site"
    site.mkdir()
    install_vault(site)
    install(site, "acme-paint", GOOD)
    monkeypatch.syspath_prepend(site)
    yield load_plugins(allow=["acme-vault", "acme-paint"])
    for name in ("acme_vault", "acme_paint"):
        sys.modules.pop(name, None)


@pytest.fixture
def configured(tmp_path, plugins):
    def call(toml, opening=()):
        (tmp_path / "rolecall.toml").write_text(toml)
        return configure(read_draft(tmp_path / "rolecall.toml"), plugins, opening)

    return call


def problems_of(call, *arguments):
    with pytest.raises(ConfigError) as caught:
        call(*arguments)
    return list(caught.value.problems)


def test_it_is_merged_over_the_connector_s_own_and_only_then_validated(configured):
    config = configured(TABLE + 'write_credential = { token = { file = "writer" } }\n')

    credential = config.connectors["vault"].write_credential
    assert credential.settings["file"] == "vault.json"
    assert credential.secret_refs["token"].scheme == "file"
    assert config.connectors["vault"].secret_refs["token"].scheme == "env"


def test_its_secrets_are_read_only_to_write(configured, plugins, monkeypatch):
    monkeypatch.setenv("VAULT_READER", "reader")
    monkeypatch.delenv("VAULT_WRITER", raising=False)
    config = configured(TABLE + 'write_credential = { token = { env = "VAULT_WRITER" } }\n', ["vault"])
    vault = config.connectors["vault"]

    assert connector_secrets(config, vault, plugins, write=False)["token"].reveal() == "reader"
    assert problems_of(lambda: connector_secrets(config, vault, plugins, write=True)) == [
        "connectors.vault.write_credential.token: environment variable VAULT_WRITER is not set"
    ]
    monkeypatch.setenv("VAULT_WRITER", "writer")
    assert connector_secrets(config, vault, plugins, write=True)["token"].reveal() == "writer"


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        pytest.param(
            '{ tokn = { env = "X" } }',
            "connectors.vault.write_credential.tokn: unknown key (did you mean 'token'?)",
            id="unknown key",
        ),
        pytest.param(
            '{ file = "x", token = { env = "X" } }',
            "connectors.vault.write_credential.file: unknown key",
            id="no credential's setting",
        ),
        pytest.param(
            '{ token = "secret" }',
            "connectors.vault.write_credential.token: a secret is never written here",
            id="a secret in the file",
        ),
        pytest.param("{}", "connectors.vault.write_credential: must not be empty", id="empty"),
        pytest.param('"x"', "connectors.vault.write_credential: must be a table", id="no table"),
    ],
)
def test_its_mistakes_are_named_by_their_keys(configured, written, problem):
    found = problems_of(configured, f"{TABLE}write_credential = {written}\n")

    assert any(each.startswith(problem) for each in found), found
    assert "secret is never" in problem or "secret" not in str(found)


def test_a_mistake_elsewhere_is_told_once_and_where_it_stands(configured):
    toml = TABLE.replace('file = "vault.json"', "file = 5")

    assert problems_of(configured, toml + 'write_credential = { token = { env = "X" } }\n') == [
        "connectors.vault.file: must be a text, in quotes"
    ]


def test_a_kind_without_credentials_takes_none(configured):
    toml = '[connectors.tins]\nkind = "paint"\nwrite_credential = { colour = "blue" }\n'

    assert problems_of(configured, toml) == [
        "connectors.tins.write_credential: connectors of kind paint take none"
    ]


def test_the_schema_says_what_a_write_credential_may_hold(plugins):
    properties = kind_schema(plugins.kinds["vault"])["properties"]

    credential = properties["write_credential"]
    assert credential["properties"] == {"token": properties["token"]}
    assert credential["additionalProperties"] is False
    assert "write_credential" not in kind_schema(plugins.kinds["paint"])["properties"]
    json.dumps(credential)


def test_what_holds_for_every_write_has_defaults_and_can_be_set(configured):
    rules = configured(TABLE).provisioning
    assert (rules.patience.total_seconds(), rules.handoff_due.days) == (30, 2)
    assert rules.require_assurance is None

    toml = '[provisioning]\npatience = "5s"\nhandoff_due = "1h"\nrequire_assurance = "oidc"\n'
    rules = configured(toml + TABLE).provisioning
    assert (rules.patience.total_seconds(), rules.handoff_due.total_seconds()) == (5, 3600)
    assert rules.require_assurance == "oidc"

    assert problems_of(configured, '[provisioning]\nrequire_assurance = "sms"\n') == [
        'provisioning.require_assurance: must be "oidc"'
    ]
