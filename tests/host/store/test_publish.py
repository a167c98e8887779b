"""A run is published whole or not at all, and not when too much would vanish."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from sqlalchemy import update

from rolecall import Finding, Grant, Ref, Refused, Severity, StoreError
from rolecall.store import open_store, queries, tables
from rolecall.store.comparison import prepare
from rolecall.store.publish import Published, publish
from rolecall.store.reports import RunReport
from rolecall.store.runs import fail_run, find_run, list_runs, resolve_at, start_run
from rolecall.store.staging import open_staging
from tests.host.states import (
    APP,
    NOTHING,
    TYPES,
    account,
    add_state,
    app,
    assigned,
    group,
    member,
    publish_state,
    role,
    state,
    user,
)

PEOPLE = tuple(user(f"u{n:03}") for n in range(100))
PLACES = (group("g1"), app("0oa1"), account("1"))
ADMIN = role("1", "Admin")


def granted(admins, members=0):
    """So many people with the role, and so many in the group."""
    grants = [Grant(ADMIN, person.ref) for person in PEOPLE[:admins]]
    grants += [Grant(member("g1"), person.ref) for person in PEOPLE[:members]]
    return state((*PEOPLE, *PLACES), [ADMIN], grants)


def version_rows(store):
    """All that the history holds, to see what was written."""
    with store.reading() as connection:
        return {
            table: connection.exec_driver_sql(f"SELECT * FROM {table} ORDER BY 1, 2, 3").all()
            for table in ("resource_version", "entitlement_version", "grant_version")
        }


def lose_lease(store, run_id):
    """Let a run be of another host that hasn't been heard of for long."""
    with store.writing() as connection:
        gone = {"host": "a pod that was", "lease_until": datetime(2026, 1, 1, tzinfo=UTC)}
        connection.execute(update(tables.run).where(tables.run.c.id == run_id).values(gone))


def test_a_run_is_recorded_with_its_place_in_the_order_of_publishing(store):
    first = publish_state(store, granted(3))
    other = publish_state(store, granted(5), connector="other")
    again = publish_state(store, granted(4, 2))
    assert [run.published for run in (first, other, again)] == [1, 2, 3]
    assert (again.status, again.added, again.removed) == ("published", 3, 0)
    assert again.finished_at >= other.finished_at >= first.finished_at


def test_a_run_that_was_taken_for_dead_is_not_published_and_revives_nothing(store):
    publish_state(store, granted(5))
    slow = start_run(store, "aws", "sample", "full")
    with open_staging(store, slow, "aws", TYPES) as staging:
        add_state(staging, granted(5))
        prepare(staging, slow)
        lose_lease(store, slow)
        newer = publish_state(store, granted(2))
        rows = version_rows(store)
        with pytest.raises(Refused) as refused:
            publish(staging, slow, NOTHING)
    assert refused.value.code == "overtaken"
    assert version_rows(store) == rows
    assert resolve_at(store, "aws", None) == newer


def test_what_a_run_found_is_kept_with_it(store):
    findings = (Finding("b", Severity.LOW, "m\x00", "x"), Finding("a", Severity.HIGH, "\ud800", "y"))
    run = publish_state(store, granted(1), report=RunReport(4, findings, (), None, {}))
    assert (run.requests, run.findings) == (4, 2)
    assert [row["code"] for row in queries.findings(store, run)] == ["a", "b"]


def test_an_unchanged_run_writes_no_versions_and_can_still_be_named(store):
    before = publish_state(store, granted(5, 5))
    rows = version_rows(store)
    same = publish_state(store, granted(5, 5))
    assert version_rows(store) == rows
    assert (same.status, same.published, same.added, same.removed) == ("unchanged", 2, 0, 0)
    assert resolve_at(store, "aws", None) == same
    assert list(queries.grants(store, same)) == list(queries.grants(store, before))


def test_only_what_changed_is_written(store):
    publish_state(store, granted(50))
    rows = version_rows(store)
    publish_state(store, granted(49))
    after = version_rows(store)
    assert after["resource_version"] == rows["resource_version"]
    assert len(set(after["grant_version"]) - set(rows["grant_version"])) == 1


