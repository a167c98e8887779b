"""An OAuth app signs in to a simulated org, keeps its token fresh, and proves it its own."""

import asyncio
import json
import traceback
from collections.abc import Iterator

import httpx
import jwt
import pytest

from rolecall import AuthRefused, ProviderError, RateLimited, Secret, Unavailable
from rolecall_okta import OktaClient, OutcomeUnknown, Timeouts, add_member_call, normalise_domain
from rolecall_okta.exchange import MOST_REQUESTS
from rolecall_okta.oauth import OAuthApp
from rolecall_okta.signing import signing_key
from rolecall_okta.simulator import Organisation
from rolecall_okta.simulator.faults import Stall, Status
from tests.plugins.okta.conftest import Watcher
from tests.plugins.okta.responder import Responder, Seen, answer, okta_error
from tests.plugins.okta.service_app import (
    CLIENT_ID,
    READING,
    RSA_KEY,
    WRITING,
    QuickClock,
    SignedIn,
    pem,
    signed_in,
)

TOKEN = "/oauth2/v1/token"


@pytest.fixture
def org() -> Organisation:
    org = Organisation()
    ada = org.add_user("ada@acme.example")
    org.add_group("staff", members=[ada])
    return org


@pytest.fixture
def app(org: Organisation) -> Iterator[SignedIn]:
    with signed_in(org) as signed:
        yield signed


async def logins(okta: OktaClient) -> list[str | None]:
    return [row.login async for page in okta.users() for row in page]


@pytest.mark.parametrize("dpop", [True, False], ids=["DPoP", "bearer"])
async def test_app_reads_with_one_token_of_the_kind_that_okta_gives(org: Organisation, dpop: bool) -> None:
    with signed_in(org, dpop=dpop) as app:
        async with app.client() as okta:
            assert await logins(okta) == ["ada@acme.example"]
            assert await logins(okta) == ["ada@acme.example"]
            assert okta.client_id == CLIENT_ID
        assert app.token_requests == (3 if dpop else 1), "without a proof, without a nonce, and with both"


async def test_forty_calls_at_once_ask_for_one_token(app: SignedIn) -> None:
    async with app.client() as okta:
        await asyncio.gather(*(logins(okta) for _ in range(40)))
    assert app.token_requests == 3


async def test_token_is_renewed_before_it_ends(app: SignedIn) -> None:
    clock = QuickClock()
    async with app.client(app.credential(clock=clock), clock=clock) as okta:
        await logins(okta)
        clock.passed += 3600 - 61
        await logins(okta)
        assert app.token_requests == 3
        clock.passed += 2
        await logins(okta)
    assert app.token_requests == 4, "what it learned of the endpoint is kept"


async def test_token_that_okta_has_revoked_is_replaced_once(app: SignedIn) -> None:
    async with app.client() as okta:
        await logins(okta)
        app.okta.oauth.revoke_all()
        assert await logins(okta) == ["ada@acme.example"]
        assert app.token_requests == 4
        app.app.active = False
        app.okta.oauth.revoke_all()
        with pytest.raises(AuthRefused):
            await logins(okta)
    assert app.token_requests == 5


async def test_write_that_needs_a_new_token_is_done_once(app: SignedIn) -> None:
    eve = app.org.add_user("eve@acme.example")
    group = app.org.add_group("admins")
    async with app.client() as okta:
        await okta.elevated()
        app.okta.oauth.revoke_all()
        written = await okta.write(add_member_call(group.id, eve.id))
    assert written.status == 204
    assert written.request_id
    sent = [write.status for write in app.okta.writes if write.method == "PUT"]
    assert sent == [401, 204], "the first was not carried out"


async def test_scopes_for_writing_are_asked_for_with_the_first_write_alone(app: SignedIn) -> None:
    group = app.org.add_group("admins")
    eve = app.org.add_user("eve@acme.example")
    credential = app.credential()
    async with app.client(credential) as okta:
        await logins(okta)
        assert credential.reading.granted == READING
        assert okta.scopes is not None
        assert okta.scopes.granted is None
        await okta.write(add_member_call(group.id, eve.id))
        assert okta.scopes.granted == READING | WRITING


