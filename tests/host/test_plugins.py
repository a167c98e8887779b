"""Discovery finds what is installed, names what is broken, and addresses exactly one connector."""

import sys

import pytest

from rolecall import (
    Action,
    Actor,
    EntitlementRef,
    Held,
    Plan,
    PluginError,
    ProvisioningRequest,
    Ref,
    Refused,
)
from rolecall.connectors import open_connector
from rolecall.contracts import ConnectorContext
from rolecall.plugin_tables import LoadedSettings
from rolecall.plugins import load_plugins
from tests.host.plugin_samples import GOOD, install


@pytest.fixture
def site(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def state_of(plugins, name):
    return next(info for info in plugins.inventory if info.name == name)


class Silence:
    def requested(self, what):
        pass

    def waiting(self, seconds, why):
        pass


def context(kind, name="tins"):
    return ConnectorContext(name, kind, {"colour": "blue"}, {}, Silence())


def test_an_installed_plugin_is_listed_with_its_distribution_kinds_and_hooks(site):
    install(site, "acme-paint", GOOD, version="2.5")

    info = state_of(load_plugins(), "acme_paint")

    assert (info.distribution, info.version, info.kinds, info.state) == (
        "acme-paint",
        "2.5",
        ("paint",),
        "ok",
    )
    assert info.hooks == ("rolecall_connector_kinds", "rolecall_open")


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        pytest.param("1 / 0", "ZeroDivisionError", id="raises on import"),
        pytest.param("import sys; sys.exit(3)", "SystemExit", id="exits on import"),
        pytest.param("import no_such_library", "no_such_library", id="lacks a library"),
        pytest.param(GOOD.replace("rolecall_open", "rolecall_opne"), "rolecall_opne", id="misspelt hook"),
        pytest.param(
            GOOD.replace("@hookimpl\nasync def rolecall_open", "async def rolecall_open"),
            "rolecall_open: not marked",
            id="hook not marked",
        ),
        pytest.param(
            GOOD.replace("async def rolecall_open", "def rolecall_open"), "must be async", id="not async"
        ),
        pytest.param(
            GOOD.replace("rolecall_open(context)", "rolecall_open(contest)"), "contest", id="wrong argument"
        ),
        pytest.param(
            GOOD.replace('"paint", "Paint", Settings', '"paint", "Paint", dict'), "Schema", id="no schema"
        ),
        pytest.param(GOOD.replace('"paint", "Paint"', '"Pa int", "Paint"'), "lower-case", id="odd kind id"),
        pytest.param(
            GOOD.replace("return [rolecall.ConnectorKind", "return [str"), "Error", id="kinds raise"
        ),
    ],
)
def test_a_plugin_that_does_not_fit_is_named_with_the_reason_and_the_others_go_on(site, source, reason):
    install(site, "bad", source)
    install(site, "good", GOOD.replace('"paint", "Paint"', '"chalk", "Chalk"'))

    plugins = load_plugins()

    bad = state_of(plugins, "bad")
    assert (bad.state, bad.distribution) == ("broken", "bad")
    assert reason in bad.reason
    assert state_of(plugins, "good").state == "ok"
    assert "chalk" in plugins.kinds
    assert "paint" not in plugins.kinds


def test_of_two_plugins_with_one_kind_the_second_is_broken(site):
    install(site, "first", GOOD)
    install(site, "second", GOOD)

    plugins = load_plugins()

    assert state_of(plugins, "first").state == "ok"
    assert "paint is already offered" in state_of(plugins, "second").reason


def test_a_disabled_plugin_is_not_imported(site):
    install(site, "bad", "1 / 0")

    assert state_of(load_plugins(disabled=["bad"]), "bad").state == "disabled"


def test_with_an_allow_list_nothing_else_is_imported(site):
    install(site, "bad", "1 / 0")
    install(site, "good", GOOD)

    plugins = load_plugins(allow=["good"])

    assert state_of(plugins, "bad").state == "disabled"
    assert state_of(plugins, "good").state == "ok"


