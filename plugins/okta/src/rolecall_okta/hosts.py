"""The names under which an org answers: a link that names another is not followed."""

import asyncio
from collections.abc import Awaitable, Callable

from rolecall import ProviderError
from rolecall_okta.domain import OktaDomain, console_of
from rolecall_okta.payloads import Organization


class OwnHosts:
    """Those of one org: the configured one, its Admin Console's, and every one that the org says it has."""

    def __init__(self, domain: OktaDomain, ask: Callable[[], Awaitable[Organization]]) -> None:
        self._configured = frozenset({domain.netloc, console_of(domain.netloc)})
        self._ask = ask
        self._told: frozenset[str] | None = None
        self._asking = asyncio.Lock()

    async def include(self, host: str) -> bool:
        """Whether it is one; the org is asked only when a link has another name than the configured."""
        return host in self._configured or host in await self._names()

    async def _names(self) -> frozenset[str]:
        async with self._asking:
            if self._told is None:
                try:
                    hosts = (await self._ask()).hosts
                except ProviderError:
                    hosts = frozenset()  # it names none, and the link will be refused
                self._told = hosts | {console_of(host) for host in hosts}
        return self._told
