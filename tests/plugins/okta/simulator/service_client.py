"""A service app's side of OAuth: assertions, DPoP proofs and calls, each of which a test may get wrong."""

import base64
import json
import time
from functools import cache
from hashlib import sha256
from uuid import uuid4

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
CURVES = {"ES256": ec.SECP256R1, "ES384": ec.SECP384R1, "ES512": ec.SECP521R1}


def key(algorithm="ES256", number=0):
    """A private key; the same algorithm and number give the same key."""
    return _key(algorithm, number)


@cache
def _key(algorithm, number):
    if algorithm in CURVES:
        return ec.generate_private_key(CURVES[algorithm]())
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def public_jwk(private, algorithm="ES256", **more):
    kind = jwt.algorithms.ECAlgorithm if algorithm in CURVES else jwt.algorithms.RSAAlgorithm
    return json.loads(kind.to_jwk(private.public_key())) | more


class ServiceClient:
    """Speaks to one simulator as one service app."""

    def __init__(self, okta, client_id, private=None, algorithm="ES256"):
        self.okta = okta
        self.client_id = client_id
        self.algorithm = algorithm
        self.private = private or key(algorithm)
        self.dpop_key = key("ES256", 1)
        self.base = f"http://{okta.domain}"
        self.token_url = f"{self.base}/oauth2/v1/token"
        self.token = None

    @property
    def now(self):
        org = getattr(self.okta, "org", None)
        return org.clock() if org is not None else time.time()

    def assertion(self, *, headers=None, **claims):
        usual = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": self.token_url,
            "exp": int(self.now) + 300,
            "jti": uuid4().hex,
        }
        return jwt.encode(usual | claims, self.private, self.algorithm, headers=headers)

    def proof(self, method, url, *, header=None, private=None, access_token=None, **claims):
        signer = private or self.dpop_key
        usual = {"htm": method, "htu": url.partition("?")[0], "iat": int(self.now), "jti": uuid4().hex}
        if access_token is not None:
            digest = sha256(access_token.encode()).digest()
            usual["ath"] = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        head = {"typ": "dpop+jwt", "jwk": public_jwk(signer), **(header or {})}
        return jwt.encode(usual | claims, signer, "ES256", headers=head)

    def ask(self, scope="okta.groups.read", *, assertion=None, proof=None, **form):
        """One token request."""
        sent = {
            "grant_type": "client_credentials",
            "scope": scope,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion or self.assertion(),
        }
        headers = {"DPoP": proof} if proof else {}
        return httpx.post(self.token_url, data=sent | form, headers=headers)

    def sign_in(self, scope="okta.groups.read"):
        """Get a token, with a nonce where one is asked for."""
        reply = self.ask(scope, proof=self.proof("POST", self.token_url))
        if reply.status_code == 400 and "dpop-nonce" in reply.headers:
            nonce = reply.headers["dpop-nonce"]
            reply = self.ask(scope, proof=self.proof("POST", self.token_url, nonce=nonce))
        assert reply.status_code == 200, reply.text
        self.token = reply.json()["access_token"]
        return self

    def call(self, method, path, *, proof=None, scheme="DPoP", **options):
        url = f"{self.base}{path if path.startswith('/oauth2') else f'/api/v1{path}'}"
        proof = proof or self.proof(method, url, access_token=self.token)
        headers = {"Authorization": f"{scheme} {self.token}"}
        if scheme == "DPoP":
            headers["DPoP"] = proof
        return httpx.request(method, url, headers=headers, **options)