def test_a_grant_that_changed_is_neither_added_nor_removed(store):
    through = Grant(ADMIN, Ref("group", "g1"), expandable=True)
    publish_state(store, state((*PEOPLE, *PLACES), [ADMIN], [through]))
    for changed in (
        Grant(ADMIN, Ref("group", "g1")),
        Grant(ADMIN, Ref("group", "g1"), condition=assigned("0oa1")),
        Grant(ADMIN, Ref("group", "g1"), sources=None),
        Grant(ADMIN, Ref("group", "g1"), sources=(Ref("group", "g1"),)),
    ):
        run = publish_state(store, state((*PEOPLE, *PLACES), [ADMIN], [changed]))
        assert (run.status, run.added, run.removed) == ("published", 0, 0)
        [row] = queries.grants(store, run)
        assert row["expandable"] is changed.expandable
        assert row["sources"] == (None if changed.sources is None else [str(ref) for ref in changed.sources])
        assert row["condition"] == (changed.condition and str(changed.condition))


def test_sources_in_another_order_are_no_change(store):
    both = (Ref("group", "g1"), Ref("group", "g2"))
    for sources, status in ((both, "published"), (both[::-1], "unchanged")):
        grants = [Grant(ADMIN, Ref("user", "u000"), sources=sources)]
        run = publish_state(store, state((*PEOPLE, *PLACES, group("g2")), [ADMIN], grants))
        assert run.status == status


def test_grants_that_only_change_are_no_loss(store):
    publish_state(store, granted(100))
    changed = [Grant(ADMIN, person.ref, sources=None) for person in PEOPLE]
    assert publish_state(store, state((*PEOPLE, *PLACES), [ADMIN], changed)).removed == 0


def test_another_connectors_grants_are_not_touched(store):
    other = publish_state(store, granted(100, 100), connector="other")
    publish_state(store, granted(12))
    assert publish_state(store, granted(0)).removed == 12
    assert len(list(queries.grants(store, other))) == 200


def test_a_run_that_ended_meanwhile_is_not_published(store):
    run_id = start_run(store, "aws", "sample", "full")
    with open_staging(store, run_id, "aws", TYPES) as staging:
        add_state(staging, granted(3))
        fail_run(store, run_id, "failed", {"code": "interrupted", "message": "", "hint": None}, NOTHING)
        with pytest.raises(StoreError, match="has ended already"):
            publish(staging, run_id, NOTHING)
    assert version_rows(store) == {"resource_version": [], "entitlement_version": [], "grant_version": []}


def test_a_type_that_changes_its_trait_is_a_change(store):
    def run_with(types):
        run_id = start_run(store, "aws", "sample", "full")
        with open_staging(store, run_id, "aws", types) as staging:
            return publish(staging, run_id, NOTHING)

    assert run_with(TYPES).status == "published"
    assert run_with(TYPES[::-1]) == Published("unchanged", 0, 0)
    assert run_with([kind for kind in TYPES if kind is not APP]).status == "published"


def test_readers_see_one_published_state_while_runs_are_published(tmp_path, store, store_url):
    sizes = {1: 80, 2: 81, 3: 90, 4: 99, 5: 95}
    first_look, done = threading.Event(), threading.Event()

    def look():
        seen = set()
        with open_store(store_url, tmp_path) as reader:
            while True:
                last_look = done.is_set()
                run = resolve_at(reader, "aws", None)
                kinds = [row["entitlement_id"] for row in queries.grants(reader, run)]
                seen.add((run.id, kinds.count(str(ADMIN)), kinds.count(str(member("g1")))))
                first_look.set()
                if last_look:
                    return seen

    publish_state(store, granted(sizes[1], sizes[1]))
    with ThreadPoolExecutor(1) as pool:
        looking = pool.submit(look)
        first_look.wait(30)
        for size in list(sizes.values())[1:]:
            publish_state(store, granted(size, size))
        done.set()
        seen = looking.result(60)
    assert {run for run, _, _ in seen} >= {1, 5}
    assert seen <= {(run, size, size) for run, size in sizes.items()}


def test_runs_of_several_connectors_published_at_once_all_get_through(tmp_path, store, store_url):
    def sync(name):
        with open_store(store_url, tmp_path) as own:
            for size in (10, 20, 30):
                publish_state(own, granted(size), connector=name)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(sync, [f"aws-{n}" for n in range(3)]))
    runs = list_runs(store)
    assert sorted(run.published for run in runs) == list(range(1, 10))
    for n in range(3):
        newest = find_run(store, resolve_at(store, f"aws-{n}", None).id)
        assert len(list(queries.grants(store, newest))) == 30
