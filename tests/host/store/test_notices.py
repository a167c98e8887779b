"""A notice waits until each plugin has told it, or never will."""

from datetime import UTC, datetime, timedelta

from rolecall.plans import Notice
from rolecall.store.notices import (
    KEPT,
    due_deliveries,
    find_deliveries,
    next_delivery,
    queue_notice,
    record_delivery,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def notice(ident="n1", at=NOW):
    return Notice(ident, at, "granted", "aws", "Ada has \x00\ud800", {"n": 1}, ("ada@acme.example",), 7)


def due(connection, now=NOW, plugins=("mail", "webhook")):
    return [(each.notice.id, each.plugin, each.tries) for each in due_deliveries(connection, plugins, now)]


def test_a_notice_comes_back_as_it_was_and_is_due_for_each_plugin(store):
    with store.writing() as connection:
        queue_notice(connection, notice())
        queue_notice(connection, notice("n0"))
        told = [each.notice for each in due_deliveries(connection, ["mail"], NOW)]
        assert told == [notice("n0"), notice()]
        assert due(connection) == [
            ("n0", "mail", 0),
            ("n1", "mail", 0),
            ("n0", "webhook", 0),
            ("n1", "webhook", 0),
        ]


def test_the_same_notice_is_not_told_twice(store):
    with store.writing() as connection:
        queue_notice(connection, notice())
        [mail, _] = due_deliveries(connection, ["mail", "webhook"], NOW)
        record_delivery(connection, mail, "told", NOW, receipt="INC-7")
        queue_notice(connection, notice())
        assert due(connection) == [("n1", "webhook", 0)]
        [told] = find_deliveries(connection, "n1")
    assert (told.plugin, told.state, told.tries, told.receipt) == ("mail", "told", 1, "INC-7")


def test_a_failure_is_tried_again_when_its_time_comes(store):
    with store.writing() as connection:
        queue_notice(connection, notice())
        [mail] = due_deliveries(connection, ["mail"], NOW)
        record_delivery(connection, mail, "pending", NOW, next_try_at=NOW + MINUTE, error="no answer")
        assert due(connection, plugins=["mail"]) == []
        assert next_delivery(connection) == NOW + MINUTE
        [again] = due_deliveries(connection, ["mail"], NOW + MINUTE)
        assert again.tries == 1
        record_delivery(connection, again, "refused", NOW + MINUTE, error="no such address")
        assert due(connection, NOW + 5 * MINUTE, ["mail"]) == []
        assert next_delivery(connection) is None
        [told] = find_deliveries(connection, "n1")
    assert (told.state, told.tries, told.error) == ("refused", 2, "no such address")


def test_what_was_told_long_ago_is_no_news_for_a_plugin_that_came_later(store):
    with store.writing() as connection:
        queue_notice(connection, notice())
        assert due(connection, NOW + KEPT, ["mail"]) == [("n1", "mail", 0)]
        [mail] = due_deliveries(connection, ["mail"], NOW)
        record_delivery(connection, mail, "told", NOW)
        assert due(connection, NOW + KEPT - MINUTE, ["later"]) == [("n1", "later", 0)]
        assert due(connection, NOW + KEPT, ["later"]) == []
