"""From what Okta answered, or didn't, to our errors."""

import json
import socket
import ssl
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlsplit

import httpx

from rolecall import AuthRefused, BadPayload, NotFound, ProviderError, RateLimited, Unavailable
from rolecall_okta.answers import NO_SUCH_FEATURE
from rolecall_okta.auth import TokenRefused
from rolecall_okta.calls import TOKEN_PATH, Call, Reply
from rolecall_okta.limits import AFTER_RESET, rate_headers
from rolecall_okta.outcomes import NoAgent, OutcomeUnknown
from rolecall_okta.quoting import Quoting
from rolecall_okta.writes import is_directory_change

MAKE_A_TOKEN = (
    "make a new token in the Admin Console (Security > API > Tokens), signed in as a service account with "  # noqa: S105
    "read-only rights, and store it where the setting api_token points; a token dies with its owner, after "
    "30 days without use, and outside the network zone it is bound to"
)
GIVE_THE_RIGHT = (
    "give the account or app behind the credential an admin role that may make this call; an app needs the "
    "scope too"
)
CHECK_THE_APP = (
    "check client_id, that the app is active, and that the public half of private_key (named by key_id where "
    "it has several) is among its keys"
)
APP_REFUSALS = {
    "invalid_client": ("the app isn't accepted as the one it says it is", CHECK_THE_APP),
    "invalid_scope": (
        "the app has been granted none of the scopes it asks for",
        "grant them in the Admin Console (Applications > the app > Okta API Scopes): {scopes}",
    ),
    "unauthorized_client": (
        "the app may not get tokens in this way",
        "it must be an API Services app that authenticates by public key and private key",
    ),
    "access_denied": (
        "the app may not get tokens",
        "look up the refusal in Okta's System Log; a policy or the app's settings are behind it",
    ),
    "use_dpop_nonce": (
        "it asks for a nonce and takes none that it gave",
        "try again later; if that doesn't help, ask whoever runs the org about what stands before Okta",
    ),
    "invalid_dpop_proof": (
        "the proof that the token is this client's isn't accepted",
        "check the clock of this machine",
    ),
}
NOT_OKTA = "check that the setting domain names an Okta org"
READ_FIRST = "read what it was to change before anybody does it again"

Kind = TypeVar("Kind", bound=ProviderError)

NOT_ABOUT_RIGHTS = frozenset({"E0000023", "E0000038", "E0000046", "E0000075", "E0000117"})
"""403s that say something about the object, not about the credential."""
APP_SCHEMES = frozenset({"Bearer", "DPoP"})
CREDENTIAL_STATUSES = frozenset({httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN})
PASSING_STATUSES = frozenset({httpx.codes.REQUEST_TIMEOUT, httpx.codes.LOCKED})
UNDONE_REDIRECTS = frozenset({httpx.codes.TEMPORARY_REDIRECT, httpx.codes.PERMANENT_REDIRECT})
BUSY = frozenset({"E0000112", "E0000249", "E0000268"})
"""409s that pass."""
READ_ONLY_MODE = "E0000010"
"""A 503 that Okta answers to every write during maintenance."""


def refusal(quoting: Quoting, call: Call, response: httpx.Response, body: bytes) -> ProviderError:
    """The error for a reply that is no 2xx."""
    status = response.status_code
    code, summary = _okta_words(quoting, body)
    facts = _Facts(quoting, call, status, code, request_id(quoting, response))
    if status == httpx.codes.TOO_MANY_REQUESTS:
        return _rate_limited(facts, response.headers)
    if _passes(status, code):
        return _not_now(facts, summary)
    if status in CREDENTIAL_STATUSES and code not in NOT_ABOUT_RIGHTS:
        return _credential_refused(facts, summary)
    if code is None:
        return facts.error(ProviderError, "the answer is no error of Okta's", NOT_OKTA, code="not_okta")
    if status == httpx.codes.NOT_FOUND:
        word = "path_not_found" if code == "E0000008" else None
        return facts.error(NotFound, f"not found{summary}", code=word)
    return facts.error(ProviderError, f"Okta refused the call{summary}")


