"""The configuration names every mistake at once, by dotted key, before anything is attempted."""

from datetime import timedelta
from pathlib import Path

import marshmallow as ma
import pluggy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rolecall.config import Config, configure, draft_from, find_config, read_draft, settled
from rolecall.contracts import ConnectorKind
from rolecall.errors import ConfigError, PluginError
from rolecall.plugins import PluginInfo, Plugins
from rolecall.secrets import SecretField, SecretRef


def load_config(path):
    return settled(read_draft(path))


class LabSettings(ma.Schema):
    class Meta:
        unknown = ma.RAISE

    site = ma.fields.String(required=True)
    token = SecretField(required=True)
    depth = ma.fields.Integer(strict=True)
    fussy = ma.fields.Function(deserialize=lambda value: value.strip())


def plugins(*inventory):
    manager = pluggy.PluginManager("rolecall")
    from rolecall import hookspecs

    manager.add_hookspecs(hookspecs)
    return Plugins(manager, inventory, {"lab": ConnectorKind("lab", "Lab", LabSettings, ())}, (), {})


BROKEN = PluginInfo("other", "acme-other", "1.0", state="broken", reason="ImportError: no")
GOOD = """
[connectors.lab-one]
kind = "lab"
site = "x"
token = { env = "LAB_TOKEN" }
"""


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / "rolecall.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def problems_of(call, *arguments, **options):
    with pytest.raises(ConfigError) as caught:
        call(*arguments, **options)
    return list(caught.value.problems)


def test_the_nearest_file_above_is_found(file):
    path = file("")
    folder = path.parent / "a" / "b"
    folder.mkdir(parents=True)

    assert find_config(None, folder) == path
    assert find_config("", folder) == path


def test_a_file_that_is_named_must_exist(tmp_path):
    with pytest.raises(ConfigError, match="There is no configuration file"):
        find_config(tmp_path / "other.toml", tmp_path)


def test_an_empty_file_has_the_defaults(file):
    config = load_config(file(""))

    assert (config.store_url, config.max_shrink, config.connectors) == ("sqlite:///rolecall.db", 0.2, {})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("a = 1\nb = on\n", "line 2", id="not TOML"),
        pytest.param("a = 1\na = 2\n", "line 2", id="a key twice"),
        pytest.param(b"a = '\xff'", "not UTF-8", id="not text"),
        pytest.param("a = " + "[" * 5000, "not valid TOML", id="nested deeply"),
        pytest.param("a = " + "9" * 5000, "not valid TOML", id="endless number"),
    ],
)
def test_what_is_not_toml_is_named_with_its_place(file, text, reason):
    with pytest.raises(ConfigError, match=reason):
        load_config(file(text))


def test_every_mistake_of_the_host_is_named_at_once(file):
    text = """
    stroe = 1
    [sync]
    max_shrink = "0.2"
    max_shrunk = 1
    [store]
    url = 5
    [plugins]
    disabled = "x"
    [connectors.Bad]
    kind = "lab"
    [connectors.two]
    owners = "ada"
    provisioning = true
    identity_source = "tow"
    [connectors."three.x"]
    kind = "lab"
    write_credential = "token"
    """

    assert problems_of(load_config, file(text)) == [
        "stroe: unknown key (did you mean 'store'?)",
        'store.url: must be a text, in quotes, or { env = "NAME" }',
        "sync.max_shrink: must be a number from 0 to 1, such as 0.2",
        "sync.max_shrunk: unknown key (did you mean 'max_shrink'?)",
        "plugins.disabled: must be a list, in [ ]",
        "connectors.Bad: a name has a-z, 0-9, '-', '_' and '.' only, and begins with a-z or 0-9",
        "connectors.two.kind: missing",
        "connectors.two.owners: must be a list, in [ ]",
        "connectors.two.provisioning: must be a text, in quotes",
        "connectors.two.identity_source: must name another connector",
        'connectors."three.x".write_credential: must be a table',
    ]


def test_mistakes_of_host_kind_and_secrets_are_named_together(file, monkeypatch):
    monkeypatch.delenv("LAB_TOKEN", raising=False)
    text = GOOD + 'depth = "deep"\nprovisionning = "on"\n[sync]\nmax_shrink = 2\n'

    problems = problems_of(configure, read_draft(file(text)), plugins(), ["lab-one"])

    assert problems == [
        "sync.max_shrink: must be a number from 0 to 1, such as 0.2",
        "connectors.lab-one.depth: must be a whole number",
        "connectors.lab-one.provisionning: unknown key (did you mean 'provisioning'?)",
        "connectors.lab-one.token: environment variable LAB_TOKEN is not set",
    ]


