"""What a run says about itself, and what it takes back when it reads everything after all."""

from rolecall import Finding, Forecast, ListRead, Ref, Severity
from rolecall.journal import Journal
from rolecall.store.reports import Counted
from rolecall.store.runs import read_log, start_run
from rolecall.testing.rehearsal import Unwatched


def test_what_was_said_of_a_reading_that_is_thrown_away_is_taken_back_and_no_more(store):
    journal = Journal(store, start_run(store, "club", "club", "incremental"), Unwatched())
    journal.forecast(Forecast(2, 1.0, None, {}, "the log"))
    for said in ("first", "second"):
        journal.found(Finding(said, Severity.LOW, "Odd.", "team:core"))
        journal.read(ListRead(said, pages=1, items=1))
        journal.partial(said, "only some")
        journal.counted(Ref("team", said), 1, 2)
        if said == "first":
            journal.keep()
    journal.forget()
    report = journal.report()

    assert [finding.code for finding in report.findings] == ["first", "list_short"]
    assert [reading.name for reading in report.reads] == ["first"]
    assert report.partial == {"first": "only some"}
    assert report.counted == (Counted(Ref("team", "first"), 1, 2),)
    assert report.forecast is None


def test_a_forecast_that_is_still_growing_is_logged_once_as_the_least_and_then_as_it_is(store):
    journal = Journal(store, start_run(store, "club", "club", "full"), Unwatched())
    for pages in (1, 2, 3):
        journal.forecast(Forecast(100 * pages, 10.0 * pages, at_least=True))
    journal.forecast(Forecast(310, 30.5))
    journal.forecast(Forecast(320, 31.0))

    assert [line.message for line in read_log(store, "club")] == [
        "expects at least 100 requests and 10 seconds",
        "expects about 310 requests in 30 seconds",
    ]
