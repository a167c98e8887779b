"""The System Log over a real socket: where a reading ends, where the next goes on, what is not followed."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolecall import AuthRefused, BadPayload, ListRead, ProviderError
from rolecall_okta import EventLog, EventParty, EventRow, OktaClient, PositionLost, ReadLedger, RowError
from rolecall_okta.events import event_row, instant
from rolecall_okta.log import call_at
from tests.plugins.okta.responder import Responder, answer, okta_error

LOGS = "/api/v1/logs"
BEGAN = datetime(2026, 11, 24, 10, 0, 0, tzinfo=UTC)
SINCE = "2026-11-24T10%3A00%3A00.000Z"
DATE = ("Date", "Tue, 24 Nov 2026 10:00:00 GMT")
PUBLISHED = "2026-11-24T09:59:59.123Z"


def event(uuid: str, **more: object) -> dict[str, object]:
    return {"uuid": uuid, "published": PUBLISHED, "eventType": "group.lifecycle.delete", **more}


def at(server: Responder, uuids: Sequence[str], after: str | None, published: str = PUBLISHED) -> bytes:
    following = None if after is None else f"http://{server.host}{LOGS}?after={after}&limit=1000"
    links = [] if following is None else [("Link", f'<{following}>; rel="next"')]
    return answer([event(uuid, published=published) for uuid in uuids], headers=[DATE, *links])


async def uuids_of(log: EventLog) -> list[str]:
    return [row.uuid async for rows in log for row in rows]


async def test_log_is_read_from_a_time_on_until_a_page_is_empty(
    okta: OktaClient, server: Responder, ledger: ReadLedger
) -> None:
    server.answers = [at(server, ["e1", "e2"], "p1"), at(server, ["e3"], "p2"), at(server, [], "p3")]
    log = okta.events('eventType eq "x"', since=BEGAN)
    assert await uuids_of(log) == ["e1", "e2", "e3"]
    assert [seen.target for seen in server.requests] == [
        f"{LOGS}?since={SINCE}&limit=1000&sortOrder=ASCENDING&filter=eventType%20eq%20%22x%22",
        f"{LOGS}?after=p1&limit=1000",
        f"{LOGS}?after=p2&limit=1000",
    ]
    assert log.position == f"{LOGS}?after=p3&limit=1000"
    assert list(ledger) == [ListRead(LOGS, 'eventType eq "x"', pages=3, items=3)]


async def test_next_reading_goes_on_where_the_last_one_ended(okta: OktaClient, server: Responder) -> None:
    server.answers = [
        at(server, ["e1"], "p1"),
        at(server, [], "p1"),
        at(server, ["e2"], "p2"),
        at(server, [], "p2"),
    ]
    first = okta.events(since=BEGAN)
    assert await uuids_of(first) == ["e1"]
    stored = json.loads(json.dumps(first.position))
    second = okta.events(position=stored)
    assert await uuids_of(second) == ["e2"]
    assert server.requests[2].target == stored
    assert second.position == f"{LOGS}?after=p2&limit=1000"


async def test_time_since_is_given_in_utc(okta: OktaClient, server: Responder) -> None:
    server.answers = [at(server, [], None)]
    await uuids_of(okta.events(since=BEGAN.astimezone(timezone(timedelta(hours=5, minutes=30)))))
    assert f"since={SINCE}&" in server.requests[0].target


async def test_log_ends_at_a_link_to_the_page_just_read(okta: OktaClient, server: Responder) -> None:
    position = f"{LOGS}?after=p1&limit=1000"
    server.answers = [at(server, ["e1"], "p1")]
    log = okta.events(position=position)
    assert await uuids_of(log) == ["e1"]
    assert (log.position, len(server.requests)) == (position, 1)


async def test_log_without_any_link_is_read_again_from_where_it_began(
    okta: OktaClient, server: Responder
) -> None:
    server.answers = [at(server, ["e1"], None), at(server, ["e1"], "p1"), at(server, [], "p1")]
    log = okta.events(since=BEGAN)
    assert await uuids_of(log) == ["e1"]
    assert await uuids_of(okta.events(position=log.position)) == ["e1"]
    assert server.requests[0].target == server.requests[1].target


async def test_what_happens_while_the_log_is_read_is_left_to_the_next_reading(
    okta: OktaClient, server: Responder
) -> None:
    server.answers = [
        at(server, ["e1"], "p1"),
        at(server, ["e2"], "p2", published="2026-11-24T10:05:00.000Z"),
    ]
    log = okta.events(since=BEGAN)
    assert await uuids_of(log) == ["e1", "e2"]
    assert log.position == f"{LOGS}?after=p2&limit=1000"


async def test_event_that_comes_again_is_given_once(
    okta: OktaClient, server: Responder, ledger: ReadLedger
) -> None:
    server.answers = [at(server, ["e1", "e1"], "p1"), at(server, ["e1", "e2"], "p2"), at(server, [], "p2")]
    assert await uuids_of(okta.events(since=BEGAN)) == ["e1", "e2"]
    assert dict(next(iter(ledger)).dropped) == {"repeated": 2}


async def test_position_stays_before_a_batch_that_was_not_wholly_taken(
    okta: OktaClient, server: Responder
) -> None:
    server.answers = [at(server, ["e1"], "p1"), at(server, ["e2"], "p2")]
    log = okta.events(since=BEGAN)
    batches = aiter(log)
    await anext(batches)
    await anext(batches)
    await batches.aclose()  # type: ignore[attr-defined]
    assert log.position == f"{LOGS}?after=p1&limit=1000"


@pytest.mark.parametrize("code", ["E0000029", "E0000031", "E0000053"])
async def test_position_that_okta_refuses_is_lost(okta: OktaClient, server: Responder, code: str) -> None:
    server.answers = [okta_error(400, code)]
    with pytest.raises(PositionLost) as caught:
        await uuids_of(okta.events(position=f"{LOGS}?after=p1"))
    assert (caught.value.code, caught.value.provider_code, caught.value.status) == (
        "position_lost",
        code,
        400,
    )


async def test_wrong_filter_is_no_lost_position(okta: OktaClient, server: Responder) -> None:
    server.answers = [okta_error(400, "E0000053")]
    with pytest.raises(ProviderError) as caught:
        await uuids_of(okta.events("x", since=BEGAN))
    assert not isinstance(caught.value, PositionLost)


async def test_missing_right_is_said_as_everywhere(okta: OktaClient, server: Responder) -> None:
    server.answers = [okta_error(403, "E0000006")]
    with pytest.raises(AuthRefused):
        await uuids_of(okta.events(position=f"{LOGS}?after=p1"))


@pytest.mark.parametrize(
    "position",
    [
        "",
        LOGS,
        f"{LOGS}?",
        "/api/v1/users?after=x",
        f"{LOGS}/../users?after=x",
        f"https://evil.example{LOGS}?after=x",
        f"//evil.example{LOGS}?after=x",
        f"{LOGS}?after=x y",
        f"{LOGS}?after=x#y",
        f"{LOGS}?after=x\r\nHost: evil.example",
        f"{LOGS}?after=é",
        f"{LOGS}?after={'x' * 9000}",
        f"{LOGS}?after=x&filter=other",
    ],
)
async def test_stored_text_that_is_no_position_is_lost_and_nothing_is_sent(
    okta: OktaClient, server: Responder, position: str
) -> None:
    with pytest.raises(PositionLost):
        okta.events("mine", position=position)
    assert server.requests == []


@given(st.text() | st.text().map(lambda text: f"{LOGS}?{text}"))
def test_stored_position_calls_the_log_or_nothing(position: str) -> None:
    try:
        call = call_at(position, None)
    except PositionLost:
        return
    assert call.target == position
    assert call.path == LOGS


@pytest.mark.parametrize(
    ("link", "wrong"),
    [
        ("https://evil.example/api/v1/logs?after=x", "another host"),
        ("/api/v1/users?after=x", "another path"),
    ],
)
async def test_link_out_of_the_log_is_not_followed(
    okta: OktaClient, server: Responder, link: str, wrong: str
) -> None:
    server.answers = [
        answer([event("e1")], headers=[("Link", f'<{link}>; rel="next"')]),
        answer({"id": "00o1"}),
    ]
    with pytest.raises(BadPayload, match=wrong):
        await uuids_of(okta.events(since=BEGAN))


async def test_log_that_goes_round_in_circles_is_an_error(okta: OktaClient, server: Responder) -> None:
    server.answers = [at(server, [f"e{turn}"], f"p{turn % 2}") for turn in range(5)]
    with pytest.raises(BadPayload, match="repeats a cursor"):
        await uuids_of(okta.events(since=BEGAN))


async def test_log_that_takes_okta_too_long_is_asked_for_in_smaller_pages(
    okta: OktaClient, server: Responder
) -> None:
    server.answers = [okta_error(500, "E0000009"), at(server, [], "p1")]
    await uuids_of(okta.events(since=BEGAN))
    assert "limit=200" in server.requests[1].target


def test_event_is_read() -> None:
    ada = {
        "type": "User",
        "id": "00u1",
        "displayName": "Ada",
        "alternateId": "ada@acme.example",
        "detailEntry": {},
    }
    row = event_row(None)(
        {
            "uuid": "e1",
            "published": PUBLISHED,
            "eventType": "group.user_membership.add",
            "displayMessage": "Add user to group",
            "outcome": {"result": "SUCCESS", "reason": None},
            "actor": ada,
            "target": [{"type": "UserGroup", "id": "00g1"}, ada, None, "x"],
        }
    )
    party = EventParty("User", "00u1", "Ada", "ada@acme.example")
    assert row == EventRow(
        "e1",
        datetime(2026, 11, 24, 9, 59, 59, 123000, tzinfo=UTC),
        "group.user_membership.add",
        "SUCCESS",
        party,
        (EventParty("UserGroup", "00g1", None, None), party),
        "Add user to group",
    )


@pytest.mark.parametrize("odd", [None, 7, "x", [], {}, [None], [[]], {"result": 7}])
def test_event_of_which_only_the_uuid_is_right_is_taken_at_the_time_of_the_reply(odd: object) -> None:
    names = ("published", "eventType", "displayMessage", "outcome", "actor", "target")
    row = event_row(BEGAN)({"uuid": "e1", **dict.fromkeys(names, odd)})
    assert (row.uuid, row.published, row.outcome) == ("e1", BEGAN, None)
    assert all(isinstance(party, EventParty) for party in row.targets)


@pytest.mark.parametrize("item", [{}, {"uuid": None}, {"uuid": ""}, {"uuid": 7}, {"id": "e1"}])
def test_event_without_a_uuid_is_refused(item: dict[str, object]) -> None:
    with pytest.raises(RowError, match="has no uuid"):
        event_row(BEGAN)(item)


def test_event_without_any_time_is_refused() -> None:
    with pytest.raises(RowError, match="no time"):
        event_row(None)({"uuid": "e1"})


@given(
    st.text()
    | st.integers()
    | st.none()
    | st.sampled_from(["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
)
def test_time_is_aware_or_none(text: object) -> None:
    found = instant(text)
    assert found is None or found.utcoffset() == timedelta(0)
