"""The transport under the client: many connections, each with a pool of its own.

A stock pool looks through all connections and all waiting requests on every request and every reply,
which at 50 in flight costs more than the requests do. A pool of one has nothing to look through.
"""

import ssl
import urllib.request
from collections.abc import AsyncIterator, Callable

import httpx

from rolecall import ConfigError
from rolecall_okta.domain import OktaDomain

KEEP_ALIVE = 4.0
"""Seconds that an idle connection is kept: less than servers do, so that they don't close it first."""

ONE_CONNECTION = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=KEEP_ALIVE)


class SpreadTransport(httpx.AsyncBaseTransport):
    """Sends each request on an idle one-connection transport, or on a new one.

    It has as many as there were ever requests at once; bounding those is the caller's part.
    """

    def __init__(self, tls: ssl.SSLContext, proxy: httpx.Proxy | None = None) -> None:
        self._tls = tls
        self._proxy = proxy
        self._all: list[httpx.AsyncHTTPTransport] = []
        self._idle = [self._new_line()]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """See ``httpx.AsyncBaseTransport``."""
        line = self._idle.pop() if self._idle else self._new_line()
        try:
            response = await line.handle_async_request(request)
        except BaseException:
            self._idle.append(line)
            raise
        assert isinstance(response.stream, httpx.AsyncByteStream)
        response.stream = _ReleasingStream(response.stream, lambda: self._idle.append(line))
        return response

    async def aclose(self) -> None:
        """See ``httpx.AsyncBaseTransport``."""
        for line in self._all:
            await line.aclose()

    def _new_line(self) -> httpx.AsyncHTTPTransport:
        line = httpx.AsyncHTTPTransport(verify=self._tls, limits=ONE_CONNECTION, proxy=self._proxy)
        self._all.append(line)
        return line


class _ReleasingStream(httpx.AsyncByteStream):
    def __init__(self, stream: httpx.AsyncByteStream, release: Callable[[], None]) -> None:
        self._stream = stream
        self._release: Callable[[], None] | None = release

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._stream:
            yield part

    async def aclose(self) -> None:
        try:
            await self._stream.aclose()
        finally:
            if self._release is not None:
                self._release()
                self._release = None


def transport_for(domain: OktaDomain) -> SpreadTransport:
    """The transport to an org, through the environment's proxy if it has one for it.

    Raises:
        ConfigError: The environment names certificates or a proxy that can't be used.
    """
    if domain.is_loopback:
        return SpreadTransport(_tls_for(domain))
    proxy = _proxy_for(domain)
    try:
        return SpreadTransport(_tls_for(domain), proxy)
    except ImportError as error:
        raise ConfigError(
            "the proxy in the environment needs a package: pip install 'httpx[socks]'"
        ) from error


def _tls_for(domain: OktaDomain) -> ssl.SSLContext:
    if domain.scheme == "http":
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        return httpx.create_ssl_context()
    except OSError as error:
        raise ConfigError(
            f"can't read the certificates that SSL_CERT_FILE or SSL_CERT_DIR names: {error.strerror or error}"
        ) from error


def _proxy_for(domain: OktaDomain) -> httpx.Proxy | None:
    proxies = urllib.request.getproxies()
    address = proxies.get(domain.scheme) or proxies.get("all")
    if not address or urllib.request.proxy_bypass(domain.netloc):
        return None
    try:
        return httpx.Proxy(address if "://" in address else f"http://{address}")
    except (ValueError, httpx.InvalidURL):
        raise ConfigError(
            "the proxy that the environment names (HTTPS_PROXY, ALL_PROXY) is no address"
        ) from None
