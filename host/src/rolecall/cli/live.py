"""What is asked of the provider while a command answers from the store."""

import asyncio

from rolecall.cli.progress import watched
from rolecall.cli.session import Session
from rolecall.connectors import open_connector
from rolecall.contracts import AccessQuestion, ConnectorContext
from rolecall.plans import Removal
from rolecall.plugins import Plugins
from rolecall.provisioning import removals_with_elsewhere


def live_removals(session: Session, name: str, question: AccessQuestion) -> tuple[Removal, ...]:
    """The ways to end an access that a person has now, the smallest change first.

    Raises:
        ConfigError: The configuration has mistakes, or a secret isn't there.
        PluginError: The plugin doesn't keep its contract.
        ProviderError: The provider refuses.
    """
    config, _ = session.ready_to_open([name])
    with watched(session, config.connectors[name], f"asking {name}") as context:
        found = asyncio.run(_removals(session.plugins(), context, question))
    with session.store(config) as store:
        return removals_with_elsewhere(store, [each for each in config.connectors if each != name], found)


async def _removals(
    plugins: Plugins, context: ConnectorContext, question: AccessQuestion
) -> tuple[Removal, ...]:
    async with open_connector(plugins, context) as connector:
        await connector.validate()
        return tuple(await connector.removals(question.entitlement, question.person))
