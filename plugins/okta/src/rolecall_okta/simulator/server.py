"""The simulator itself: one org behind Okta's paths, headers, limits, rights and faults, as an ASGI app."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache, partial
from itertools import count
from typing import NamedTuple
from urllib.parse import parse_qsl
from uuid import uuid4
from wsgiref.handlers import format_date_time

from rolecall_okta.simulator import api
from rolecall_okta.simulator.calls import Call
from rolecall_okta.simulator.control import Control
from rolecall_okta.simulator.errors import (
    OktaError,
    invalid_token,
    no_such_path,
    not_acceptable,
    rate_limited,
)
from rolecall_okta.simulator.exchange import Exchange, Receive, Reply, Scope, Send, refusal
from rolecall_okta.simulator.faults import Faults
from rolecall_okta.simulator.limits import Limits
from rolecall_okta.simulator.organisation import Organisation
from rolecall_okta.simulator.permissions import Token, tokens_of
from rolecall_okta.simulator.rendering import Rendering

_API = "/api/v1/"
_WELL_KNOWN = "/.well-known/okta-organization"


class Request(NamedTuple):
    """One request that was made, for tests to look at; status 0 is "no answer"."""

    method: str
    path: str
    query: str
    status: int


class Simulator:
    """One Okta org, spoken to by HTTP; every attribute may be changed while it is served."""

    def __init__(
        self,
        org: Organisation,
        tokens: Mapping[str, str | Token],
        *,
        domain: str,
        public_url: str | None = None,
        latency: float = 0.0,
        limits: Limits | None = None,
        page_size_cap: int | None = None,
        keep_requests: bool = True,
        control: bool = False,
    ) -> None:
        """See ``serve`` for what the arguments mean."""
        self.org = org
        self.domain = domain
        self.tokens = tokens_of(org, tokens)
        self.latency = latency
        self.limits = limits or Limits()
        self.page_size_cap = page_size_cap
        self.faults = Faults()
        self.requests: list[Request] = []
        self.served = 0
        self.served_by: Counter[str] = Counter()
        """By method and path: ``GET /api/v1/groups/*/users``."""
        self.bugs: list[Exception] = []
        """Exceptions of the simulator's own; ``serve`` raises the first at the end."""
        self.closing = asyncio.Event()
        self._control = Control(self) if control else None
        self._keep_requests = keep_requests
        self._public_url = public_url
        self._show = Rendering(org, public_url or f"http://{domain}")
        self._run = uuid4().hex[:16]
        self._numbers = count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, as an ASGI app."""
        path, query = scope["raw_path"].decode("latin-1"), scope["query_string"].decode("latin-1")
        if self._control is not None and path.startswith(self._control.paths):
            await self._control.answer(scope, receive, send)
            return
        target = f"{path}?{query}" if query else path
        self.served += 1
        self.limits.in_flight += 1
        try:
            exchange = self._exchange(scope, receive, send, path, query)
            if self.latency:
                await asyncio.sleep(self.latency)
            fault = self.faults.due(target)
            reply = exchange.make_reply() if fault is None else await fault.answer(exchange)
        finally:
            self.limits.in_flight -= 1
        if self._keep_requests:
            status = exchange.status if reply is None else reply.status
            self.requests.append(Request(scope["method"], path, query, status))
        if reply is not None:
            await exchange.send_whole(reply)

    def paths(self) -> list[str]:
        """The path and query of every request so far."""
        return [f"{made.path}?{made.query}" if made.query else made.path for made in self.requests]

    def _exchange(self, scope: Scope, receive: Receive, send: Send, path: str, query: str) -> Exchange:
        headers = dict(scope["headers"])
        base = self._public_url or f"http://{headers.get(b'host', b'').decode('latin-1') or self.domain}"
        secret = headers.get(b"authorization", b"").decode("latin-1").removeprefix("SSWS ")
        asked = _Asked(
            scope["method"],
            path,
            query,
            base + path,
            secret,
            _wants_no_credentials(headers),
            _accepts_json(headers),
        )
        found = api.find_route(path.removeprefix(_API)) if path.startswith(_API) else None
        shape = f"{_API}{'/'.join(found[0].path)}" if found else path
        self.served_by[f"{scope['method']} {shape}"] += 1
        token = self.tokens.get(secret)
        share = token.share if token else None
        admitted, limit_headers = self.limits.admit(secret, found[0].bucket if found else "other", share)
        return Exchange(
            org=self.org,
            url=f"{asked.url}?{query}" if query else asked.url,
            make_reply=partial(self._reply, asked, found) if admitted else _too_many,
            headers=[*limit_headers, (b"date", _http_date(int(self.limits.clock()))), self._request_id()],
            scope=scope,
            receive=receive,
            send=send,
            closing=self.closing,
        )

    def _reply(self, asked: "_Asked", found: tuple[api.Route, list[str]] | None) -> Reply:
        try:
            return self._answer(asked, found)
        except OktaError as error:
            return refusal(error)
        except Exception as bug:  # noqa: BLE001 - a bug here must not look like Okta's weather
            self.bugs.append(bug)
            return refusal(OktaError(500, "E0000009", "Internal Server Error"))

    def _answer(self, asked: "_Asked", found: tuple[api.Route, list[str]] | None) -> Reply:
        if asked.path == _WELL_KNOWN:
            return Reply(200, self._show.well_known())
        token = self.tokens.get(asked.secret)
        if token is None:
            raise invalid_token()
        if not asked.accepts_json:
            raise not_acceptable()
        if found is None:
            raise no_such_path()
        route, parts = found
        query = dict(parse_qsl(asked.query, keep_blank_values=True)) if asked.query else {}
        call = Call(
            self.org,
            self._show,
            token,
            asked.path,
            asked.url,
            query,
            parts,
            asked.lean,
            self.tokens.values(),
            self.page_size_cap,
        )
        return api.answer(route, asked.method, call)

    def _request_id(self) -> tuple[bytes, bytes]:
        return b"x-okta-request-id", f"{self._run}{next(self._numbers):016x}".encode("ascii")


class _Asked(NamedTuple):
    method: str
    path: str
    query: str
    url: str
    secret: str
    lean: bool
    accepts_json: bool


def _accepts_json(headers: Mapping[bytes, bytes]) -> bool:
    accepted = headers.get(b"accept", b"*/*")
    return any(kind in accepted for kind in (b"*/*", b"application/*", b"application/json"))


def _wants_no_credentials(headers: Mapping[bytes, bytes]) -> bool:
    """Okta takes this wish in the content type, even of a GET."""
    return b"omitCredentials" in headers.get(b"content-type", b"")


def _too_many() -> Reply:
    return refusal(rate_limited())


@lru_cache(maxsize=4)
def _http_date(second: int) -> bytes:
    return format_date_time(second).encode("ascii")
