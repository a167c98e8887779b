"""An engine with a vault as the provider, and what the store says of it: for tests below the command line."""

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from rolecall.config import configure, read_draft
from rolecall.models import EntitlementRef, Ref
from rolecall.plans import Action, ProvisioningRequest
from rolecall.plugin_tables import LoadedSettings
from rolecall.provisioning import open_engine, shell_actor
from rolecall.store.actions import find_action
from rolecall.store.ledger import find_held, holdings_of
from rolecall.store.notices import due_deliveries
from rolecall.store.tasks import list_tasks
from tests.host.vaults import PROD

ADMIN = EntitlementRef(Ref("account", PROD), "Admin")
GUESTS = EntitlementRef(Ref("group", "g2"), "member")
BEN = Ref("user", "u2")
GIVE = f"PUT /direct/u2/{PROD}/Admin"
"""The call that gives Ben the role Admin."""
ROLE = f"account:{PROD} role:Admin"
BADGE = "app:badge assigned"
"""That role, and what it needs, as ``Workbench.holdings`` tells of them."""


class Quiet:
    """An observer that watches nothing."""

    def requested(self, what):
        pass

    def waiting(self, seconds, why):
        pass


class Workbench:
    """A vault, a store, and engines on them."""

    def __init__(self, folder, vault, store, plugins):
        self.folder, self.vault, self.store, self.plugins = folder, vault, store, plugins

    @property
    def config(self):
        return configure(read_draft(self.folder / "rolecall.toml"), self.plugins)

    @asynccontextmanager
    async def engine(self):
        config = self.config
        settings = LoadedSettings(self.folder, config.tables)
        async with open_engine(self.store, self.plugins, config, settings, Quiet()) as engine:
            yield engine

    def run(self, call, *arguments, **options):
        """One call of the engine, in an event loop and with connectors of its own."""

        async def running():
            async with self.engine() as engine:
                return await call(engine, *arguments, **options)

        return asyncio.run(running())

    def holdings(self, principal=BEN):
        """What the ledger says: thing → state, whether made, kinds of its open reasons."""
        with self.store.reading() as connection:
            found = holdings_of(connection, principal)
        return {
            f"{each.held.object} {each.held.mechanism}": (
                each.state,
                each.made,
                [reason.kind for reason in each.reasons],
            )
            for each in found
        }

    def known(self, *things):
        with self.store.reading() as connection:
            return find_held(connection, things)

    def action(self, number):
        with self.store.reading() as connection:
            return find_action(connection, number)

    def tasks(self):
        with self.store.reading() as connection:
            return list_tasks(connection)

    def told(self, task):
        """Kinds of the notices of a task, the oldest first."""
        with self.store.reading() as connection:
            due = due_deliveries(connection, ["anybody"], datetime.now(UTC))
        return [each.notice.kind for each in due if each.notice.task == task]


def asked(operation="grant", entitlement=ADMIN, principal=BEN, **facts):
    """An action of somebody at the shell."""
    request = {key: facts.pop(key) for key in ("via", "undo", "accept") if key in facts}
    return Action(
        "vault",
        "vault",
        shell_actor("kim@acme.example"),
        ProvisioningRequest(operation, entitlement, principal, **request),
        **facts,
    )
