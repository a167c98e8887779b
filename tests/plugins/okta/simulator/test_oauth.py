"""Access tokens for service apps, DPoP, scopes and roles, over HTTP."""

from urllib.parse import urlencode

import httpx
import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolecall_okta.simulator import ServiceApp, serve
from rolecall_okta.simulator.behaviour import Behaviour
from rolecall_okta.simulator.oauth import AuthorizationServer
from rolecall_okta.simulator.proofs import BadProof, DpopProofs
from tests.plugins.okta.simulator.service_client import ASSERTION_TYPE, ServiceClient, key, public_jwk

GROUPS = {"okta.groups.read", "okta.users.read"}


@pytest.fixture
def served(acme, clock):
    """The organisation served with an app that needs no DPoP and one that does."""
    apps = [
        ServiceApp("0oaBearer", [public_jwk(key())], set(GROUPS), "super", dpop=False),
        ServiceApp("0oaDpop", [public_jwk(key(), kid="k1")], set(GROUPS), "super"),
    ]
    with serve(acme.org, {"super-token": "super"}, clients=apps, clock=clock) as okta:
        yield okta


@pytest.fixture
def bearer(served):
    return ServiceClient(served, "0oaBearer")


@pytest.fixture
def dpop(served):
    return ServiceClient(served, "0oaDpop")


def said(reply):
    return reply.status_code, reply.json()["error"]


def test_a_service_app_gets_a_bearer_token_and_reads_with_it(bearer, acme):
    reply = bearer.ask("okta.groups.read okta.users.read")
    token = reply.json()
    assert (token["token_type"], token["expires_in"]) == ("Bearer", 3600)
    assert token["scope"] == "okta.groups.read okta.users.read"
    bearer.token = token["access_token"]
    assert bearer.call("GET", "/groups", scheme="Bearer").status_code == 200
    api_token = {"Authorization": "SSWS super-token"}
    assert httpx.get(f"{bearer.base}/api/v1/groups", headers=api_token).status_code == 200


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512", "ES384", "ES512"])
def test_every_kind_of_signature_that_okta_takes_is_taken(served, algorithm):
    served.clients["0oaBearer"].keys = [public_jwk(key(algorithm), algorithm)]
    assert ServiceClient(served, "0oaBearer", algorithm=algorithm).ask().status_code == 200


@pytest.mark.parametrize(
    ("claims", "named"),
    [
        ({"iss": "0oaOther"}, "client_id"),
        ({"sub": "0oaOther"}, "client_id"),
        ({"aud": "https://acme.okta.example"}, "audience"),
        ({"exp": 1}, "expired"),
        ({"exp": None}, "expired"),
        ({"exp": 4_000_000_000}, "hour"),
    ],
)
def test_an_assertion_that_says_something_else_is_refused(bearer, claims, named):
    reply = bearer.ask(assertion=bearer.assertion(**claims))
    assert said(reply) == (401, "invalid_client")
    assert named in reply.json()["error_description"]


def test_an_assertion_must_be_signed_by_a_registered_key_and_used_once(served, bearer):
    stranger = ServiceClient(served, "0oaBearer", private=key(number=7))
    assert said(stranger.ask()) == (401, "invalid_client")
    assertion = bearer.assertion()
    assert bearer.ask(assertion=assertion).status_code == 200
    assert said(bearer.ask(assertion=assertion)) == (401, "invalid_client")
    assert said(bearer.ask(assertion="nonsense")) == (401, "invalid_client")


def test_the_key_that_is_named_is_the_one_that_counts(dpop, served):
    named, other = ({"headers": {"kid": kid}} for kid in ("k1", "k2"))
    proof = dpop.proof("POST", dpop.token_url, nonce=served.oauth.nonce)
    assert dpop.ask(assertion=dpop.assertion(**named), proof=proof).status_code == 200
    assert said(dpop.ask(assertion=dpop.assertion(**other))) == (401, "invalid_client")


def test_another_kind_of_grant_or_proof_of_identity_is_refused(bearer):
    assert said(bearer.ask(grant_type="password")) == (400, "unsupported_grant_type")
    assert said(bearer.ask(client_assertion_type="other")) == (401, "invalid_client")


def test_scopes_that_were_not_granted_are_refused_or_dropped(bearer, acme):
    asked = "okta.groups.read okta.apps.read"
    assert said(bearer.ask(asked)) == (400, "invalid_scope")
    acme.org.behaviour.ungranted_scopes = "dropped"
    assert bearer.ask(asked).json()["scope"] == "okta.groups.read"
    assert said(bearer.ask("okta.apps.read")) == (400, "invalid_scope")


