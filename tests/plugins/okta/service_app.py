"""A service app with keys of its own, on a simulated org, and clients that sign in as it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from rolecall import Secret
from rolecall_okta import Clock, OktaClient, normalise_domain
from rolecall_okta.oauth import OAuthApp
from rolecall_okta.signing import SigningKey, signing_key
from rolecall_okta.simulator import Organisation, ServiceApp, Simulator, serve
from tests.plugins.okta.conftest import Watcher

CLIENT_ID = "0oaRolecall"
READING = frozenset({"okta.users.read", "okta.groups.read"})
WRITING = frozenset({"okta.groups.manage"})
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def public_jwk(key: SigningKey, key_id: str = "k1") -> dict[str, Any]:
    return {**json.loads(json.dumps(key.public)), "kid": key_id, "alg": key.algorithm, "use": "sig"}


@dataclass
class SignedIn:
    """A service app that is served."""

    okta: Simulator
    org: Organisation
    key: SigningKey
    watcher: Watcher

    @property
    def app(self) -> ServiceApp:
        return self.okta.clients[CLIENT_ID]

    def credential(self, **more: Any) -> OAuthApp:
        needs = {"reading": READING, "writing": WRITING, **more}
        return OAuthApp(normalise_domain(self.okta.domain), CLIENT_ID, self.key, **needs)

    def client(self, credential: OAuthApp | None = None, **more: Any) -> OktaClient:
        domain = normalise_domain(self.okta.domain)
        return OktaClient(domain, credential or self.credential(), self.watcher, **more)

    @property
    def token_requests(self) -> int:
        return sum(1 for what in self.watcher.requests if what == "POST /oauth2/v1/token")


@contextmanager
def signed_in(
    org: Organisation, *, clock: Any = None, key: str | None = None, **app: Any
) -> Iterator[SignedIn]:
    """Serve an org that knows the app; by default it may do anything."""
    own = signing_key(Secret(key or pem(RSA_KEY)), "k1")
    client = ServiceApp(
        CLIENT_ID, **{"keys": [public_jwk(own)], "scopes": set(READING | WRITING), "profile": "super", **app}
    )
    more = {} if clock is None else {"clock": clock}
    with serve(org, {}, clients=[client], **more) as okta:
        yield SignedIn(okta, org, own, Watcher())


class QuickClock(Clock):
    """Waits no time, and is as wrong about it as a test wants."""

    def __init__(self, ahead: float = 0.0) -> None:
        self.ahead = ahead
        self.passed = 0.0

    def now(self) -> float:
        return super().now() + self.passed

    def since_1970(self) -> float:
        return super().since_1970() + self.ahead

    async def sleep(self, seconds: float) -> None:
        self.passed += seconds

    def jitter(self) -> float:
        return 0.0
