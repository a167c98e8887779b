"""The engine: what a run will be, and what becomes of one whose lease was lost."""

import asyncio
import sys
from datetime import UTC, datetime, timedelta

import pytest

from rolecall import Checkpoint, sync
from rolecall.plugins import load_plugins
from rolecall.reading import decide_mode
from rolecall.store.reports import RunReport
from rolecall.store.runs import fail_run, newest_runs, read_log
from rolecall.sync import SyncJob, SyncRules, sync_connector
from rolecall.testing.rehearsal import Unwatched
from tests.host.clubs import Club, install_clubs

NOW = datetime(2030, 1, 31, 8, tzinfo=UTC)
DAY = timedelta(hours=24)


def left(hours_ago):
    return Checkpoint(b"", 7, 5, NOW - timedelta(hours=hours_ago))


@pytest.mark.parametrize(
    ("asked", "every", "checkpoint", "mode", "because"),
    [
        pytest.param(None, DAY, left(1), "incremental", None, id="as usual"),
        pytest.param(None, DAY, left(24), "full", "its last full run is 24 hours old", id="one is due"),
        pytest.param(None, DAY, None, "full", None, id="the first"),
        pytest.param(None, timedelta(), left(1), "full", None, id="always full"),
        pytest.param("full", DAY, left(1), "full", None, id="full was asked for"),
        pytest.param("incremental", DAY, left(48), "incremental", None, id="though a full one is due"),
        pytest.param(
            "incremental", DAY, None, "full", "no earlier run left a place to go on from", id="none"
        ),
    ],
)
def test_a_run_is_incremental_where_it_can_be_and_no_full_one_is_due(asked, every, checkpoint, mode, because):
    decided = decide_mode(asked, every, incremental=True, checkpoint=checkpoint, now=NOW)

    assert decided == (mode, because)


def test_a_connector_without_the_hooks_is_full_and_says_so_when_asked():
    asked = decide_mode("incremental", DAY, incremental=False, checkpoint=None, now=NOW)
    plain = decide_mode(None, DAY, incremental=False, checkpoint=None, now=NOW)

    assert asked == ("full", "connectors of its kind can't read only what changed")
    assert plain == ("full", None)


@pytest.fixture
def club(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    install_clubs(tmp_path)
    yield Club(tmp_path / "club.json")
    sys.modules.pop("acme_club", None)


async def test_a_run_that_another_process_ended_stops_and_publishes_nothing(store, club, monkeypatch):
    monkeypatch.setattr(sync, "LEASE_BEAT", 0.02)
    club.hold.touch()
    job = SyncJob("club", "club", {"file": str(club.file)}, {})

    running = asyncio.create_task(sync_connector(store, load_plugins(), job, SyncRules(), Unwatched()))
    while "club" not in newest_runs(store):  # noqa: ASYNC110 - the run tells nobody when it begins
        await asyncio.sleep(0.01)
    taken = {"code": "interrupted", "message": "Taken for dead.", "hint": None}
    fail_run(store, newest_runs(store)["club"].id, "failed", taken, RunReport(0, (), (), None, {}))
    run = await asyncio.wait_for(running, 30)

    assert (run.status, run.published, run.error["message"]) == ("failed", None, "Taken for dead.")
    assert "was taken for dead and ended by another process" in read_log(store, "club")[-1].message


async def test_an_interrupt_that_comes_when_all_is_published_fails_nothing(store, club):
    class Interrupting(Unwatched):
        def logged(self, level, message):
            if "published" in message:
                running.cancel()

    job = SyncJob("club", "club", {"file": str(club.file)}, {})
    running = asyncio.create_task(sync_connector(store, load_plugins(), job, SyncRules(), Interrupting()))
    with pytest.raises(asyncio.CancelledError):
        await running

    assert newest_runs(store)["club"].status == "published"
    assert [line.message for line in read_log(store, "club") if line.level == "error"] == []
