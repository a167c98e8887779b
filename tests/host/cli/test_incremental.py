"""``sync`` reads what changed, falls back to everything with a reason, and keeps what the log said."""

import json
import os
import pty
import re
import subprocess
import sys
import threading
from contextlib import suppress

import pytest

from tests.host.clubs import Club, install_clubs


@pytest.fixture
def club(workspace, site):
    """A connector ``club`` in a workspace of its own configuration."""
    install_clubs(site)
    club = Club(workspace / "club.json")
    (workspace / "rolecall.toml").write_text(club.toml("club"))
    return club


@pytest.fixture
def sync(rolecall):
    """Syncs, and gives the runs."""

    def call(*arguments):
        return rolecall("sync", *arguments, "-o", "json").json["runs"]

    return call


def test_after_the_first_run_only_what_changed_is_read(club, sync, rolecall):
    (first,) = sync()
    (quiet,) = sync()
    club.put("person", "dan", "Dan")
    club.put("room", "r1", [["team", "core"], ["person", "dan"]])
    (changed,) = sync()

    assert [(run["mode"], run["status"]) for run in (first, quiet, changed)] == [
        ("full", "published"),
        ("incremental", "unchanged"),
        ("incremental", "published"),
    ]
    assert (changed["resources"], changed["grants"]) == (6, 4)
    assert (changed["added"], changed["removed"], changed["requests"]) == (1, 1, 3)
    access = rolecall("access", "-o", "json").json
    assert [row["login"].split("@")[0] for row in access] == ["ada", "ben", "dan"]


def test_full_and_incremental_runs_can_be_asked_for(club, sync, workspace):
    sync()
    (workspace / "rolecall.toml").write_text(club.toml("club") + '[sync]\nfull_every = "0"\n')

    modes = [sync(*flags)[0]["mode"] for flags in (["--full"], ["--incremental"], [])]

    assert modes == ["full", "incremental", "full"]


def test_a_full_run_is_due_when_the_last_one_is_old(club, workspace, rolecall):
    (workspace / "rolecall.toml").write_text(club.toml("club") + '[sync]\nfull_every = "1s"\n')
    rolecall("sync")
    while "incremental" in (run := rolecall("sync", "-o", "json")).json["runs"][0]["mode"]:
        pass

    assert b"club read everything: its last full run is" in run.err


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        pytest.param({"log_lost": 1}, "the club's log was cut off", id="by the log"),
        pytest.param({"unpatchable": True}, "the settings are others", id="by the changes"),
    ],
)
def test_a_run_that_cannot_be_incremental_reads_everything_and_says_why(club, rolecall, facts, reason):
    rolecall("sync")
    club.put("person", "dan", "Dan")
    club.set(**facts)

    result = rolecall("sync", "--incremental", "-o", "json")

    (run,) = result.json["runs"]
    assert (run["mode"], run["status"], run["resources"]) == ("full", "published", 6)
    assert run["findings"] == []
    assert f"club read everything: {reason}." in result.err.decode()
    assert f"reads everything: {reason}" in rolecall("logs", "club", "-o", "table").out.decode()
    assert rolecall("sync", "-q").err == b""


def test_after_a_run_that_left_no_checkpoint_everything_is_read_again_and_it_is_said_why(club, rolecall):
    club.set(forgetful=True)
    first = rolecall("sync", "-o", "json")
    again = rolecall("sync", "-o", "json")

    assert b"read everything" not in first.err
    assert b"club read everything: the run before left no place in the log to go on from." in again.err


def test_the_log_is_kept_once_and_gaps_are_told(club, sync, rolecall):
    sync()
    club.put("person", "dan", "Dan")
    club.log("team", "core", "team.hostile", name="=cmd|'\x1b[31m\u202eevil")
    sync()
    sync()
    club.log("person", "ada", "person.put")
    club.set(log_lost=3)
    sync()

    rows = rolecall("events", "club", "-o", "json").json
    put = rolecall("events", "club", "--type", "person.put", "-o", "jsonl").lines
    later = rolecall("events", "club", "--since", "3", "-o", "json").json
    shown = rolecall("events", "club", "-o", "table")
    sheet = rolecall("events", "club", "-o", "csv")

    assert [(row["record"], row["run_id"], row["event_id"]) for row in rows] == [
        ("event", 2, "e1"),
        ("event", 2, "e2"),
        ("event", 4, "e3"),
        ("gap", 4, None),
    ]
    assert rows[0] == {
        "connector": "club",
        "run_id": 2,
        "record": "event",
        "at": "2026-01-31T08:00:01Z",
        "until": None,
        "type": "person.put",
        "outcome": "SUCCESS",
        "actor": {"type": "Keeper", "id": "k1", "name": "Kim"},
        "targets": [{"type": "person", "id": "dan", "name": "Somebody"}],
        "message": "Somebody",
        "event_id": "e1",
    }
    assert rows[3]["message"] == "events may be missing: the club's log was cut off"
    assert [row["event_id"] for row in put] == ["e1", "e3", None]
    assert [row["event_id"] for row in later] == ["e3", None]
    assert b"\x1b" not in shown.out + sheet.out
    assert "'=cmd" in sheet.out.decode()


