"""Reads a list page by page, and reports it once it was read whole."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Hashable
from dataclasses import replace
from typing import TypeVar
from urllib.parse import unquote

from rolecall import BadPayload, ListRead, ProviderError
from rolecall_okta.calls import Call, Reply
from rolecall_okta.decoding import decoded_list
from rolecall_okta.links import LinkError, next_target, resolved
from rolecall_okta.refusals import bad_payload
from rolecall_okta.rows import JsonObject
from rolecall_okta.sending import Sender
from rolecall_okta.text import shown

MOST_EMPTY_PAGES = 100
BAD_CURSOR = "E0000029"

Row = TypeVar("Row")


async def read_pages(
    sender: Sender,
    first: Call,
    project: Callable[[JsonObject], Row],
    key: Callable[[Row], Hashable],
    is_own: Callable[[str], Awaitable[bool]],
    report: Callable[[ListRead], None],
    reading: ListRead,
) -> AsyncGenerator[list[Row], None]:
    """Yield the rows of each page that has any new ones.

    Lists are no snapshots, so a row that comes again is dropped and counted. A cursor that Okta no
    longer knows starts the list again from the beginning, once.

    Args:
        sender: Sends the calls.
        first: The call for the first page.
        project: Makes a row of an item.
        key: What makes two rows the same.
        is_own: Whether a host is this org's.
        report: Told of the list after its last page.
        reading: Name and filter of the list.
    """
    call, cursors, restarted, empty = first, {first.query}, False, 0
    seen: set[Hashable] = set()
    while True:
        try:
            reply = await sender.send(call)
        except ProviderError as error:
            if error.provider_code != BAD_CURSOR or restarted or call == first:
                raise
            call, cursors, restarted, empty = first, {first.query}, True, 0
            reading = replace(reading, retries=reading.retries + 1)
            continue
        rows = decoded_list(sender.host, reply, project)
        fresh = _unseen(rows, key, seen)
        reading = _with(reading, reply, len(rows), len(rows) - len(fresh))
        query = await _next_query(sender.host, reply, is_own)
        if fresh:
            yield fresh
        if query is None:
            report(reading)
            return
        if query in cursors:
            raise bad_payload(sender.host, reply, "the list repeats a cursor")
        empty = 0 if rows else empty + 1
        if empty >= MOST_EMPTY_PAGES:
            raise bad_payload(sender.host, reply, f"{MOST_EMPTY_PAGES} pages in a row were empty")
        cursors.add(query)
        call = replace(first, query=query)


def _unseen(rows: list[Row], key: Callable[[Row], Hashable], seen: set[Hashable]) -> list[Row]:
    fresh = []
    for row in rows:
        identity = key(row)
        if identity not in seen:
            seen.add(identity)
            fresh.append(row)
    return fresh


def _with(reading: ListRead, reply: Reply, items: int, repeated: int) -> ListRead:
    dropped = dict(reading.dropped)
    if repeated:
        dropped["repeated"] = dropped.get("repeated", 0) + repeated
    return replace(
        reading,
        pages=reading.pages + 1,
        items=reading.items + items,
        dropped=dropped,
        retries=reading.retries + reply.retries,
        waited=reading.waited + reply.waited,
    )


async def _next_query(host: str, reply: Reply, is_own: Callable[[str], Awaitable[bool]]) -> str | None:
    """The query of the next page, whose host must be this org's and whose path the one called."""
    target = next_target(reply.links)
    if target is None:
        return None
    try:
        link = resolved(target, f"https://{host}{reply.call.target}")
    except LinkError:
        raise bad_payload(host, reply, "the link to the next page is no address") from None
    if not await is_own(link.authority):
        raise _foreign(host, reply, f"host {shown(link.authority)}")
    if link.path != unquote(reply.call.path):
        raise _foreign(host, reply, f"path {shown(link.path)}")
    return link.query


def _foreign(host: str, reply: Reply, what: str) -> BadPayload:
    return bad_payload(host, reply, f"the link to the next page names another {what}; nothing was sent there")
