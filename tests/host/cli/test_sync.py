"""``sync`` says how each run ended, in its output and its exit code."""

import json
import os
import pty
import signal
import subprocess
import sys

import pytest

CONNECTOR = """
[connectors.{name}]
kind = "lab"
site = "lab.acme.example"
token = {{ env = "LAB_TOKEN" }}
mood = "{mood}"
"""


@pytest.fixture
def lab(workspace, in_store):
    """Rewrites the configuration with one connector for each mood."""

    def write(**moods):
        text = "".join(CONNECTOR.format(name=name, mood=mood) for name, mood in moods.items())
        (workspace / "rolecall.toml").write_text(in_store(text))

    return write


def test_the_environment_can_ask_for_more_words(workspace, rolecall, monkeypatch):
    quiet = rolecall("sync")
    monkeypatch.setenv("ROLECALL_LOG_LEVEL", "info")
    talking = rolecall("sync")

    assert b"info: run" not in quiet.err
    assert b"info: run" in talking.err


def test_a_run_is_reported_with_the_keys_of_the_contract(workspace, rolecall):
    first, second = rolecall("sync", "-o", "json"), rolecall("sync", "--full", "-o", "json")

    (run,) = first.json["runs"]
    assert list(run) == [
        "connector",
        "run_id",
        "status",
        "mode",
        "started_at",
        "finished_at",
        "requests",
        "resources",
        "entitlements",
        "grants",
        "added",
        "removed",
        "findings",
    ]
    assert (run["connector"], run["status"], run["mode"], run["grants"]) == (
        "lab-one",
        "published",
        "full",
        3,
    )
    assert run["findings"][0]["code"] == "odd_name"
    assert second.json["runs"][0]["status"] == "unchanged"


@pytest.mark.parametrize(
    ("moods", "code"),
    [
        pytest.param({"a": "fine", "b": "fine"}, 0, id="all done"),
        pytest.param({"a": "failing"}, 1, id="the only one failed"),
        pytest.param({"a": "failing", "b": "buggy"}, 1, id="all failed"),
        pytest.param({"a": "fine", "b": "failing"}, 4, id="some failed"),
    ],
)
def test_the_exit_code_says_how_many_failed(lab, rolecall, moods, code):
    lab(**moods)

    assert rolecall("sync", "-o", "json").code == code


def test_a_failed_run_is_in_the_result_and_the_error(lab, rolecall):
    lab(a="failing")

    result = rolecall("sync", "-o", "json")

    expected = {
        "code": "auth_refused",
        "message": "The lab refused the token (401 E0000011).",
        "hint": "make a new one",
        "connector": "a",
        "okta_error_code": "E0000011",
        "request_id": "req-1",
    }
    assert result.error == expected
    assert result.json["runs"][0]["error"] == expected


def test_a_failed_run_is_told_to_people_with_its_hint(lab, rolecall):
    lab(a="failing")

    result = rolecall("sync", "-o", "table")

    assert result.err.decode().splitlines() == [
        "The lab refused the token (401 E0000011).",
        "hint: make a new one",
    ]


def test_a_plugins_bug_is_shown_safely(lab, rolecall):
    lab(a="buggy")

    result = rolecall("sync", "-o", "table")

    assert b"broke with KeyError" in result.err
    assert b"\x1b" not in result.err + result.out


def test_a_refused_run_ends_with_3_until_it_is_accepted(lab, rolecall):
    lab(a="crowded", b="fine")
    rolecall("sync")
    lab(a="bare", b="fine")

    refused = rolecall("sync", "-o", "json")
    before = rolecall("access", "--connector", "a", "-o", "json").json
    accepted = rolecall("sync", "a", "--accept-shrink", "-o", "json")
    after = rolecall("access", "--connector", "a", "-o", "json").json

    assert refused.code == 3
    assert refused.error["code"] == "shrink_refused"
    assert [run["status"] for run in refused.json["runs"]] == ["refused", "unchanged"]
    assert (len(before), accepted.code, after) == (22, 0, [])


