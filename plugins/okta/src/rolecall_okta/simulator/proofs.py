"""Signed statements of a client's: assertions of who it is, and DPoP proofs that it holds a key."""

import base64
import json
from collections.abc import Callable
from hashlib import sha256
from typing import Final

import jwt

from rolecall_okta.simulator.raw_json import Json, JsonObject

ALGORITHMS: Final = ("RS256", "RS384", "RS512", "ES256", "ES384", "ES512")
_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_THUMBPRINT: Final = {"RSA": ("e", "kty", "n"), "EC": ("crv", "kty", "x", "y")}
_SKEW: Final = 300.0


class BadProof(ValueError):
    """The statement doesn't hold; the text says why, as Okta would."""


class UsedOnce:
    """Ids of statements, none of which may come twice."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def first(self, statement_id: str) -> bool:
        if statement_id in self._seen:
            return False
        self._seen.add(statement_id)
        return True


def unverified(text: str) -> tuple[JsonObject, JsonObject]:
    """The header and the claims of a statement, before its signature is looked at.

    Raises:
        BadProof: It is no JWT, or of a kind of signature that Okta doesn't take.
    """
    try:
        header = jwt.get_unverified_header(text)
        claims = jwt.decode(text, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        msg = "it is not a valid JWT"
        raise BadProof(msg) from error
    if header.get("alg") not in ALGORITHMS:
        msg = f"the algorithm {header.get('alg')} is not supported"
        raise BadProof(msg)
    return header, claims


def signed_by(text: str, algorithm: str, key: JsonObject) -> bool:
    """Whether a public key (a JWK) made the signature."""
    try:
        public = jwt.PyJWK(key, algorithm=algorithm)
        jwt.decode(
            text,
            public,
            algorithms=[algorithm],
            options={
                "verify_exp": False,
                "verify_nbf": False,
                "verify_iat": False,
                "verify_aud": False,
                "verify_iss": False,
            },
        )
    except (jwt.PyJWTError, ValueError, TypeError):
        return False
    return True


def thumbprint(key: JsonObject) -> str:
    """A key's name by RFC 7638."""
    members = {name: key[name] for name in _THUMBPRINT[key["kty"]]}
    return _digest(json.dumps(members, separators=(",", ":"), sort_keys=True))


class DpopProofs:
    """Checks DPoP proofs (RFC 9449), none of which may be used twice."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._used = UsedOnce()

    def check(
        self, proof: str, method: str, url: str, *, access_token: str | None = None
    ) -> tuple[str, Json]:
        """The thumbprint of the key that is proved to be held, and the nonce in the proof.

        Raises:
            BadProof: It is none for this method, URL and access token, or has been used.
        """
        header, claims = unverified(proof)
        key = header.get("jwk")
        if header.get("typ") != "dpop+jwt":
            msg = "the typ of the DPoP proof must be dpop+jwt"
            raise BadProof(msg)
        if not isinstance(key, dict) or _PRIVATE & key.keys() or key.get("kty") not in _THUMBPRINT:
            msg = "the DPoP proof must hold a public key"
            raise BadProof(msg)
        if not signed_by(proof, header["alg"], key):
            msg = "the signature of the DPoP proof is invalid"
            raise BadProof(msg)
        issued, proof_id = claims.get("iat"), claims.get("jti")
        if claims.get("htm") != method:
            msg = "the htm claim does not match the method"
            raise BadProof(msg)
        if claims.get("htu") != url.partition("?")[0]:
            msg = "the htu claim does not match the URL"
            raise BadProof(msg)
        if not isinstance(issued, int | float) or abs(issued - self._clock()) > _SKEW:
            msg = "the iat claim is missing or too far from now"
            raise BadProof(msg)
        if access_token is not None and claims.get("ath") != _digest(access_token):
            msg = "the ath claim does not match the access token"
            raise BadProof(msg)
        if not isinstance(proof_id, str) or not self._used.first(proof_id):
            msg = "the jti claim is missing or has been used"
            raise BadProof(msg)
        return thumbprint(key), claims.get("nonce")


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(sha256(text.encode()).digest()).decode().rstrip("=")