async def test_a_hook_reaches_one_connector_and_no_other(site):
    install(site, "good", GOOD)
    plugins = load_plugins()
    tin = plugins.kinds["paint"].resource_types[0]

    async with (
        open_connector(plugins, context("paint", "one")) as one,
        open_connector(plugins, context("paint", "two")),
    ):
        batches = [batch async for batch in one.resources(tin, None)]

    assert [resource.display_name for batch in batches for resource in batch] == ["blue"]


async def test_a_wrapper_in_another_plugin_surrounds_the_call(site):
    install(site, "good", GOOD)
    wrapper = """
from rolecall import hookimpl
@hookimpl(wrapper=True)
def rolecall_sync_resources(resource_type, run):
    batches = yield
    async def twice():
        async for batch in batches:
            yield list(batch) * 2
    return twice()
"""
    install(site, "wrapping", wrapper)
    plugins = load_plugins()

    async with open_connector(plugins, context("paint")) as tins:
        batches = [batch async for batch in tins.resources(tins.kind.resource_types[0], None)]

    assert [len(batch) for batch in batches] == [2]


async def test_a_connector_without_a_sync_hook_is_refused_before_it_can_publish_an_empty_list(site):
    install(
        site,
        "good",
        GOOD.replace("rolecall_sync_grants", "sync_grants").replace(
            "    @hookimpl\n    async def sync", "    async def sync"
        ),
    )
    plugins = load_plugins()

    with pytest.raises(PluginError, match="rolecall_sync_grants"):
        async with open_connector(plugins, context("paint")):
            pass


async def test_what_was_opened_is_closed_even_if_it_does_not_fit(site):
    closed = site / "closed"
    closing = f"""
    @hookimpl
    async def rolecall_close(self):
        from pathlib import Path
        Path({str(closed)!r}).touch()
"""
    install(
        site,
        "good",
        GOOD.replace(
            "    @hookimpl\n    async def rolecall_sync_grants", closing + "    async def sync_grants"
        ),
    )
    plugins = load_plugins()

    with pytest.raises(PluginError):
        async with open_connector(plugins, context("paint")):
            pass

    assert closed.exists()


def test_a_broadcast_reaches_the_others_when_one_listener_raises(site, caplog):
    heard = site / "heard"
    install(
        site, "a-raiser", "from rolecall import hookimpl\n@hookimpl\ndef rolecall_sync_started(): 1 / 0\n"
    )
    install(
        site,
        "b-listener",
        "from pathlib import Path\nfrom rolecall import hookimpl\n"
        f"@hookimpl\ndef rolecall_sync_started(connector): Path({str(heard)!r}).write_text(connector)\n",
    )

    load_plugins().announce("rolecall_sync_started", connector="aws-prod", run_id=1)

    assert heard.read_text() == "aws-prod"
    assert "a_raiser" in caplog.text


@pytest.mark.parametrize(
    ("how", "is_refused"),
    [
        pytest.param({}, True, id="a write"),
        pytest.param({"dry_run": True}, False, id="a dry run"),
        pytest.param({"undo": True}, False, id="taking back what was given for a time"),
    ],
)
def test_while_a_plugin_is_broken_that_may_be_a_policy_nothing_is_written(site, how, is_refused):
    install(site, "acme-four-eyes", "1 / 0")
    person, admin = Ref("user", "ada"), EntitlementRef(Ref("room", "vault"), "enter")
    undo = (Held("acme", Ref("room", "vault"), person, "enter"),) if how.pop("undo", False) else ()
    request = ProvisioningRequest("revoke" if undo else "grant", admin, person, undo=undo)
    action = Action("rooms", "guild", Actor("eve", "operator_asserted"), request, **how)
    plan = Plan(request.operation, admin, person, "ada")
    plugins, settings = load_plugins(), LoadedSettings(site)

    if is_refused:
        with pytest.raises(Refused, match="acme_four_eyes is broken, and may be a policy") as caught:
            plugins.ask_policies(action, plan, settings)
        assert caught.value.code == "policy_broken"
        load_plugins(disabled=["acme_four_eyes"]).ask_policies(action, plan, settings)
    else:
        plugins.ask_policies(action, plan, settings)