@pytest.mark.parametrize("since", ["yesterday", "99", "-1", "9" * 30])
def test_events_since_nothing_are_refused(club, sync, rolecall, since):
    sync()

    assert rolecall("events", "club", "--since", since).code == 2


def test_events_since_a_time_are_those_that_happened_then_or_later(club, sync, rolecall):
    sync()
    club.put("person", "dan", "Dan")
    club.put("person", "eve", "Eve")
    sync()

    rows = rolecall("events", "club", "--since", "2026-01-31T09:00:02+01:00", "-o", "json").json

    assert [row["event_id"] for row in rows] == ["e2"]


def test_an_estimate_says_what_a_run_would_cost_and_makes_none(club, sync, rolecall, workspace):
    whole = rolecall("sync", "--estimate", "-o", "json").json
    sync()
    club.put("person", "dan", "Dan")

    patched = rolecall("sync", "club", "--estimate", "-o", "json").json["estimates"][0]
    again = rolecall("sync", "--estimate", "--full", "-o", "json").json["estimates"][0]
    shown = rolecall("sync", "--estimate", "-o", "table").out.decode()

    assert whole == {
        "estimates": [
            {
                "connector": "club",
                "mode": "full",
                "requests": 4,
                "seconds": 90.0,
                "share": 0.5,
                "buckets": {"/club": 4},
                "basis": "the size of the log",
            }
        ]
    }
    assert (patched["mode"], patched["requests"]) == ("incremental", 1)
    assert again["mode"] == "full"
    assert "90 seconds" in shown
    assert "50%" in shown
    assert len(rolecall("runs", "-o", "json").json) == 1


def test_a_kind_that_cannot_estimate_says_so(workspace, rolecall):
    (row,) = rolecall("sync", "--estimate", "-o", "json").json["estimates"]

    assert (row["requests"], row["basis"]) == (None, "connectors of this kind can't tell")


def test_an_estimate_that_fails_names_the_connector(club, rolecall):
    club.set(failing=True)

    result = rolecall("sync", "--estimate", "-o", "json")

    assert (result.code, result.error["code"], result.error["connector"]) == (1, "unavailable", "club")


def test_a_run_is_recorded_with_its_forecast_and_its_cost(club, sync, rolecall):
    sync()

    (run,) = rolecall("runs", "-o", "json").json
    log = rolecall("logs", "club", "-o", "table").out.decode()

    assert run["completeness"]["forecast"]["requests"] == 4
    assert run["completeness"]["actual"]["requests"] == 4
    assert "expects about 4 requests in 90 seconds at 50 % of the rate limits" in log
    assert "4 requests in" in log
    assert "the forecast was about 4 requests" in log


def written_to(terminal):
    """What is written to a terminal, as long as somebody has it open."""
    with suppress(OSError):
        while written := os.read(terminal, 65536):
            yield written


def test_a_terminal_shows_how_much_is_to_come(club, site):
    club.hold.touch()
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "rolecall", "sync"]
    environment = {**os.environ, "PYTHONPATH": str(site), "TERM": "xterm"}
    expected = re.compile(rb"club \S+ 4 of about 4 requests \S+ about \d+ seconds left")
    shown = b""
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=follower) as running:
        os.close(follower)
        overdue = threading.Timer(60, running.kill)
        overdue.start()
        for written in written_to(leader):
            shown += written
            if expected.search(shown):
                club.hold.unlink(missing_ok=True)
        overdue.cancel()
    os.close(leader)

    assert expected.search(shown), shown
    assert running.returncode == 0


def test_a_kind_without_the_hooks_is_always_full(workspace, rolecall):
    rolecall("sync")

    asked = rolecall("sync", "--incremental", "-o", "json")
    plain = rolecall("sync", "-o", "json")

    assert [result.json["runs"][0]["mode"] for result in (asked, plain)] == ["full", "full"]
    assert b"lab-one read everything: connectors of its kind can't read only what changed." in asked.err
    assert plain.err == b""


def test_what_a_connector_wants_is_a_setting_of_its_table_in_the_schema(club, rolecall):
    properties = rolecall("plugins", "schema", "club").json["properties"]

    assert properties["identity_source_match"]["enum"] == ["id", "login", "email"]
    assert properties["identity_source_when_stale"]["enum"] == ["use", "sync"]
    assert properties["identity_source_max_age"]["type"] == "string"
    assert json.dumps(properties["identity_source_max_age"]["examples"]) == '["30m", "24h", "7d"]'
