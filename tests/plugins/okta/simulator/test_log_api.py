"""``GET /api/v1/logs`` as an incremental sync needs it."""

from datetime import UTC, datetime
from types import SimpleNamespace

import httpx
import pytest

from rolecall_okta.simulator import serve

SINCE = "2026-03-01T11:59:00.000Z"


@pytest.fixture
def log(acme, clock):
    """The served org's log: ``log.get(...)`` asks for it, ``log.types(...)`` for the types in a reply."""
    with serve(acme.org, clock=clock) as okta, httpx.Client(base_url=f"http://{okta.domain}") as client:
        headers = {"Authorization": "SSWS super-token"}

        def get(path="/api/v1/logs", **query):
            return client.get(path, params=query or None, headers=headers)

        yield SimpleNamespace(get=get, org=acme.org, clock=clock, acme=acme, log=acme.org.log)


def types(response):
    assert response.status_code == 200, response.text
    return [event["eventType"] for event in response.json()]


def following(response):
    return response.links["next"]["url"]


def rename(log, *names):
    for name in names:
        log.org.rename(log.acme.admins, name)


def test_polling_gives_what_came_since_and_the_same_link_while_nothing_comes(log):
    first = log.get(since=SINCE)
    assert types(first) == []
    rename(log, "x")
    second = log.get(following(first))
    assert types(second) == ["group.profile.update"]
    third, fourth = log.get(following(second)), log.get(following(second))
    assert types(third) == types(fourth) == []
    assert following(third) == following(second) == following(fourth)
    rename(log, "y", "z")
    assert len(types(log.get(following(third)))) == 2


def test_pages_follow_each_other_without_gap_or_repeat(log):
    rename(log, *map(str, range(7)))
    seen, page = [], log.get(since=SINCE, limit=3)
    while page.json():
        seen += [event["uuid"] for event in page.json()]
        page = log.get(following(page))
    assert seen == [event.body["uuid"] for event in log.log.events]
    assert len(set(seen)) == 7


def test_polling_goes_by_persistence_so_that_late_events_are_not_missed(log):
    log.log.lag = lambda kind: 30.0 if kind.startswith("user.") else 0.0
    log.acme.ada.status = "SUSPENDED"
    log.clock.pass_by(5)
    rename(log, "x")
    first = log.get(since=SINCE)
    assert types(first) == ["group.profile.update"]
    log.clock.pass_by(30)
    late = log.get(following(first))
    assert types(late) == ["user.lifecycle.suspend"]
    assert late.json()[0]["published"] < first.json()[0]["published"]
    assert types(log.get(since=SINCE)) == ["group.profile.update", "user.lifecycle.suspend"]
    bounded = log.get(since=SINCE, until="2026-03-01T12:10:00Z")
    assert types(bounded) == ["user.lifecycle.suspend", "group.profile.update"]


def test_the_bounded_form_ends(log):
    rename(log, *map(str, range(5)))
    until = "2026-03-01T12:00:01Z"
    first = log.get(since=SINCE, until=until, limit=3)
    last = log.get(following(first))
    assert (len(first.json()), len(last.json())) == (3, 2)
    assert "next" not in last.links
    backwards = log.get(since=SINCE, until=until, sortOrder="DESCENDING")
    assert len(backwards.json()) == 5
    assert types(log.get(since=SINCE, until="2026-03-01T11:59:30Z")) == []


def test_since_and_a_cursor_of_another_query_exclude_each_other(log):
    cursor = httpx.URL(following(log.get(since=SINCE))).params["after"]
    other = log.get(since="2026-03-01T11:00:00Z", after=cursor)
    assert (other.status_code, other.json()["errorCode"]) == (400, "E0000053")
    foreign = log.get(after=cursor, filter='eventType eq "x"')
    assert (foreign.status_code, foreign.json()["errorCode"]) == (400, "E0000029")


def test_a_forgotten_cursor_is_refused(log):
    page = log.get(since=SINCE)
    log.log.forget_cursors()
    assert log.get(following(page)).status_code == 400


def test_a_cursor_before_what_retention_has_dropped_is_refused(log):
    page = log.get(since=SINCE)
    rename(log, "x")
    log.log.retention = 60.0
    log.clock.pass_by(61)
    rename(log, "y")
    lost = log.get(following(page))
    assert (lost.status_code, lost.json()["errorCode"]) == (400, "E0000029")
    assert len(types(log.get(since=SINCE))) == 1


def test_lost_events_leave_no_trace(log):
    page = log.get(since=SINCE)
    log.log.loses = lambda kind: kind == "group.profile.update"
    rename(log, "x")
    log.acme.ada.status = "SUSPENDED"
    assert types(log.get(following(page))) == ["user.lifecycle.suspend"]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ('eventType eq "user.lifecycle.suspend"', 1),
        ('eventType sw "group."', 2),
        ('eventType co "lifecycle" or eventType ew "update"', 3),
        ('eventType sw "group." and target.id eq "{admins}"', 2),
        ('target.id eq "{ada}" and target.type eq "User"', 1),
        ('(eventType sw "group." or eventType sw "user.") and outcome.result eq "FAILURE"', 0),
        ('eventType sw "user." or eventType sw "group." and outcome.result eq "FAILURE"', 1),
        ('outcome.result ne "SUCCESS"', 0),
        ('actor.type eq "User"', 3),
    ],
)
def test_filters_choose_events(log, expression, expected):
    rename(log, "x", "y")
    log.acme.ada.status = "SUSPENDED"
    asked = expression.format(admins=log.acme.admins.id, ada=log.acme.ada.id)
    assert len(types(log.get(since=SINCE, filter=asked))) == expected


@pytest.mark.parametrize(
    "query",
    [
        {"filter": 'published gt "2026-01-01T00:00:00Z"'},
        {"filter": "eventType eq"},
        {"limit": "1001"},
        {"limit": "many"},
        {"since": "yesterday"},
        {"since": "2025-01-01T00:00:00Z"},
        {"sortOrder": "RANDOM"},
        {"after": "bogus"},
    ],
)
def test_what_okta_refuses_is_refused(log, query):
    assert log.get(**query).status_code == 400


def test_without_since_the_last_seven_days_are_given(log):
    rename(log, "x")
    log.clock.pass_by(8 * 86_400)
    rename(log, "y")
    assert len(types(log.get())) == 1
    assert len(types(log.get(limit=0))) == 0


def test_words_are_looked_for_in_the_whole_event(log):
    rename(log, "Zebra")
    assert len(types(log.get(q="zebra"))) == 1
    assert types(log.get(q="giraffe")) == []


def test_targets_come_in_no_fixed_order(log):
    for _ in range(20):
        log.org.remove_member(log.acme.admins, log.acme.bob)
        log.org.add_member(log.acme.admins, log.acme.bob)
    events = log.get(filter='eventType sw "group.user_membership"').json()
    assert {event["target"][0]["type"] for event in events} == {"User", "UserGroup"}


def test_dates_go_by_the_same_clock(log):
    log.clock.pass_by(3600)
    told = datetime.strptime(log.get().headers["date"], "%a, %d %b %Y %H:%M:%S %Z").replace(tzinfo=UTC)
    assert told.timestamp() == log.clock()
