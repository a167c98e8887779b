"""The System Log since an earlier run: the events that a run keeps, and whether any may be missing."""

from collections.abc import AsyncGenerator, Callable
from datetime import datetime, timedelta

import httpx

from rolecall import Event, EventTarget, FullRunNeeded, ListRead, ProviderError
from rolecall_okta.answers import is_refusal
from rolecall_okta.client import OktaClient
from rolecall_okta.events import EventParty, EventRow
from rolecall_okta.log import PositionLost

OVERLAP = timedelta(minutes=10)
"""How far back from an earlier run's begin changes are looked for again: Okta's indexes and its log lag."""
KEPT = timedelta(days=89)
"""Okta keeps events for 90 days, and may refuse to be asked for earlier ones."""


class History:
    """One run's reading of the log: ``async for events in history``, then ``history.position``.

    Attributes:
        position: Where the next run reads on; None until the log was read to its end.
    """

    def __init__(
        self,
        okta: OktaClient,
        chosen: str,
        take: Callable[[EventRow], None],
        *,
        position: str | None = None,
        since: datetime | None = None,
        on_list: Callable[[ListRead], None] | None = None,
    ) -> None:
        """Prepare to read on from an earlier run.

        Args:
            okta: The org.
            chosen: The filter, the same for one position's whole life.
            take: Told of each event.
            position: Where that run's reading ended, or None where it wasn't read with this filter.
            since: What is read where there is no position, or none any more. None without an earlier run:
                then the last minutes are read, which an index may not show yet.
            on_list: Told of the log instead of the client's ``on_list``.
        """
        self.position: str | None = None
        self._okta = okta
        self._chosen = chosen
        self._take = take
        self._from = position
        self._since = since
        self._on_list = on_list

    async def __aiter__(self) -> AsyncGenerator[list[Event], None]:
        """Yield the events.

        Raises:
            FullRunNeeded: After the last of them: the log can't prove that none is missing.
            ProviderError: It can't be read; ``is_closed`` tells whether it is closed to this credential.
        """
        now, lost = self._okta.server_time, None
        if now is None:
            raise FullRunNeeded("Okta's replies don't say when they were made")
        if self._since is not None and self._since < now - KEPT:
            lost = "the last run is older than Okta keeps its System Log"
        elif self._from is not None:
            try:
                async for batch in self._read(position=self._from):
                    yield batch
            except PositionLost:
                lost = "Okta no longer knows up to where its System Log was read"
            else:
                return
        since = now - OVERLAP if self._since is None else max(self._since, now - KEPT)
        async for batch in self._read(since=since):
            yield batch
        if lost is not None:
            raise FullRunNeeded(lost)

    async def _read(
        self, *, position: str | None = None, since: datetime | None = None
    ) -> AsyncGenerator[list[Event], None]:
        log = self._okta.events(self._chosen, position=position, since=since, on_list=self._on_list)
        async for rows in log:
            for row in rows:
                self._take(row)
            yield [_event(row) for row in rows]
        self.position = log.position


def is_closed(error: ProviderError) -> bool:
    """Whether the log can't be read with this credential, or not with this filter: Okta limits its length."""
    return is_refusal(error) or error.status == httpx.codes.BAD_REQUEST


def _event(row: EventRow) -> Event:
    return Event(
        row.uuid,
        row.published,
        row.event_type,
        row.outcome,
        None if row.actor is None else _party(row.actor),
        tuple(map(_party, row.targets)),
        row.display_message or "",
    )


def _party(party: EventParty) -> EventTarget:
    return EventTarget(party.type or "", party.id or "", party.display_name or party.alternate_id or "")
