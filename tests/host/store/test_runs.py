"""Runs are recorded from beginning to end, found again, and never left running by a dead process."""

import os
import signal
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

import pytest

from rolecall import Finding, Forecast, Identity, ListRead, Ref, Severity, UsageError
from rolecall.store import open_store
from rolecall.store.leases import end_interrupted_runs
from rolecall.store.reports import Counted, RunReport, Totals
from rolecall.store.runs import (
    LogLine,
    StoredLogLine,
    append_log,
    fail_run,
    find_run,
    list_runs,
    newest_runs,
    read_findings,
    read_log,
    resolve_at,
    start_run,
)
from tests.host.states import NOTHING, fail_state, publish_state, state, user
from tests.host.store.processes import OTHERS

REPORT = RunReport(
    requests=7,
    findings=(
        Finding("odd", Severity.LOW, "z\x00\ud800", "user:u2"),
        Finding("odd", Severity.HIGH, "a", "user:u1"),
        Finding("bad", Severity.MEDIUM, "m", "appFilter"),
    ),
    reads=(
        ListRead("/api/v1/groups", "q=aws", 3, 30, MappingProxyType({"null profile": 1}), 1, 0.5, "note"),
    ),
    identity=Identity("00u1", None, ("READ_ONLY_ADMIN",)),
    totals={"user": Totals(3, 0, 0), "group": Totals(2, 2, 5)},
    mode="incremental",
    partial=MappingProxyType({"group": "only those whose name begins with aws-"}),
    forecast=Forecast(9, 1.5, 0.5, MappingProxyType({"/groups": 9})),
    seconds=2.5,
    counted=(Counted(Ref("group", "g1"), 3, 5),),
)
ERROR = {"code": "auth_refused", "message": "no", "hint": None}


def start_and_die(url, folder):
    start_run(open_store(url, folder), "aws", "sample", "full")
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_run_under_way_has_no_end(store):
    run = find_run(store, start_run(store, "aws", "sample", "full"))
    assert (run.connector, run.kind, run.status, run.mode) == ("aws", "sample", "running", "full")
    assert (run.finished_at, run.published, run.error) == (None, None, None)
    assert datetime.now(UTC) - run.started_at < timedelta(minutes=1)


def test_a_failed_run_keeps_its_error_findings_and_what_it_read(store):
    run_id = start_run(store, "aws", "sample", "full")
    fail_run(store, run_id, "failed", ERROR, REPORT)
    run = find_run(store, run_id)
    assert (run.status, run.error, run.published) == ("failed", ERROR, None)
    assert run.mode == "incremental"
    assert (run.requests, run.resources, run.entitlements, run.grants, run.findings) == (7, 5, 2, 5, 3)
    assert run.completeness == {
        "lists": [
            {
                "name": "/api/v1/groups",
                "filter": "q=aws",
                "pages": 3,
                "items": 30,
                "dropped": {"null profile": 1},
                "retries": 1,
                "waited": 0.5,
                "note": "note",
            }
        ],
        "identity": {"id": "00u1", "login": None, "rights": ["READ_ONLY_ADMIN"]},
        "totals": {
            "user": {"resources": 3, "entitlements": 0, "grants": 0},
            "group": {"resources": 2, "entitlements": 2, "grants": 5},
        },
        "partial": {"group": "only those whose name begins with aws-"},
        "source": None,
        "forecast": {
            "requests": 9,
            "seconds": 1.5,
            "share": 0.5,
            "buckets": {"/groups": 9},
            "basis": "",
            "at_least": False,
        },
        "actual": {"requests": 7, "seconds": 2.5},
        "counted": [{"resource": "group:g1", "listed": 3, "expected": 5}],
        "full_because": None,
    }
    by_code_and_subject = sorted(REPORT.findings, key=lambda finding: (finding.code, finding.subject))
    assert list(read_findings(store, run_id)) == by_code_and_subject


def test_a_run_that_was_published_cannot_fail_afterwards(store):
    run = publish_state(store, state([user("u1")]), report=REPORT)
    fail_run(store, run.id, "failed", ERROR, REPORT)
    assert find_run(store, run.id) == run
    assert len(list(read_findings(store, run.id))) == 3


