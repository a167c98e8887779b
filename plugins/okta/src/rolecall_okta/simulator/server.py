"""The simulator itself: one org behind Okta's paths, headers, limits, rights and faults, as an ASGI app."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache, partial
from itertools import count
from typing import NamedTuple
from urllib.parse import parse_qsl
from uuid import uuid4
from wsgiref.handlers import format_date_time

from rolecall_okta.simulator import oauth, routes
from rolecall_okta.simulator.admin_rendering import record_id
from rolecall_okta.simulator.calls import Call
from rolecall_okta.simulator.control import Control
from rolecall_okta.simulator.errors import (
    OktaError,
    invalid_token,
    no_such_path,
    not_acceptable,
    rate_limited,
)
from rolecall_okta.simulator.exchange import Exchange, Receive, Reply, Scope, Send, read_body, refusal
from rolecall_okta.simulator.faults import Fault, Faults
from rolecall_okta.simulator.limits import Limits
from rolecall_okta.simulator.organisation import Organisation
from rolecall_okta.simulator.permissions import Token, tokens_of
from rolecall_okta.simulator.rendering import Rendering
from rolecall_okta.simulator.service_apps import ServiceApp, request_origin
from rolecall_okta.simulator.system_log import Origin, user_target

_WELL_KNOWN = "/.well-known/okta-organization"
_WITH_LENGTH = ("POST", "PUT")


class Request(NamedTuple):
    """One request that was made, for tests to look at; status 0 is "no answer"."""

    method: str
    path: str
    query: str
    status: int


class Write(NamedTuple):
    """One request that asked for a change, with what it sent; status 0 is "no answer"."""

    method: str
    path: str
    body: bytes
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
        clients: Iterable[ServiceApp] = (),
    ) -> None:
        """See ``serve`` for what the arguments mean."""
        self.org = org
        self.domain = domain
        self.tokens = tokens_of(org, tokens)
        self.latency = latency
        self.limits = limits or Limits()
        self.page_size_cap = page_size_cap
        self.faults = Faults()
        self.oauth = oauth.AuthorizationServer(clients, self.limits.clock, org.behaviour)
        self.clients = self.oauth.clients
        self.requests: list[Request] = []
        self.writes: list[Write] = []
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
        method = scope["method"]
        body = b"" if method == "GET" else await read_body(receive)
        self.served += 1
        self.limits.in_flight += 1
        try:
            exchange = self._exchange(scope, receive, send, path, query, body)
            if self.latency:
                await asyncio.sleep(self.latency)
            fault = self.faults.due(method, target)
            reply = exchange.make_reply() if fault is None else await self._faulty(fault, exchange)
        finally:
            self.limits.in_flight -= 1
        if self._keep_requests:
            status = exchange.status if reply is None else reply.status
            self.requests.append(Request(method, path, query, status))
            if method != "GET":
                self.writes.append(Write(method, path, body, status))
        if reply is not None:
            await exchange.send_whole(reply)

    def paths(self) -> list[str]:
        """The path and query of every request so far."""
        return [f"{made.path}?{made.query}" if made.query else made.path for made in self.requests]

    def token_id(self, text: str) -> str:
        """The id of an API token's record, by which the System Log names it."""
        return record_id(1 + list(self.tokens).index(text))

    def _exchange(
        self, scope: Scope, receive: Receive, send: Send, path: str, query: str, body: bytes
    ) -> Exchange:
        headers = dict(scope["headers"])
        base = self._public_url or f"http://{headers.get(b'host', b'').decode('latin-1') or self.domain}"
        authorization = headers.get(b"authorization", b"").decode("latin-1")
        secret = authorization.removeprefix("SSWS ")
        token = self.tokens.get(secret)
        issued = None if token is not None else self.oauth.issued(authorization)
        request_id = f"{self._run}{next(self._numbers):016x}"
        asked = _Asked(
            scope["method"],
            path,
            query,
            base + path,
            secret,
            headers,
            body,
            request_id,
            authorization,
            issued,
        )
        found = routes.find_route(path)
        shape = found[0].shape if found else path
        self.served_by[f"{scope['method']} {shape}"] += 1
        bucket = found[0].bucket if found else "token" if path == oauth.PATH else "other"
        counted = secret if issued is None else issued.client.client_id
        admitted, limit_headers = self.limits.admit(counted, bucket, token.share if token else None)
        return Exchange(
            org=self.org,
            url=f"{asked.url}?{query}" if query else asked.url,
            make_reply=partial(self._reply, asked, found) if admitted else _too_many,
            headers=[
                *limit_headers,
                (b"date", _http_date(int(self.limits.clock()))),
                (b"x-okta-request-id", request_id.encode("ascii")),
            ],
            scope=scope,
            receive=receive,
            send=send,
            closing=self.closing,
        )

    async def _faulty(self, fault: Fault, exchange: Exchange) -> Reply | None:
        try:
            return await fault.answer(exchange)
        except Exception as bug:  # noqa: BLE001 - a change that can't be made must not look like a fault
            return self._bug(bug)

    def _bug(self, bug: Exception) -> Reply:
        self.bugs.append(bug)
        return refusal(OktaError(500, "E0000009", "Internal Server Error"))

    def _reply(self, asked: "_Asked", found: tuple[routes.Route, list[str]] | None) -> Reply:
        try:
            self.org.catch_up()
            return self._answer(asked, found)
        except OktaError as error:
            return refusal(error)
        except Exception as bug:  # noqa: BLE001 - a bug here must not look like Okta's weather
            return self._bug(bug)

    def _answer(self, asked: "_Asked", found: tuple[routes.Route, list[str]] | None) -> Reply:
        if asked.path == _WELL_KNOWN:
            return Reply(200, self._show.well_known())
        if asked.method in _WITH_LENGTH and not asked.body and not asked.has_length:
            return Reply(411, b"", content_type=b"text/html")
        if asked.path == oauth.PATH and asked.method == "POST":
            return self.oauth.issue(asked.url, asked.headers, asked.body)
        token = self._token(asked)
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
            asked.body,
            asked.headers.get(b"content-type", b"").decode("latin-1"),
            None if asked.issued is None else asked.issued.scopes,
            self.clients,
        )
        if asked.method == "GET":
            return routes.answer(route, asked.method, call)
        with self.org.log.acting(self._origin(asked, token)):
            return routes.answer(route, asked.method, call)

    def _token(self, asked: "_Asked") -> Token:
        """What the caller may do.

        Raises:
            OktaError: The caller has no token, or none that holds here and now.
        """
        token = self.tokens.get(asked.secret)
        if token is None:
            if asked.issued is None:
                raise invalid_token()
            self.oauth.check(asked.issued, asked.authorization, asked.headers, asked.method, asked.url)
            token = asked.issued.client.token()
        return token

    def _origin(self, asked: "_Asked", token: Token) -> Origin:
        if asked.issued is not None:
            return request_origin(asked.issued.client.actor(), asked.request_id, asked.path, {})
        actor = user_target(token.owner) if token.owner is not None else self.org.log.actor
        detail = {"requestApiTokenId": self.token_id(asked.secret)}
        return request_origin(actor, asked.request_id, asked.path, detail)


class _Asked(NamedTuple):
    method: str
    path: str
    query: str
    url: str
    secret: str
    headers: Mapping[bytes, bytes]
    body: bytes
    request_id: str
    authorization: str
    issued: oauth.Issued | None

    @property
    def accepts_json(self) -> bool:
        accepted = self.headers.get(b"accept", b"*/*")
        return any(kind in accepted for kind in (b"*/*", b"application/*", b"application/json"))

    @property
    def lean(self) -> bool:
        """Whether no credentials are wanted: Okta takes this wish in the content type, even of a GET."""
        return b"omitCredentials" in self.headers.get(b"content-type", b"")

    @property
    def has_length(self) -> bool:
        return b"content-length" in self.headers or b"transfer-encoding" in self.headers


def _too_many() -> Reply:
    return refusal(rate_limited())


@lru_cache(maxsize=4)
def _http_date(second: int) -> bytes:
    return format_date_time(second).encode("ascii")
