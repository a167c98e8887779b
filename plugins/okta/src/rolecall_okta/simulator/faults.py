r"""Faults on demand: what goes wrong, at which request, and how often.

okta.faults.add(r"^/api/v1/groups\?", Status(500))             # once, at the first match
okta.faults.add(r"/users$", TruncatedJson(), nth=3)            # the third match only
okta.faults.add(r"", Delay(0.2), times=None)                   # every request
okta.faults.add(r"/groups/00g", Before(lambda org: org.delete_group(g)))
okta.faults.add(r"/users/", Applied(Reset()), method="PUT")    # carried out, but nobody hears of it
okta.faults.add(r"", READ_ONLY, method=WRITES, times=None)
"""

import asyncio
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from rolecall_okta.simulator.errors import OktaError
from rolecall_okta.simulator.exchange import Exchange, Reply, refusal
from rolecall_okta.simulator.organisation import Organisation
from rolecall_okta.simulator.raw_json import encode

WRITES: Final = "POST|PUT|PATCH|DELETE"


class Fault(Protocol):
    """Something that goes wrong with one exchange."""

    async def answer(self, exchange: Exchange) -> Reply | None:
        """The reply to give instead; ``None`` if the exchange is over already."""


@dataclass(slots=True)
class _Planned:
    pattern: re.Pattern[str]
    method: re.Pattern[str]
    fault: Fault
    nth: int
    left: int | None
    matched: int = 0

    def matches(self, method: str, target: str) -> bool:
        """Count one request; whether the fault may strike at it."""
        if self.left == 0 or not self.method.fullmatch(method) or not self.pattern.search(target):
            return False
        self.matched += 1
        return self.matched >= self.nth

    def strike(self) -> Fault:
        if self.left is not None:
            self.left -= 1
        return self.fault


@dataclass(slots=True)
class Faults:
    """The faults that are planned."""

    _planned: list[_Planned] = field(default_factory=list)

    def add(
        self, pattern: str, fault: Fault, *, method: str = ".*", nth: int = 1, times: int | None = 1
    ) -> None:
        """Plan a fault for requests whose path and query (``/api/v1/groups?limit=200``) match.

        ``method`` is a regular expression for the whole method, such as ``WRITES``.
        It strikes at the ``nth`` match and the ``times - 1`` after it; ``times=None`` is for ever.
        Of several that could strike, the one planned first does, and the others wait.
        """
        self._planned.append(_Planned(re.compile(pattern), re.compile(method), fault, nth, times))

    def clear(self) -> None:
        self._planned.clear()

    def due(self, method: str, target: str) -> Fault | None:
        """Count one request, and say what is to go wrong with it."""
        if not self._planned:
            return None
        due = [planned for planned in self._planned if planned.matches(method, target)]
        return due[0].strike() if due else None


@dataclass(frozen=True, slots=True)
class Status:
    """A status, with Okta's error body when a code is given, else with ``body``."""

    status: int
    code: str | None = None
    summary: str = "Simulated failure"
    body: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ()

    async def answer(self, exchange: Exchange) -> Reply | None:
        if self.code is not None:
            reply = refusal(OktaError(self.status, self.code, self.summary))
        else:
            reply = Reply(self.status, self.body)
        reply.headers += self.headers
        return reply


READ_ONLY: Final = Status(503, "E0000010", "Service is in read only mode")


@dataclass(frozen=True, slots=True)
class TooManyRequests:
    """A 429 as for a used-up bucket, which is free again after ``seconds``; 0 remaining, no Retry-After."""

    seconds: float = 1.0

    async def answer(self, exchange: Exchange) -> Reply | None:
        return exchange.rate_limited(self.seconds)


@dataclass(frozen=True, slots=True)
class Html:
    """A gateway's page instead of JSON."""

    status: int = 200

    async def answer(self, exchange: Exchange) -> Reply | None:
        page = b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
        return Reply(self.status, page, content_type=b"text/html")


