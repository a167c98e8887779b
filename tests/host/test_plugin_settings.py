"""Plugins' own tables of the configuration are validated with everything else, and handed to their hooks."""

import sys
from pathlib import Path

import pytest

from rolecall import ConfigError, Secret, SecretRef
from rolecall.accounts import Account, Accounts
from rolecall.cli.session import Session
from rolecall.config import configure, read_draft, settled
from rolecall.plugin_tables import LoadedSettings
from rolecall.plugins import load_plugins
from tests.host.plugin_samples import install

SCHEDULE = """
import marshmallow as ma
from rolecall import SecretField, hookimpl

class Shift(ma.Schema):
    class Meta:
        unknown = ma.RAISE
    who = ma.fields.String(required=True)
    hours = ma.fields.Integer(strict=True)

class Rota(ma.Schema):
    class Meta:
        unknown = ma.RAISE
    shifts = ma.fields.List(ma.fields.Nested(Shift))
    token = SecretField()

@hookimpl
def rolecall_settings():
    return {"rota": Rota}
"""
TABLES = """
[rota]
token = { env = "ROTA_TOKEN" }

[[rota.shifts]]
who = "ada"

[[rota.shifts]]
who = "bob"
hours = 8
"""


@pytest.fixture
def site(tmp_path, monkeypatch):
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    before = set(sys.modules)
    yield folder
    for name in set(sys.modules) - before:
        if name.startswith(("acme", "bad")):
            del sys.modules[name]


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / "rolecall.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def problems_of(call, *arguments):
    with pytest.raises(ConfigError) as caught:
        call(*arguments)
    return list(caught.value.problems)


def state_of(plugins, name):
    return next(info for info in plugins.inventory if info.name == name)


def test_a_table_is_loaded_by_the_schema_of_the_plugin_that_declares_it(site, file):
    install(site, "acme-rota", SCHEDULE)

    config = configure(read_draft(file(TABLES)), load_plugins())

    assert config.tables == {
        "rota": {
            "shifts": [{"who": "ada"}, {"who": "bob", "hours": 8}],
            "token": SecretRef("env", "ROTA_TOKEN"),
        }
    }


def test_mistakes_in_all_tables_are_named_at_once_with_what_may_have_been_meant(site, file):
    install(site, "acme-rota", SCHEDULE)
    text = """
    rotor = 1
    [sync]
    max_shrink = 7
    [rota]
    token = "hunter2"
    shift = []
    [[rota.shifts]]
    who = "ada"
    hurs = 8
    [[rota.shifts]]
    hours = "8"
    [polcy]
    require_reason = true
    [policy]
    require_reason = "yes"
    """

    problems = problems_of(configure, read_draft(file(text)), load_plugins())

    assert problems[0] == "sync.max_shrink: must be a number from 0 to 1, such as 0.2"
    assert sorted(problems[1:]) == [
        "polcy: unknown key (did you mean 'policy'?)",
        "policy.require_reason: must be true or false",
        "rota.shift: unknown key (did you mean 'shifts'?)",
        "rota.shifts[0].hurs: unknown key (did you mean 'hours'?)",
        "rota.shifts[1].hours: must be a whole number",
        "rota.shifts[1].who: missing",
        (
            'rota.token: a secret is never written here; say where it is: { env = "NAME" }, '
            '{ file = "PATH" } or { keyring = "SERVICE/USER" }'
        ),
        "rotor: unknown key (did you mean 'rota'?)",
    ]


def test_a_table_that_is_none_is_a_mistake(site, file):
    install(site, "acme-rota", SCHEDULE)

    assert problems_of(configure, read_draft(file("rota = 7")), load_plugins()) == ["rota: must be a table"]


def test_an_unknown_table_is_a_mistake_while_every_plugin_is_there(file):
    assert problems_of(configure, read_draft(file("[quota]\n")), load_plugins()) == ["quota: unknown key"]


@pytest.mark.parametrize(
    ("source", "disabled"),
    [pytest.param(SCHEDULE, ["acme-rota"], id="disabled"), pytest.param("1 / 0", [], id="broken")],
)
def test_the_table_of_a_plugin_that_is_not_there_is_tolerated_and_told(site, file, source, disabled, capsys):
    install(site, "acme-rota", source)
    path = file(f"[plugins]\ndisabled = {disabled}\n{TABLES}")
    session = Session(config_named=str(path))

    config = session.configured()
    session.configured()

    assert (config.tables, config.idle_tables) == ({}, ("rota",))
    assert capsys.readouterr().err.count("[rota] has no effect") == 1


