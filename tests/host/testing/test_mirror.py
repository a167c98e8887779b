"""The mirror proves that incremental runs give what full runs give, and names what differs."""

import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rolecall import RolecallError
from rolecall.plugins import load_plugins
from rolecall.testing import Mirror, UnderTest, assert_contract
from tests.host.clubs import SOURCE, Club, install_clubs


@pytest.fixture
def clubs(tmp_path, monkeypatch):
    """Where the kind ``club`` is installed."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    install_clubs(folder)
    yield folder
    sys.modules.pop("acme_club", None)


@pytest.fixture
def club(tmp_path, clubs):
    return Club(tmp_path / "club.json")


def under_test(club, **secrets):
    places = {name: {"env": name.upper()} for name in secrets}
    return UnderTest("club", {"file": str(club.file), **places}, secrets)


async def test_each_step_is_read_by_its_changes_and_compared_with_a_full_run(club):
    async with Mirror(under_test(club)) as mirror:
        first = await mirror.check()
        quiet = await mirror.check()
        club.put("person", "dan", "nameless")
        club.put("team", "core", ["ada", "dan"])
        changed = await mirror.check()
        club.remove("person", "ada")
        gone = await mirror.check()

    assert (first.mode, first.status) == ("full", "published")
    assert (quiet.mode, quiet.status, quiet.requests) == ("incremental", "unchanged", 1)
    assert (changed.status, changed.requests, changed.full_requests) == ("published", 3, 4)
    assert [finding.code for finding in changed.findings] == ["nameless"]
    assert gone.status == "published"


async def test_a_run_that_falls_back_to_a_full_one_is_told_with_its_reason(club):
    async with Mirror(under_test(club)) as mirror:
        await mirror.check()
        club.put("person", "dan", "Dan")
        club.set(log_lost=1)

        with pytest.raises(AssertionError, match="the run was full, not incremental: the club's log was cut"):
            await mirror.check()
        club.set(unpatchable=True)
        seen = await mirror.check("full")

    assert (seen.mode, seen.full_because) == ("full", "the settings are others")
    assert seen.findings == ()


@pytest.mark.parametrize(
    ("old", "new", "difference"),
    [
        pytest.param("yield [Gone(ref)]", "yield []", "only the other has resource person:ben", id="kept"),
        pytest.param("[Regranted(entitlement), *", "[*", "only the other has grant team:core", id="regrant"),
        pytest.param(
            "        self.report(run)\n        for ref", "        for ref", "nameless", id="finding"
        ),
        pytest.param("kept if ref.type", "ref.id if ref.type", "resource person:ada is", id="same by chance"),
    ],
)
async def test_what_an_incremental_run_misses_is_named(clubs, club, old, new, difference):
    source = SOURCE.read_text(encoding="utf-8")
    changes, everything = source.split("    async def rolecall_sync_resources")
    if old in changes:
        broken = changes.replace(old, new) + "    async def rolecall_sync_resources" + everything
    else:
        broken = source.replace("[self.resource(ref, kept), *self.ent", '[Resource(ref, "X"), *self.ent')
    (clubs / "acme_club.py").write_text(broken, encoding="utf-8")

    async with Mirror(under_test(club)) as mirror:
        await mirror.check()
        club.put("person", "ada", "nameless")
        club.put("team", "core", ["ben"])
        club.remove("person", "ben")
        with pytest.raises(AssertionError) as caught:
            await mirror.check()

    assert difference in str(caught.value)


PEOPLE, TEAMS, ROOMS = ["ada", "ben", "cleo", "dan"], ["core", "crew"], ["r1", "r2"]
STEPS = st.one_of(
    st.tuples(st.just("person"), st.sampled_from(PEOPLE), st.sampled_from(["Somebody", "nameless"])),
    st.tuples(st.just("team"), st.sampled_from(TEAMS), st.lists(st.sampled_from(PEOPLE), unique=True)),
    st.tuples(
        st.just("room"),
        st.sampled_from(ROOMS),
        st.lists(
            st.tuples(st.just("person"), st.sampled_from(PEOPLE))
            | st.tuples(st.just("team"), st.sampled_from(TEAMS)),
            unique=True,
        ),
    ),
    st.tuples(
        st.sampled_from(["person", "team", "room"]), st.sampled_from(PEOPLE + TEAMS + ROOMS), st.none()
    ),
)


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rounds=st.lists(st.lists(STEPS, max_size=4), min_size=1, max_size=3))
async def test_whatever_changes_the_store_holds_what_a_full_run_gives(club, rounds):
    club = Club(club.file)
    async with Mirror(under_test(club), plugins=load_plugins()) as mirror:
        await mirror.check()
        for steps in rounds:
            for kind, ident, value in steps:
                take(club, kind, ident, value)
            await mirror.check()


def take(club, kind, ident, value):
    """Take one step, as far as it makes sense in the club's present state."""
    known = club.state[f"{kind}s"]
    if value is None:
        if ident in known:
            club.remove(kind, ident)
    elif kind == "person":
        club.put(kind, ident, value)
    elif kind == "team":
        club.put(kind, ident, [each for each in value if each in club.state["persons"]])
    else:
        club.put(kind, ident, [list(each) for each in value if each[1] in club.state[f"{each[0]}s"]])


