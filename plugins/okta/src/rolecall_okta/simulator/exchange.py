"""One request and its reply, and the ways a reply can reach the client or fail to."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from math import ceil
from typing import Any, TypeAlias

from rolecall_okta.simulator.errors import OktaError, rate_limited
from rolecall_okta.simulator.limits import Headers
from rolecall_okta.simulator.limits import headers as limit_headers
from rolecall_okta.simulator.organisation import Organisation
from rolecall_okta.simulator.raw_json import encode

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]

_ALWAYS = [
    (b"cache-control", b"no-cache, no-store"),
    (b"expires", b"0"),
    (b"pragma", b"no-cache"),
    (b"server", b"nginx"),
    (b"strict-transport-security", b"max-age=315360000; includeSubDomains"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-xss-protection", b"0"),
]


@dataclass(slots=True)
class Reply:
    status: int
    body: bytes
    headers: Headers = field(default_factory=list)
    content_type: bytes = b"application/json"

    def describing(self) -> Headers:
        """The headers that tell of the body; a 204 has none."""
        if self.status == 204:
            return []
        return [(b"content-type", self.content_type), (b"content-length", b"%d" % len(self.body))]


async def read_body(receive: Receive) -> bytes:
    """The whole body of a request."""
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


def refusal(error: OktaError) -> Reply:
    return Reply(error.status, encode(error.body()), list(error.headers))


@dataclass(slots=True)
class Exchange:
    """A request on its way to an answer."""

    org: Organisation
    url: str
    """The request's own URL, absolute."""
    make_reply: Callable[[], Reply]
    headers: Headers
    """Of this request, whatever the reply: rate limit, date, request id."""
    scope: Scope
    receive: Receive
    send: Send
    closing: asyncio.Event
    status: int = 0
    """What was answered; 0 if nothing was."""
    made: Reply | None = None

    async def reply(self) -> Reply:
        """The reply Okta would give: the request is carried out at the first asking, and only then."""
        if self.made is None:
            self.made = self.make_reply()
        return self.made

    def rate_limited(self, seconds: float) -> Reply:
        """A refusal that tells to come back after so many seconds, counted from this reply's date."""
        told = dict(self.headers)
        now = parsedate_to_datetime(told[b"date"].decode("ascii")).timestamp()
        limit = limit_headers(int(told[b"x-rate-limit-limit"]), 0, ceil(now + seconds))
        self.headers = [*limit, (b"date", told[b"date"]), (b"x-okta-request-id", told[b"x-okta-request-id"])]
        return refusal(rate_limited())

    async def send_whole(self, reply: Reply) -> None:
        await self._start(reply)
        await self.send({"type": "http.response.body", "body": reply.body})

    async def send_part(self, reply: Reply, length: int) -> None:
        """The headers of the whole, and the body's first bytes."""
        await self._start(reply)
        await self.send({"type": "http.response.body", "body": reply.body[:length], "more_body": True})

    async def send_slowly(self, reply: Reply, piece: int, pause: float) -> None:
        await self._start(reply)
        for start in range(0, len(reply.body), piece):
            body = reply.body[start : start + piece]
            await self.send({"type": "http.response.body", "body": body, "more_body": True})
            await asyncio.sleep(pause)
            if self.closing.is_set():
                return
        await self.send({"type": "http.response.body", "body": b""})

    async def client_gone(self) -> None:
        """Wait until the client hangs up, or the server stops."""
        gone = asyncio.ensure_future(self._disconnected())
        stopped = asyncio.ensure_future(self.closing.wait())
        await asyncio.wait((gone, stopped), return_when=asyncio.FIRST_COMPLETED)
        for waiting in (gone, stopped):
            waiting.cancel()
        await asyncio.gather(gone, stopped, return_exceptions=True)

    def reset(self) -> None:
        """Drop the connection with a TCP reset, unless the client has hung up already."""
        transport = self.scope["extensions"]["rolecall.transport"]
        connection = transport.get_extra_info("socket")
        if connection is not None and connection.fileno() >= 0:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()

    async def _disconnected(self) -> None:
        while (await self.receive())["type"] != "http.disconnect":
            pass

    async def _start(self, reply: Reply) -> None:
        self.status = reply.status
        await self.send(
            {
                "type": "http.response.start",
                "status": reply.status,
                "headers": [
                    *_ALWAYS,
                    *reply.describing(),
                    *self.headers,
                    *reply.headers,
                ],
            }
        )
