"""The contract suite gives an author what a connector yields, and names what its contract forbids."""

import sys

import pytest

from rolecall import ConfigError, EntitlementRef, PluginError, Ref, RolecallError
from rolecall.testing import assert_contract, collect
from tests.host.plugin_samples import install

LAMPS = """
import asyncio
import marshmallow as ma
import rolecall
from rolecall import Entitlement, EntitlementRef, Finding, Grant, ListRead, Ref, Resource, Severity, hookimpl

LAMP = rolecall.ResourceType("lamp", "Lamp", rolecall.Trait.TARGET)
PERSON = rolecall.ResourceType("person", "Person", rolecall.Trait.USER)
SWITCH = EntitlementRef(Ref("lamp", "hall"), "switch")

class Settings(ma.Schema):
    class Meta:
        unknown = ma.RAISE
    room = ma.fields.String(required=True)
    key = rolecall.SecretField()

@hookimpl
def rolecall_connector_kinds():
    return [rolecall.ConnectorKind("lamps", "Lamps", Settings, (LAMP, PERSON))]

@hookimpl
async def rolecall_open(context):
    return Lamps(context)

class Lamps:
    opened = 0
    def __init__(self, context):
        self.key = context.secrets["key"].reveal() if context.secrets else ""
        self.observer = context.observer
        Lamps.opened += 1
    @hookimpl
    async def rolecall_check(self):
        yes = rolecall.Capability("Look", "yes", "the lamps were listed")
        return rolecall.CheckReport(None, None, {}, [yes])
    @hookimpl
    async def rolecall_sync_resources(self, resource_type, run):
        self.observer.requested("GET /" + resource_type.id)
        run.found(Finding("dim", Severity.LOW, "The lamp is dim.", "lamp:hall"))
        run.read(ListRead("/" + resource_type.id, items=1, pages=1))
        run.identified(rolecall.Identity("7", "keeper", ("LOOK",)))
        yield [Resource(Ref(resource_type.id, "hall" if resource_type is LAMP else "ada"), "A")]
    @hookimpl
    async def rolecall_sync_entitlements(self, resource_type, run):
        if resource_type is LAMP:
            yield [Entitlement(SWITCH, "Switch")]
    @hookimpl
    async def rolecall_sync_grants(self, resource_type, run):
        if resource_type is LAMP:
            yield [Grant(SWITCH, Ref("person", "ada"))]
"""
SETTINGS = {"room": "hall", "key": {"env": "LAMP_KEY"}}
SECRETS = {"key": "open-sesame-17"}


@pytest.fixture
def lamps(tmp_path, monkeypatch):
    """Install the lamps, with replacements in their source."""
    monkeypatch.syspath_prepend(tmp_path)

    def make(*replacements):
        source = LAMPS
        for old, new in replacements:
            assert old in source
            source = source.replace(old, new)
        install(tmp_path, "acme-lamps", source)

    yield make
    sys.modules.pop("acme_lamps", None)


async def test_a_connector_is_run_as_the_host_does_and_gives_values(lamps):
    lamps()

    found = await collect("lamps", SETTINGS, SECRETS)

    assert set(found.resources) == {Ref("lamp", "hall"), Ref("person", "ada")}
    assert set(found.entitlements) == {EntitlementRef(Ref("lamp", "hall"), "switch")}
    assert [grant.principal for grant in found.grants] == [Ref("person", "ada")]
    assert [finding.code for finding in found.findings] == ["dim"]
    assert {reading.name: reading.items for reading in found.reads} == {"/lamp": 1, "/person": 1}
    assert (found.identity.login, found.identity.rights) == ("keeper", ("LOOK",))
    assert found.requests == 2
    assert any("started" in line for line in found.log)


async def test_a_connector_that_keeps_its_contract_passes(lamps):
    lamps()

    assert (await assert_contract("lamps", SETTINGS, SECRETS)).grants


async def test_settings_pass_the_kinds_schema(lamps):
    lamps()

    with pytest.raises(ConfigError) as caught:
        await collect("lamps", {"rooom": "hall", "key": "open-sesame-17"})

    assert len(caught.value.problems) == 3


async def test_a_kind_that_is_not_there_is_told_with_what_is(lamps):
    lamps(("import asyncio", "1 / 0"))

    with pytest.raises(PluginError, match=r"acme_lamps .*ZeroDivisionError"):
        await collect("lamps", SETTINGS)


async def test_what_the_hosts_door_refuses_fails_with_the_hosts_words(lamps):
    lamps(('Ref("person", "ada"))]', 'Ref("person", "eve"))]'))

    with pytest.raises(RolecallError, match="to a principal that the run doesn't hold") as caught:
        await collect("lamps", SETTINGS)

    assert caught.value.code == "plugin_failed"


async def test_a_run_that_fails_keeps_its_own_code_and_hint(lamps):
    lamps(
        (
            "yield [Grant(",
            "raise rolecall.AuthRefused('no entry', hint='knock', code='locked'); yield [Grant(",
        )
    )

    with pytest.raises(RolecallError, match="no entry") as caught:
        await collect("lamps", SETTINGS)

    assert (caught.value.code, caught.value.hint) == ("locked", "knock")


HEARTBEAT = "self.beat = asyncio.create_task(asyncio.sleep(9), name='heartbeat')"


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        pytest.param(
            '"A")]', 'f"A{Lamps.opened}")]', "differ in the resource lamp:hall", id="name that moves"
        ),
        pytest.param(
            "[Grant(", "[] if Lamps.opened > 1 else [Grant(", "differ in the grant", id="grant that moves"
        ),
        pytest.param(
            '"dim", Sev', '"Very dim", Sev', "'Very dim' isn't a snake_case word", id="finding's code"
        ),
        pytest.param('"lamp:hall"))', '""))', "dim names no subject", id="finding's subject"),
        pytest.param('"Look", "yes"', '"Look", "maybe"', "'maybe'", id="capability in other words"),
        pytest.param('"the lamps were listed"', '""', "gives no evidence", id="capability without evidence"),
        pytest.param('"A")]', "self.key)]", "the secret key appears in resources", id="secret in a name"),
        pytest.param(
            '"the lamps were listed"', "self.key", "secret key appears in check", id="secret in the check"
        ),
        pytest.param(
            "Lamps.opened += 1", f"Lamps.opened += 1; {HEARTBEAT}", "left heartbeat running", id="task"
        ),
    ],
)
async def test_what_the_contract_forbids_is_named(lamps, old, new, complaint):
    lamps((old, new))

    with pytest.raises(AssertionError, match="kind lamps breaks its contract") as caught:
        await assert_contract("lamps", SETTINGS, SECRETS)

    assert complaint in str(caught.value)
    assert "open-sesame-17" not in str(caught.value)
