"""Lists over a real socket: following pages, and every page that must not be followed."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence

import pytest

from rolecall import BadPayload, ListRead, ProviderError, Unavailable
from rolecall_okta import GroupRow, OktaClient, ReadLedger
from rolecall_okta import paging as paging_module
from rolecall_okta.rows import group_row
from tests.plugins.okta.responder import Answer, Responder, Seen, answer, okta_error

PATH = "/api/v1/groups"


def group(number: int) -> dict[str, object]:
    return {"id": f"00g{number}", "type": "OKTA_GROUP", "profile": {"name": f"group {number}"}}


def page(numbers: Sequence[int], after: str | None = None) -> bytes:
    links = [] if after is None else [("Link", f'<{after}>; rel="next"')]
    return answer([group(number) for number in numbers], headers=links)


async def ids_of(pages: AsyncIterator[list[GroupRow]]) -> list[str]:
    return [row.id async for rows in pages for row in rows]


async def test_pages_are_followed_with_their_whole_query_and_reported(
    okta: OktaClient, server: Responder, ledger: ReadLedger
) -> None:
    base = f"http://{server.host}{PATH}"
    self_link = ("Link", f'<{base}?limit=2>; rel="self"')
    first = answer(
        [group(1), group(2)],
        headers=[self_link, ("link", f'<{base}?after=a%2Fb%3D&limit=2&search=x+y>; rel="next"')],
    )
    server.answers = [first, page([3])]
    assert await ids_of(okta.groups(search='profile.name sw "x y"', expand=None)) == ["00g1", "00g2", "00g3"]
    assert [request.target for request in server.requests] == [
        f"{PATH}?limit=200&search=profile.name%20sw%20%22x%20y%22",
        f"{PATH}?after=a%2Fb%3D&limit=2&search=x+y",
    ]
    assert list(ledger) == [ListRead(PATH, 'profile.name sw "x y"', pages=2, items=3)]


@pytest.mark.parametrize("link", ["?after=x", f"{PATH}?after=x"])
async def test_relative_link_is_followed(okta: OktaClient, server: Responder, link: str) -> None:
    server.answers = [page([1], link), page([2])]
    assert await ids_of(okta.groups()) == ["00g1", "00g2"]


async def test_empty_page_in_the_middle_does_not_end_a_list(okta: OktaClient, server: Responder) -> None:
    server.answers = [page([1], "?after=x"), page([], "?after=y"), page([2])]
    assert await ids_of(okta.groups()) == ["00g1", "00g2"]


async def test_row_that_comes_again_is_dropped_and_counted(
    okta: OktaClient, server: Responder, ledger: ReadLedger
) -> None:
    server.answers = [page([1, 2], "?after=x"), page([2, 3])]
    assert await ids_of(okta.groups()) == ["00g1", "00g2", "00g3"]
    (reading,) = ledger
    assert (reading.items, dict(reading.dropped)) == (4, {"repeated": 1})


@pytest.mark.parametrize("known", ["organization", "alternate"])
async def test_link_to_another_name_of_the_org_is_followed_at_the_configured_host(
    okta: OktaClient, server: Responder, known: str
) -> None:
    org = {"id": "00o1", "pipeline": "idx", "_links": {known: {"href": "https://acme.okta.example"}}}
    server.answers = [
        page([1], f"https://acme-admin.okta.example{PATH}?after=x"),
        answer(org),
        page([2], f"https://ACME.okta.example:443{PATH}?after=y"),
        page([3]),
    ]
    assert await ids_of(okta.groups()) == ["00g1", "00g2", "00g3"]
    targets = [request.target for request in server.requests]
    assert targets[1:] == ["/.well-known/okta-organization", f"{PATH}?after=x", f"{PATH}?after=y"]
    assert "authorization" not in server.requests[1].headers


@pytest.mark.parametrize(
    "organization",
    [
        pytest.param(
            answer({"id": "00o1", "_links": {"organization": {"href": "https://acme.okta.example"}}}),
            id="other",
        ),
        pytest.param(answer({"id": "00o1", "_links": None}), id="no links"),
        pytest.param(answer({"id": "00o1", "_links": {"alternate": {"href": "http://["}}}), id="no address"),
        pytest.param(okta_error(404, "E0000008"), id="no such path"),
        pytest.param(answer(b"<html>"), id="HTML"),
    ],
)
async def test_link_to_another_host_is_refused_and_nothing_sent_there(
    okta: OktaClient, server: Responder, ledger: ReadLedger, organization: bytes
) -> None:
    other = Responder()
    await other.start()
    server.answers = [page([1], f"http://{other.host}{PATH}?after=x"), organization]
    with pytest.raises(BadPayload, match=f"another host {other.host}"):
        await ids_of(okta.groups())
    await other.stop()
    assert other.connections == 0
    assert list(ledger) == []


@pytest.mark.parametrize("path", ["/api/v1/users", "/api/v1/groups/", "/api/v1/groups/../users", "/evil"])
async def test_link_to_another_path_is_refused(okta: OktaClient, server: Responder, path: str) -> None:
    server.answers = [page([1], f"http://{server.host}{path}?after=x")]
    with pytest.raises(BadPayload, match="another path"):
        await ids_of(okta.groups())
    assert len(server.requests) == 1


@pytest.mark.parametrize("link", ["javascript:alert(1)", "http://[", "http://u@x/"])
async def test_link_that_is_no_address_is_refused(okta: OktaClient, server: Responder, link: str) -> None:
    server.answers = [page([1], link)]
    with pytest.raises(BadPayload, match="no address"):
        await ids_of(okta.groups())


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param([page([1], "?after=x"), page([2], "?after=x")], id="the page's own"),
        pytest.param(
            [page([1], "?after=x"), page([2], "?after=y"), page([3], "?after=x")], id="an earlier one"
        ),
        pytest.param([page([1], f"{PATH}?limit=200&expand=stats%2Capp")], id="the first page"),
    ],
)
async def test_cursor_that_repeats_is_refused(
    okta: OktaClient, server: Responder, answers: list[Answer]
) -> None:
    server.answers = answers
    with pytest.raises(BadPayload, match="repeats a cursor"):
        await ids_of(okta.groups())
    assert server.answers == []


async def test_list_of_endless_empty_pages_is_refused(okta: OktaClient, server: Responder) -> None:
    server.respond = lambda request: page([], f"?after={len(server.requests)}")
    with pytest.raises(BadPayload, match="100 pages in a row held nothing new"):
        await ids_of(okta.groups())
    assert len(server.requests) == 100


async def test_list_that_only_repeats_its_rows_is_refused(
    okta: OktaClient, server: Responder, ledger: ReadLedger
) -> None:
    server.respond = lambda request: page([1, 2], f"?after={len(server.requests)}")
    async with asyncio.timeout(10):
        with pytest.raises(BadPayload, match="100 pages in a row held nothing new"):
            await ids_of(okta.groups())
    assert len(server.requests) == 101
    assert list(ledger) == []


async def test_list_with_a_new_row_now_and_then_is_read_to_its_end(
    okta: OktaClient, server: Responder
) -> None:
    def respond(request: Seen) -> bytes:
        number = len(server.requests)
        return page([number // 90], f"?after={number}" if number < 300 else None)

    server.respond = respond
    assert await ids_of(okta.groups()) == ["00g0", "00g1", "00g2", "00g3"]


async def test_list_of_ever_new_rows_ends_at_the_most_pages(
    monkeypatch: pytest.MonkeyPatch, okta: OktaClient, server: Responder, ledger: ReadLedger
) -> None:
    assert paging_module.MOST_PAGES == 100_000
    monkeypatch.setattr(paging_module, "MOST_PAGES", 150)
    server.respond = lambda request: page([len(server.requests)], f"?after={len(server.requests)}")
    async with asyncio.timeout(10):
        with pytest.raises(BadPayload, match="the list doesn't end within 150 pages"):
            await ids_of(okta.groups())
    assert len(server.requests) == 150
    assert list(ledger) == []


async def test_long_list_that_starts_again_may_repeat_what_was_read(
    okta: OktaClient, server: Responder
) -> None:
    forgotten = okta_error(400, "E0000029")
    whole = [page([number], f"?after={number}") for number in range(150)]
    server.answers = [*whole, forgotten, *whole, page([150])]
    assert len(await ids_of(okta.groups())) == 151
    assert server.answers == []


async def test_cursor_that_okta_forgot_starts_the_list_again_once(
    okta: OktaClient, server: Responder, ledger: ReadLedger
) -> None:
    forgotten = okta_error(400, "E0000029")
    server.answers = [page([1], "?after=x"), forgotten, page([1], "?after=x"), page([2])]
    assert await ids_of(okta.groups()) == ["00g1", "00g2"]
    (reading,) = ledger
    assert (reading.pages, reading.items, reading.retries, dict(reading.dropped)) == (
        3,
        3,
        1,
        {"repeated": 1},
    )
    server.answers = [page([1], "?after=x"), forgotten, page([1], "?after=x"), forgotten]
    with pytest.raises(ProviderError, match="E0000029"):
        await ids_of(okta.groups())


async def test_bad_cursor_on_the_first_page_is_an_error_at_once(okta: OktaClient, server: Responder) -> None:
    server.answers = [okta_error(400, "E0000029")]
    with pytest.raises(ProviderError, match="E0000029"):
        await ids_of(okta.groups())


async def test_list_that_took_too_long_is_asked_for_in_smaller_pages(
    okta: OktaClient, server: Responder, ledger: ReadLedger
) -> None:
    def respond(request: Seen) -> bytes:
        if "limit=1000" in request.target:
            return okta_error(500, "E0000009")
        return answer([{"id": "00u1"}])

    server.respond = respond
    assert [row.id async for rows in okta.group_members("00g1") for row in rows] == ["00u1"]
    limits = [request.target.partition("?")[2] for request in server.requests]
    assert limits == ["limit=1000", "limit=200"]
    (reading,) = ledger
    assert (reading.name, reading.retries, reading.waited) == ("/api/v1/groups/{id}/users", 1, 0.5)


async def test_app_users_keep_their_page_size_after_a_fault(okta: OktaClient, server: Responder) -> None:
    server.respond = lambda request: okta_error(500, "E0000009")
    with pytest.raises(Unavailable):
        await anext(okta.app_users("0oa1"))
    assert {request.target for request in server.requests} == {
        "/api/v1/apps/0oa1/users?limit=500&expand=user"
    }


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        pytest.param(b'[{"id": "00g1"}, {"id"', "isn't JSON: .* at byte 22", id="truncated"),
        pytest.param(b"", "empty", id="empty"),
        pytest.param(b"  \n", "empty", id="blank"),
        pytest.param(b"<!DOCTYPE html><html>sekret</html>", "HTML", id="HTML"),
        pytest.param(b'{"id": "00g1"}', "an object instead of a list", id="object"),
        pytest.param(b"null", "null instead of a list", id="null"),
        pytest.param(b'"x"', "a text instead of a list", id="text"),
        pytest.param(b"17", "a number instead of a list", id="number"),
        pytest.param(b'[{"id": "00g1"}, null]', "item 1 of the list is null", id="null item"),
        pytest.param(b'[{"id": "00g1"}, ["x"]]', "item 1 of the list is a list", id="list item"),
        pytest.param(b'[{"profile": {}}]', "item 0 of the list has no id", id="no id"),
        pytest.param(b'[{"id": 7}]', "item 0 of the list has no id", id="number id"),
        pytest.param(b'[{"id": ""}]', "item 0 of the list has no id", id="empty id"),
        pytest.param(b"[" * 100_000, "nested too deeply|isn't JSON", id="nested"),
        pytest.param(b"[" * 100_000 + b"]" * 100_000, "nested too deeply", id="nested and closed"),
        pytest.param(b"[" + b"9" * 5000 + b"]", "isn't JSON|a number instead", id="huge number"),
        pytest.param(b'["\xff"]', "isn't JSON", id="no UTF-8"),
    ],
)
async def test_answer_that_is_no_list_of_objects_is_refused_unquoted(
    okta: OktaClient, server: Responder, ledger: ReadLedger, body: bytes, wrong: str
) -> None:
    server.answers = [answer(body, headers=[("X-Okta-Request-Id", "req1")])]
    with pytest.raises(BadPayload, match=wrong) as caught:
        await ids_of(okta.groups())
    assert "GET 127.0.0.1" in str(caught.value)
    assert "req1" in str(caught.value)
    assert "sekret" not in str(caught.value)
    assert list(ledger) == []


async def test_half_of_a_surrogate_pair_is_read_as_it_is(okta: OktaClient, server: Responder) -> None:
    server.answers = [answer(json.dumps([{"id": "00g1", "profile": {"name": "a\ud800\x00b"}}]).encode())]
    ((row,),) = [rows async for rows in okta.groups()]
    assert row.name == "a\ud800\x00b"


async def test_list_that_is_not_read_to_its_end_is_not_reported(
    okta: OktaClient, server: Responder, ledger: ReadLedger
) -> None:
    server.answers = [page([1], "?after=x"), page([2])]
    pages = okta.groups()
    await anext(pages)
    await pages.aclose()
    assert list(ledger) == []


async def test_one_list_can_be_reported_elsewhere(
    okta: OktaClient, server: Responder, ledger: ReadLedger
) -> None:
    server.answers = [page([1])]
    mine: list[ListRead] = []
    await ids_of(okta.pages(PATH, {"limit": 5}, group_row, on_list=mine.append))
    assert (mine, list(ledger)) == ([ListRead(PATH, None, 1, 1)], [])
