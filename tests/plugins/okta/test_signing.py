"""Which private keys are taken, how each signs, and that no refusal quotes one."""

import json
import traceback

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from rolecall import ConfigError, Secret
from rolecall_okta.signing import new_key, signing_key
from tests.plugins.okta.service_app import RSA_KEY, pem

P256 = ec.generate_private_key(ec.SECP256R1())
SHORT = rsa.generate_private_key(public_exponent=65537, key_size=1024)


def rsa_jwk(**more: object) -> str:
    return json.dumps({**RSAAlgorithm.to_jwk(RSA_KEY, as_dict=True), **more})


@pytest.mark.parametrize(
    ("text", "algorithm", "key_id"),
    [
        pytest.param(pem(RSA_KEY), "RS256", None, id="PEM"),
        pytest.param(f"\n{pem(RSA_KEY)}\n", "RS256", None, id="PEM with blank lines"),
        pytest.param(pem(RSA_KEY).replace("\n", "\\n"), "RS256", None, id="PEM on one line"),
        pytest.param(
            RSA_KEY.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode(),
            "RS256",
            None,
            id="PKCS 1",
        ),
        pytest.param(rsa_jwk(), "RS256", None, id="JWK"),
        pytest.param(rsa_jwk(alg="RS384", kid="k7"), "RS384", "k7", id="JWK with algorithm and id"),
        pytest.param(rsa_jwk(alg="RS512"), "RS512", None, id="RS512"),
        pytest.param(rsa_jwk(alg="HS256", kid=7), "RS256", None, id="JWK with nonsense"),
        pytest.param(pem(P256), "ES256", None, id="P-256"),
        pytest.param(pem(ec.generate_private_key(ec.SECP384R1())), "ES384", None, id="P-384"),
        pytest.param(pem(ec.generate_private_key(ec.SECP521R1())), "ES512", None, id="P-521"),
        pytest.param(json.dumps(ECAlgorithm.to_jwk(P256, as_dict=True)), "ES256", None, id="P-256 as JWK"),
    ],
)
def test_key_signs_with_its_algorithm_and_shows_its_public_half_alone(
    text: str, algorithm: str, key_id: str | None
) -> None:
    key = signing_key(Secret(text))
    assert (key.algorithm, key.key_id) == (algorithm, key_id)
    assert "d" not in key.public
    token = key.signed({"a": 1}, {"kid": "x"})
    assert jwt.decode(token, jwt.PyJWK(dict(key.public), algorithm), [algorithm]) == {"a": 1}
    assert repr(key) == f"SigningKey({algorithm}, {key_id})"


def test_configured_key_id_goes_before_the_keys_own() -> None:
    assert signing_key(Secret(rsa_jwk(kid="its")), "ours").key_id == "ours"


def test_new_keys_differ() -> None:
    assert new_key().public != new_key().public


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("", "neither", id="empty"),
        pytest.param("s3cr3t-token", "neither", id="a token"),
        pytest.param("{", "neither", id="broken JSON"),
        pytest.param("{" * 100_000, "neither", id="deep JSON"),
        pytest.param(pem(RSA_KEY)[:-80], "neither", id="cut PEM"),
        pytest.param("{}", "without its private part", id="empty JWK"),
        pytest.param(
            json.dumps(RSAAlgorithm.to_jwk(RSA_KEY.public_key(), as_dict=True)),
            "without its private part",
            id="public JWK",
        ),
        pytest.param(
            RSA_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
            "neither",
            id="public PEM",
        ),
        pytest.param('{"kty": "oct", "k": "x", "d": "s3cr3t"}', "neither an RSA", id="symmetric"),
        pytest.param(rsa_jwk(n="s3cr3t", p=7), "malformed", id="malformed JWK"),
        pytest.param(pem(SHORT), "shorter than the 2048 bits", id="short"),
        pytest.param(
            pem(ec.generate_private_key(ec.SECP256K1())), "a kind that Okta doesn't take", id="another curve"
        ),
        pytest.param(
            ed25519.Ed25519PrivateKey.generate()
            .private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            .decode(),
            "doesn't take",
            id="Ed25519",
        ),
        pytest.param(
            RSA_KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")).decode(),
            "protected by a password",
            id="encrypted",
        ),
    ],
)
def test_other_keys_are_refused_without_a_word_of_theirs(text: str, why: str) -> None:
    with pytest.raises(ConfigError, match=f"private_key is .*{why}") as caught:
        signing_key(Secret(text))
    shown = "".join(traceback.format_exception(caught.value)) + str(caught.value.hint)
    assert "s3cr3t" not in shown
    assert "public key of the app" in shown
