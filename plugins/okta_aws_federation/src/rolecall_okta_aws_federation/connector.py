"""One open connector: its hooks, a few lines each, on one client and one snapshot."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack

from rolecall import (
    CheckReport,
    Entitlement,
    EntitlementRef,
    Grant,
    GrantOutcome,
    Ref,
    Refused,
    Resource,
    ResourceType,
    RolecallError,
    SyncRun,
    hookimpl,
)
from rolecall_okta import OktaClient
from rolecall_okta_aws_federation import sync
from rolecall_okta_aws_federation.aws_app import read_aws_app
from rolecall_okta_aws_federation.checking import check_connector
from rolecall_okta_aws_federation.config import Settings
from rolecall_okta_aws_federation.payloads import OktaApp
from rolecall_okta_aws_federation.snapshot import Snapshot, take_snapshot

NOT_CARRIED_OUT = "Grants and revocations are not carried out by this release; nothing was changed."


class FederationConnector:
    """Carries the connector hooks; the host registers it while the connector is open."""

    def __init__(self, settings: Settings, okta: OktaClient, resources: AsyncExitStack) -> None:
        self._settings = settings
        self._okta = okta
        self._resources = resources
        self._app: OktaApp | None = None
        self._snapshot: Snapshot | None = None
        self._failure: RolecallError | None = None
        self._reading = asyncio.Lock()

    @hookimpl
    async def rolecall_validate(self) -> None:
        """See the hook's specification."""
        self._app = await read_aws_app(self._okta, self._settings.aws_okta_app_id)

    @hookimpl
    async def rolecall_check(self) -> CheckReport:
        """See the hook's specification."""
        return await check_connector(self._okta, self._settings)

    @hookimpl
    async def rolecall_sync_resources(
        self, resource_type: ResourceType, run: SyncRun
    ) -> AsyncIterator[Sequence[Resource]]:
        """See the hook's specification."""
        for batch in sync.resources(resource_type, await self._read(run)):
            yield batch

    @hookimpl
    async def rolecall_sync_entitlements(
        self, resource_type: ResourceType, run: SyncRun
    ) -> AsyncIterator[Sequence[Entitlement]]:
        """See the hook's specification."""
        for batch in sync.entitlements(resource_type, await self._read(run)):
            yield batch

    @hookimpl
    async def rolecall_sync_grants(
        self, resource_type: ResourceType, run: SyncRun
    ) -> AsyncIterator[Sequence[Grant]]:
        """See the hook's specification."""
        for batch in sync.grants(resource_type, await self._read(run)):
            yield batch

    @hookimpl
    async def rolecall_grant(self, entitlement: EntitlementRef, principal: Ref) -> GrantOutcome:
        """See the hook's specification."""
        raise Refused(NOT_CARRIED_OUT, hint=f"grant {entitlement} to {principal} in the Okta Admin Console")

    @hookimpl
    async def rolecall_revoke(self, entitlement: EntitlementRef, principal: Ref) -> GrantOutcome:
        """See the hook's specification."""
        raise Refused(NOT_CARRIED_OUT, hint=f"take {entitlement} from {principal} in the Okta Admin Console")

    @hookimpl
    async def rolecall_close(self) -> None:
        """See the hook's specification."""
        await self._resources.aclose()

    async def _read(self, run: SyncRun) -> Snapshot:
        """The run's snapshot, taken by whichever hook asks first; a failure is everybody's."""
        async with self._reading:
            if self._failure is not None:
                raise self._failure
            if self._snapshot is None:
                if self._settings.domain.note:
                    run.log(f"domain: {self._settings.domain.note}")
                try:
                    if self._app is None:
                        self._app = await read_aws_app(self._okta, self._settings.aws_okta_app_id)
                    self._snapshot = await take_snapshot(self._okta, self._app, run)
                except RolecallError as error:
                    self._failure = error
                    raise
            return self._snapshot