def redirected(quoting: Quoting, call: Call, response: httpx.Response) -> ProviderError:
    """The error for a redirect, which is never followed: the credential would go along.

    Whoever redirects a write with anything but 307 or 308 may have done it before (RFC 9110, 15.4).
    """
    location = str(response.headers.get("location", ""))
    target = quoting.quoted(_host_in(location) or "nowhere")
    facts = _Facts(quoting, call, response.status_code, None, request_id(quoting, response))
    what = f"the answer is a redirect to {target}, which isn't followed"
    if call.is_write and call.path != TOKEN_PATH and response.status_code not in UNDONE_REDIRECTS:
        return _unknown(facts, what)
    return facts.error(
        BadPayload,
        what,
        "the setting domain must be the org's own address; ask whoever runs the org, not the answer",
        code="redirected",
    )


def bad_payload(quoting: Quoting, reply: Reply, wrong: str) -> BadPayload:
    """The error for a 2xx whose content can't be right."""
    return _Facts(quoting, reply.call, reply.status, None, reply.request_id).error(BadPayload, wrong)


def unsendable(quoting: Quoting, call: Call) -> BadPayload:
    """The error for a call whose address the HTTP library refuses; ids in it come from Okta."""
    return _Facts(quoting, call).error(BadPayload, "the address can't be sent")


def request_id(quoting: Quoting, response: httpx.Response) -> str | None:
    """What Okta's support asks for, fit to be shown."""
    text = response.headers.get("x-okta-request-id")
    return quoting.quoted(text, 60) if text else None


def unclear(quoting: Quoting, reply: Reply, why: str) -> OutcomeUnknown:
    """The error for a write whose answer can't be Okta's; ``why`` is half a sentence."""
    return _unknown(_Facts(quoting, reply.call, reply.status, None, reply.request_id), why)


def token_refused(quoting: Quoting, refused: TokenRefused) -> ProviderError:
    """The error for an OAuth app that gets no token; whatever call needed it wasn't sent."""
    response = refused.response
    code, summary = _okta_words(quoting, refused.body)
    call = Call(TOKEN_PATH, method="POST")
    facts = _Facts(quoting, call, response.status_code, code, request_id(quoting, response))
    if facts.status == httpx.codes.TOO_MANY_REQUESTS:
        return _rate_limited(facts, response.headers)
    if response.is_success:
        return facts.error(BadPayload, "the answer holds no access token", code="no_token")
    if _passes(response.status_code, code):
        return facts.error(Unavailable, f"Okta can't answer now{summary}")
    if code is None:
        return facts.error(ProviderError, "the answer is no error of Okta's", NOT_OKTA, code="not_okta")
    what, hint = APP_REFUSALS.get(code, ("Okta gives the app no token", CHECK_THE_APP))
    hint = hint.format(scopes=", ".join(sorted(refused.scopes)))
    return facts.error(AuthRefused, f"{what}{summary}", hint, code="app_refused")


def no_answer(quoting: Quoting, call: Call, error: Exception, *, left: bool) -> ProviderError:
    """The error for an attempt that ended without a whole answer; ``left``: the request may be there."""
    facts = _Facts(quoting, call)
    if call.is_write and left:
        late = isinstance(error, httpx.TimeoutException | TimeoutError)
        return _unknown(facts, "no answer in time" if late else "the connection broke before the answer")
    if isinstance(error, httpx.TimeoutException | TimeoutError):
        return facts.error(Unavailable, "no answer in time", code="timed_out")
    if isinstance(error, httpx.ProxyError):
        return facts.error(
            Unavailable, "the proxy refused", "check HTTPS_PROXY and NO_PROXY", code="proxy_failed"
        )
    if isinstance(error, httpx.ConnectError):
        return _no_connection(facts, list(_causes(error)))
    return facts.error(Unavailable, "the connection broke before the whole answer was there")


@dataclass(frozen=True, slots=True)
class _Facts:
    """Where it happened: the tail of every message, and the attributes of every error."""

    quoting: Quoting
    call: Call
    status: int | None = None
    code: str | None = None
    request_id: str | None = None

    def error(self, kind: type[Kind], what: str, hint: str | None = None, *, code: str | None = None) -> Kind:
        answer = " ".join(str(each) for each in (self.status, self.code) if each is not None)
        request = f"request {self.request_id}" if self.request_id else ""
        details = ", ".join(each for each in (answer, request) if each)
        where = f"{self.call.method} {self.quoting.host}{self.quoting.quoted(self.call.path)}"
        return kind(
            f"{where}: {what} ({details})" if details else f"{where}: {what}",
            hint=hint,
            code=code,
            status=self.status,
            provider_code=self.code,
            request_id=self.request_id,
            method=self.call.method,
            path=self.quoting.without_credential(self.call.path),
        )


