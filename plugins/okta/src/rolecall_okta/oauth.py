"""The credential of an OAuth 2.0 service app, as ``httpx.Auth``: gets tokens, renews and proves them.

Facts: Okta's guides "Implement OAuth for Okta with a service app" and "Configure OAuth 2.0 Demonstrating
Proof-of-Possession", RFC 7523, RFC 9449.
"""

import asyncio
from collections.abc import AsyncGenerator, Collection
from dataclasses import replace

import httpx

from rolecall_okta.answers import NO_SUCH_FEATURE
from rolecall_okta.auth import AppCredential, TokenRefused
from rolecall_okta.bodies import BodyError, drop_body, held_body
from rolecall_okta.calls import TOKEN_PATH
from rolecall_okta.clock import Clock
from rolecall_okta.domain import OktaDomain
from rolecall_okta.exchange import Endpoint, Exchange, Token
from rolecall_okta.proofs import Assertions, OktaTime, Proofs
from rolecall_okta.signing import SigningKey

RENEW_BEFORE = 60.0
"""Seconds; a token is renewed so long before it ends, or when a tenth of its life is left."""
REFUSED_FOR = 5.0
"""Seconds that a refusal is believed without asking again."""


class OAuthApp(AppCredential):
    """A service app with a private key.

    It has two tokens, each asked for when it is first needed: one to read with, and one with the scopes
    for writing too, which goes with writes alone.
    """

    def __init__(
        self,
        domain: OktaDomain,
        client_id: str,
        key: SigningKey,
        *,
        reading: Collection[str],
        writing: Collection[str] = (),
        clock: Clock | None = None,
    ) -> None:
        super().__init__(client_id, reading, writing)
        self._clock = clock or Clock()
        time = OktaTime(self._clock)
        self._origin = domain.url
        url = f"{domain.url}{TOKEN_PATH}"
        self._endpoint = Endpoint(url, Assertions(client_id, key, url, time), Proofs(time), time)
        self._nonce: str | None = None
        self._to_read = _Source(self.reading.asked)
        alike = self.writing.asked == self.reading.asked
        self._to_write = self._to_read if alike else _Source(self.writing.asked)

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """See ``httpx.Auth``."""
        source = self._to_write if request.extensions.get("elevated") else self._to_read
        renewed = challenged = False
        while True:
            async with source.renewing:
                source.refuse_again(self._clock.now())
                if not source.is_good(self._clock.now()):
                    exchange = Exchange(self._endpoint, source.scopes)
                    token = None
                    while token is None:
                        asking = exchange.request()
                        asking.extensions = {"timeout": request.extensions.get("timeout", {})}
                        response = yield asking
                        token = await self._told(source, exchange, response)
                    source.take(token, self._clock.now())
                    self._note(source, token)
                token = source.token
            assert token is not None
            used = self._nonce
            self._sign(request, token)
            response = yield request
            self._nonce = response.headers.get("dpop-nonce") or self._nonce
            if token.bound and not challenged and self._nonce != used and _is_refusal(response):
                challenged = True
            elif not renewed and await _is_stale(response):
                renewed = True
                source.drop(token)
            else:
                return
            await drop_body(response)

    async def _told(self, source: "_Source", exchange: Exchange, response: httpx.Response) -> Token | None:
        try:
            try:
                body = await held_body(response)
            except BodyError:
                raise TokenRefused(response, b"", source.scopes) from None
            token = exchange.answered(response, body)
        except TokenRefused as refused:
            source.failed(refused, self._clock.now())
            raise
        if token is None:
            await drop_body(response)
        return token

    def _note(self, source: "_Source", token: Token) -> None:
        if source is self._to_read:
            self.reading = replace(self.reading, granted=token.scopes)
        if source is self._to_write:
            self.writing = replace(self.writing, granted=token.scopes)

    def _sign(self, request: httpx.Request, token: Token) -> None:
        if not token.bound:
            request.headers["Authorization"] = f"Bearer {token.text}"
            return
        path, proofs = request.url.raw_path.partition(b"?")[0], self._endpoint.proofs
        url = f"{self._origin}{path.decode('ascii')}"
        request.headers["Authorization"] = f"DPoP {token.text}"
        request.headers["DPoP"] = proofs.proof(request.method, url, nonce=self._nonce, token=token.text)


class _Source:
    """Where the token for some scopes comes from; one request for it at a time."""

    def __init__(self, scopes: frozenset[str]) -> None:
        self.scopes = scopes
        self.token: Token | None = None
        self.until = 0.0
        self.renewing = asyncio.Lock()
        self._refused: TokenRefused | None = None
        self._refused_at = 0.0

    def take(self, token: Token, now: float) -> None:
        self.token = token
        self.until = now + token.lifetime - min(RENEW_BEFORE, token.lifetime / 10)

    def failed(self, refused: TokenRefused, now: float) -> None:
        status = refused.response.status_code
        if httpx.codes.is_client_error(status) and status != httpx.codes.TOO_MANY_REQUESTS:
            self._refused, self._refused_at = refused, now

    def refuse_again(self, now: float) -> None:
        """Spare the endpoint what it refused just now, to as many calls as wait for it."""
        if self._refused is not None and now < self._refused_at + REFUSED_FOR:
            raise self._refused

    def is_good(self, now: float) -> bool:
        return self.token is not None and now < self.until

    def drop(self, token: Token) -> None:
        """Forget a token that was refused, unless another has come meanwhile."""
        if self.token is token:
            self.token = None


def _is_refusal(response: httpx.Response) -> bool:
    """Whether it has a status with which Okta asks for another proof; nothing was done then."""
    return response.status_code in {httpx.codes.BAD_REQUEST, httpx.codes.UNAUTHORIZED}


async def _is_stale(response: httpx.Response) -> bool:
    """Whether it says that the token isn't good any more."""
    if response.status_code != httpx.codes.UNAUTHORIZED:
        return False
    try:
        return NO_SUCH_FEATURE.encode() not in await held_body(response)
    except BodyError:
        return False
