"""The one way to Okta: sends a call, turns every failure into our errors, repeats what may pass."""

import asyncio
import http.cookiejar
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from operator import sub
from typing import Any

import httpx

from rolecall import Observer, ProviderError, RateLimited, Unavailable
from rolecall_okta.auth import TokenRefused
from rolecall_okta.bodies import BodyError, read_body
from rolecall_okta.calls import USER_AGENT, Call, Reply
from rolecall_okta.clock import Clock
from rolecall_okta.dates import http_date
from rolecall_okta.domain import OktaDomain
from rolecall_okta.governor import Governor, Passage
from rolecall_okta.limits import bucket_of, rate_headers
from rolecall_okta.quoting import Quoting
from rolecall_okta.refusals import (
    bad_payload,
    no_answer,
    redirected,
    refusal,
    request_id,
    token_refused,
    unclear,
    unsendable,
)
from rolecall_okta.retries import retry_delay
from rolecall_okta.slots import Slots
from rolecall_okta.transport import transport_for

LIKELY_LATENCY = 0.2
"""Seconds, until some were measured."""
SMOOTHING = 0.1
FRESH = 5.0
"""Seconds that what was read before a write is believed."""
MOST_IN_A_ROW = 100
"""Requests for one call, those for its token among them: the HTTP library takes them for redirects."""

HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "gzip",
    "Content-Type": "application/json",
    "User-Agent": USER_AGENT,
}


@dataclass(frozen=True, slots=True)
class Timeouts:
    """In seconds.

    Attributes:
        connect: Until the connection stands.
        read: Between two pieces of an answer.
        write: For a piece of the request.
        request: For a whole attempt, so that an answer that drips ends too.
    """

    connect: float = 10.0
    read: float = 30.0
    write: float = 30.0
    request: float = 60.0