async def test_a_source_is_synced_first_on_both_sides(club, tmp_path):
    people = Club(tmp_path / "people.json")

    async with Mirror(under_test(club), under_test(people)) as mirror:
        await mirror.check()
        people.put("person", "eve", "Eve")
        seen = await mirror.check()

    assert (seen.source_mode, seen.source_requests, seen.status) == ("incremental", 2, "unchanged")


async def test_a_run_that_fails_keeps_its_own_words(club):
    club.set(failing=True)

    async with Mirror(under_test(club)) as mirror:
        with pytest.raises(RolecallError, match="The club is closed"):
            await mirror.check()


async def test_the_contract_suite_looks_at_events_checkpoint_and_a_run_without_changes(club):
    club.log("person", "ada", "person.put")

    found = await assert_contract("club", {"file": str(club.file)})

    assert found.checkpoint == b'{"position": 1}'
    assert found.events == ()


POSITION = 'json.dumps({"position": self.position}).encode()'
READ = "json.loads(checkpoint.data)"
BEGINNING = "        self.report(run)\n        for ref"
NEW = '[Resource(Ref("person", "new"), "N")]'
TOKEN = 'self.context.secrets["token"].reveal()'


@pytest.mark.parametrize(
    ("replacements", "complaint"),
    [
        pytest.param(
            {BEGINNING: f"        yield {NEW}\n{BEGINNING}"},
            "an incremental run was published as a change, though nothing happened",
            id="change from nothing",
        ),
        pytest.param(
            {POSITION: f'json.dumps({{"position": self.position, "key": {TOKEN}}}).encode()'},
            "the secret token appears in checkpoint",
            id="secret in the checkpoint",
        ),
        pytest.param(
            {
                POSITION: f'b"1" + zlib.compress(json.dumps([self.position, {TOKEN}]).encode())',
                READ: '{"position": json.loads(zlib.decompress(checkpoint.data[1:]))[0]}',
                "import json": "import json, zlib",
            },
            "the secret token appears in checkpoint",
            id="secret packed into the checkpoint",
        ),
        pytest.param(
            {BEGINNING: "        for ref"},
            "an incremental run no longer reports nameless",
            id="finding left out",
        ),
    ],
)
async def test_what_the_contract_forbids_of_incremental_runs_is_named(clubs, club, replacements, complaint):
    source = SOURCE.read_text(encoding="utf-8")
    for old, new in replacements.items():
        assert old in source
        source = source.replace(old, new)
    (clubs / "acme_club.py").write_text(source, encoding="utf-8")
    club.put("person", "zoe", "nameless")
    table = {"file": str(club.file), "token": {"env": "TOKEN"}}

    with pytest.raises(AssertionError) as caught:
        await assert_contract("club", table, {"token": "open-sesame-17"})

    assert complaint in str(caught.value)
    assert "open-sesame" not in str(caught.value)
