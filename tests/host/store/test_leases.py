"""One connector is never synced twice at once, and a dead process doesn't keep it from being synced."""

import os
import signal
import socket
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from rolecall.store import open_store, tables
from rolecall.store.leases import LEASE_BEAT, LEASE_SECONDS, end_interrupted_runs, renew_lease
from rolecall.store.process import Process, is_gone, this_process
from rolecall.store.runs import fail_run, find_run, list_runs, start_run
from tests.host.states import NOTHING, fail_state, publish_state, state, user
from tests.host.store.processes import OTHERS

ERROR = {"code": "error", "message": "it broke", "hint": None}
ME = this_process()


@pytest.fixture
def elsewhere(monkeypatch):
    """Lets what follows be asked on another host."""
    return lambda: monkeypatch.setattr(socket, "gethostname", lambda: "another-host")


def silence(store, run_id):
    """Let a run's lease have ended."""
    past = datetime.now(UTC) - timedelta(seconds=1)
    with store.writing() as connection:
        lease = update(tables.run).where(tables.run.c.id == run_id).values(lease_until=past)
        connection.execute(lease)


def start_at_once(url, folder, barrier, pipe):
    with open_store(url, folder) as store:
        barrier.wait(60)
        pipe.send(find_run(store, start_run(store, "aws", "sample", "full")).status)
        pipe.recv()


def start_and_hang(url, folder, pipe):
    store = open_store(url, folder)
    pipe.send(start_run(store, "aws", "sample", "full"))
    signal.pause()


@pytest.mark.parametrize(
    ("process", "silent", "gone"),
    [
        pytest.param(ME, True, False, id="alive"),
        pytest.param(Process(2**22 + 1, ME.host, ME.started), False, True, id="no such process"),
        pytest.param(
            Process(ME.pid, ME.host, f"{ME.started}0"), False, True, id="its number was given again"
        ),
        pytest.param(Process(ME.pid, ME.host, "boot:ns:1"), False, False, id="a host of the same name"),
        pytest.param(Process(ME.pid, ME.host, "boot:ns:1"), True, True, id="the host before it restarted"),
        pytest.param(Process(ME.pid, "another", ME.started), False, False, id="elsewhere"),
        pytest.param(Process(ME.pid, "another", ME.started), True, True, id="elsewhere and silent"),
        pytest.param(Process(ME.pid, ME.host, None), True, True, id="of an unknown start, silent"),
    ],
)
def test_a_process_is_gone_where_that_is_certain_or_it_is_silent(process, silent, gone):
    assert is_gone(process, silent=silent) is gone


def test_a_second_run_is_refused_and_names_the_first(store):
    first = start_run(store, "aws", "sample", "full")
    refused = find_run(store, start_run(store, "aws", "sample", "full"))
    assert (refused.status, refused.published) == ("refused", None)
    assert refused.error["code"] == "sync_running"
    assert refused.error["message"] == (
        f"aws is being synced already, by run {first} (host {ME.host}, process {ME.pid})."
    )
    assert refused.finished_at is not None
    assert find_run(store, first).status == "running"


def test_another_connector_is_not_kept_waiting(store):
    start_run(store, "aws", "sample", "full")
    assert find_run(store, start_run(store, "okta", "sample", "full")).status == "running"


def test_a_run_that_has_ended_makes_room_for_the_next(store):
    publish_state(store, state([user("u1")]))
    fail_state(store, state([]))
    fail_run(store, start_run(store, "aws", "sample", "full"), "refused", ERROR, NOTHING)
    assert find_run(store, start_run(store, "aws", "sample", "full")).status == "running"


def test_a_run_of_another_host_is_respected_until_its_lease_ends(store, elsewhere):
    first = start_run(store, "aws", "sample", "full")
    elsewhere()
    assert find_run(store, start_run(store, "aws", "sample", "full")).status == "refused"
    silence(store, first)
    second = start_run(store, "aws", "sample", "full")
    assert find_run(store, second).status == "running"
    taken = find_run(store, first)
    assert (taken.status, taken.error["code"]) == ("failed", "interrupted")
    assert f"{ME.pid} on {ME.host}" in taken.error["message"]


def test_a_run_that_lives_on_this_host_keeps_its_connector_even_without_a_beat(store):
    first = start_run(store, "aws", "sample", "full")
    silence(store, first)
    assert find_run(store, start_run(store, "aws", "sample", "full")).status == "refused"


def test_a_renewed_lease_holds_and_a_lost_one_cannot_be_renewed(store, elsewhere):
    first = start_run(store, "aws", "sample", "full")
    silence(store, first)
    assert renew_lease(store, first)
    elsewhere()
    end_interrupted_runs(store)
    assert find_run(store, first).status == "running"
    silence(store, first)
    end_interrupted_runs(store)
    assert not renew_lease(store, first)
    assert find_run(store, first).status == "failed"


def test_a_beat_comes_often_enough_that_one_may_be_late():
    assert LEASE_BEAT * 3 < LEASE_SECONDS


def test_of_two_processes_that_begin_at_once_one_is_refused(store, store_url, tmp_path):
    barrier = OTHERS.Barrier(2)
    pipes = [OTHERS.Pipe() for _ in range(2)]
    children = [
        OTHERS.Process(target=start_at_once, args=(store_url, tmp_path, barrier, theirs))
        for _, theirs in pipes
    ]
    for child in children:
        child.start()
    assert sorted(ours.recv() for ours, _ in pipes) == ["refused", "running"]
    for ours, _ in pipes:
        ours.send(None)
    for child in children:
        child.join(60)
    assert [run.status for run in list_runs(store)].count("running") == 1


def test_a_killed_process_gives_its_connector_free_at_once(store, store_url, tmp_path):
    ours, theirs = OTHERS.Pipe()
    child = OTHERS.Process(target=start_and_hang, args=(store_url, tmp_path, theirs))
    child.start()
    first = ours.recv()
    assert find_run(store, start_run(store, "aws", "sample", "full")).status == "refused"
    os.kill(child.pid, signal.SIGKILL)
    child.join(60)
    assert find_run(store, start_run(store, "aws", "sample", "full")).status == "running"
    assert find_run(store, first).error["code"] == "interrupted"