@dataclass(frozen=True, slots=True)
class Body:
    """The usual status and headers around another body: an object instead of a list, an empty one."""

    body: bytes = b""

    async def answer(self, exchange: Exchange) -> Reply | None:
        reply = await exchange.reply()
        reply.body = self.body
        return reply


@dataclass(frozen=True, slots=True)
class Lacking:
    """A list that silently lacks the objects with these ids."""

    ids: frozenset[str]

    async def answer(self, exchange: Exchange) -> Reply | None:
        reply = await exchange.reply()
        reply.body = encode([item for item in json.loads(reply.body) if item["id"] not in self.ids])
        return reply


@dataclass(frozen=True, slots=True)
class TruncatedJson:
    """The first part of the body, sent as if it were the whole."""

    share: float = 0.5

    async def answer(self, exchange: Exchange) -> Reply | None:
        reply = await exchange.reply()
        reply.body = reply.body[: int(len(reply.body) * self.share)]
        return reply


@dataclass(frozen=True, slots=True)
class NextLink:
    """A ``next`` link that leads astray: to another URL, or with ``None`` to the same page again."""

    url: str | None = None

    async def answer(self, exchange: Exchange) -> Reply | None:
        reply = await exchange.reply()
        target = self.url or exchange.url
        reply.headers = [
            header for header in reply.headers if not (header[0] == b"link" and b'rel="next"' in header[1])
        ]
        reply.headers.append((b"link", f'<{target}>; rel="next"'.encode("ascii")))
        return reply


@dataclass(frozen=True, slots=True)
class Redirect:
    url: str
    status: int = 302

    async def answer(self, exchange: Exchange) -> Reply | None:
        return Reply(self.status, b"", [(b"location", self.url.encode("ascii"))])


@dataclass(frozen=True, slots=True)
class Reset:
    """The connection is reset: before anything is sent, or in the midst of the body."""

    after_headers: bool = False

    async def answer(self, exchange: Exchange) -> Reply | None:
        if self.after_headers:
            reply = await exchange.reply()
            await exchange.send_part(reply, len(reply.body) // 2)
        exchange.reset()
        return None


@dataclass(frozen=True, slots=True)
class Stall:
    """No answer at all, until the client gives up."""

    after_headers: bool = False

    async def answer(self, exchange: Exchange) -> Reply | None:
        if self.after_headers:
            reply = await exchange.reply()
            await exchange.send_part(reply, len(reply.body) // 2)
        await exchange.client_gone()
        exchange.reset()
        return None


@dataclass(frozen=True, slots=True)
class SlowDrip:
    """The body in small pieces with a pause after each."""

    pause: float = 0.05
    piece: int = 64

    async def answer(self, exchange: Exchange) -> Reply | None:
        await exchange.send_slowly(await exchange.reply(), self.piece, self.pause)
        return None


@dataclass(frozen=True, slots=True)
class Delay:
    seconds: float

    async def answer(self, exchange: Exchange) -> Reply | None:
        await asyncio.sleep(self.seconds)
        return await exchange.reply()


@dataclass(frozen=True, slots=True)
class Before:
    """Change the org just before the request is answered."""

    change: Callable[[Organisation], object]

    async def answer(self, exchange: Exchange) -> Reply | None:
        self.change(exchange.org)
        return await exchange.reply()


@dataclass(frozen=True, slots=True)
class After:
    """Answer as usual, and let another writer change the org right then."""

    change: Callable[[Organisation], object]

    async def answer(self, exchange: Exchange) -> Reply | None:
        reply = await exchange.reply()
        self.change(exchange.org)
        return reply


@dataclass(frozen=True, slots=True)
class Applied:
    """Carry the request out, and then let something else go wrong with the answer."""

    then: Fault

    async def answer(self, exchange: Exchange) -> Reply | None:
        await exchange.reply()
        return await self.then.answer(exchange)
