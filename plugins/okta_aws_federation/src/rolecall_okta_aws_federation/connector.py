"""One open connector: its hooks, a few lines each, on one client and one snapshot."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, suppress
from datetime import datetime
from typing import Literal

from rolecall import (
    Change,
    Checkpoint,
    CheckReport,
    Entitlement,
    EntitlementRef,
    Event,
    Finding,
    Forecast,
    FullRunNeeded,
    Grant,
    GrantOutcome,
    GrantRef,
    Held,
    IdentitySource,
    Plan,
    PrincipalNow,
    ProviderError,
    ProvisioningRequest,
    Recipe,
    Ref,
    Refused,
    Removal,
    Resource,
    ResourceType,
    RolecallError,
    SyncRun,
    Twin,
    WriteSeen,
    Writing,
    hookimpl,
)
from rolecall_okta import (
    GroupRow,
    History,
    MemberClocks,
    OktaClient,
    Rights,
    answer,
    find_principal,
    is_closed,
    read_rights,
    refuse_to_see_nobody,
    writes_seen,
)
from rolecall_okta_aws_federation import sync
from rolecall_okta_aws_federation.aws_app import read_aws_app
from rolecall_okta_aws_federation.checking import check_connector
from rolecall_okta_aws_federation.config import Settings
from rolecall_okta_aws_federation.confirming import Confirmation
from rolecall_okta_aws_federation.difference import differences
from rolecall_okta_aws_federation.findings import finding
from rolecall_okta_aws_federation.forecasting import incremental_forecast
from rolecall_okta_aws_federation.full_reading import estimate, read_everything
from rolecall_okta_aws_federation.incremental_reading import read_changes
from rolecall_okta_aws_federation.meaning_changes import meaning_changes
from rolecall_okta_aws_federation.memory import Memory, fingerprint, load, refuse_other_settings
from rolecall_okta_aws_federation.news import News, log_filter
from rolecall_okta_aws_federation.payloads import OktaApp
from rolecall_okta_aws_federation.provisioning.applying import apply_plan
from rolecall_okta_aws_federation.provisioning.planning import make_plan
from rolecall_okta_aws_federation.provisioning.removals import removals
from rolecall_okta_aws_federation.provisioning.standing import holding, present
from rolecall_okta_aws_federation.provisioning.twins import twins
from rolecall_okta_aws_federation.reader import NoRun, Reader
from rolecall_okta_aws_federation.recipe import read_recipe
from rolecall_okta_aws_federation.snapshot import Snapshot, derive
from rolecall_okta_aws_federation.source_reading import still_held
from rolecall_okta_aws_federation.state import OrgState
from rolecall_okta_aws_federation.sync import batches

LOG = "/api/v1/logs"


class FederationConnector:
    """Carries the connector hooks; the host registers it while the connector is open."""

    def __init__(
        self,
        settings: Settings,
        okta: OktaClient,
        resources: AsyncExitStack,
        source: IdentitySource | None = None,
    ) -> None:
        self._settings = settings
        self._source = source if source is not None and source.covers("user") else None
        self._unfit = None if self._source is source else source
        self._okta = okta
        self._resources = resources
        self._app: OktaApp | None = None
        self._news = News(settings.aws_okta_app_id)
        self._history: History | None = None
        self._asked = ""
        self._memory: Memory | None = None
        self._snapshot: Snapshot | None = None
        self._left: Memory | None = None
        self._failure: RolecallError | None = None
        self._reading = asyncio.Lock()
        self._rights: Rights | None = None

    @hookimpl
    async def rolecall_validate(self) -> None:
        """See the hook's specification."""
        if self._okta.client_id is not None:
            await refuse_to_see_nobody(self._okta)
        self._app = await read_aws_app(self._okta, self._settings.aws_okta_app_id)

    @hookimpl
    async def rolecall_check(self) -> CheckReport:
        """See the hook's specification."""
        return await check_connector(self._okta, self._settings)

    @hookimpl
    async def rolecall_recipe(self, purpose: Literal["read", "write"]) -> Recipe:
        """See the hook's specification."""
        return await read_recipe(self._okta, self._settings, purpose)

    @hookimpl
    async def rolecall_sync_events(
        self, checkpoint: Checkpoint | None, run: SyncRun
    ) -> AsyncIterator[Sequence[Event]]:
        """See the hook's specification."""
        unfit: FullRunNeeded | None = None
        if checkpoint is not None:
            try:
                self._memory = load(checkpoint.data)
            except FullRunNeeded as reason:
                unfit = reason
        memory = self._memory
        self._asked = (
            memory.log_filter if memory is not None else log_filter(self._settings.aws_okta_app_id, ())
        )
        self._history = History(
            self._okta,
            self._asked,
            self._news.take,
            position=None if memory is None else memory.log_position,
            since=None if memory is None else memory.read_from,
        )
        try:
            async for batch in self._history:
                yield batch
        except ProviderError as error:
            if not is_closed(error):
                raise
            run.found(finding("log_unreadable", LOG, answer=answer(error)))
            unfit = FullRunNeeded(f"the System Log can't be read ({answer(error)})")
        if unfit is not None and checkpoint is not None:
            raise unfit

    @hookimpl
    async def rolecall_sync_changes(
        self, checkpoint: Checkpoint, run: SyncRun
    ) -> AsyncIterator[Sequence[Change]]:
        """See the hook's specification."""
        memory = self._memory or load(checkpoint.data)
        refuse_other_settings(memory, self._settings, self._source)
        reader, app = self._reader(run), await self._aws_app()
        state, moved = await read_changes(reader, memory, app, self._news, checkpoint.source_run_id)
        before, after = derive(memory.state), derive(state)
        self._snapshot = after
        self._report(reader, after)
        self._left = self._leave(reader, state, moved.groups.values(), memory.clocks.copy())
        for batch in batches(differences(before, after)):
            yield batch

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
    async def rolecall_confirm(
        self, suspects: Sequence[Ref | GrantRef], run: SyncRun
    ) -> Sequence[bool | None]:
        """See the hook's specification."""
        if self._snapshot is None:
            return [None] * len(suspects)
        return await Confirmation(self._okta, self._snapshot).answers(suspects)

    @hookimpl
    async def rolecall_estimate(self, checkpoint: Checkpoint | None) -> Forecast:
        """See the hook's specification."""
        if checkpoint is not None:
            with suppress(FullRunNeeded):
                memory = load(checkpoint.data)
                refuse_other_settings(memory, self._settings, self._source)
                return incremental_forecast(self._okta, memory.state, by_source=self._source is not None)
        return await estimate(Reader(self._okta, NoRun(), self._source), await self._aws_app())

    @hookimpl
    async def rolecall_checkpoint(self) -> bytes | None:
        """See the hook's specification."""
        return None if self._left is None else self._left.dump()

    @hookimpl
    async def rolecall_plan(self, request: ProvisioningRequest) -> Plan:
        """See the hook's specification."""
        return await make_plan(self._okta, self._settings, request)

    @hookimpl
    async def rolecall_grant(self, plan: Plan, writing: Writing) -> GrantOutcome:
        """See the hook's specification."""
        return await self._carry_out(plan, writing)

    @hookimpl
    async def rolecall_revoke(self, plan: Plan, writing: Writing) -> GrantOutcome:
        """See the hook's specification."""
        return await self._carry_out(plan, writing)

    @hookimpl
    async def rolecall_find(self, principal: Ref | str) -> PrincipalNow | None:
        """See the hook's specification."""
        return await find_principal(self._okta, principal)

    @hookimpl
    async def rolecall_holds(self, grants: Sequence[GrantRef]) -> Sequence[bool | None]:
        """See the hook's specification."""
        return await holding(self._okta, self._settings.aws_okta_app_id, grants)

    @hookimpl
    async def rolecall_present(self, things: Sequence[Held]) -> Sequence[bool | None]:
        """See the hook's specification."""
        return await present(self._okta, self._settings.aws_okta_app_id, things)

    @hookimpl
    async def rolecall_removals(self, entitlement: EntitlementRef, person: Ref) -> Sequence[Removal]:
        """See the hook's specification."""
        return await removals(self._okta, self._settings, entitlement, person)

    @hookimpl
    async def rolecall_twins(self) -> Sequence[Twin]:
        """See the hook's specification."""
        return await twins(self._okta, self._settings.aws_okta_app_id)

    @hookimpl
    async def rolecall_writes_seen(
        self, since: datetime, until: datetime
    ) -> AsyncIterator[Sequence[WriteSeen]]:
        """See the hook's specification."""
        app_id = self._settings.aws_okta_app_id
        async for batch in writes_seen(self._okta, since, until, app_id=app_id):
            yield batch

    @hookimpl
    async def rolecall_close(self) -> None:
        """See the hook's specification."""
        await self._resources.aclose()

    async def _carry_out(self, plan: Plan, writing: Writing) -> GrantOutcome:
        """What the credential may do is read once, and again after a refusal."""
        if self._rights is None and plan.status == "planned":
            self._rights = await read_rights(self._okta)
        try:
            return await apply_plan(self._okta, self._settings.aws_okta_app_id, plan, writing, self._rights)
        except Refused:
            self._rights = None
            raise

    async def _read(self, run: SyncRun) -> Snapshot:
        """The run's snapshot, taken by whichever hook asks first; a failure is everybody's."""
        async with self._reading:
            if self._failure is not None:
                raise self._failure
            if self._snapshot is None:
                if self._settings.domain.note:
                    run.log(f"domain: {self._settings.domain.note}")
                try:
                    reader = self._reader(run)
                    state = await read_everything(reader, await self._aws_app())
                except RolecallError as error:
                    self._failure = error
                    raise
                self._snapshot = derive(state)
                self._report(reader, self._snapshot)
                self._left = self._leave(reader, state, state.groups.values(), MemberClocks())
            return self._snapshot

    async def _aws_app(self) -> OktaApp:
        if self._app is None:
            self._app = await read_aws_app(self._okta, self._settings.aws_okta_app_id)
        return self._app

    def _reader(self, run: SyncRun) -> Reader:
        return Reader(
            self._okta,
            run,
            self._source,
            lost=self._news.deleted_people | self._news.deleted_groups | self._told_before.keys(),
        )

    @property
    def _told_before(self) -> dict[str, float]:
        """What earlier runs learned of deletions."""
        return {} if self._memory is None else self._memory.deleted

    def _report(self, reader: Reader, snapshot: Snapshot) -> None:
        reader.reads.report(reader.run)
        reader.run.partial("user", "only people assigned to the app and members of the groups are listed")
        reader.run.partial("group", "only groups that are assigned to the app or give a role are listed")
        if self._unfit is not None:
            app = Ref("app", snapshot.state.app.id)
            reader.run.found(finding("source_partial", app, source=self._unfit.connector))
        for each in snapshot.findings:
            reader.run.found(each)
        for each in self._meaning_changes(reader, snapshot):
            reader.run.found(each)
        for group_id, (listed, counted) in snapshot.state.short.items():
            reader.run.counted(Ref("group", group_id), listed, counted)

    def _meaning_changes(self, reader: Reader, snapshot: Snapshot) -> list[Finding]:
        """What names of groups give now and didn't at the last published run, or the other way round.

        Only where both read the names from the same place: another source's differ for reasons of its own.
        """
        known = self._memory
        source = None if reader.source is None else reader.source.connector
        if known is None or (known.settings, known.source) != (fingerprint(self._settings), source):
            return []
        return meaning_changes(known.state, snapshot.state, self._news.deleted_groups)

    def _leave(
        self, reader: Reader, state: OrgState, groups: Iterable[GroupRow], clocks: MemberClocks
    ) -> Memory | None:
        """What the next run goes on from; None where it must read everything."""
        position = None if self._history is None else self._history.position
        read_from = self._okta.first_reply_at
        if position is None or read_from is None or state.incomplete:
            return None
        clocks.take_moved(groups, read_from)
        wanted = log_filter(state.app.id, state.watched())
        source = reader.source
        told = self._news.deleted_people | self._news.deleted_groups
        memory = Memory(
            state,
            read_from,
            fingerprint(self._settings),
            None if source is None else source.connector,
            source is not None and source.covers("group"),
            wanted,
            position if wanted == self._asked else None,
            clocks,
            reader.owner,
            self._told_before | dict.fromkeys(told, read_from.timestamp()),
        )
        memory.forget_deleted(set() if source is None else still_held(source, memory.deleted))
        return memory