def test_a_secret_in_the_file_is_refused_and_never_repeated(file):
    text = GOOD.replace('{ env = "LAB_TOKEN" }', '"hunter2"')

    (problem,) = problems_of(configure, read_draft(file(text)), plugins())

    assert problem.startswith("connectors.lab-one.token: a secret is never written here")
    assert "hunter2" not in problem


def test_secrets_are_read_only_for_connectors_about_to_be_opened(file, monkeypatch):
    monkeypatch.setenv("LAB_TOKEN", "lab-secret")
    draft = read_draft(file(GOOD))

    closed = configure(draft, plugins()).connectors["lab-one"]
    opened = configure(draft, plugins(), ["lab-one"]).connectors["lab-one"]

    assert closed.secrets == {}
    assert closed.secret_refs == {"token": SecretRef("env", "LAB_TOKEN")}
    assert opened.secrets["token"].reveal() == "lab-secret"
    assert "lab-secret" not in repr(opened)


def test_an_unknown_kind_names_those_installed_and_broken_plugins(file):
    text = GOOD.replace('"lab"', '"lap"')

    (problem,) = problems_of(configure, read_draft(file(text)), plugins(BROKEN), ["lab-one"])

    assert problem == (
        "connectors.lab-one.kind: no plugin offers the kind 'lap' (did you mean 'lab'?); installed: lab; "
        "plugin other (acme-other) is broken: ImportError: no"
    )


def test_a_broken_plugin_stops_only_its_own_connectors(file, monkeypatch):
    monkeypatch.setenv("LAB_TOKEN", "lab-secret")
    draft = read_draft(file(GOOD + '[connectors.two]\nkind = "other"\n'))

    config = configure(draft, plugins(BROKEN), ["lab-one"])

    assert config.connectors["two"].settings is None
    assert config.connectors["lab-one"].settings == {
        "site": "x",
        "token": SecretRef("env", "LAB_TOKEN"),
    }


@pytest.mark.parametrize("path", ['"a\\u0000b"', '"~nobody-of-this-name/x"', '""', "7"])
def test_a_path_that_can_be_none_is_named(file, path):
    (problem,) = problems_of(load_config, file(f"[accounts]\nfile = {path}\n"))

    assert problem.startswith("accounts.file: ")


@pytest.mark.parametrize("path", ['"a\\u0000b"', '"~nobody-of-this-name/x"'])
def test_a_secret_file_that_can_be_none_is_named(file, path):
    text = GOOD.replace('{ env = "LAB_TOKEN" }', f"{{ file = {path} }}")

    (problem,) = problems_of(configure, read_draft(file(text)), plugins(), ["lab-one"])

    assert problem.startswith("connectors.lab-one.token: ")


@pytest.mark.parametrize(
    "secret",
    ["-----BEGIN PRIVATE KEY-----\nQUJD\n-----END PRIVATE KEY-----\n", '{\r\n"kty": "RSA"\r\n}'],
)
def test_a_key_may_have_several_lines(file, monkeypatch, secret):
    monkeypatch.setenv("LAB_TOKEN", secret)

    opened = configure(read_draft(file(GOOD)), plugins(), ["lab-one"]).connectors["lab-one"]

    assert opened.secrets["token"].reveal() == secret.strip()


@pytest.mark.parametrize("secret", ["two\nlines", "-----BEGIN \x1b[31m", "{\x07}", "{é}"])
def test_a_secret_that_no_token_or_key_can_be_is_refused_without_a_word_of_it(file, monkeypatch, secret):
    monkeypatch.setenv("LAB_TOKEN", secret)

    (problem,) = problems_of(configure, read_draft(file(GOOD)), plugins(), ["lab-one"])

    assert problem.endswith("the secret from env 'LAB_TOKEN' holds characters no token has")


def test_provisioning_needs_the_list_of_what_may_be_loaded(file):
    text = GOOD + 'provisioning = "on"\n'

    assert not read_draft(file(text)).plugins_known
    assert problems_of(load_config, file(text)) == [
        "plugins.allow: must name the distributions to load, since connectors.lab-one has provisioning on"
    ]
    allowed = load_config(file(text + '[plugins]\nallow = ["acme-lab"]\n'))
    assert allowed.allow == ("acme-lab",)


def test_a_schema_that_breaks_is_the_plugins_fault(file):
    with pytest.raises(PluginError, match="schema of kind lab broke with AttributeError"):
        configure(read_draft(file(GOOD + "fussy = 1\n")), plugins())


