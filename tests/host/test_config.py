"""The configuration names every mistake at once, by dotted key, before anything is attempted."""

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
        "store.url: must be a text, in quotes",
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
