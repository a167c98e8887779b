"""The System Log, read on from a position that outlives the process.

Okta's polling form has no end time and goes by the time at which an event was stored, so that what is
stored late is not skipped. Every page links to a next one, an empty page too: that link is the position.
"""

from collections.abc import AsyncGenerator, Callable, Hashable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Self
from urllib.parse import parse_qs

import httpx

from rolecall import ListRead, ProviderError
from rolecall_okta.calls import Call, Reply
from rolecall_okta.decoding import decoded_list
from rolecall_okta.events import EventRow, event_row
from rolecall_okta.links import next_target
from rolecall_okta.paging import MOST_PAGES, IsOwn, counted, next_query, unseen
from rolecall_okta.refusals import bad_payload
from rolecall_okta.sending import Sender

LOGS = "/api/v1/logs"
LONGEST_POSITION = 8000
NEW = timedelta(minutes=1)
"""Past the begin of a reading; a busy org's log would otherwise never end."""


class PositionLost(ProviderError):
    """The log can't be read on from a stored position: what happened meanwhile can't all be told."""

    code = "position_lost"

    @classmethod
    def because(cls, error: ProviderError) -> Self:
        """Okta refused the position."""
        return cls(
            error.message,
            status=error.status,
            provider_code=error.provider_code,
            request_id=error.request_id,
            method=error.method,
            path=error.path,
        )


def call_at(position: str, chosen: str | None) -> Call:
    """The call that reads on from a stored position, which need not be as it was stored.

    Raises:
        PositionLost: It is no position of a log that was read with the filter ``chosen``.
    """
    path, _, query = position.partition("?")
    sound = query.isascii() and query.isprintable() and not set(query) & set(" #")
    if path != LOGS or not query or not sound or len(position) > LONGEST_POSITION:
        raise PositionLost("the stored position in Okta's System Log is none")
    given = parse_qs(query).get("filter")
    if given is not None and given != [chosen]:
        raise PositionLost("the stored position in Okta's System Log belongs to another filter")
    return Call(LOGS, query)


class EventLog:
    """One reading of the System Log: ``async for events in log``, then ``log.position``.

    It ends where there is nothing more, or only what is published after it began: the next reading
    takes that. Batches are never empty, and no event comes twice.

    Attributes:
        position: Where to read on: path and query, for the store. It moves past a batch once that was
            taken, so after an error or a break it is where it was.
    """

    def __init__(
        self,
        sender: Sender,
        first: Call,
        is_own: IsOwn,
        report: Callable[[ListRead], None],
        reading: ListRead,
        *,
        resumed: bool,
    ) -> None:
        self.position = first.target
        self._sender = sender
        self._first = first
        self._is_own = is_own
        self._report = report
        self._reading = reading
        self._resumed = resumed

    async def __aiter__(self) -> AsyncGenerator[list[EventRow], None]:
        call, cursors, seen = self._first, {self._first.query}, set[Hashable]()
        began: datetime | None = None
        while True:
            reply = await self._reply(call)
            rows = decoded_list(self._sender.quoting, reply, event_row(reply.date))
            query = await next_query(self._sender.quoting, reply, next_target(reply.links), self._is_own)
            fresh = unseen(rows, _uuid, seen)
            self._reading = counted(self._reading, reply, len(rows), len(rows) - len(fresh))
            if fresh:
                yield fresh
            began = began or reply.date
            if query is not None:
                self.position = replace(call, query=query).target
            if query is None or query == call.query or not rows or _is_new(rows[-1], began):
                self._report(self._reading)
                return
            self._refuse_endless(reply, query in cursors)
            cursors.add(query)
            call = replace(call, query=query)

    async def _reply(self, call: Call) -> Reply:
        try:
            return await self._sender.send(call)
        except ProviderError as error:
            ours = call is self._first and not self._resumed
            if error.status == httpx.codes.BAD_REQUEST and not ours:
                raise PositionLost.because(error) from error
            raise

    def _refuse_endless(self, reply: Reply, repeats: bool) -> None:
        refuse = partial(bad_payload, self._sender.quoting, reply)
        if repeats:
            raise refuse("the log repeats a cursor")
        if self._reading.pages >= MOST_PAGES:
            raise refuse(f"the log doesn't end within {MOST_PAGES:,} pages")


def _uuid(row: EventRow) -> str:
    return row.uuid


def _is_new(row: EventRow, began: datetime | None) -> bool:
    return began is not None and row.published > began + NEW