def test_a_token_ends_after_an_hour_of_the_orgs_clock(bearer, clock):
    bearer.token = bearer.ask().json()["access_token"]
    clock.pass_by(3599)
    assert bearer.call("GET", "/groups", scheme="Bearer").status_code == 200
    clock.pass_by(1)
    ended = bearer.call("GET", "/groups", scheme="Bearer")
    assert (ended.status_code, ended.json()["errorCode"]) == (401, "E0000011")
    assert 'error="invalid_token"' in ended.headers["www-authenticate"]


def test_a_revoked_token_is_unknown(bearer, served):
    bearer.token = bearer.ask().json()["access_token"]
    served.oauth.revoke_all()
    assert bearer.call("GET", "/groups", scheme="Bearer").status_code == 401


def test_a_scope_is_checked_at_each_call(bearer):
    bearer.token = bearer.ask().json()["access_token"]
    refused = bearer.call("GET", "/users", scheme="Bearer")
    assert (refused.status_code, refused.json()["errorCode"]) == (403, "E0000006")
    assert 'error="insufficient_scope"' in refused.headers["www-authenticate"]
    assert 'scope="okta.users.read"' in refused.headers["www-authenticate"]


def test_managing_includes_reading_and_not_the_reverse(bearer, served, acme):
    path = f"/groups/{acme.admins.id}/users/{acme.ada.id}"
    bearer.token = bearer.ask().json()["access_token"]
    assert bearer.call("PUT", path, scheme="Bearer").status_code == 403
    served.clients["0oaBearer"].scopes = {"okta.groups.manage"}
    bearer.token = bearer.ask("okta.groups.manage").json()["access_token"]
    assert bearer.call("GET", "/groups", scheme="Bearer").status_code == 200
    assert bearer.call("PUT", path, scheme="Bearer").status_code == 204


def test_scopes_without_a_role_show_nobody_and_nothing_else(bearer, served, acme):
    served.clients["0oaBearer"].profile = "none"
    bearer.token = bearer.ask("okta.groups.read okta.users.read").json()["access_token"]
    people = bearer.call("GET", "/users", scheme="Bearer")
    assert (people.status_code, people.json()) == (200, [])
    for path in ("/groups", f"/users/{acme.ada.id}"):
        refused = bearer.call("GET", path, scheme="Bearer")
        assert (refused.status_code, refused.json()["errorCode"]) == (403, "E0000006")
    served.clients["0oaBearer"].profile = "read_only"
    assert bearer.call("GET", "/users", scheme="Bearer").json() != []


def test_there_is_nobody_behind_a_service_app(bearer):
    bearer.token = bearer.ask("okta.users.read").json()["access_token"]
    assert bearer.call("GET", "/users/me", scheme="Bearer").status_code == 404


def test_an_event_names_the_service_app(bearer, served, acme):
    served.clients["0oaBearer"].scopes = {"okta.groups.manage"}
    bearer.token = bearer.ask("okta.groups.manage").json()["access_token"]
    reply = bearer.call("DELETE", f"/groups/{acme.admins.id}/users/{acme.ada.id}", scheme="Bearer")
    event = next(each.body for each in acme.org.log.events if each.type == "group.user_membership.remove")
    assert (event["actor"]["id"], event["actor"]["type"]) == ("0oaBearer", "PublicClientApp")
    assert event["transaction"]["id"] == reply.headers["x-okta-request-id"]
    assert "requestApiTokenId" not in event["transaction"]["detail"]


def test_roles_and_grants_of_a_service_app_can_be_read(bearer, served):
    served.clients["0oaBearer"].scopes = {"okta.roles.read", "okta.appGrants.read"}
    bearer.token = bearer.ask("okta.roles.read okta.appGrants.read").json()["access_token"]
    (role,) = bearer.call("GET", "/oauth2/v1/clients/0oaBearer/roles", scheme="Bearer").json()
    assert (role["type"], role["assignmentType"]) == ("SUPER_ADMIN", "CLIENT")
    grants = bearer.call("GET", "/apps/0oaBearer/grants", scheme="Bearer").json()
    assert {grant["scopeId"] for grant in grants} == {"okta.roles.read", "okta.appGrants.read"}
    assert bearer.call("GET", "/apps/0oaNone/grants", scheme="Bearer").status_code == 404


def test_an_app_that_must_prove_possession_is_challenged_for_a_nonce(dpop):
    assert said(dpop.ask()) == (400, "invalid_dpop_proof")
    challenge = dpop.ask(proof=dpop.proof("POST", dpop.token_url))
    assert said(challenge) == (400, "use_dpop_nonce")
    nonce = challenge.headers["dpop-nonce"]
    granted = dpop.ask(proof=dpop.proof("POST", dpop.token_url, nonce=nonce))
    assert granted.json()["token_type"] == "DPoP"
    dpop.token = granted.json()["access_token"]
    assert dpop.call("GET", "/groups?limit=1").status_code == 200


