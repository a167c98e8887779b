"""The org's authorization server: ``POST /oauth2/v1/token`` for service apps, and whose a token is."""

import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from rolecall_okta.simulator.behaviour import Behaviour
from rolecall_okta.simulator.errors import OktaError, invalid_token
from rolecall_okta.simulator.exchange import Reply
from rolecall_okta.simulator.proofs import BadProof, DpopProofs, UsedOnce, signed_by, unverified
from rolecall_okta.simulator.raw_json import encode
from rolecall_okta.simulator.service_apps import ServiceApp

PATH: Final = "/oauth2/v1/token"
LIFETIME: Final = 3600.0
_ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LONGEST_ASSERTION: Final = 3600.0
_NONCE_RENEWED: Final = 86_400.0
_NONCE_TAKEN: Final = 3 * 86_400.0


@dataclass(frozen=True, slots=True)
class Issued:
    """An access token."""

    text: str
    client: ServiceApp
    scopes: frozenset[str]
    ends: float
    key: str | None
    """The thumbprint of the key it is bound to; ``None`` for a bearer token."""


class _Refused(Exception):
    """A refusal in OAuth's own form."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(description)
        self.reply = Reply(status, encode({"error": error, "error_description": description}))


class AuthorizationServer:
    """Issues access tokens and tells whose they are. Every public attribute may be changed at any time."""

    def __init__(
        self, clients: Iterable[ServiceApp], clock: Callable[[], float], behaviour: Behaviour
    ) -> None:
        self.clients = {client.client_id: client for client in clients}
        self.lifetime = LIFETIME
        self.api_nonce = False
        """Whether API calls must repeat a nonce too."""
        self._behaviour = behaviour
        self._clock = clock
        self._proofs = DpopProofs(clock)
        self._assertions = UsedOnce()
        self._nonces: dict[str, float] = {}
        self._issued: dict[str, Issued] = {}

    @property
    def nonce(self) -> str:
        """The one given out now; it is renewed once a day."""
        newest = next(reversed(self._nonces), None)
        if newest is None or self._nonces[newest] <= self._clock() - _NONCE_RENEWED:
            return self.new_nonce()
        return newest

    def new_nonce(self) -> str:
        """Give out another one from now on; the old one is taken for some days."""
        nonce = secrets.token_urlsafe(12)
        self._nonces[nonce] = self._clock()
        return nonce

    def forget_nonces(self) -> None:
        """Take none of those given out."""
        self._nonces.clear()

    def revoke_all(self) -> None:
        """End every access token now."""
        self._issued.clear()

    def issue(self, url: str, headers: Mapping[bytes, bytes], body: bytes) -> Reply:
        """Answer a token request to this URL."""
        try:
            return self._issue(url, headers, dict(parse_qsl(body.decode("latin-1"))))
        except _Refused as refused:
            return refused.reply

    def issued(self, authorization: str) -> Issued | None:
        """The token in an Authorization header, whether it holds now or not."""
        return self._issued.get(authorization.partition(" ")[2])

    def check(
        self, issued: Issued, authorization: str, headers: Mapping[bytes, bytes], method: str, url: str
    ) -> None:
        """Refuse a call whose token has ended, or that doesn't prove possession of the token's key.

        Raises:
            OktaError: With a challenge in its headers.
        """
        if issued.ends <= self._clock() or not issued.client.active:
            kind = "Bearer" if issued.key is None else "DPoP"
            raise _challenged(kind, "invalid_token", "The token has expired.")
        scheme = authorization.partition(" ")[0].lower()
        if issued.key is None:
            if scheme != "bearer":
                raise _challenged("Bearer", "invalid_token", "The token is a bearer token.")
            return
        proof = headers.get(b"dpop", b"").decode("latin-1")
        if scheme != "dpop" or not proof:
            raise _challenged("DPoP", "invalid_dpop_proof", "The DPoP proof JWT header is missing.")
        try:
            key, nonce = self._proofs.check(proof, method, url, access_token=issued.text)
        except BadProof as error:
            raise _challenged("DPoP", "invalid_dpop_proof", str(error)) from error
        if key != issued.key:
            raise _challenged("DPoP", "invalid_dpop_proof", "The proof is of another key than the token's.")
        if self.api_nonce and not self._takes(nonce):
            refused = _challenged("DPoP", "use_dpop_nonce", "Resource server requires nonce in DPoP proof.")
            refused.headers.append((b"dpop-nonce", self.nonce.encode("ascii")))
            raise refused

    def _issue(self, url: str, headers: Mapping[bytes, bytes], form: Mapping[str, str]) -> Reply:
        if form.get("grant_type") != "client_credentials":
            raise _Refused(400, "unsupported_grant_type", "The authorization grant type is not supported.")
        client = self._client(url, form)
        key, challenged = self._key(client, url, headers)
        if challenged is not None:
            return challenged
        scopes = self._scopes(client, form)
        kind = "Bearer" if key is None else "DPoP"
        issued = Issued(
            secrets.token_urlsafe(48), client, frozenset(scopes), self._clock() + self.lifetime, key
        )
        self._issued[issued.text] = issued
        body = {
            "token_type": kind,
            "expires_in": int(self.lifetime),
            "access_token": issued.text,
            "scope": " ".join(scopes),
        }
        told = [] if key is None else [(b"dpop-nonce", self.nonce.encode("ascii"))]
        return Reply(200, encode(body), told)

    def _client(self, url: str, form: Mapping[str, str]) -> ServiceApp:
        """Who asks, as the assertion proves."""
        if form.get("client_assertion_type") != _ASSERTION_TYPE or "client_assertion" not in form:
            raise _not_known("Client authentication by private_key_jwt is required.")
        text, now = form["client_assertion"], self._clock()
        try:
            header, claims = unverified(text)
        except BadProof as error:
            msg = f"The client_assertion is invalid: {error}."
            raise _not_known(msg) from error
        client = self.clients.get(str(claims.get("iss")))
        if client is None or not client.active or claims.get("sub") != client.client_id:
            raise _not_known("Invalid value for 'client_id' parameter.")
        named = header.get("kid")
        keys = [key for key in client.keys if named is None or key.get("kid") in (None, named)]
        if not any(signed_by(text, header["alg"], key) for key in keys):
            raise _not_known("The client_assertion signature is invalid.")
        audience, ends, assertion_id = claims.get("aud"), claims.get("exp"), claims.get("jti")
        if audience not in (url, [url]):
            raise _not_known("The audience claim for client_assertion must be the endpoint invoked.")
        if not isinstance(ends, int | float) or ends <= now:
            raise _not_known("The client_assertion token is expired.")
        if ends > now + _LONGEST_ASSERTION:
            raise _not_known("The client_assertion token expires more than an hour from now.")
        if assertion_id is not None and not self._assertions.first(f"{client.client_id} {assertion_id}"):
            raise _not_known("The client_assertion token has already been used.")
        return client

    def _key(
        self, client: ServiceApp, url: str, headers: Mapping[bytes, bytes]
    ) -> tuple[str | None, Reply | None]:
        """The key to bind the token to, or a challenge to repeat a nonce."""
        proof = headers.get(b"dpop", b"").decode("latin-1")
        if not proof:
            if client.dpop:
                raise _Refused(400, "invalid_dpop_proof", "The DPoP proof JWT header is missing.")
            return None, None
        try:
            key, nonce = self._proofs.check(proof, "POST", url)
        except BadProof as error:
            raise _Refused(400, "invalid_dpop_proof", f"The DPoP proof is invalid: {error}.") from error
        if self._takes(nonce):
            return key, None
        refused = _Refused(400, "use_dpop_nonce", "Authorization server requires nonce in DPoP proof.")
        refused.reply.headers.append((b"dpop-nonce", self.nonce.encode("ascii")))
        return key, refused.reply

    def _scopes(self, client: ServiceApp, form: Mapping[str, str]) -> list[str]:
        asked = form.get("scope", "").split()
        granted = [scope for scope in asked if scope in client.scopes]
        if not granted or (granted != asked and self._behaviour.ungranted_scopes == "refused"):
            raise _Refused(400, "invalid_scope", "One or more scopes are not configured for the client.")
        return granted

    def _takes(self, nonce: object) -> bool:
        oldest = self._clock() - _NONCE_TAKEN
        return isinstance(nonce, str) and self._nonces.get(nonce, oldest) > oldest


def _not_known(description: str) -> _Refused:
    return _Refused(401, "invalid_client", description)


def _challenged(scheme: str, error: str, description: str) -> OktaError:
    refused = invalid_token()
    challenge = f'{scheme} error="{error}", error_description="{description}"'
    refused.headers.append((b"www-authenticate", challenge.encode("ascii")))
    return refused