TOML_VALUES = st.recursive(
    st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.datetimes()
    | st.dates()
    | st.times(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
KEYS = ["kind", "owners", "identity_source", "provisioning", "write_credential", "site", "token", "depth"]
CONNECTORS = st.dictionaries(
    st.sampled_from(["lab-one", "two", "Bad", "a.b", ""]),
    st.dictionaries(st.sampled_from(KEYS), st.sampled_from(["lab", "on", "two"]) | TOML_VALUES) | TOML_VALUES,
    max_size=3,
)
DOCUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "store": st.dictionaries(st.sampled_from(["url", "x"]), TOML_VALUES) | TOML_VALUES,
        "sync": st.dictionaries(st.sampled_from(["max_shrink"]), TOML_VALUES) | TOML_VALUES,
        "accounts": st.dictionaries(st.sampled_from(["file"]), TOML_VALUES) | TOML_VALUES,
        "plugins": st.dictionaries(st.sampled_from(["disabled", "allow"]), TOML_VALUES) | TOML_VALUES,
        "connectors": CONNECTORS | TOML_VALUES,
        "x": TOML_VALUES,
    },
)


@settings(max_examples=150)
@given(DOCUMENTS)
def test_any_toml_is_a_configuration_or_a_named_mistake(document):
    draft = draft_from(document, Path("/nowhere/rolecall.toml"))

    try:
        config = configure(draft, plugins(), list(draft.config.connectors))
    except ConfigError as error:
        mistakes = error.problems
    else:
        mistakes = ()
        assert isinstance(config, Config)

    assert set(draft.problems) <= set(mistakes)


def test_identity_sources_and_schedules_have_defaults_and_can_be_set(file):
    plain = 'kind = "lab"\nidentity_source = "two"\n'
    text = f"""
    [sync]
    full_every = "7d"
    [connectors.one]
    {plain}
    [connectors.two]
    kind = "lab"
    identity_source = "three"
    identity_source_match = "email"
    identity_source_max_age = "30m"
    identity_source_when_stale = "sync"
    [connectors.three]
    kind = "lab"
    """

    config = load_config(file(text))
    one, two = config.connectors["one"], config.connectors["two"]

    assert config.full_every == timedelta(days=7)
    assert (one.source_match, one.source_max_age, one.source_when_stale) == ("id", timedelta(days=1), "use")
    assert (two.source_match, two.source_max_age, two.source_when_stale) == (
        "email",
        timedelta(minutes=30),
        "sync",
    )
    assert load_config(file("")).full_every == timedelta(days=1)


def test_mistakes_about_identity_sources_are_named_at_once(file):
    text = """
    [sync]
    full_evry = "24h"
    [connectors.a]
    kind = "lab"
    identity_source = "b"
    identity_source_match = "name"
    [connectors.b]
    kind = "lab"
    identity_source = "c"
    identity_source_max_age = 24
    [connectors.c]
    kind = "lab"
    identity_source = "d"
    [connectors.d]
    kind = "lab"
    identity_source = "e"
    [connectors.e]
    kind = "lab"
    identity_source = "c"
    [connectors.f]
    kind = "lab"
    identity_source = "f"
    [connectors.g]
    kind = "lab"
    identity_source_when_stale = "sync"
    """

    assert problems_of(load_config, file(text)) == [
        "sync.full_evry: unknown key (did you mean 'full_every'?)",
        'connectors.a.identity_source_match: must be "id", "login" or "email"',
        'connectors.b.identity_source_max_age: must be a duration such as "30m", "24h" or "7d"',
        "connectors.f.identity_source: must name another connector",
        "connectors.g.identity_source_when_stale: needs an identity_source",
        "connectors.c.identity_source: goes round in a circle (c → d → e → c)",
    ]


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://keeper:hunter2@db.acme.example/rolecall",
        "postgresql://:hunter2@db.acme.example/rolecall",
        "postgresql://keeper@db.acme.example/rolecall?sslmode=require&password=hunter2",
    ],
)
def test_a_password_in_the_stores_url_is_refused_and_not_repeated(file, url):
    problems = read_draft(file(f"[store]\nurl = '{url}'\n")).problems
    assert len(problems) == 1
    assert "a password is never written here" in problems[0]
    assert "hunter2" not in problems[0]


def test_a_url_without_a_password_may_stand_in_the_file(file):
    url = "postgresql://keeper@db.acme.example:5433/rolecall?sslmode=verify-full"
    assert settled(read_draft(file(f'[store]\nurl = "{url}"\n'))).store_url == url


def test_a_store_may_be_named_by_the_environment_and_is_never_shown(file, monkeypatch):
    text = '[store]\nurl = { env = "LAB_STORE" }\n'
    monkeypatch.delenv("LAB_STORE", raising=False)
    missing = problems_of(load_config, file(text))
    monkeypatch.setenv("LAB_STORE", "postgresql://keeper:hunter2@db.acme.example/rolecall")

    config = load_config(file(text))

    assert missing == ["store.url: environment variable LAB_STORE is not set"]
    assert config.store_url == "postgresql://keeper:hunter2@db.acme.example/rolecall"
    assert "hunter2" not in repr(config)
