"""A run is published whole or not at all, and not when too much would vanish."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from rolecall import Finding, Grant, Ref, Refused, Severity, StoreError
from rolecall.store import open_store, queries
from rolecall.store.publish import Published, publish
from rolecall.store.runs import RunReport, fail_run, find_run, list_runs, resolve_at, start_run
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


def test_a_run_is_recorded_with_its_place_in_the_order_of_publishing(store):
    first = publish_state(store, granted(3))
    other = publish_state(store, granted(5), connector="other")
    again = publish_state(store, granted(4, 2))
    assert [run.published for run in (first, other, again)] == [1, 2, 3]
    assert (again.status, again.added, again.removed) == ("published", 3, 0)
    assert again.finished_at >= other.finished_at >= first.finished_at


def test_a_run_that_began_before_a_published_one_is_overtaken_and_revives_nothing(store):
    publish_state(store, granted(5))
    slow = start_run(store, "aws", "sample", "full")
    newer = publish_state(store, granted(2))
    rows = version_rows(store)
    with open_staging(store, slow, "aws", TYPES) as staging:
        add_state(staging, granted(5))
        with pytest.raises(Refused) as refused:
            publish(staging, slow, RunReport(0, (), (), None, {}))
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


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        pytest.param((100, 0), (79, 0), "21 of 100 grants of type account", id="over a fifth"),
        pytest.param((11, 0), (0, 0), "11 of 11 grants of type account", id="all of a few"),
        pytest.param(
            (100, 50), (100, 0), "50 of 50 grants of type group", id="of one type while others stay"
        ),
    ],
)
def test_a_run_in_which_too_much_vanishes_is_refused_and_changes_nothing(store, before, after, says):
    published = publish_state(store, granted(*before))
    rows = version_rows(store)
    with pytest.raises(Refused, match=says) as refused:
        publish_state(store, granted(*after))
    assert refused.value.code == "shrink_refused"
    assert "--accept-shrink" in refused.value.hint
    assert version_rows(store) == rows
    assert resolve_at(store, "aws", None) == published


@pytest.mark.parametrize(
    ("before", "after", "guard"),
    [
        pytest.param((100, 0), (80, 0), {}, id="exactly a fifth"),
        pytest.param((10, 0), (0, 0), {}, id="ten"),
        pytest.param((100, 0), (50, 0), {"max_shrink": 0.5}, id="as far as configured"),
        pytest.param((100, 0), (0, 0), {"accept_shrink": True}, id="everything accepted"),
        pytest.param((100, 0), (0, 0), {"accept_shrink": {"account"}}, id="this type accepted"),
        pytest.param((100, 0), (0, 100), {"accept_shrink": ["account"]}, id="accepted while others grow"),
    ],
)
def test_a_run_in_which_little_vanishes_or_it_was_announced_is_published(store, before, after, guard):
    publish_state(store, granted(*before))
    run = publish_state(store, granted(*after), **guard)
    assert (run.status, run.removed) == ("published", before[0] - after[0])


def test_accepting_another_type_does_not_help(store):
    publish_state(store, granted(100))
    with pytest.raises(Refused):
        publish_state(store, granted(0), accept_shrink={"group"})


def test_grants_that_only_change_do_not_count_as_vanishing(store):
    publish_state(store, granted(100))
    changed = [Grant(ADMIN, person.ref, sources=None) for person in PEOPLE]
    assert publish_state(store, state((*PEOPLE, *PLACES), [ADMIN], changed)).removed == 0


def test_another_connectors_grants_are_not_touched_and_do_not_count(store):
    other = publish_state(store, granted(100, 100), connector="other")
    publish_state(store, granted(12))
    with pytest.raises(Refused, match="12 of 12"):
        publish_state(store, granted(0))
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


def test_readers_see_one_published_state_while_runs_are_published(store, tmp_path):
    sizes = {1: 80, 2: 81, 3: 90, 4: 99, 5: 95}
    first_look, done = threading.Event(), threading.Event()

    def look():
        seen = set()
        with open_store("sqlite:///rolecall.db", tmp_path) as reader:
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


def test_runs_of_several_connectors_published_at_once_all_get_through(tmp_path, store):
    def sync(name):
        with open_store("sqlite:///rolecall.db", tmp_path) as own:
            for size in (10, 20, 30):
                publish_state(own, granted(size), connector=name)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(sync, [f"aws-{n}" for n in range(3)]))
    runs = list_runs(store)
    assert sorted(run.published for run in runs) == list(range(1, 10))
    for n in range(3):
        newest = find_run(store, resolve_at(store, f"aws-{n}", None).id)
        assert len(list(queries.grants(store, newest))) == 30