def test_runs_are_listed_in_the_order_in_which_they_began(store):
    for connector in ("b", "a", "b"):
        start_run(store, connector, "sample", "full")
    assert [(run.id, run.connector) for run in list_runs(store)] == [(1, "b"), (2, "a"), (3, "b")]
    assert [run.id for run in list_runs(store, "b")] == [1, 3]


def test_an_unknown_run_is_a_usage_error(store):
    with pytest.raises(UsageError, match="no run 7"):
        find_run(store, 7)


def test_a_run_whose_process_was_killed_becomes_failed(store, store_url, tmp_path):
    child = OTHERS.Process(target=start_and_die, args=(store_url, tmp_path))
    child.start()
    child.join(60)
    assert child.exitcode == -signal.SIGKILL
    assert find_run(store, 1).status == "running"
    alive = start_run(store, "aws", "sample", "full")
    dead = find_run(store, 1)
    assert (dead.status, dead.error["code"]) == ("failed", "interrupted")
    assert dead.finished_at is not None
    end_interrupted_runs(store)
    assert find_run(store, alive).status == "running"


def test_the_newest_run_of_each_connector_is_known_without_reading_all(store):
    fail_run(store, start_run(store, "aws", "sample", "full"), "failed", {}, REPORT)
    runs = [start_run(store, connector, "sample", "full") for connector in ("other", "aws", "aws")]
    assert find_run(store, runs[2]).error["code"] == "sync_running", "the one before is under way"

    newest = newest_runs(store)

    assert {name: run.id for name, run in newest.items()} == {"aws": runs[1], "other": runs[0]}


def test_the_log_is_read_by_connector_by_run_and_from_a_line_on(store):
    at = datetime(2026, 1, 31, 9, 0, 0, 123456, tzinfo=UTC)
    first, other, second = (start_run(store, name, "sample", "full") for name in ("aws", "okta", "aws"))
    append_log(store, first, [LogLine(at, "info", "one\x00\ud800"), LogLine(at, "error", "two")])
    append_log(store, other, [LogLine(at, "info", "elsewhere")])
    append_log(store, second, [LogLine(at, "info", "three")])
    append_log(store, second, [])
    lines = read_log(store, "aws")
    assert lines[0] == StoredLogLine(1, first, at, "info", "one\x00\ud800")
    assert [line.message for line in lines[1:]] == ["two", "three"]
    assert [line.message for line in read_log(store, "aws", run_id=first)] == ["one\x00\ud800", "two"]
    assert [line.message for line in read_log(store, "aws", after=lines[1].id)] == ["three"]
    assert read_log(store, "unknown") == []


def test_the_run_meant_is_the_newest_published_or_one_named_by_number_or_time(store):
    first = publish_state(store, state([user("u1")]))
    publish_state(store, state([]), connector="other")
    second = publish_state(store, state([user("u1")]))
    fail_state(store, state([]))
    assert (first.status, second.status) == ("published", "unchanged")
    assert resolve_at(store, "aws", None) == second
    assert resolve_at(store, "aws", str(first.id)) == first
    for moment, run in (
        (second.started_at, first),
        (second.finished_at, second),
        (datetime.now(UTC), second),
    ):
        assert resolve_at(store, "aws", moment.isoformat()) == run
        assert resolve_at(store, "aws", moment.isoformat().replace("+00:00", "Z")) == run
        elsewhere = moment.astimezone(datetime.strptime("+0530", "%z").tzinfo)
        assert resolve_at(store, "aws", elsewhere.isoformat()) == run


@pytest.mark.parametrize(
    "at", ["2", "3", "99", "9" * 40, "²", "2000-01-01", "yesterday", "0001-01-01T00:00:00+14:00", ""]
)
def test_what_names_no_published_run_is_a_usage_error(store, at):
    publish_state(store, state([user("u1")]))
    fail_state(store, state([]))
    publish_state(store, state([]), connector="other")
    with pytest.raises(UsageError):
        resolve_at(store, "aws", at)


def test_a_connector_that_was_never_published_says_what_to_do(store):
    fail_run(store, start_run(store, "aws", "sample", "full"), "refused", ERROR, NOTHING)
    with pytest.raises(UsageError, match="no published run yet") as refused:
        resolve_at(store, "aws", None)
    assert refused.value.hint == "rolecall sync aws"