async def test_app_that_only_reads_has_one_token(app: SignedIn) -> None:
    async with app.client(app.credential(writing=())) as okta:
        await logins(okta)
        scopes = await okta.elevated()
    assert scopes is not None
    assert scopes.granted == READING
    assert app.token_requests == 3


@pytest.mark.parametrize("ungranted", ["refused", "dropped"])
async def test_scope_that_was_not_granted_is_missed_and_the_rest_is_used(
    org: Organisation, ungranted: str
) -> None:
    org.behaviour.ungranted_scopes = ungranted
    with signed_in(org, scopes={"okta.users.read"}) as app:
        credential = app.credential()
        async with app.client(credential) as okta:
            assert await logins(okta) == ["ada@acme.example"]
        assert credential.reading.granted == READING - {"okta.groups.read"}


async def test_app_without_any_scope_is_told_which_to_grant(org: Organisation) -> None:
    with signed_in(org, scopes=set()) as app:
        async with app.client() as okta:
            with pytest.raises(AuthRefused, match="none of the scopes") as caught:
                await logins(okta)
    assert "okta.groups.read, okta.users.read" in str(caught.value.hint)
    assert caught.value.provider_code == "invalid_scope"


@pytest.mark.parametrize("ahead", [-7200.0, 7200.0], ids=["slow", "fast"])
@pytest.mark.parametrize("dpop", [True, False], ids=["DPoP", "bearer"])
async def test_wrong_local_clock_is_put_right_by_oktas(org: Organisation, ahead: float, dpop: bool) -> None:
    with signed_in(org, dpop=dpop) as app:
        async with app.client(app.credential(clock=QuickClock(ahead))) as okta:
            assert await logins(okta) == ["ada@acme.example"]


async def test_api_calls_repeat_the_nonce_that_okta_asks_for(app: SignedIn) -> None:
    app.okta.oauth.api_nonce = True
    async with app.client() as okta:
        assert await logins(okta) == ["ada@acme.example"]
        before = len(app.watcher.requests)
        assert await logins(okta) == ["ada@acme.example"]
        assert len(app.watcher.requests) == before + 1, "the nonce is kept"
        app.okta.oauth.forget_nonces()
        assert await logins(okta) == ["ada@acme.example"]


@pytest.mark.parametrize(
    ("fault", "kind", "attempts"),
    [
        pytest.param(Status(503), Unavailable, 4, id="503"),
        pytest.param(Status(429, "E0000047"), RateLimited, 9, id="429"),
        pytest.param(Status(400, "E0000001"), ProviderError, 1, id="400"),
    ],
)
async def test_fault_of_the_token_endpoint_is_retried_like_any_other(
    app: SignedIn, fault: Status, kind: type[ProviderError], attempts: int
) -> None:
    app.okta.faults.add(TOKEN, fault, times=None)
    clock = QuickClock()
    async with app.client(app.credential(clock=clock), clock=clock) as okta:
        with pytest.raises(kind) as caught:
            await okta.write(add_member_call("00g1", "00u1"))
    assert type(caught.value) in {kind, AuthRefused}, "nobody wonders whether the write was done"
    assert caught.value.path == TOKEN
    assert app.token_requests == attempts


async def test_write_whose_token_never_came_was_not_sent(app: SignedIn) -> None:
    app.okta.faults.add(TOKEN, Stall(), times=None)
    clock = QuickClock()
    short = Timeouts(read=0.2, request=0.3)
    async with app.client(app.credential(clock=clock), clock=clock, timeouts=short) as okta:
        with pytest.raises(Unavailable, match="no answer in time") as caught:
            await okta.write(add_member_call("00g1", "00u1"))
    assert not isinstance(caught.value, OutcomeUnknown)
    assert app.token_requests == 2


async def test_key_that_the_app_does_not_have_is_refused_with_a_way_forward(app: SignedIn) -> None:
    app.app.keys.clear()
    async with app.client() as okta:
        with pytest.raises(AuthRefused, match="isn't accepted as the one it says it is") as caught:
            await logins(okta)
    assert caught.value.code == "app_refused"
    assert "key_id" in str(caught.value.hint)


