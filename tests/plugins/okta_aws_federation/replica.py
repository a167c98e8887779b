"""What a host would hold of a connector, run after run: driven hook by hook, without a store."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from rolecall import (
    Checkpoint,
    ConnectorContext,
    Entitlement,
    EntitlementRef,
    FullRunNeeded,
    Gone,
    Grant,
    GrantRef,
    Ref,
    Resource,
    Secret,
)
from rolecall_okta_aws_federation import plugin
from rolecall_okta_aws_federation.sync import RESOURCE_TYPES
from tests.plugins.okta_aws_federation.emission import TOKEN, Emission, settings_for


@dataclass
class Replica:
    """The state that a connector's runs leave, and what the last one was like.

    Attributes:
        mode: Of the last run: ``full`` or ``incremental``.
        because: Why the last run read everything although there was a checkpoint, or None.
        run: What the connector said in it.
        changes: What an incremental run yielded.
        events: What the log told.
    """

    domain: str
    app_id: str
    settings: dict = field(default_factory=dict)
    checkpoint: bytes | None = None
    source: object = None
    source_run: int | None = None
    resources: dict = field(default_factory=dict)
    entitlements: dict = field(default_factory=dict)
    grants: dict = field(default_factory=dict)
    mode: str | None = None
    because: str | None = None
    run: Emission = field(default_factory=Emission)
    changes: list = field(default_factory=list)
    events: list = field(default_factory=list)

    async def sync(self, full=False):
        """One run, incremental where it can be, unless it is to be ``full``."""
        self.run, self.mode, self.because = Emission(), "full", None
        self.changes, self.events = [], []
        connector = await self.opened()
        left = self.left()
        try:
            await connector.rolecall_validate()
            try:
                async for batch in connector.rolecall_sync_events(left, self.run):
                    self.events += batch
                if left is not None and not full:
                    await self._take_changes(connector, left)
            except FullRunNeeded as reason:
                self.because = reason.message
            if self.mode == "full":
                await self._take_everything(connector)
            self.checkpoint = await connector.rolecall_checkpoint()
            self.source_run = self.source and self.source.run_id
        finally:
            await connector.rolecall_close()
        return self

    async def opened(self):
        context = ConnectorContext(
            name="aws",
            kind="okta_aws_federation",
            settings=settings_for(self.domain, self.app_id, **self.settings),
            secrets={"api_token": Secret(TOKEN)},
            observer=self.run.requests,
            source=self.source,
        )
        return await plugin.rolecall_open(context)

    def left(self):
        return self.checkpoint and Checkpoint(
            self.checkpoint, 1, 1, datetime.now(UTC), source_run_id=self.source_run
        )

    @property
    def asked(self):
        return self.run.requests.asked

    def held(self):
        """All that a run's state consists of, to compare; what changed since another run is none of it."""
        found = {
            (each.code, each.subject, each.message)
            for each in self.run.findings
            if each.code != "role_group_meaning_changed"
        }
        found |= set(self.run.short)
        return self.resources | self.entitlements | self.grants | dict.fromkeys(found, "found")

    async def _take_changes(self, connector, left):
        said = len(self.run.findings)
        try:
            async for batch in connector.rolecall_sync_changes(left, self.run):
                self.changes += batch
        except FullRunNeeded:
            del self.run.findings[said:]
            raise
        for change in self.changes:
            self._apply(change)
        self.mode = "incremental"
        for grant in self.grants:
            assert grant.entitlement in self.entitlements
            assert grant.principal in self.resources

    def _apply(self, change):
        match change:
            case Resource():
                self.resources[change.ref] = change
            case Entitlement():
                self.entitlements[change.ref] = change
            case Grant():
                self.grants[GrantRef(change.entitlement, change.principal)] = change
            case Gone(Ref() as gone):
                self.resources.pop(gone, None)
                self._end(lambda ref: ref.resource == gone, lambda grant: grant.principal == gone)
            case Gone(EntitlementRef() as gone):
                self._end(lambda ref: ref == gone, lambda grant: False)
            case Gone(GrantRef() as gone):
                self.grants.pop(gone, None)

    def _end(self, entitlement, grant):
        self.entitlements = {ref: each for ref, each in self.entitlements.items() if not entitlement(ref)}
        self.grants = {
            ref: each
            for ref, each in self.grants.items()
            if not entitlement(ref.entitlement) and not grant(ref)
        }

    async def _take_everything(self, connector):
        self.resources, self.entitlements, self.grants = {}, {}, {}
        for hook in ("resources", "entitlements", "grants"):
            for kind in RESOURCE_TYPES:
                async for batch in getattr(connector, f"rolecall_sync_{hook}")(kind, self.run):
                    for each in batch:
                        self._apply(each)


async def proven(replica, anew=True):
    """Run a replica once more, and compare it with what a full run gives: one ``anew``, or its next."""
    full = replace(replica)
    if anew:
        full = Replica(replica.domain, replica.app_id, replica.settings, source=replica.source)
    await replica.sync()
    await full.sync(full=True)
    wrong = {
        key: (replica.held().get(key), full.held().get(key))
        for key in replica.held() | full.held()
        if replica.held().get(key) != full.held().get(key)
    }
    assert wrong == {}, "incremental and full, where they differ"
    return replica


def whole(replica):
    """A replica's last run, as if it had given all that the replica holds."""
    replica.run.resources, replica.run.entitlements = replica.resources, replica.entitlements
    replica.run.grants = list(replica.grants.values())
    return replica.run
