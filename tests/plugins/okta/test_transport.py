"""The transport: spread over connections, recordable, and careful with what the environment says."""

import asyncio
import ssl
import sys
from pathlib import Path

import httpx
import pytest
import trustme
import vcr

from rolecall import ConfigError, Secret
from rolecall_okta import OktaClient, OktaDomain, SswsAuth, normalise_domain
from rolecall_okta.transport import transport_for
from tests.plugins.okta.conftest import Watcher
from tests.plugins.okta.responder import Responder, answer

ORG = OktaDomain("acme.okta.example")


async def names(host: str, token: str, watcher: Watcher) -> list[str]:
    async with OktaClient(normalise_domain(host), SswsAuth(Secret(token)), watcher) as okta:
        return [row.name async for rows in okta.groups() for row in rows]


async def test_cassette_records_through_the_client_and_replays_without_the_server(
    server: Responder, watcher: Watcher, token: str, tmp_path: Path
) -> None:
    links = [("Link", f'<http://{server.host}/self>; rel="self"'), ("Link", '<?after=x>; rel="next"')]
    server.answers = [
        answer([{"id": "00g1", "profile": {"name": "one"}}], headers=links),
        answer([{"id": "00g2", "profile": {"name": "two"}}]),
    ]
    cassette = str(tmp_path / "groups.yaml")
    recorder = vcr.VCR(filter_headers=["authorization"])
    with recorder.use_cassette(cassette, record_mode="once"):
        assert await names(server.host, token, watcher) == ["one", "two"]
    await server.stop()
    with recorder.use_cassette(cassette, record_mode="none") as played:
        assert await names(server.host, token, watcher) == ["one", "two"]
    assert played.all_played
    assert not any("authorization" in request.headers for request in played.requests)


async def test_as_many_connections_as_calls_at_once_and_each_is_used_again(
    server: Responder, watcher: Watcher, token: str
) -> None:
    server.delay = 0.05
    server.respond = lambda request: answer({"id": "00u1"})
    async with OktaClient(
        normalise_domain(server.host), SswsAuth(Secret(token)), watcher, concurrency=8
    ) as okta:
        for _ in range(3):
            await asyncio.gather(*(okta.me() for _ in range(20)))
    assert server.connections == 8


async def test_cancelled_call_leaves_the_client_usable(
    server: Responder, watcher: Watcher, token: str
) -> None:
    server.delay = 0.2
    server.respond = lambda request: answer({"id": "00u1"})
    async with OktaClient(
        normalise_domain(server.host), SswsAuth(Secret(token)), watcher, concurrency=1
    ) as okta:
        call = asyncio.create_task(okta.me())
        await asyncio.sleep(0.05)
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        assert (await okta.me()).id == "00u1"


@pytest.fixture
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("http", "https", "all", "no"):
        monkeypatch.delenv(f"{name}_proxy", raising=False)
        monkeypatch.delenv(f"{name.upper()}_PROXY", raising=False)
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.mark.parametrize(
    ("environment", "domain", "proxy"),
    [
        pytest.param({}, ORG, None, id="none"),
        pytest.param({"HTTPS_PROXY": "http://proxy:3128"}, ORG, "http://proxy:3128", id="https"),
        pytest.param({"https_proxy": "proxy:3128"}, ORG, "http://proxy:3128", id="no scheme"),
        pytest.param({"ALL_PROXY": "http://proxy:1"}, ORG, "http://proxy:1", id="all"),
        pytest.param({"HTTP_PROXY": "http://proxy:1"}, ORG, None, id="http only"),
        pytest.param(
            {"HTTPS_PROXY": "http://proxy:1", "NO_PROXY": ".okta.example"}, ORG, None, id="no proxy"
        ),
        pytest.param({"ALL_PROXY": "http://proxy:1"}, OktaDomain("localhost", "https"), None, id="loopback"),
    ],
)
async def test_proxy_of_the_environment_is_used_for_the_org_only(
    clean_environment: pytest.MonkeyPatch, environment: dict[str, str], domain: OktaDomain, proxy: str | None
) -> None:
    for name, value in environment.items():
        clean_environment.setenv(name, value)
    used = transport_for(domain)._proxy
    assert (None if used is None else str(used.url)) == proxy


async def test_call_goes_through_the_proxy(
    clean_environment: pytest.MonkeyPatch, server: Responder, watcher: Watcher, token: str
) -> None:
    clean_environment.setenv("HTTPS_PROXY", f"http://{server.host}")
    server.respond = lambda request: answer(b"", status=403)
    async with OktaClient(ORG, SswsAuth(Secret(token)), watcher) as okta:
        with pytest.raises(Exception, match="the proxy refused"):
            await okta.me()
    assert [request.method for request in server.requests] == ["CONNECT"]
    assert "authorization" not in server.requests[0].headers


@pytest.mark.parametrize(
    "environment",
    [
        {"SSL_CERT_FILE": "/nonexistent/certificates.pem"},
        {"HTTPS_PROXY": "gopher://proxy"},
        {"HTTPS_PROXY": "socks5://proxy:1080"},
        {"HTTPS_PROXY": "http://proxy:port"},
    ],
    ids=str,
)
def test_environment_that_cannot_be_used_is_a_configuration_error(
    clean_environment: pytest.MonkeyPatch, environment: dict[str, str]
) -> None:
    clean_environment.setitem(sys.modules, "socksio", None)
    for name, value in environment.items():
        clean_environment.setenv(name, value)
    with pytest.raises(ConfigError, match=r"SSL_CERT_FILE|proxy"):
        transport_for(ORG)


async def test_certificates_named_by_the_environment_are_trusted(
    clean_environment: pytest.MonkeyPatch, tmp_path: Path, watcher: Watcher, token: str
) -> None:
    authority = trustme.CA()
    certificates = tmp_path / "certificates.pem"
    authority.cert_pem.write_to_path(certificates)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(tls)
    secure = Responder(respond=lambda request: answer({"id": "00u1"}))
    await secure.start(tls)
    domain = normalise_domain(f"https://localhost:{secure.port}")
    async with OktaClient(domain, SswsAuth(Secret(token)), watcher) as okta:
        with pytest.raises(Exception, match=r"no secure connection: "):
            await okta.me()
    clean_environment.setenv("SSL_CERT_FILE", str(certificates))
    async with OktaClient(domain, SswsAuth(Secret(token)), watcher) as okta:
        assert (await okta.me()).id == "00u1"
    await secure.stop()


def test_transport_is_one_of_httpx() -> None:
    assert isinstance(transport_for(OktaDomain("localhost", "http")), httpx.AsyncBaseTransport)
