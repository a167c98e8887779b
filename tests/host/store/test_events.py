"""What the provider's log said is kept once, with the run that read it, and gaps stand where they are."""

from datetime import UTC, datetime, timedelta

import pytest

from rolecall import Event, EventTarget, PluginError
from rolecall.store.checkpoints import read_checkpoint
from rolecall.store.events import EventGap, KeptEvent, list_events
from rolecall.store.publish import publish
from rolecall.store.reports import RunReport, SourceRead
from rolecall.store.runs import fail_run, find_run, start_run
from rolecall.store.staging import open_staging
from tests.host.states import NOTHING, TYPES, add_state, publish_changes, publish_state, state, user

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
ADA = EventTarget("User", "00u1", "Ada\x00\ud800")
STATE = state([user("u1")])


def event(ident, minutes=0, **facts):
    return Event(
        ident, NOON + timedelta(minutes=minutes), facts.pop("kind", "user.lifecycle.create"), **facts
    )


def run_with(store, events, gaps=(), connector="okta", fails=False):
    run_id = start_run(store, connector, "sample", "full")
    with open_staging(store, run_id, connector, TYPES) as staging:
        counts = [staging.add_events(batch) for batch in events]
        for gap in gaps:
            staging.add_gap(*gap)
        staging.start_over()
        add_state(staging, STATE)
        if fails:
            fail_run(store, run_id, "failed", {"code": "error", "message": "", "hint": None}, NOTHING)
        else:
            publish(staging, run_id, NOTHING)
    return run_id, counts


def test_events_come_back_as_they_were_by_time(store):
    late = event("e1", 5, outcome="SUCCESS", actor=ADA, targets=(ADA, ADA), message="\x00\udfff")
    early = event("e2", 1)
    run_id, counts = run_with(store, [[late], [early]])
    assert counts == [1, 1]
    assert list(list_events(store, "okta")) == [KeptEvent(run_id, early), KeptEvent(run_id, late)]
    assert list(list_events(store, "aws")) == []


def test_an_event_that_comes_again_is_kept_once(store):
    first, counts = run_with(store, [[event("e1"), event("e1")], [event("e1", 9)]])
    assert counts == [1, 0]
    second, _ = run_with(store, [[event("e1"), event("e2")]])
    run_with(store, [[event("e1")]], connector="other")
    assert list(list_events(store, "okta")) == [KeptEvent(first, event("e1")), KeptEvent(second, event("e2"))]


def test_events_of_a_failed_run_are_read_again(store):
    run_with(store, [[event("e1")]], fails=True)
    assert list(list_events(store, "okta")) == []
    run_id, _ = run_with(store, [[event("e1")]])
    assert list(list_events(store, "okta")) == [KeptEvent(run_id, event("e1"))]


def test_a_gap_stands_where_it_ends(store):
    run_id, _ = run_with(store, [[event("e1")]], [(NOON, "the log's position was lost"), (None, "no right")])
    kept, lost, unknown = list_events(store, "okta")
    assert kept == KeptEvent(run_id, event("e1"))
    assert lost == EventGap(run_id, NOON, lost.until, "the log's position was lost")
    assert timedelta(0) <= datetime.now(UTC) - lost.until < timedelta(minutes=1)
    assert (unknown.since, unknown.why) == (None, "no right")


def test_history_can_be_narrowed(store):
    first, _ = run_with(store, [[event("e1"), event("e2", 2, kind="group.lifecycle.delete")]])
    second, _ = run_with(store, [[event("e3", 1)]], [(NOON, "lost")])
    assert [each.run_id for each in list_events(store, "okta", since_run=first)] == [second, second]
    later = list(list_events(store, "okta", since=NOON + timedelta(minutes=2)))
    assert [type(each) for each in later] == [KeptEvent, EventGap]
    deleted, _ = list_events(store, "okta", kind="group.lifecycle.delete")
    assert deleted.event.id == "e2"


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        pytest.param("e1", "'e1' among its events", id="no event at all"),
        pytest.param(Event("", NOON, "x"), "no id", id="no id"),
        pytest.param(Event("e1", NOON.replace(tzinfo=None), "x"), "aware time", id="a time without a zone"),
        pytest.param(Event("e1", NOON, None), "kind of event 'e1'", id="no kind"),
        pytest.param(Event("e1", NOON, "x", actor=("User", 1, "")), "EventTarget", id="an actor of a number"),
        pytest.param(Event("e1", NOON, "x", targets=("u1",)), "EventTarget", id="a target that is a text"),
    ],
)
def test_an_event_that_does_not_fit_is_refused_by_name(store, broken, says):
    with pytest.raises(PluginError, match=says):
        run_with(store, [[broken]])


def test_a_checkpoint_is_that_of_the_newest_published_run(store):
    assert read_checkpoint(store, "aws") is None
    full = publish_state(store, STATE, checkpoint=b"\x00one")
    kept = read_checkpoint(store, "aws")
    assert (kept.data, kept.run_id, kept.full_run_id) == (b"\x00one", full.id, full.id)
    assert kept.full_at == full.finished_at
    changed = publish_changes(store, [[user("u2")]], checkpoint=b"two")
    kept = read_checkpoint(store, "aws")
    assert (kept.data, kept.run_id, kept.full_run_id) == (b"two", changed.id, full.id)
    assert (kept.full_at, kept.source_run_id) == (full.finished_at, None)
    assert read_checkpoint(store, "other") is None


def test_a_run_that_leaves_no_checkpoint_makes_the_next_one_full(store):
    publish_state(store, STATE, checkpoint=b"one")
    publish_changes(store, [[user("u2")]], checkpoint=None)
    assert read_checkpoint(store, "aws") is None


def test_a_failed_run_leaves_the_checkpoint_as_it_was(store):
    publish_state(store, STATE, checkpoint=b"one")
    run_with(store, [], connector="aws", fails=True)
    assert read_checkpoint(store, "aws").data == b"one"


def test_a_run_remembers_which_run_of_its_source_it_read(store):
    source = publish_state(store, STATE, connector="okta")
    read = SourceRead("okta", source.id, source.finished_at)
    run = publish_state(store, STATE, report=RunReport(0, (), (), None, {}, source=read), checkpoint=b"")
    assert find_run(store, run.id).source == read
    assert run.completeness["source"]["run_id"] == source.id
    assert read_checkpoint(store, "aws").source_run_id == source.id
