"""Processes that use one store at once: nobody sees a half-published run, whoever is killed when."""

import os
import signal
from itertools import pairwise

from rolecall import Gone, Grant, GrantRef
from rolecall.store import open_store, queries
from rolecall.store.comparison import prepare
from rolecall.store.publish import publish
from rolecall.store.runs import find_run, list_runs, resolve_at, start_run
from rolecall.store.staging import open_staging
from tests.host.states import (
    NOTHING,
    TYPES,
    account,
    add_state,
    group,
    member,
    publish_changes,
    publish_state,
    role,
    state,
    user,
)
from tests.host.store.processes import OTHERS

ADMIN = role("1", "Admin")
PEOPLE = tuple(user(f"u{n:03}") for n in range(60))
PLACES = (group("g1"), account("1"))


def both(size):
    """So many people in the group, and as many with the role."""
    grants = [Grant(what, person.ref) for what in (ADMIN, member("g1")) for person in PEOPLE[:size]]
    return state((*PEOPLE, *PLACES), [ADMIN], grants)


def sizes(store):
    """How many hold the role, and how many are in the group, in the newest published run."""
    kinds = [row["entitlement_id"] for row in queries.grants(store, resolve_at(store, "aws", None))]
    return kinds.count(str(ADMIN)), kinds.count(str(member("g1")))


def look(url, folder, pipe):
    """Tell what is seen, again and again, until told to stop."""
    seen = []
    with open_store(url, folder) as store:
        while not pipe.poll():
            seen.append(sizes(store))
            if len(seen) == 1:
                pipe.send("looking")
    pipe.send(seen)


def die_while_publishing(url, folder):
    store = open_store(url, folder)
    run_id = start_run(store, "aws", "sample", "full")
    with open_staging(store, run_id, "aws", TYPES) as staging:
        add_state(staging, both(1))
        prepare(staging, run_id)
        publish(staging, run_id, NOTHING, last_word=lambda _: os.kill(os.getpid(), signal.SIGKILL))


def sync_again_and_again(url, folder, barrier, pipe):
    """Take turns at one connector as often as it is free."""
    with open_store(url, folder) as store:
        barrier.wait(60)
        for _ in range(10):
            run_id = start_run(store, "aws", "sample", "full")
            if find_run(store, run_id).status == "running":
                with open_staging(store, run_id, "aws", TYPES) as staging:
                    add_state(staging, both(run_id % 50))
                    publish(staging, run_id, NOTHING)
    pipe.send("done")


def test_readers_see_whole_runs_while_full_and_incremental_ones_are_published(store, store_url, tmp_path):
    publish_state(store, both(20), checkpoint=b"")
    ours, theirs = OTHERS.Pipe()
    reader = OTHERS.Process(target=look, args=(store_url, tmp_path, theirs))
    reader.start()
    assert ours.recv() == "looking"
    for size in range(21, 30):
        if size % 3:
            person = PEOPLE[size - 1].ref
            publish_changes(store, [[Grant(ADMIN, person)], [Grant(member("g1"), person)]])
        else:
            publish_state(store, both(size), checkpoint=b"")
    publish_changes(store, [[Gone(GrantRef(what, PEOPLE[0].ref)) for what in (ADMIN, member("g1"))]])
    ours.send("stop")
    seen = ours.recv()
    reader.join(60)
    assert all(admins == members for admins, members in seen)
    assert seen[0] == (20, 20)
    assert sizes(store) == (28, 28)


def test_a_process_that_is_killed_while_it_publishes_changes_nothing(store, store_url, tmp_path):
    published = publish_state(store, both(20))
    child = OTHERS.Process(target=die_while_publishing, args=(store_url, tmp_path))
    child.start()
    child.join(60)
    assert child.exitcode == -signal.SIGKILL
    assert resolve_at(store, "aws", None) == published
    assert sizes(store) == (20, 20)
    after = publish_state(store, both(20))
    assert (after.status, after.published) == ("unchanged", published.published + 1)
    assert find_run(store, published.id + 1).error["code"] == "interrupted"


def test_processes_that_share_a_connector_sync_it_one_after_the_other(store, store_url, tmp_path):
    barrier = OTHERS.Barrier(2)
    pipes = [OTHERS.Pipe() for _ in range(2)]
    children = [
        OTHERS.Process(target=sync_again_and_again, args=(store_url, tmp_path, barrier, theirs))
        for _, theirs in pipes
    ]
    for child in children:
        child.start()
    assert [ours.recv() for ours, _ in pipes] == ["done", "done"]
    for child in children:
        child.join(60)
    runs = list_runs(store, "aws")
    ended = [run for run in runs if run.published is not None]
    assert len(runs) == 20
    assert {run.status for run in runs} <= {"published", "unchanged", "refused"}
    assert {run.error["code"] for run in runs if run.error} <= {"sync_running"}
    assert [run.published for run in ended] == list(range(1, len(ended) + 1))
    for earlier, later in pairwise(ended):
        assert earlier.finished_at <= later.started_at
