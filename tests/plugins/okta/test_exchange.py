"""The exchange for a token, reply by reply: Okta's own recorded ones, and every other it may send."""

import json
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import httpx
import jwt
import yaml
from hypothesis import given
from hypothesis import strategies as st

from rolecall_okta import Clock
from rolecall_okta.auth import TokenRefused
from rolecall_okta.exchange import MOST_REQUESTS, Endpoint, Exchange
from rolecall_okta.proofs import Assertions, OktaTime, Proofs
from rolecall_okta.signing import new_key

URL = "https://acme.okta.example/oauth2/v1/token"
KEY = new_key()
SCOPES = ["okta.apps.read", "okta.groups.read", "okta.users.read"]


def endpoint() -> Endpoint:
    time = OktaTime(Clock())
    return Endpoint(URL, Assertions("0oa1", KEY, URL, time), Proofs(time), time)


def recorded(folder: Path, name: str) -> list[httpx.Response]:
    interactions = yaml.safe_load((folder / f"{name}.yaml").read_text(encoding="utf-8"))["interactions"]
    return [
        httpx.Response(
            each["response"]["status"]["code"],
            headers={name: values[0] for name, values in each["response"]["headers"].items()},
            text=each["response"]["body"]["string"],
        )
        for each in interactions
        if each["request"]["uri"].endswith("/oauth2/v1/token")
    ]


def test_recorded_nonce_is_put_into_the_proof_and_the_recorded_token_is_taken(recordings: Path) -> None:
    challenge, granted = recorded(recordings, "TestDPoPIntegration.test_dpop_api_request")[:2]
    exchange = Exchange(endpoint(), SCOPES)
    assert "dpop" not in exchange.request().headers
    assert exchange.answered(challenge, challenge.content) is None
    proof = exchange.request().headers["dpop"]
    nonce = jwt.decode(proof, options={"verify_signature": False})["nonce"]
    assert nonce == challenge.headers["dpop-nonce"]
    token = exchange.answered(granted, granted.content)
    assert token is not None
    assert (token.bound, token.lifetime, token.scopes) == (True, 3600.0, frozenset(SCOPES))
    assert token.text not in repr(token)


def test_recorded_demand_for_a_proof_is_met(recordings: Path) -> None:
    (demand, *_rest) = recorded(
        recordings, "TestDPoPBackwardCompatibility.test_private_key_auth_without_dpop"
    )
    exchange = Exchange(endpoint(), SCOPES)
    exchange.request()
    assert exchange.answered(demand, demand.content) is None
    assert "dpop" in exchange.request().headers


ERRORS = ["use_dpop_nonce", "invalid_dpop_proof", "invalid_client", "invalid_scope", "access_denied", None, 7]


@st.composite
def replies(draw: st.DrawFn) -> httpx.Response:
    headers = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "dpop-nonce": st.sampled_from(["n1", "n2", "n3"]),
                "date": st.sampled_from(
                    ["Tue, 24 Nov 2026 10:00:00 GMT", "Wed, 25 Nov 2026 10:00:00 GMT", "?"]
                ),
            },
        )
    )
    body: dict[str, Any] = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "error": st.sampled_from(ERRORS),
                "token_type": st.sampled_from(["Bearer", "DPoP", "mac", None]),
                "expires_in": st.sampled_from([3600, 0, -1, "x", True, 10**400, float("nan"), float("inf")]),
                "access_token": st.sampled_from(["opaque", "", "two words", None]),
                "scope": st.sampled_from(["okta.users.read", "", 7]),
            },
        )
    )
    status = draw(st.sampled_from([200, 400, 401, 403, 429, 500]))
    return httpx.Response(status, headers=headers, content=json.dumps(body))


@given(st.lists(replies(), min_size=1, max_size=5))
def test_whatever_the_endpoint_says_the_exchange_ends_with_a_sound_token_or_a_refusal(
    answers: list[httpx.Response],
) -> None:
    exchange, assertions = Exchange(endpoint(), SCOPES), []
    token, refused = None, None
    for response in islice(cycle(answers), MOST_REQUESTS):
        form = dict(httpx.QueryParams(exchange.request().content.decode()))
        assertions.append(form["client_assertion"])
        assert set(form["scope"].split()) <= set(SCOPES)
        try:
            token = exchange.answered(response, response.content)
        except TokenRefused as error:
            refused = error
        if token is not None or refused is not None:
            break
    assert len(set(assertions)) == len(assertions), "none is used twice"
    if token is None:
        assert refused is not None, "it went on for ever"
        assert b"opaque" not in refused.body or not refused.response.is_success
    else:
        assert (token.text, token.lifetime) == ("opaque", 3600.0)


def test_scopes_that_are_refused_together_are_tried_one_by_one() -> None:
    exchange, asked = Exchange(endpoint(), SCOPES), []
    token = None
    while token is None:
        scope = dict(httpx.QueryParams(exchange.request().content.decode()))["scope"]
        asked.append(scope)
        if "okta.groups.read" in scope:
            reply = httpx.Response(400, json={"error": "invalid_scope"})
        else:
            body = {"token_type": "Bearer", "expires_in": 3600, "access_token": "opaque", "scope": scope}
            reply = httpx.Response(200, json=body)
        token = exchange.answered(reply, reply.content)
    assert asked == [" ".join(SCOPES), *SCOPES, "okta.apps.read okta.users.read"]
    assert token.scopes == {"okta.apps.read", "okta.users.read"}
