"""One connector is never synced twice at once: two real processes, of which the second is refused."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from tests.host.clubs import Club, install_clubs


@pytest.fixture
def club(workspace, site):
    install_clubs(site)
    club = Club(workspace / "club.json")
    (workspace / "rolecall.toml").write_text(club.toml("club"))
    return club


@pytest.fixture
def running(club, rolecall, site):
    """A sync in a process of its own, which waits in the middle."""
    club.hold.touch()
    process = subprocess.Popen(
        [sys.executable, "-m", "rolecall", "sync", "-o", "json"],
        env={**os.environ, "PYTHONPATH": str(site)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    until = time.monotonic() + 60
    while not any(row["status"] == "Syncing" for row in rolecall("status", "-o", "json").json):
        assert time.monotonic() < until, "the sync never began"
        assert process.poll() is None, process.communicate()
        time.sleep(0.1)
    yield process
    if process.poll() is None:
        process.kill()
    process.communicate()


def test_a_second_sync_is_refused_and_recorded_while_the_first_goes_on(club, running, rolecall):
    second = rolecall("sync", "-o", "json")
    during = rolecall("status", "-o", "json").json
    club.hold.unlink()
    out, _ = running.communicate(timeout=60)
    after = rolecall("status", "-o", "json").json

    (refused,) = second.json["runs"]
    assert second.code == 3
    assert (refused["run_id"], refused["status"], second.error["code"]) == (2, "refused", "sync_running")
    assert f"process {running.pid}" in second.error["message"]
    assert json.loads(out)["runs"][0]["status"] == "published"
    assert [row["status"] for row in (*during, *after)] == ["Syncing", "Connected"]
    assert f"run 2 refused: {second.error['message']}" in rolecall("logs", "club").out.decode()
    assert rolecall("sync", "-o", "json").json["runs"][0]["status"] == "unchanged"


def test_a_killed_sync_keeps_nobody_waiting(club, running, rolecall):
    running.send_signal(signal.SIGKILL)
    running.wait(timeout=60)
    club.hold.unlink()

    third = rolecall("sync", "-o", "json")

    assert third.json["runs"][0]["status"] == "published"
    assert [run["status"] for run in rolecall("runs", "-o", "json").json] == ["failed", "published"]
