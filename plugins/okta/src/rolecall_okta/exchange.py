"""One exchange with Okta's token endpoint, told apart from the network: requests out, replies in."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import httpx

from rolecall_okta.auth import TokenRefused
from rolecall_okta.calls import USER_AGENT
from rolecall_okta.dates import http_date
from rolecall_okta.proofs import Assertions, OktaTime, Proofs

MOST_REQUESTS = 24
"""In one exchange: a nonce, a clock put right, and each scope tried by itself."""
CLOCK_IS_OFF = 5.0
LONGEST_LIFE = 86_400
"""Seconds of a token; Okta's live an hour."""
HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": USER_AGENT}


@dataclass(frozen=True, slots=True)
class Token:
    """An access token.

    Attributes:
        text: What is sent; in no repr.
        bound: Whether each use takes a proof (DPoP).
        lifetime: Seconds, from when it was given.
        scopes: What it was granted.
    """

    text: str = field(repr=False)
    bound: bool
    lifetime: float
    scopes: frozenset[str]


@dataclass
class Endpoint:
    """The token endpoint of an org, and what one client has learned of it.

    Attributes:
        url: Its address.
        assertions: Says who the app is.
        proofs: Proves that the client is the one that a token is given to.
        time: Okta's.
        proving: Whether it wants proofs, as far as is known.
        nonce: The latest that it gave.
    """

    url: str
    assertions: Assertions
    proofs: Proofs
    time: OktaTime
    proving: bool = False
    nonce: str | None = None


class Exchange:
    """Gets one token: ``request`` and ``answered`` in turn, until there is one.

    An org may refuse a request for a scope that the app hasn't been granted, instead of leaving it out.
    Then each is asked for by itself, and in the end those that there are.
    """

    def __init__(self, endpoint: Endpoint, scopes: Collection[str]) -> None:
        self._endpoint = endpoint
        self._asked = sorted(scopes)
        self._narrowing = False
        self._untried: list[str] = []
        self._granted: list[str] = []
        self._sent = 0
        self._proved = False
        self._used_nonce: str | None = None

    def request(self) -> httpx.Request:
        """What to send next."""
        endpoint = self._endpoint
        self._sent += 1
        self._proved = endpoint.proving
        self._used_nonce = endpoint.nonce
        headers = dict(HEADERS)
        if self._proved:
            headers["DPoP"] = endpoint.proofs.proof("POST", endpoint.url, nonce=endpoint.nonce)
        form = {
            "grant_type": "client_credentials",
            "scope": " ".join(self._asking),
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": endpoint.assertions.assertion(),
        }
        return httpx.Request("POST", endpoint.url, headers=headers, data=form)

    def answered(self, response: httpx.Response, body: bytes) -> Token | None:
        """The token, or None: send the next request.

        Raises:
            TokenRefused: There is none to be had.
        """
        said = _object(body)
        if self._sent < MOST_REQUESTS and (self._learned(response, said) or self._narrowed(response, said)):
            return None
        token = _token(said, self._asking) if response.is_success else None
        if token is None:
            shown, body, said = b"" if response.is_success else body, b"", {}  # half right, it holds a token
            raise TokenRefused(response, shown, self._asked)
        return token

    @property
    def _asking(self) -> list[str]:
        return self._untried[:1] or (self._granted if self._narrowing else self._asked)

    def _learned(self, response: httpx.Response, said: Mapping[str, object]) -> bool:
        """Whether the reply says something by which the same request will do better."""
        endpoint = self._endpoint
        date = http_date(response.headers.get("date"))
        off = 0.0 if date is None else endpoint.time.learn(date.timestamp())
        endpoint.nonce = response.headers.get("dpop-nonce") or endpoint.nonce
        error = said.get("error")
        unproved = error in {"use_dpop_nonce", "invalid_dpop_proof"} or said.get("token_type") == "DPoP"
        if unproved and not self._proved:
            endpoint.proving = True
            return True
        if error == "use_dpop_nonce":
            return endpoint.nonce != self._used_nonce
        return error in {"invalid_client", "invalid_dpop_proof"} and off > CLOCK_IS_OFF

    def _narrowed(self, response: httpx.Response, said: Mapping[str, object]) -> bool:
        """Whether there are scopes to be asked for by themselves, or those found so to be asked for."""
        refused = said.get("error") == "invalid_scope"
        if not self._untried:
            if not refused or self._narrowing or len(self._asked) == 1:
                return False
            self._narrowing, self._untried = True, list(self._asked)
            return True
        if not refused and not response.is_success:
            return False
        scope = self._untried.pop(0)
        if response.is_success:
            self._granted.append(scope)
        return bool(self._untried or self._granted)


def _token(said: Mapping[str, object], asked: Collection[str]) -> Token | None:
    text, kind, lifetime = said.get("access_token"), said.get("token_type"), said.get("expires_in")
    if not isinstance(text, str) or not text or not all("!" <= mark <= "~" for mark in text):
        return None
    if kind not in {"Bearer", "DPoP"} or isinstance(lifetime, bool) or not isinstance(lifetime, int | float):
        return None
    if not 0 < lifetime <= LONGEST_LIFE:  # a number of JSON may be too large for a float, or none at all
        return None
    granted = said.get("scope")
    scopes = frozenset(granted.split()) if isinstance(granted, str) else frozenset(asked)
    return Token(text, kind == "DPoP", float(lifetime), scopes)


def _object(body: bytes) -> Mapping[str, object]:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
