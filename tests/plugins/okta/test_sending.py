"""One call over a real socket: what goes out, and what each fault becomes in bounded time."""

import asyncio
import traceback
from pathlib import Path

import pytest

from rolecall import AuthRefused, BadPayload, ConfigError, ProviderError, RateLimited, Secret, Unavailable
from rolecall_okta import OktaClient, SswsAuth, Timeouts, normalise_domain
from tests.plugins.okta.conftest import FakeClock, Watcher
from tests.plugins.okta.responder import (
    Answer,
    Responder,
    answer,
    drip,
    okta_error,
    reset,
    reset_after_headers,
    stall,
)

ADA = {"id": "00u1", "status": "ACTIVE", "profile": {"login": "ada@acme.example"}}
DATE = ("Date", "Tue, 24 Nov 2026 10:00:00 GMT")
USED_UP = [
    ("X-Rate-Limit-Limit", "50"),
    ("X-Rate-Limit-Remaining", "0"),
    ("X-Rate-Limit-Reset", "1795514430"),
    DATE,
]
TOO_MANY_AT_ONCE = [
    ("X-Rate-Limit-Limit", "0"),
    ("X-Rate-Limit-Remaining", "0"),
    ("X-Rate-Limit-Reset", "1795514430"),
]


async def test_request_carries_the_credential_and_says_who_asks(
    okta: OktaClient, server: Responder, token: str, watcher: Watcher
) -> None:
    server.answers = [answer(ADA)]
    assert (await okta.me()).login == "ada@acme.example"
    (request,) = server.requests
    assert (request.method, request.target) == ("GET", "/api/v1/users/me")
    assert request.headers["authorization"] == f"SSWS {token}"
    assert request.headers["user-agent"].startswith("rolecall-okta/")
    assert request.headers["accept"] == request.headers["content-type"] == "application/json"
    assert request.headers["accept-encoding"] == "gzip"
    assert watcher.requests == ["GET /api/v1/users/me"]


async def test_cookies_are_neither_kept_nor_sent(okta: OktaClient, server: Responder) -> None:
    server.answers = [answer(ADA, headers=[("Set-Cookie", "JSESSIONID=1; Path=/")]), answer(ADA)]
    await okta.me()
    await okta.me()
    assert "cookie" not in server.requests[1].headers


async def test_netrc_and_proxies_of_the_environment_leave_loopback_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, server: Responder, watcher: Watcher, token: str
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login x password y\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    server.answers = [answer(ADA)]
    async with OktaClient(normalise_domain(server.host), SswsAuth(Secret(token)), watcher) as okta:
        await okta.me()
    assert server.requests[0].headers["authorization"] == f"SSWS {token}"


@pytest.mark.parametrize(
    ("fault", "slept"),
    [
        pytest.param(okta_error(500, "E0000009"), 0.5, id="500"),
        pytest.param(answer(b"<html>", status=502), 0.5, id="502 with HTML"),
        pytest.param(answer(b"", status=503), 0.5, id="503"),
        pytest.param(reset, 0.5, id="reset before the answer"),
        pytest.param(reset_after_headers, 0.5, id="reset in the body"),
        pytest.param(b"SMTP ready\r\n\r\n", 0.5, id="no HTTP"),
        pytest.param(okta_error(429, "E0000047", headers=USED_UP), 31.0, id="429 with a reset"),
        pytest.param(okta_error(429, "E0000047"), 1.0, id="429 without headers"),
        pytest.param(okta_error(429, "E0000047", headers=TOO_MANY_AT_ONCE), 0.5, id="concurrency 429"),
    ],
)
async def test_one_passing_fault_is_survived(
    okta: OktaClient, server: Responder, clock: FakeClock, watcher: Watcher, fault: Answer, slept: float
) -> None:
    server.answers = [fault, answer(ADA)]
    assert (await okta.me()).id == "00u1"
    assert (clock.slept, [seconds for seconds, _why in watcher.waits]) == ([slept], [slept])
    assert len(watcher.requests) == 2