def _not_now(facts: _Facts, summary: str) -> Unavailable:
    """A fault that passes; what it means for a write depends on whether Okta began with it."""
    what = f"Okta can't answer now{summary}"
    if not facts.call.is_write or _not_begun(facts):
        return facts.error(Unavailable, what)
    if is_directory_change(facts.call.path) and facts.status == httpx.codes.BAD_GATEWAY and facts.code:
        why = f"no agent of the directory is connected{summary}"
        return facts.error(
            NoAgent, why, "have it changed in the directory itself, or start Okta's agent there"
        )
    return _unknown(facts, what)


def _not_begun(facts: _Facts) -> bool:
    if facts.status == httpx.codes.SERVICE_UNAVAILABLE:
        return facts.code == READ_ONLY_MODE
    return facts.status in {httpx.codes.LOCKED, httpx.codes.CONFLICT}


def _unknown(facts: _Facts, why: str) -> OutcomeUnknown:
    return facts.error(OutcomeUnknown, f"{why}; whether it was done isn't known", READ_FIRST)


def _passes(status: int, code: str | None) -> bool:
    if status in PASSING_STATUSES or (status == httpx.codes.CONFLICT and code in BUSY):
        return True
    return status >= httpx.codes.INTERNAL_SERVER_ERROR and status != httpx.codes.NOT_IMPLEMENTED


def _rate_limited(facts: _Facts, headers: httpx.Headers) -> RateLimited:
    rate = rate_headers(headers)
    if rate.concurrency:
        return facts.error(RateLimited, "too many calls at once", code="concurrency_limited")
    error = facts.error(RateLimited, "Okta's rate limit is used up")
    if rate.seconds_to_reset is not None and rate.seconds_to_reset > 0:
        error.retry_after = rate.seconds_to_reset + AFTER_RESET
    return error


def _credential_refused(facts: _Facts, summary: str) -> AuthRefused:
    if facts.code == NO_SUCH_FEATURE:
        what = f"the org lacks this feature, or the credential the right to it{summary}"
        return facts.error(AuthRefused, what, GIVE_THE_RIGHT, code="feature_missing")
    if facts.status == httpx.codes.FORBIDDEN:
        what = f"the credential lacks a right{summary}"
        return facts.error(AuthRefused, what, GIVE_THE_RIGHT, code="right_missing")
    hint = CHECK_THE_APP if facts.quoting.scheme in APP_SCHEMES else MAKE_A_TOKEN
    return facts.error(AuthRefused, f"Okta refused the credential{summary}", hint)


def _no_connection(facts: _Facts, causes: Sequence[BaseException]) -> Unavailable:
    tls = next((cause for cause in causes if isinstance(cause, ssl.SSLError)), None)
    if tls is not None:
        why = str(getattr(tls, "verify_message", None) or tls.reason or "the handshake failed")
        hint = "check the host; behind a proxy that inspects TLS, set SSL_CERT_FILE to its certificates"
        what = f"no secure connection: {facts.quoting.quoted(why)}"
        return facts.error(Unavailable, what, hint, code="tls_failed")
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        what = "the host name can't be resolved"
        return facts.error(Unavailable, what, "check the setting domain", code="unresolved")
    return facts.error(Unavailable, "no connection", code="unreachable")


def _okta_words(quoting: Quoting, body: bytes) -> tuple[str | None, str]:
    """Okta's error code, and its words ready to be appended to ours."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, Mapping):
        return None, ""
    code = content.get("errorCode", content.get("error"))
    if not isinstance(code, str) or not code:
        return None, ""
    causes = content.get("errorCauses")
    first = causes[0] if isinstance(causes, list) and causes else causes
    words = [
        text
        for text in (
            content.get("errorSummary"),
            content.get("error_description"),
            first.get("errorSummary") if isinstance(first, Mapping) else None,
        )
        if isinstance(text, str) and text
    ]
    said = quoting.quoted(": ".join(words))
    return quoting.quoted(code, 40), f": {said}" if said else ""


def _host_in(location: str) -> str | None:
    try:
        return urlsplit(location).netloc.rpartition("@")[2] or None
    except ValueError:
        return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__