def test_a_nonce_lasts_three_days_and_is_renewed_every_day(dpop, served, clock):
    first = served.oauth.nonce
    clock.pass_by(2 * 86_400)
    assert served.oauth.nonce != first
    assert dpop.ask(proof=dpop.proof("POST", dpop.token_url, nonce=first)).status_code == 200
    clock.pass_by(86_400)
    assert said(dpop.ask(proof=dpop.proof("POST", dpop.token_url, nonce=first))) == (400, "use_dpop_nonce")


@pytest.mark.parametrize(
    "wrong",
    [
        {"htm": "GET"},
        {"htu": "http://acme.okta.example/oauth2/v1/token"},
        {"iat": 1},
        {"iat": None},
        {"jti": None},
        {"header": {"typ": "jwt"}},
        {"header": {"jwk": None}},
        {"header": {"jwk": public_jwk(key(), d="private")}},
        {"header": {"jwk": public_jwk(key(number=9))}},
    ],
    ids=["method", "URL", "old", "no time", "no id", "type", "no key", "private key", "another key"],
)
def test_a_proof_that_does_not_fit_gets_no_token(dpop, served, wrong):
    proof = dpop.proof("POST", dpop.token_url, **{"nonce": served.oauth.nonce} | wrong)
    assert said(dpop.ask(proof=proof)) == (400, "invalid_dpop_proof")


JWK_MEMBERS = ("crv", "x", "y", "n", "e")


@given(
    st.fixed_dictionaries(
        {"kty": st.sampled_from(["EC", "RSA", "oct", "OKP"])},
        optional=dict.fromkeys(JWK_MEMBERS, st.text(max_size=8) | st.integers() | st.none()),
    )
)
def test_no_key_in_a_proof_breaks_the_server(jwk):
    proofs = DpopProofs(lambda: 0.0)
    proof = jwt.encode({}, key(), "ES256", headers={"typ": "dpop+jwt", "jwk": jwk})
    with pytest.raises(BadProof):
        proofs.check(proof, "GET", "http://acme.okta.example/")


@given(st.text(max_size=60) | st.from_regex(r"[\w-]{0,20}\.[\w-]{0,20}\.[\w-]{0,20}", fullmatch=True))
def test_no_assertion_breaks_the_token_endpoint(assertion):
    server = AuthorizationServer([], lambda: 0.0, Behaviour())
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion,
    }
    body = urlencode(form, errors="surrogatepass").encode()
    reply = server.issue("http://acme.okta.example/oauth2/v1/token", {}, body)
    assert (reply.status, b"invalid_client" in reply.body) == (401, True)


def test_a_call_needs_a_fresh_proof_by_the_tokens_own_key(dpop):
    dpop.sign_in()
    url = f"{dpop.base}/api/v1/groups"
    used = dpop.proof("GET", url, access_token=dpop.token)
    assert dpop.call("GET", "/groups", proof=used).status_code == 200
    wrong = {
        "used": used,
        "another key": dpop.proof("GET", url, private=key(number=5), access_token=dpop.token),
        "another token": dpop.proof("GET", url, access_token="other"),
        "no token": dpop.proof("GET", url),
        "another method": dpop.proof("PUT", url, access_token=dpop.token),
        "another path": dpop.proof("GET", f"{url}/rules", access_token=dpop.token),
        "nonsense": "nonsense",
    }
    for proof in wrong.values():
        refused = dpop.call("GET", "/groups", proof=proof)
        assert refused.status_code == 401
        assert 'error="invalid_dpop_proof"' in refused.headers["www-authenticate"]
    assert dpop.call("GET", "/groups", scheme="Bearer").status_code == 401


def test_a_call_may_be_challenged_for_a_nonce_too(dpop, served):
    dpop.sign_in()
    served.oauth.api_nonce = True
    challenge = dpop.call("GET", "/groups")
    assert challenge.status_code == 401
    assert 'error="use_dpop_nonce"' in challenge.headers["www-authenticate"]
    nonce = challenge.headers["dpop-nonce"]
    url = f"{dpop.base}/api/v1/groups"
    proof = dpop.proof("GET", url, access_token=dpop.token, nonce=nonce)
    assert dpop.call("GET", "/groups", proof=proof).status_code == 200


def test_an_app_that_is_switched_off_gets_in_no_more(bearer, served):
    bearer.token = bearer.ask().json()["access_token"]
    served.clients["0oaBearer"].active = False
    assert bearer.call("GET", "/groups", scheme="Bearer").status_code == 401
    assert said(bearer.ask()) == (401, "invalid_client")


def test_the_public_url_is_the_audience_where_there_is_one(acme):
    apps = [ServiceApp("0oaBearer", [public_jwk(key())], set(GROUPS), dpop=False)]
    with serve(acme.org, clients=apps, public_url="https://acme.okta.example") as okta:
        client = ServiceClient(okta, "0oaBearer")
        right = client.assertion(aud="https://acme.okta.example/oauth2/v1/token")
        assert client.ask(assertion=right).status_code == 200
        assert said(client.ask()) == (401, "invalid_client")
