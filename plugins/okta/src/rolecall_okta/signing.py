"""Private keys of an OAuth app: read from PEM or a JSON web key, and what is signed with them."""

import json
from collections.abc import Mapping
from typing import Any, TypeAlias

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from rolecall import ConfigError, Secret

PrivateKey: TypeAlias = RSAPrivateKey | EllipticCurvePrivateKey

RSA_ALGORITHMS = ("RS256", "RS384", "RS512")
BY_CURVE = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}
SHORTEST_RSA = 2048

HOW_TO = (
    "store the private key that belongs to a public key of the app: as PEM without a password, or as the "
    "JSON web key that Okta showed when it made it"
)


class SigningKey:
    """A private key, and the algorithm it is used with; no repr shows it.

    Attributes:
        algorithm: ``RS256`` or one of the five others that Okta takes.
        key_id: Okta's name for it, where it is known.
    """

    def __init__(self, key: PrivateKey, algorithm: str, key_id: str | None = None) -> None:
        self.algorithm = algorithm
        self.key_id = key_id
        self._key = key

    def __repr__(self) -> str:
        return f"SigningKey({self.algorithm}, {self.key_id})"

    @property
    def public(self) -> Mapping[str, object]:
        """Its public half, as a JSON web key."""
        if isinstance(self._key, RSAPrivateKey):
            shown = RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        else:
            shown = ECAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return {name: shown[name] for name in ("kty", "crv", "x", "y", "n", "e") if name in shown}

    def signed(self, claims: Mapping[str, object], headers: Mapping[str, object]) -> str:
        """The claims as a JSON web token."""
        return jwt.encode(dict(claims), self._key, self.algorithm, headers=dict(headers))


def new_key() -> SigningKey:
    """A key that nobody else has: it lives as long as the client."""
    return SigningKey(generate_private_key(SECP256R1()), "ES256")


def signing_key(text: Secret, key_id: str | None = None) -> SigningKey:
    """The private key that a setting holds.

    Raises:
        ConfigError: It is none that Okta takes. No library's own words are quoted: they quote the key.
    """
    content = text.reveal().strip()
    if content.startswith("{"):
        return _of_json(content, key_id)
    return _checked(_of_pem(content), None, key_id)


def _of_pem(content: str) -> object:
    whole = content.replace("\\n", "\n")  # how a line break gets into an environment variable
    try:
        return load_pem_private_key(whole.encode(), password=None)
    except TypeError:
        raise _unfit("is protected by a password") from None
    except (ValueError, UnsupportedAlgorithm):
        raise _unfit("is neither PEM nor a JSON web key") from None


def _of_json(content: str, key_id: str | None) -> SigningKey:
    try:
        key = json.loads(content)
    except (ValueError, RecursionError):
        raise _unfit("is neither PEM nor a JSON web key") from None
    if not isinstance(key, dict) or "d" not in key:
        raise _unfit("is a JSON web key without its private part")
    read = {"RSA": RSAAlgorithm.from_jwk, "EC": ECAlgorithm.from_jwk}.get(str(key.get("kty")))
    if read is None:
        raise _unfit("is neither an RSA nor an elliptic-curve key")
    try:
        private: object = read(key)
    except Exception:  # noqa: BLE001 - libraries raise what they like over a malformed key, and quote it
        raise _unfit("is a malformed JSON web key") from None
    named = key.get("kid")
    return _checked(private, key.get("alg"), key_id or (named if isinstance(named, str) else None))


def _checked(key: Any, wanted: object, key_id: str | None) -> SigningKey:
    if isinstance(key, RSAPrivateKey):
        if key.key_size < SHORTEST_RSA:
            raise _unfit(f"is shorter than the {SHORTEST_RSA} bits that Okta asks for")
        return SigningKey(key, str(wanted) if wanted in RSA_ALGORITHMS else RSA_ALGORITHMS[0], key_id)
    if isinstance(key, EllipticCurvePrivateKey) and key.curve.name in BY_CURVE:
        return SigningKey(key, BY_CURVE[key.curve.name], key_id)
    raise _unfit("is of a kind that Okta doesn't take")


def _unfit(why: str) -> ConfigError:
    return ConfigError(f"private_key {why}", hint=HOW_TO)
