"""What an OAuth app proves itself with: that it is the app, and (DPoP, RFC 9449) that a token is its own."""

import base64
import hashlib
import secrets

from rolecall_okta.clock import Clock
from rolecall_okta.signing import SigningKey, new_key

LIFE = 300
"""Seconds that an assertion is good for."""


class OktaTime:
    """Okta's clock, in seconds since 1970: the local one, corrected by what Okta's replies say."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ahead = 0.0

    def now(self) -> int:
        """Whole seconds."""
        return int(self._clock.since_1970() + self._ahead)

    def learn(self, told: float) -> float:
        """Take over what a reply's ``Date`` says; returns by how many seconds it was off."""
        off = told - (self._clock.since_1970() + self._ahead)
        if abs(off) > 1.0:  # a Date has whole seconds
            self._ahead += off
        return abs(off)


class Assertions:
    """Makes the app's assertions of who it is, a new one for each request (``private_key_jwt``)."""

    def __init__(self, client_id: str, key: SigningKey, audience: str, time: OktaTime) -> None:
        self._client_id = client_id
        self._key = key
        self._audience = audience
        self._time = time

    def assertion(self) -> str:
        """A new one."""
        now = self._time.now()
        claims = {
            "iss": self._client_id,
            "sub": self._client_id,
            "aud": self._audience,
            "iat": now,
            "exp": now + LIFE,
            "jti": secrets.token_urlsafe(24),
        }
        return self._key.signed(claims, {} if self._key.key_id is None else {"kid": self._key.key_id})


class Proofs:
    """Makes proofs that whoever sends a request holds this client's key, which is made for it alone."""

    def __init__(self, time: OktaTime) -> None:
        self._time = time
        self._key = new_key()
        self._header = {"typ": "dpop+jwt", "jwk": dict(self._key.public)}

    def proof(self, method: str, url: str, *, nonce: str | None, token: str | None = None) -> str:
        """A new one.

        Args:
            method: Of the request.
            url: Of the request, without query and fragment.
            nonce: What the server gave to put in, or None.
            token: The access token that goes with it, or None.
        """
        claims: dict[str, object] = {
            "htm": method,
            "htu": url,
            "iat": self._time.now(),
            "jti": secrets.token_urlsafe(24),
        }
        if nonce is not None:
            claims["nonce"] = nonce
        if token is not None:
            digest = hashlib.sha256(token.encode("ascii")).digest()
            claims["ath"] = base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")
        return self._key.signed(claims, self._header)
