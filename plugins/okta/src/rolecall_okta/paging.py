"""Reads a list page by page, and reports it once it was read whole."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Hashable
from dataclasses import replace
from typing import TypeAlias, TypeVar
from urllib.parse import unquote

from rolecall import BadPayload, ListRead, ProviderError
from rolecall_okta.calls import Call, Reply
from rolecall_okta.decoding import decoded_envelope, decoded_list
from rolecall_okta.links import LinkError, next_target, resolved
from rolecall_okta.quoting import Quoting
from rolecall_okta.refusals import bad_payload
from rolecall_okta.rows import JsonObject
from rolecall_okta.sending import Sender

MOST_PAGES = 100_000
"""Of one list: twenty million people."""
MOST_STALE_PAGES = 100
"""In a row without a new row, so that a list that only repeats itself ends."""
BAD_CURSOR = "E0000029"

Row = TypeVar("Row")

Page: TypeAlias = tuple[list[Row], str | None]
"""The rows of a page, and where the next one is, as the server says it."""

IsOwn: TypeAlias = Callable[[str], Awaitable[bool]]


def page_of_list(quoting: Quoting, reply: Reply, project: Callable[[JsonObject], Row]) -> Page[Row]:
    """A page that is a list, as nearly all are; the next is in the ``Link`` headers."""
    return decoded_list(quoting, reply, project), next_target(reply.links)


def page_of_envelope(
    quoting: Quoting, reply: Reply, project: Callable[[JsonObject], Row], field: str
) -> Page[Row]:
    """A page of ``iam/…``: the list, in a field, and the link to the next are in the body."""
    return decoded_envelope(quoting, reply, project, field)


async def read_pages(
    sender: Sender,
    first: Call,
    read_page: Callable[[Quoting, Reply], Page[Row]],
    key: Callable[[Row], Hashable],
    is_own: IsOwn,
    report: Callable[[ListRead], None],
    reading: ListRead,
) -> AsyncGenerator[list[Row], None]:
    """Yield the rows of each page that has any new ones.

    Lists are no snapshots, so a row that comes again is dropped and counted. A cursor that Okta no
    longer knows starts the list again from the beginning, once.

    Args:
        sender: Sends the calls.
        first: The call for the first page.
        read_page: Reads the rows and the link of a reply.
        key: What makes two rows the same.
        is_own: Whether a host is this org's.
        report: Told of the list after its last page.
        reading: Name and filter of the list.
    """
    call, cursors, reread, stale = first, {first.query}, 0, 0
    seen: set[Hashable] = set()
    while True:
        try:
            reply = await sender.send(call)
        except ProviderError as error:
            if error.provider_code != BAD_CURSOR or reread or call == first:
                raise
            call, cursors, reread, stale = first, {first.query}, reading.pages, 0
            reading = replace(reading, retries=reading.retries + 1)
            continue
        rows, target = read_page(sender.quoting, reply)
        fresh = unseen(rows, key, seen)
        reading = counted(reading, reply, len(rows), len(rows) - len(fresh))
        query = await next_query(sender.quoting, reply, target, is_own)
        if fresh:
            yield fresh
        if query is None:
            report(reading)
            return
        if query in cursors:
            raise bad_payload(sender.quoting, reply, "the list repeats a cursor")
        stale = 0 if fresh else stale + 1
        if stale >= MOST_STALE_PAGES + reread:  # after a restart, what was read before comes again
            raise bad_payload(sender.quoting, reply, f"{stale} pages in a row held nothing new")
        if reading.pages >= MOST_PAGES:
            raise bad_payload(sender.quoting, reply, f"the list doesn't end within {MOST_PAGES:,} pages")
        cursors.add(query)
        call = replace(first, query=query)


async def next_query(quoting: Quoting, reply: Reply, target: str | None, is_own: IsOwn) -> str | None:
    """The query of the next page, whose host must be this org's and whose path the one called.

    Raises:
        BadPayload: The target is no such address; nothing was sent there.
    """
    if target is None:
        return None
    try:
        link = resolved(target, f"https://{quoting.host}{reply.call.target}")
    except LinkError:
        raise bad_payload(quoting, reply, "the link to the next page is no address") from None
    if not await is_own(link.authority):
        raise _foreign(quoting, reply, f"host {quoting.quoted(link.authority)}")
    if link.path != unquote(reply.call.path):
        raise _foreign(quoting, reply, f"path {quoting.quoted(link.path)}")
    return link.query


def unseen(rows: list[Row], key: Callable[[Row], Hashable], seen: set[Hashable]) -> list[Row]:
    """The rows that weren't seen before; from now on they were."""
    fresh = []
    for row in rows:
        identity = key(row)
        if identity not in seen:
            seen.add(identity)
            fresh.append(row)
    return fresh


def counted(reading: ListRead, reply: Reply, items: int, repeated: int) -> ListRead:
    """The reading with one page more."""
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


def _foreign(quoting: Quoting, reply: Reply, what: str) -> BadPayload:
    return bad_payload(
        quoting, reply, f"the link to the next page names another {what}; nothing was sent there"
    )