@pytest.mark.parametrize(
    ("fault", "kind", "attempts"),
    [
        pytest.param(okta_error(500, "E0000009"), Unavailable, 4, id="500"),
        pytest.param(reset, Unavailable, 4, id="reset"),
        pytest.param(okta_error(429, "E0000047", headers=USED_UP), RateLimited, 10, id="429"),
        pytest.param(okta_error(401, "E0000011"), AuthRefused, 1, id="wrong token"),
        pytest.param(okta_error(400, "E0000001"), ProviderError, 1, id="400"),
    ],
)
async def test_fault_that_stays_is_an_error_after_a_few_attempts(
    okta: OktaClient, server: Responder, fault: bytes, kind: type[ProviderError], attempts: int
) -> None:
    server.respond = lambda request: fault
    with pytest.raises(kind) as caught:
        await okta.me()
    assert type(caught.value) is kind
    assert len(server.requests) == attempts


class TestWithShortTimeouts:
    @pytest.fixture
    def timeouts(self) -> Timeouts:
        return Timeouts(connect=1.0, read=0.15, write=1.0, request=0.3)

    @pytest.mark.parametrize("fault", [stall, drip])
    async def test_server_that_never_finishes_ends_after_two_attempts(
        self, okta: OktaClient, server: Responder, fault: Answer
    ) -> None:
        server.answers = [fault, fault]
        async with asyncio.timeout(5):
            with pytest.raises(Unavailable, match="no answer in time") as caught:
                await okta.me()
        assert caught.value.code == "timed_out"
        assert len(server.requests) == 2

    async def test_one_time_out_is_survived_and_the_connection_not_used_again(
        self, okta: OktaClient, server: Responder
    ) -> None:
        server.answers = [stall, answer(ADA), answer(ADA)]
        assert (await okta.me()).id == (await okta.me()).id == "00u1"
        assert server.connections == 2


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize(
    ("location", "named"),
    [
        ("https://evil.example/api", "evil.example"),
        ("/login", "nowhere"),
        ("http://[", "nowhere"),
        ("", "nowhere"),
    ],
)
async def test_redirect_is_refused_and_its_host_named(
    okta: OktaClient, server: Responder, status: int, location: str, named: str
) -> None:
    server.answers = [answer(b"", status=status, headers=[("Location", location)])]
    with pytest.raises(BadPayload, match=f"redirect to {named}") as caught:
        await okta.me()
    assert caught.value.code == "redirected"
    assert "must be the org's own address" in str(caught.value.hint)
    assert "evil" not in str(caught.value.hint)
    assert len(server.requests) == 1


async def test_redirect_to_another_server_sends_nothing_there(okta: OktaClient, server: Responder) -> None:
    other = Responder()
    await other.start()
    server.answers = [answer(b"", status=302, headers=[("Location", f"http://{other.host}/")])]
    with pytest.raises(BadPayload, match=other.host):
        await okta.me()
    await other.stop()
    assert other.connections == 0


async def test_nobody_listening_is_unavailable(watcher: Watcher, clock: FakeClock, token: str) -> None:
    closed = Responder()
    await closed.start()
    await closed.stop()
    async with OktaClient(
        normalise_domain(closed.host), SswsAuth(Secret(token)), watcher, clock=clock
    ) as okta:
        with pytest.raises(Unavailable, match="no connection") as caught:
            await okta.me()
    assert (caught.value.code, len(watcher.requests)) == ("unreachable", 4)


async def test_plain_server_behind_https_is_a_tls_failure_at_once(
    server: Responder, watcher: Watcher, token: str
) -> None:
    server.greeting = answer(b"", status=400)
    async with OktaClient(
        normalise_domain(f"https://{server.host}"), SswsAuth(Secret(token)), watcher
    ) as okta:
        with pytest.raises(Unavailable, match="no secure connection") as caught:
            await okta.me()
    assert caught.value.code == "tls_failed"
    assert "SSL_CERT_FILE" in str(caught.value.hint)


def counted(remaining: int, limit: int = 4) -> list[tuple[str, str]]:
    return [
        ("X-Rate-Limit-Limit", str(limit)),
        ("X-Rate-Limit-Remaining", str(remaining)),
        ("X-Rate-Limit-Reset", "1795514430"),
        DATE,
    ]