def test_a_slip_in_a_table_of_the_hosts_is_told_even_while_a_plugin_is_broken(site, file):
    install(site, "acme-rota", "1 / 0")
    text = "[stor]\nurl = 'sqlite:///other.db'\n"

    assert problems_of(settled, read_draft(file(text))) == ["stor: unknown key (did you mean 'store'?)"]


def test_the_store_can_be_read_without_asking_plugins(file):
    config = settled(read_draft(file("[anything]\nx = 1\n")))

    assert config.tables is None
    with pytest.raises(ValueError, match="never validated"):
        Session().plugin_settings(config)


@pytest.mark.parametrize(
    ("name", "schema", "reason"),
    [
        pytest.param("store", "Rota", "too like one of the host's", id="the host's"),
        pytest.param("accnts", "Rota", "did you mean 'accounts'?", id="like the host's"),
        pytest.param("policy", "Rota", "already another plugin's", id="another plugin's"),
        pytest.param("Rota", "Rota", "lower-case", id="no word"),
        pytest.param("rota", "dict", "must be a marshmallow Schema", id="no schema"),
    ],
)
def test_a_plugin_whose_table_cannot_be_is_broken_and_the_others_go_on(site, name, schema, reason):
    install(site, "acme-rota", SCHEDULE.replace('{"rota": Rota}', f'{{"{name}": {schema}}}'))

    plugins = load_plugins()

    assert reason in state_of(plugins, "acme_rota").reason
    assert state_of(plugins, "policy").state == "ok"


def test_a_schema_that_breaks_is_the_plugins_fault(site, file):
    install(
        site,
        "acme-rota",
        SCHEDULE.replace(
            "token = SecretField()", "token = ma.fields.Function(deserialize=lambda value: value.strip())"
        ),
    )

    with pytest.raises(Exception, match=r"The schema of the table \[rota\] broke with AttributeError"):
        configure(read_draft(file("[rota]\ntoken = 7\n")), load_plugins())


def test_secrets_are_read_when_they_are_asked_for_and_never_shown(site, file, monkeypatch):
    install(site, "acme-rota", SCHEDULE)
    monkeypatch.delenv("ROTA_TOKEN", raising=False)
    session = Session(config_named=str(file(TABLES)))
    settings = session.plugin_settings(session.configured())
    where = settings.table("rota")["token"]

    with pytest.raises(ConfigError, match="ROTA_TOKEN is not set"):
        settings.secret(where)
    monkeypatch.setenv("ROTA_TOKEN", "rota-secret")

    assert settings.secret(where).reveal() == "rota-secret"
    assert "rota-secret" not in repr(settings)
    assert settings.folder == session.config_path().parent


def test_secrets_of_a_plugins_own_scheme_are_read_by_that_plugin():
    settings = LoadedSettings(Path(), {}, lambda scheme, reference: f"{scheme}-{reference}")

    assert settings.secret(SecretRef("vault", "x")).reveal() == Secret("vault-x").reveal()


def test_names_and_tags_of_accounts_come_from_the_accounts_file(file):
    path = file('[accounts]\nfile = "accounts.csv"\n')
    path.with_name("accounts.csv").write_text(
        "account_id,name,owner,tags\n111111111111,prod,ops,env=prod\n", encoding="utf-8"
    )
    session = Session(config_named=str(path))

    settings = session.plugin_settings(session.configured())

    assert settings.account("111111111111") == Account("111111111111", "prod", "ops", {"env": "prod"})
    assert settings.account("222222222222") is None
    assert LoadedSettings(Path(), accounts=Accounts()).account("1") is None


def test_the_hosts_own_plugins_are_listed_and_can_be_disabled_but_need_not_be_allowed():
    allowed = load_plugins(allow=["acme-other"])
    disabled = load_plugins(disabled=["policy"])

    assert (state_of(allowed, "policy").state, state_of(allowed, "policy").distribution) == ("ok", "rolecall")
    assert "policy" in allowed.tables
    assert (state_of(disabled, "policy").state, "policy" in disabled.tables) == ("disabled", False)
    assert state_of(disabled, "webhook").state == "ok"


def test_a_stranger_by_the_name_of_one_of_the_hosts_plugins_takes_nothing_of_it_away(site):
    install(site, "policy", SCHEDULE)

    plugins = load_plugins()

    assert [info.state for info in plugins.inventory if info.name == "policy"] == ["ok", "broken"]
    assert "policy" in plugins.tables
    assert "rota" not in plugins.tables
    assert plugins.manager.hook.rolecall_before_provisioning.get_hookimpls()
