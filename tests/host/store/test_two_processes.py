"""Processes that share a store: two that publish at once, and one that reads all the while."""

import time

from rolecall import UsageError
from rolecall.store import open_store, queries
from rolecall.store.runs import list_runs, resolve_at
from tests.host.states import publish_state, state, user
from tests.host.store.processes import OTHERS

CONNECTORS = ("aws-0", "aws-1")
SIZES = (20, 40, 60, 80)


def publish_all(url, folder, connector):
    with open_store(url, folder) as store:
        for size in SIZES:
            publish_state(store, state([user(f"u{n}") for n in range(size)]), connector)


def look(url, folder, done, seen):
    """Count what each published run holds, until it is told that all is done and has looked once more."""
    counts = set()
    with open_store(url, folder) as store:
        last = False
        while not last:
            last = done.is_set()
            for connector in CONNECTORS:
                try:
                    run = resolve_at(store, connector, None)
                except UsageError:
                    continue
                counts.add((run.resources, len(list(queries.resources(store, run)))))
            time.sleep(0.01)
    seen.put(counts)


def test_no_process_is_shut_out_and_none_sees_a_run_in_part(store, store_url, tmp_path):
    done, seen = OTHERS.Event(), OTHERS.Queue()
    reader = OTHERS.Process(target=look, args=(store_url, tmp_path, done, seen))
    writers = [OTHERS.Process(target=publish_all, args=(store_url, tmp_path, name)) for name in CONNECTORS]
    for process in (reader, *writers):
        process.start()
    for writer in writers:
        writer.join(120)
    done.set()
    counts = seen.get(timeout=60)
    reader.join(60)
    assert [process.exitcode for process in (reader, *writers)] == [0, 0, 0]
    assert all(said == found for said, found in counts)
    assert (SIZES[-1], SIZES[-1]) in counts
    assert sorted(run.published for run in list_runs(store)) == list(range(1, 2 * len(SIZES) + 1))