async def test_used_share_holds_later_calls_instead_of_collecting_429s(
    okta: OktaClient, server: Responder, clock: FakeClock, watcher: Watcher
) -> None:
    server.answers = [answer(ADA, headers=counted(3)), answer(ADA, headers=counted(2)), answer(ADA)]
    for _ in range(3):
        await okta.me()
    assert clock.slept == [31.0]
    assert watcher.waits == [(31.0, "Okta's rate limit on /api/v1/users/{id}")]
    use = okta.rates()["/api/v1/users/{id}"]
    assert (use.requests, use.refused, use.waited, use.limit) == (3, 0, 31.0, 4)


@pytest.mark.parametrize(("share", "calls"), [(0.25, 1), (0.5, 2), (1.0, 4)])
async def test_share_is_what_the_client_was_given(
    server: Responder, watcher: Watcher, token: str, clock: FakeClock, share: float, calls: int
) -> None:
    server.answers = [answer(ADA, headers=counted(3 - made)) for made in range(calls)] + [answer(ADA)]
    async with OktaClient(
        normalise_domain(server.host), SswsAuth(Secret(token)), watcher, clock=clock, share=share
    ) as okta:
        for _ in range(calls):
            await okta.me()
        assert clock.slept == []
        assert okta.forecast({"/api/v1/users/{id}": 1}).seconds >= 30
        await okta.me()
    assert clock.slept == [31.0]


async def test_calls_that_wait_for_one_bucket_say_so_once_and_keep_their_order(
    okta: OktaClient, server: Responder, watcher: Watcher
) -> None:
    server.answers = [okta_error(429, "E0000047", headers=USED_UP)] * 4 + [answer(ADA)] * 6
    await asyncio.gather(*(okta.user(f"00u{number}") for number in range(6)))
    assert watcher.waits == [(31.0, "Okta's rate limit on /api/v1/users/{id}")]


async def test_concurrency_limit_lowers_the_number_of_calls_at_once(
    server: Responder, watcher: Watcher, token: str, clock: FakeClock
) -> None:
    running = most = 0

    async def slowly(writer: asyncio.StreamWriter) -> None:
        nonlocal running, most
        running, most = running + 1, max(most, running + 1)
        await asyncio.sleep(0.02)
        running -= 1
        writer.write(answer(ADA))

    too_many = okta_error(429, "E0000047", headers=TOO_MANY_AT_ONCE)
    async with OktaClient(
        normalise_domain(server.host), SswsAuth(Secret(token)), watcher, concurrency=10, clock=clock
    ) as okta:
        server.answers = [answer(ADA)] + [too_many] * 4 + [slowly] * 30
        await okta.me()
        await asyncio.gather(*(okta.me() for _ in range(20)))
    assert most in (5, 6)  # one comes back after a while, and the clock runs fast here


async def test_connections_are_reused(okta: OktaClient, server: Responder) -> None:
    server.respond = lambda request: answer(ADA)
    for _ in range(5):
        await okta.me()
    assert server.connections == 1


@pytest.mark.parametrize("bad", ["", "two words", "line\nfeed", "é", "SSWS abc"])
def test_token_that_no_header_can_carry_is_refused_without_being_shown(bad: str) -> None:
    with pytest.raises(ConfigError) as caught:
        SswsAuth(Secret(bad))
    assert not bad or bad not in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(okta_error(401, "E0000011", "Invalid token provided"), id="wrong token"),
        pytest.param(answer(b"", status=302, headers=[("Location", "https://x.example/")]), id="redirect"),
        pytest.param(b"HTTP/1.1 not-a-number\r\n\r\n", id="no HTTP"),
        pytest.param(reset, id="reset"),
        pytest.param(answer(b"["), id="truncated"),
    ],
)
async def test_token_is_in_no_error_and_no_traceback(
    okta: OktaClient, server: Responder, token: str, fault: Answer
) -> None:
    server.respond = lambda request: fault
    with pytest.raises(ProviderError) as caught:
        await okta.me()
    tracebacks = caught.value.__traceback__
    assert tracebacks is not None
    ours = traceback.TracebackException(  # with every local variable, but without this test's own frame
        type(caught.value), caught.value, tracebacks.tb_next, capture_locals=True
    )
    assert token not in "".join(ours.format())