def test_ctrl_c_leaves_what_was_published_and_ends_with_130(lab, rolecall, site):
    lab(a="fine")
    rolecall("sync")
    lab(a="slow")

    process = subprocess.Popen(
        [sys.executable, "-m", "rolecall", "sync", "-v", "-o", "json"],
        env={**os.environ, "PYTHONPATH": str(site)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    shown = b""
    while b"reading" not in shown:
        shown += process.stderr.readline()
    process.send_signal(signal.SIGINT)
    _, rest = process.communicate(timeout=30)

    assert process.returncode == 130
    assert b'"code":"interrupted"' in rest.splitlines()[-1]
    assert b"Traceback" not in rest
    assert b"\x1b" not in shown + rest
    run = rolecall("runs", "a", "-o", "json").json[-1]
    assert (run["status"], run["error"]["code"]) == ("failed", "interrupted")
    assert len(rolecall("access", "-o", "json").json) == 2


def test_progress_is_shown_on_a_terminal_only(lab, rolecall, site):
    lab(a="fine")
    leader, follower = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "rolecall", "sync", "-v"],
        env={**os.environ, "PYTHONPATH": str(site), "TERM": "xterm"},
        stdout=subprocess.PIPE,
        stderr=follower,
        timeout=60,
        check=True,
    )
    os.close(follower)
    shown = os.read(leader, 65536)
    os.close(leader)

    assert json.loads(done.stdout)["runs"][0]["status"] == "published"
    assert "a info: run 1 of a started" in shown.decode()
    assert "1 requests" in shown.decode()
    assert rolecall("sync").err == b""


def test_a_missing_secret_stops_everything_before_it_begins(lab, rolecall, monkeypatch):
    lab(a="fine", b="fine")
    monkeypatch.delenv("LAB_TOKEN")

    result = rolecall("sync", "-o", "json")

    assert result.code == 2
    assert "connectors.a.token" in result.error["message"]
    assert "connectors.b.token" in result.error["message"]
    assert rolecall("runs", "-o", "json").json == []


@pytest.mark.parametrize("command", ["sync", "check"])
def test_a_connector_that_cannot_be_read_is_not_called_unknown(lab, workspace, rolecall, command):
    lab(a="fine")
    config = workspace / "rolecall.toml"
    config.write_text(config.read_text() + 'owners = "ada"\n')

    result = rolecall(command, "a", "-o", "json")

    assert result.code == 2
    assert "connectors.a.owners: must be a list" in result.error["message"]


def test_only_the_connectors_named_are_synced_each_once(lab, rolecall):
    lab(a="fine", b="failing", c="fine")

    result = rolecall("sync", "c", "a", "c", "-o", "jsonl")

    assert [run["connector"] for run in result.lines] == ["c", "a"]


def test_identity_sources_come_first(lab, workspace, rolecall):
    lab(a="fine", b="fine")
    config = workspace / "rolecall.toml"
    config.write_text(config.read_text().replace('mood = "fine"', 'identity_source = "b"', 1))

    assert [run["connector"] for run in rolecall("sync", "-o", "jsonl").lines] == ["b", "a"]


def test_runs_and_status_tell_what_happened(lab, rolecall):
    lab(a="fine", b="failing", c="fine")
    rolecall("sync", "a", "b")

    runs = rolecall("runs", "a", "-o", "json").json
    states = {row["connector"]: row["status"] for row in rolecall("status", "-o", "json").json}
    listed = {row["name"]: row["last_sync"] for row in rolecall("connectors", "list", "-o", "json").json}

    assert [run["status"] for run in runs] == ["published"]
    assert states == {"a": "Connected", "b": "Error", "c": "Not synced"}
    assert listed["c"] is None
    assert set(listed["a"]) == {"run_id", "status", "finished_at"}


def test_the_log_is_shown_of_all_runs_or_one(workspace, rolecall):
    rolecall("sync")
    rolecall("sync")

    everything = rolecall("logs", "lab-one", "-o", "json").json
    second = rolecall("logs", "lab-one", "--run", "2", "-o", "json").json

    assert {line["run_id"] for line in everything} == {1, 2}
    assert {line["run_id"] for line in second} == {2}
    assert set(second[0]) == {"connector", "run_id", "at", "level", "message"}
    assert rolecall("logs", "lab-one", "--run", "9").code == 2


def test_check_has_the_keys_of_the_contract(workspace, rolecall):
    result = rolecall("check", "lab-one", "-o", "json")

    assert result.code == 0
    assert json.loads(result.out) == {
        "connector": "lab-one",
        "ok": True,
        "app": {"id": "app1"},
        "principal": {"id": "u0", "login": "robot"},
        "features": {"union": True},
        "capabilities": [
            {"name": "Review group membership", "allowed": "yes", "evidence": "GET /groups: 200"}
        ],
        "problems": [],
    }


def test_check_fails_with_its_first_problem(lab, rolecall):
    lab(a="sick")

    result = rolecall("check", "a", "-o", "json")

    assert result.code == 1
    assert result.json["problems"] == [
        {"code": "app_missing", "message": "There is no app.", "hint": "make one"}
    ]
    assert result.error["code"] == "app_missing"


def test_a_check_shows_its_table_to_people(lab, rolecall):
    lab(a="sick")

    shown = rolecall("check", "a", "-o", "table").out.decode()

    assert "Review group membership  yes      GET /groups: 200" in shown
    assert "problem app_missing: There is no app." in shown