class Sender:
    """Sends calls to one org; open it once.

    Attributes:
        quoting: How replies are quoted.
        server_time: The ``Date`` of the latest reply that had one, aware, or None.
        first_reply_at: The same of the first.
        governor: Paces the calls.
    """

    def __init__(
        self,
        domain: OktaDomain,
        auth: httpx.Auth,
        observer: Observer,
        *,
        timeouts: Timeouts,
        concurrency: int,
        share: float,
        clock: Clock,
    ) -> None:
        self.quoting = Quoting(domain.netloc)
        self.server_time: datetime | None = None
        self.first_reply_at: datetime | None = None
        self._domain = domain
        self._auth = auth
        self._observer = observer
        self._timeouts = timeouts
        self._slots = Slots(concurrency, clock)
        self.governor = Governor(share, clock, self._announce)
        self._latency = LIKELY_LATENCY
        self._clock = clock
        self._announced: dict[str, float] = {}
        self._http: httpx.AsyncClient | None = None

    async def open(self) -> None:
        """Build the client; nothing is sent yet."""
        self._http = httpx.AsyncClient(
            transport=transport_for(self._domain),
            cookies=_NoCookies(),
            trust_env=False,  # the transport knows the proxies; netrc must not replace the credential
            follow_redirects=False,
            max_redirects=MOST_IN_A_ROW,
            event_hooks={"request": [self._note_request], "response": [self._refuse_redirect]},
        )

    async def close(self) -> None:
        """Close every connection."""
        if self._http is not None:
            await self._http.aclose()
            self._http = None

    async def send(self, call: Call, look: Callable[[], Awaitable[None]] | None = None) -> Reply:
        """Send a call until it is answered or there is no more sense in trying.

        Args:
            call: The call.
            look: Awaited before a call goes that had to wait: what it rests on may have changed meanwhile.
                What it raises is raised, and the call isn't sent any more.

        Raises:
            ProviderError: What the last attempt ended with.
        """
        attempt, waited, held, looked = 1, 0.0, 0.0, self._times()
        while True:
            passage = await self.governor.enter(bucket_of(call.path))
            held += passage.held
            if look is not None and max(map(sub, self._times(), looked)) > FRESH:
                self.governor.left(passage)
                await look()
                looked = self._times()
                continue
            try:
                reply = await self._in_a_slot(call, passage)
            except ProviderError as error:
                delay = retry_delay(error, attempt, waited, self._clock.jitter())
                if delay is None:
                    raise
                call = _easier(call, error)
                failure: ProviderError = error
            else:
                return replace(reply, retries=attempt - 1, waited=waited + held)
            finally:
                self.governor.left(passage)
            if not self.governor.holds(passage):  # otherwise it waits with the others
                await self._pause(delay, self._reason(failure, call))
                waited += delay
            attempt += 1

    @property
    def pace(self) -> float:
        """Seconds from one call to the next, with all slots in use."""
        return self._latency / self._slots.limit

    def _times(self) -> tuple[float, float]:
        """By both clocks: one of them may stand still while the machine sleeps."""
        return self._clock.now(), self._clock.since_1970()

    async def _in_a_slot(self, call: Call, passage: Passage) -> Reply:
        taken = await self._slots.take()
        try:
            return await self._attempt(call, passage)
        except RateLimited as error:
            if error.code == "concurrency_limited":
                self._slots.refused(taken)
            raise
        finally:
            self._slots.give_back()

    async def _pause(self, seconds: float, why: str) -> None:
        self._announce(seconds, why)
        await self._clock.sleep(seconds)

    def _announce(self, seconds: float, why: str) -> None:
        end = self._clock.now() + seconds
        if end > self._announced.get(why, 0.0) + 1.0:  # calls that wait for the same say so once
            self._announced[why] = end
            self._observer.waiting(seconds, why)

    async def _attempt(self, call: Call, passage: Passage) -> Reply:
        assert self._http is not None, "the client is used outside its async with"
        departure = Departure()
        request = self._request(call, departure)
        began = self._clock.now()
        try:
            async with asyncio.timeout(self._timeouts.request):
                response = await self._http.send(
                    request, auth=self._auth if call.authorised else None, stream=True
                )
                try:
                    body = await self._body(call, response)
                finally:
                    await response.aclose()
        except TokenRefused as refused:
            raise token_refused(self.quoting, refused) from None
        except httpx.ProtocolError as error:
            fault = no_answer(self.quoting, call, error, left=departure.left)
            raise fault from None  # its text quotes the bytes on the line
        except (httpx.HTTPError, TimeoutError, OSError) as error:
            raise no_answer(self.quoting, call, error, left=departure.left) from error
        self._latency += (self._clock.now() - began - self._latency) * SMOOTHING
        return self._judge(call, passage, response, body)

    def _request(self, call: Call, departure: "Departure") -> httpx.Request:
        limits = self._timeouts
        timeout: dict[str, Any] = {
            "connect": limits.connect,
            "read": limits.read,
            "write": limits.write,
            "pool": None,  # slots bound the calls, and each connection's pool serves one
        }
        extensions: dict[str, Any] = {"timeout": timeout, "elevated": call.elevated}
        if call.is_write:
            extensions["trace"] = departure.watch
        try:
            return httpx.Request(
                call.method,
                f"{self._domain.url}{call.target}",
                headers=HEADERS,
                content=call.content or None,
                extensions=extensions,
            )
        except httpx.InvalidURL as error:
            raise unsendable(self.quoting, call) from error

    async def _body(self, call: Call, response: httpx.Response) -> bytes:
        try:
            return await read_body(response)
        except BodyError as error:
            reply = Reply(call, response.status_code, (), request_id(self.quoting, response), b"")
            if call.is_write:
                raise unclear(self.quoting, reply, str(error)) from None
            raise bad_payload(self.quoting, reply, str(error)) from None

    def _judge(self, call: Call, passage: Passage, response: httpx.Response, body: bytes) -> Reply:
        date = http_date(response.headers.get("date"))
        self.server_time = date or self.server_time
        self.first_reply_at = self.first_reply_at or date
        refused = response.status_code == httpx.codes.TOO_MANY_REQUESTS
        self.governor.answered(passage, rate_headers(response.headers), refused=refused)
        if response.is_success:
            links = tuple(response.headers.get_list("link"))
            return Reply(call, response.status_code, links, request_id(self.quoting, response), body, date)
        raise refusal(self.quoting, call, response, body)

    async def _note_request(self, request: httpx.Request) -> None:
        self.quoting.sent(request)
        path = request.url.raw_path.partition(b"?")[0].decode("ascii")
        self._observer.requested(self.quoting.without_credential(f"{request.method} {path}"))

    async def _refuse_redirect(self, response: httpx.Response) -> None:
        if response.is_redirect:
            path = response.request.url.raw_path.decode("ascii")
            call = Call(path.partition("?")[0], method=response.request.method)
            raise redirected(self.quoting, call, response)

    def _reason(self, error: ProviderError, call: Call) -> str:
        if isinstance(error, RateLimited):
            kind = "concurrency limit" if error.code == "concurrency_limited" else "rate limit"
            return f"Okta's {kind} on {bucket_of(call.path)}"
        what = self.quoting.without_credential(call.what)
        return f"{what} failed ({error.status or error.code}), trying again"


class Departure:
    """Watches a request go out: only as long as nothing of it has, is it certain that it wasn't done.

    Attributes:
        left: Whether any of it may be with Okta.
    """

    def __init__(self) -> None:
        self.left = False

    async def watch(self, event: str, facts: dict[str, Any]) -> None:
        """Told by the HTTP library of each step; a proxy's CONNECT carries nothing of the request."""
        if event.endswith(".send_request_headers.started") and facts["request"].method != b"CONNECT":
            self.left = True


class _NoCookies(http.cookiejar.CookieJar):
    """Keeps nothing: a session is of no use here, and two calls must not influence each other."""

    def extract_cookies(self, response: Any, request: Any) -> None:
        """Take none."""

    def add_cookie_header(self, request: Any) -> None:
        """Give none."""


def _easier(call: Call, error: ProviderError) -> Call:
    """Okta answers 500 where it took too long over a list; a smaller page may do."""
    took_too_long = error.status == httpx.codes.INTERNAL_SERVER_ERROR or error.code == "timed_out"
    return call.with_small_page() if isinstance(error, Unavailable) and took_too_long else call
