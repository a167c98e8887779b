"""Connectors that read another's people: in which order, how old the source is, and what is said of it."""

import pytest

from tests.host.clubs import Club, install_clubs


@pytest.fixture
def clubs(workspace, site):
    """A club ``a`` whose identity source is ``b``, named before it."""
    install_clubs(site)
    clubs = {name: Club(workspace / f"{name}.json") for name in "ab"}

    def configure(**keys):
        text = clubs["a"].toml("a", identity_source="b", **keys) + clubs["b"].toml("b")
        (workspace / "rolecall.toml").write_text(text)

    clubs["configure"] = configure
    configure()
    return clubs


def codes(run):
    return [(finding["code"], finding["subject"]) for finding in run["findings"]]


def test_a_source_is_synced_first_and_its_published_run_is_read(clubs, rolecall):
    source, run = rolecall("sync", "-o", "json").json["runs"]
    (later,) = rolecall("sync", "a", "-o", "json").json["runs"]
    log = rolecall("logs", "a", "-o", "table").out.decode()

    assert (source["connector"], "source" in source) == ("b", False)
    assert run["source"]["connector"] == "b"
    assert run["source"]["run_id"] == later["source"]["run_id"] == source["run_id"]
    assert 0 <= run["source"]["age_seconds"] < 60
    assert codes(run) == []
    assert "b run 1 has 3 people" in log


def test_a_source_is_told_which_groups_its_dependents_hold(clubs, rolecall):
    rolecall("sync")
    rolecall("sync", "b", "--full")

    log = rolecall("logs", "b", "-o", "table").out.decode()

    assert "wanted: []" in log
    assert "wanted: ['team:core']" in log


def test_a_missing_source_is_a_finding(clubs, rolecall):
    (run,) = rolecall("sync", "a", "-o", "json").json["runs"]

    assert codes(run) == [("source_missing", "connector:b")]
    assert "source" not in run


def test_a_stale_source_is_a_finding_or_is_synced_first(clubs, rolecall):
    rolecall("sync")
    clubs["configure"](identity_source_max_age="0")
    (used,) = rolecall("sync", "a", "-o", "json").json["runs"]
    clubs["configure"](identity_source_max_age="0", identity_source_when_stale="sync")
    synced = rolecall("sync", "a", "-o", "json")

    assert ("source_stale", "connector:b") in codes(used)
    assert [run["connector"] for run in synced.json["runs"]] == ["b", "a"]
    assert b"Syncing b first" in synced.err


def test_a_missing_source_is_synced_first_where_that_is_configured(clubs, rolecall):
    clubs["configure"](identity_source_when_stale="sync")

    runs = rolecall("sync", "a", "-o", "json").json["runs"]

    assert [(run["connector"], run["findings"]) for run in runs] == [("b", []), ("a", [])]


def test_when_its_source_fails_a_connector_reads_the_last_published_run(clubs, rolecall):
    rolecall("sync")
    clubs["b"].set(failing=True)

    result = rolecall("sync", "-o", "json")
    failed, run = result.json["runs"]

    assert (result.code, failed["status"], run["status"]) == (4, "failed", "unchanged")
    assert codes(run) == [("source_failed", "connector:b")]
    assert run["source"]["run_id"] == 1


def test_people_who_are_not_in_the_source_are_counted(clubs, rolecall):
    clubs["a"].put("person", "zoe", "Zoe")
    clubs["a"].put("team", "core", ["ada", "zoe"])

    run = rolecall("sync", "-o", "json").json["runs"][1]

    (finding,) = run["findings"]
    assert (finding["code"], finding["subject"]) == ("principals_unmatched", "connector:b")
    assert finding["message"] == (
        "1 of 3 principals of type person are not in the identity source b by id: person:zoe."
    )


def test_people_are_matched_by_login_where_that_is_configured(clubs, rolecall):
    clubs["configure"](identity_source_match="login")
    clubs["a"].state["persons"]["ada"] = "Ada"
    clubs["b"].state["persons"] = {"ben": "Ben", "cleo": "Cleo"}
    clubs["b"].state["teams"] = {"core": ["ben"]}
    clubs["b"].save()

    run = rolecall("sync", "-o", "json").json["runs"][1]

    assert [finding["message"] for finding in run["findings"]] == [
        "1 of 3 principals of type person are not in the identity source b by login: person:ada."
    ]


def test_the_age_of_a_source_is_shown_wherever_the_connector_is(clubs, rolecall):
    before = rolecall("connectors", "show", "a", "-o", "json").json
    rolecall("sync")

    shown = rolecall("connectors", "show", "a", "-o", "json").json
    listed = {row["name"]: row["source"] for row in rolecall("connectors", "list", "-o", "json").json}
    state = {row["connector"]: row["source"] for row in rolecall("status", "-o", "json").json}
    facts = rolecall("connectors", "show", "a", "-o", "table").out.decode()
    table = rolecall("sync", "-o", "table").out.decode()

    assert (before["identity_source"], before["source"]["run_id"], before["source"]["stale"]) == (
        "b",
        None,
        True,
    )
    assert (shown["source"]["run_id"], shown["source"]["stale"]) == (1, False)
    assert shown["source"] | {"age_seconds": 0} == listed["a"] | {"age_seconds": 0}
    assert listed["b"] is None
    assert state["a"]["connector"] == "b"
    assert "b run 1, " in facts
    assert "SOURCE" in table
    assert "b run 3, " in table


def test_sources_that_go_round_in_a_circle_are_a_mistake(clubs, workspace, rolecall):
    text = clubs["a"].toml("a", identity_source="b") + clubs["b"].toml("b", identity_source="a")
    (workspace / "rolecall.toml").write_text(text)

    result = rolecall("sync", "-o", "json")

    assert result.code == 2
    assert "connectors.a.identity_source: goes round in a circle (a → b → a)" in result.error["message"]
