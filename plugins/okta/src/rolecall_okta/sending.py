"""The one way to Okta: sends a call, turns every failure into our errors, repeats what may pass."""

import asyncio
import http.cookiejar
from dataclasses import dataclass, replace
from datetime import datetime
from importlib.metadata import version
from typing import Any

import httpx

from rolecall import Observer, ProviderError, RateLimited, Unavailable
from rolecall_okta.bodies import BodyError, read_body
from rolecall_okta.calls import Call, Reply
from rolecall_okta.clock import Clock
from rolecall_okta.dates import http_date
from rolecall_okta.domain import OktaDomain
from rolecall_okta.governor import Governor, Passage
from rolecall_okta.limits import bucket_of, rate_headers
from rolecall_okta.quoting import Quoting
from rolecall_okta.refusals import bad_payload, no_answer, redirected, refusal, request_id, unsendable
from rolecall_okta.retries import retry_delay
from rolecall_okta.slots import Slots
from rolecall_okta.transport import transport_for

LIKELY_LATENCY = 0.2
"""Seconds, until some were measured."""
SMOOTHING = 0.1

HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "gzip",
    "Content-Type": "application/json",
    "User-Agent": f"rolecall-okta/{version('rolecall-okta')}",
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
            event_hooks={"request": [self._note_credential], "response": [self._refuse_redirect]},
        )

    async def close(self) -> None:
        """Close every connection."""
        if self._http is not None:
            await self._http.aclose()
            self._http = None

    async def send(self, call: Call) -> Reply:
        """Send a call until it is answered or there is no more sense in trying.

        Raises:
            ProviderError: What the last attempt ended with.
        """
        attempt, waited, held = 1, 0.0, 0.0
        while True:
            passage = await self.governor.enter(bucket_of(call.path))
            held += passage.held
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
        request = self._request(call)
        self._observer.requested(self.quoting.without_credential(call.what))
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
        except httpx.ProtocolError as error:
            raise no_answer(self.quoting, call, error) from None  # its text quotes the bytes on the line
        except (httpx.HTTPError, TimeoutError, OSError) as error:
            raise no_answer(self.quoting, call, error) from error
        self._latency += (self._clock.now() - began - self._latency) * SMOOTHING
        return self._judge(call, passage, response, body)

    def _request(self, call: Call) -> httpx.Request:
        limits = self._timeouts
        timeout: dict[str, Any] = {
            "connect": limits.connect,
            "read": limits.read,
            "write": limits.write,
            "pool": None,  # slots bound the calls, and each connection's pool serves one
        }
        try:
            return httpx.Request(
                call.method,
                f"{self._domain.url}{call.target}",
                headers=HEADERS,
                extensions={"timeout": timeout},
            )
        except httpx.InvalidURL as error:
            raise unsendable(self.quoting, call) from error

    async def _body(self, call: Call, response: httpx.Response) -> bytes:
        try:
            return await read_body(response)
        except BodyError as error:
            reply = Reply(call, response.status_code, (), request_id(self.quoting, response), b"")
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

    async def _note_credential(self, request: httpx.Request) -> None:
        self.quoting.sent(request)

    async def _refuse_redirect(self, response: httpx.Response) -> None:
        if response.is_redirect:
            path = response.request.url.raw_path.decode("ascii")
            raise redirected(self.quoting, Call(path.partition("?")[0]), response)

    def _reason(self, error: ProviderError, call: Call) -> str:
        if isinstance(error, RateLimited):
            kind = "concurrency limit" if error.code == "concurrency_limited" else "rate limit"
            return f"Okta's {kind} on {bucket_of(call.path)}"
        what = self.quoting.without_credential(call.what)
        return f"{what} failed ({error.status or error.code}), trying again"


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
