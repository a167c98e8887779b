"""What provisioning works with: the store, the plugins, the configuration, and connectors opened once."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from rolecall.config import Config, ConnectorConfig, connector_secrets
from rolecall.connectors import OpenConnector, open_connector
from rolecall.contracts import ConnectorContext, Observer
from rolecall.errors import UsageError
from rolecall.plans import AuditHead
from rolecall.plugin_settings import PluginSettings
from rolecall.plugins import Plugins
from rolecall.store.engine import Store
from rolecall.store.source import published_source


@dataclass(slots=True)
class Engine:
    """Provisioning for one workspace, as long as ``open_engine`` is.

    Attributes:
        config: Validated by the connectors' kinds; no secret needs to be read.
        settings: For the hooks of policies and sinks.
        observer: Told of every request.
    """

    store: Store
    plugins: Plugins
    config: Config
    settings: PluginSettings
    observer: Observer
    _exits: AsyncExitStack = field(default_factory=AsyncExitStack)
    _open: dict[tuple[str, bool], OpenConnector] = field(default_factory=dict)
    _opening: dict[tuple[str, bool], asyncio.Lock] = field(default_factory=dict)

    def connector(self, name: str) -> ConnectorConfig:
        """The connector's configuration.

        Raises:
            UsageError: There is none.
        """
        if name not in self.config.connectors:
            raise UsageError(f"There is no connector {name} in {self.config.path}.")
        return self.config.connectors[name]

    def others(self, name: str) -> list[str]:
        """Names of the other configured connectors."""
        return [other for other in self.config.connectors if other != name]

    async def reading(self, name: str) -> OpenConnector:
        """The connector with its ordinary credential, opened and validated once.

        Raises:
            ConfigError: A secret isn't there.
            PluginError: The plugin doesn't keep its contract.
            ProviderError: The provider refuses.
        """
        return await self._opened(name, write=False)

    async def writing(self, name: str) -> OpenConnector:
        """The connector with its write credential, or its ordinary one without; see ``reading``."""
        return await self._opened(name, write=self.connector(name).write_credential is not None)

    def announce_heads(self, heads: Iterable[AuditHead]) -> None:
        """Tell every sink of the audit chain's new ends; call it after the transaction that made them."""
        for head in heads:
            self.plugins.announce("rolecall_audit_head", head=head, settings=self.settings)

    async def close(self) -> None:
        """Close every connector that was opened."""
        self._open.clear()
        await self._exits.aclose()

    async def _opened(self, name: str, *, write: bool) -> OpenConnector:
        key = (name, write)
        async with self._opening.setdefault(key, asyncio.Lock()):
            if key not in self._open:
                async with AsyncExitStack() as attempt:
                    context = connector_context(self, name, write=write)
                    connector = await attempt.enter_async_context(open_connector(self.plugins, context))
                    await connector.validate()
                    self._open[key] = connector
                    self._exits.push_async_exit(attempt.pop_all())
            return self._open[key]


@asynccontextmanager
async def open_engine(
    store: Store, plugins: Plugins, config: Config, settings: PluginSettings, observer: Observer
) -> AsyncIterator[Engine]:
    """Provisioning for one workspace; connectors that it opens are closed at the end."""
    engine = Engine(store, plugins, config, settings, observer)
    try:
        yield engine
    finally:
        await engine.close()


def connector_context(engine: Engine, name: str, *, write: bool) -> ConnectorContext:
    """What a connector is opened with; its secrets are read now.

    Raises:
        ConfigError: A secret isn't there.
    """
    connector = engine.connector(name)
    source = published_source(engine.store, connector.identity_source) if connector.identity_source else None
    credential = connector.write_credential if write else None
    return ConnectorContext(
        name,
        connector.kind,
        credential.settings if credential else connector.settings,
        connector_secrets(engine.config, connector, engine.plugins, write=credential is not None),
        engine.observer,
        source,
    )