class TestAgainstAHandWrittenServer:
    """What is on the line, and what no sound server sends."""

    @pytest.fixture
    async def okta(self, server: Responder) -> OktaClient:
        domain = normalise_domain(server.host)
        key = signing_key(Secret(pem(RSA_KEY)), "k1")
        auth = OAuthApp(domain, CLIENT_ID, key, reading=READING, writing=WRITING)
        return OktaClient(domain, auth, Watcher(), clock=QuickClock())

    async def test_assertion_and_proofs_say_what_the_standards_ask(
        self, okta: OktaClient, server: Responder
    ) -> None:
        nonce = [("DPoP-Nonce", "n-1")]
        server.answers = [
            answer({"error": "use_dpop_nonce"}, status=400, headers=nonce),
            answer({"token_type": "DPoP", "expires_in": 3600, "access_token": "opaque", "scope": "a b"}),
            answer([]),
        ]
        async with okta:
            assert [row async for row in okta.user_groups("00u/1")] == []
        first, second, call = server.requests
        forms = [dict(httpx.QueryParams(request.body.decode())) for request in (first, second)]
        claims = [jwt.decode(form["client_assertion"], options={"verify_signature": False}) for form in forms]
        for form, claim in zip(forms, claims, strict=True):
            jwt.decode(form["client_assertion"], RSA_KEY.public_key(), ["RS256"], audience=claim["aud"])
            assert jwt.get_unverified_header(form["client_assertion"])["kid"] == "k1"
            assert claim["iss"] == claim["sub"] == CLIENT_ID
            assert claim["aud"] == f"http://{server.host}{TOKEN}"
            assert claim["exp"] - claim["iat"] <= 300
            assert form["scope"] == "okta.groups.read okta.users.read"
        assert claims[0]["jti"] != claims[1]["jti"]
        assert first.headers["user-agent"].startswith("rolecall-okta/")

        header = jwt.get_unverified_header(call.headers["dpop"])
        own = jwt.PyJWK(header["jwk"])
        assert header["typ"] == "dpop+jwt"
        assert "d" not in header["jwk"]
        assert header["jwk"] != json.loads(json.dumps(signing_key(Secret(pem(RSA_KEY))).public))
        of_token = jwt.decode(second.headers["dpop"], own, [header["alg"]])
        of_call = jwt.decode(call.headers["dpop"], own, [header["alg"]])
        assert (of_token["htm"], of_token["htu"]) == ("POST", f"http://{server.host}{TOKEN}")
        assert (of_token["nonce"], "ath" in of_token) == ("n-1", False)
        assert (of_call["htm"], of_call["htu"]) == (
            "GET",
            f"http://{server.host}/api/v1/users/00u%2F1/groups",
        )
        assert of_call["ath"] == "bSKYhMEmi7CrMtjaMV0P5S-RRyKL2DCje8n7KKlUlA0"
        assert call.headers["authorization"] == "DPoP opaque"

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"<html>",
            b"[]",
            {"token_type": "mac", "expires_in": 3600, "access_token": "s3cr3t-token"},
            {"token_type": "Bearer", "expires_in": "soon", "access_token": "s3cr3t-token"},
            {"token_type": "Bearer", "expires_in": 3600, "access_token": "s3cr3t-token\r\nX: y"},
            {"token_type": "Bearer", "expires_in": 3600},
            b"x" * 300_000,
        ],
    )
    async def test_reply_without_a_sound_token_is_an_error_that_does_not_quote_it(
        self, okta: OktaClient, server: Responder, body: object
    ) -> None:
        server.answers = [answer(body)]
        async with okta:
            with pytest.raises(ProviderError, match="no access token") as caught:
                await okta.me()
        assert "s3cr3t" not in "".join(traceback.format_exception(caught.value))

    async def test_many_calls_of_a_refused_app_ask_once(self, okta: OktaClient, server: Responder) -> None:
        server.delay = 0.05
        server.respond = lambda request: answer({"error": "invalid_client"}, status=401)
        async with okta:
            results = await asyncio.gather(*(okta.me() for _ in range(40)), return_exceptions=True)
        assert {type(result) for result in results} == {AuthRefused}
        assert len(server.requests) == 1

    async def test_redirect_of_the_token_endpoint_is_refused(
        self, okta: OktaClient, server: Responder
    ) -> None:
        server.answers = [answer(b"", status=302, headers=[("Location", "https://evil.example/token")])]
        async with okta:
            with pytest.raises(ProviderError, match=r"redirect to evil\.example"):
                await okta.me()
        assert len(server.requests) == 1

    async def test_feature_that_is_missing_costs_no_new_token(
        self, okta: OktaClient, server: Responder
    ) -> None:
        token = {"token_type": "Bearer", "expires_in": 3600, "access_token": "opaque"}
        server.answers = [answer(token), okta_error(401, "E0000015")]
        async with okta:
            with pytest.raises(AuthRefused) as caught:
                await okta.me()
        assert caught.value.code == "feature_missing"
        assert len(server.requests) == 2

    async def test_api_that_is_never_content_ends_after_one_new_token(
        self, okta: OktaClient, server: Responder
    ) -> None:
        token = {"token_type": "Bearer", "expires_in": 3600, "access_token": "opaque"}
        server.respond = lambda seen: answer(token) if seen.path == TOKEN else okta_error(401, "E0000011")
        async with okta:
            with pytest.raises(AuthRefused, match="refused the credential") as caught:
                await okta.me()
        assert "client_id" in str(caught.value.hint), "an app is not told to make an API token"
        assert [seen.path == TOKEN for seen in server.requests] == [True, False, True, False]

    async def test_token_endpoint_that_asks_for_ever_new_nonces_is_left_in_the_end(
        self, okta: OktaClient, server: Responder
    ) -> None:
        server.respond = lambda _seen: answer(
            {"error": "use_dpop_nonce"},
            status=400,
            headers=[("DPoP-Nonce", f"n{len(server.requests)}")],
        )
        async with okta:
            with pytest.raises(AuthRefused, match="takes none that it gave"):
                await okta.write(add_member_call("00g1", "00u1"))
        assert len(server.requests) == MOST_REQUESTS

    async def test_api_that_asks_for_ever_new_nonces_is_obeyed_once(
        self, okta: OktaClient, server: Responder
    ) -> None:
        token = {"token_type": "DPoP", "expires_in": 3600, "access_token": "opaque"}

        def challenging(seen: Seen) -> bytes:
            if seen.path == TOKEN:
                return answer(token)
            nonce = [("DPoP-Nonce", f"n{len(server.requests)}")]
            return okta_error(400, "E0000001", headers=nonce)

        server.respond = challenging
        async with okta:
            with pytest.raises(ProviderError):
                await okta.me()
        assert [seen.path for seen in server.requests].count("/api/v1/users/me") == 2

    async def test_neither_key_nor_token_nor_proof_is_in_errors_or_tracebacks(
        self, okta: OktaClient, server: Responder
    ) -> None:
        def echoing(seen: Seen) -> bytes:
            if seen.path == TOKEN:
                return answer({"token_type": "DPoP", "expires_in": 3600, "access_token": "s3cr3t-token"})
            told = f"{seen.headers['authorization']} {seen.headers['dpop']}"
            return okta_error(403, "E0000006", told)

        server.respond = echoing
        async with okta:
            with pytest.raises(AuthRefused) as caught:
                await okta.me()
        shown = f"{caught.value} {caught.value.hint}"
        assert "s3cr3t" not in shown
        assert "eyJ" not in shown
        tracebacks = caught.value.__traceback__
        assert tracebacks is not None
        ours = traceback.TracebackException(
            type(caught.value), caught.value, tracebacks.tb_next, capture_locals=True
        )
        told = "".join(ours.format())
        assert "PRIVATE KEY" not in told
        assert pem(RSA_KEY).splitlines()[3] not in told

    async def test_app_refused_in_okta_s_words_is_escaped(self, okta: OktaClient, server: Responder) -> None:
        server.answers = [
            answer({"error": "invalid_client", "error_description": "\x1b[31mbad\n" + "y" * 999}, status=401)
        ]
        async with okta:
            with pytest.raises(AuthRefused) as caught:
                await okta.me()
        assert str(caught.value).isprintable()
        assert len(str(caught.value)) < 600
