"""One open connector: its hooks, a few lines each, on one client."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, aclosing
from datetime import UTC, datetime
from typing import Literal

from rolecall import (
    Change,
    Checkpoint,
    CheckReport,
    Entitlement,
    EntitlementRef,
    Event,
    Forecast,
    FullRunNeeded,
    Grant,
    GrantOutcome,
    GrantRef,
    Held,
    Identity,
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
    SyncRun,
    WriteSeen,
    Writing,
    hookimpl,
)
from rolecall_okta.answers import answer
from rolecall_okta.client import OktaClient
from rolecall_okta.directory.checking import check_connector
from rolecall_okta.directory.config import Settings
from rolecall_okta.directory.confirming import Confirmation
from rolecall_okta.directory.emission import GROUP, ROLE, USER
from rolecall_okta.directory.findings import finding
from rolecall_okta.directory.forecasting import foresee_changes, foresee_everything
from rolecall_okta.directory.incremental import ChangeReading
from rolecall_okta.directory.news import FILTER, News
from rolecall_okta.directory.planning import Planner
from rolecall_okta.directory.reading import FullReading
from rolecall_okta.directory.recipe import recipe
from rolecall_okta.directory.state import State, UnreadableState, digest, dumped, loaded
from rolecall_okta.history import History, is_closed
from rolecall_okta.owner import read_owner
from rolecall_okta.provisioning.applying import carry_out
from rolecall_okta.provisioning.finding import find_principal
from rolecall_okta.provisioning.membership_checks import MembershipCheck
from rolecall_okta.provisioning.present import things_present
from rolecall_okta.provisioning.writes_seen import writes_seen
from rolecall_okta.recipes import read_resource_names
from rolecall_okta.rights import Rights, read_rights

NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class DirectoryConnector:
    """Carries the connector hooks; the host registers it while the connector is open."""

    def __init__(
        self, settings: Settings, okta: OktaClient, wanted: frozenset[str], resources: AsyncExitStack
    ) -> None:
        self._settings = settings
        self._okta = okta
        self._wanted = wanted
        self._resources = resources
        self._owner: Identity | None = None
        self._known: State | None = None
        self._news = News()
        self._history: History | None = None
        self._reading: FullReading | ChangeReading | None = None
        self._rights: Rights | None = None

    @hookimpl
    async def rolecall_validate(self) -> None:
        """See the hook's specification."""
        self._owner = await read_owner(self._okta)

    @hookimpl
    async def rolecall_check(self) -> CheckReport:
        """See the hook's specification."""
        return await check_connector(self._okta, self._settings)

    @hookimpl
    async def rolecall_recipe(self, purpose: Literal["read", "write"]) -> Recipe:
        """See the hook's specification."""
        return recipe(purpose, await read_resource_names(self._okta), self._settings)

    @hookimpl
    async def rolecall_estimate(self, checkpoint: Checkpoint | None) -> Forecast:
        """See the hook's specification."""
        try:
            known = None if checkpoint is None else self._load(checkpoint)
        except FullRunNeeded:
            known = None
        if known is None:
            return await foresee_everything(self._okta, self._settings, self._wanted)
        return await foresee_changes(self._okta, self._settings, self._wanted, known)

    @hookimpl
    async def rolecall_sync_events(
        self, checkpoint: Checkpoint | None, run: SyncRun
    ) -> AsyncIterator[Sequence[Event]]:
        """See the hook's specification."""
        changed: FullRunNeeded | None = None
        try:
            self._known = None if checkpoint is None else self._load(checkpoint)
        except FullRunNeeded as reason:
            changed = reason
        known = self._known
        self._history = History(
            self._okta,
            FILTER,
            self._news.take,
            position=None if known is None else known.position,
            since=None if known is None else known.since,
            on_list=run.read,
        )
        try:
            async for batch in self._history:
                yield batch
        except ProviderError as error:
            if not is_closed(error):
                raise
            run.found(finding("log_unreadable", "log", answer=answer(error)))
            if checkpoint is not None:
                raise FullRunNeeded("the credential may not read Okta's System Log any more") from error
        if changed is not None:
            raise changed

    @hookimpl
    async def rolecall_sync_changes(
        self, checkpoint: Checkpoint, run: SyncRun
    ) -> AsyncIterator[Sequence[Change]]:
        """See the hook's specification."""
        known = self._known or self._load(checkpoint)
        self._introduce(run)
        self._reading = ChangeReading(
            self._okta, self._settings, self._wanted, known, self._next_state(), self._news, run
        )
        async with aclosing(self._reading.changes()) as batches:
            async for batch in batches:
                yield batch

    @hookimpl
    async def rolecall_sync_resources(
        self, resource_type: ResourceType, run: SyncRun
    ) -> AsyncIterator[Sequence[Resource]]:
        """See the hook's specification."""
        reading = self._read_everything(run)
        lists = {USER.id: reading.people, GROUP.id: reading.groups, ROLE.id: reading.roles}
        async for batch in lists[resource_type.id]():
            yield batch

    @hookimpl
    async def rolecall_sync_entitlements(
        self, resource_type: ResourceType, run: SyncRun
    ) -> AsyncIterator[Sequence[Entitlement]]:
        """See the hook's specification."""
        reading = self._read_everything(run)
        lists = {GROUP.id: reading.memberships_offered, ROLE.id: reading.roles_offered}
        if resource_type.id in lists:
            for batch in lists[resource_type.id]():
                yield batch

    @hookimpl
    async def rolecall_sync_grants(
        self, resource_type: ResourceType, run: SyncRun
    ) -> AsyncIterator[Sequence[Grant]]:
        """See the hook's specification."""
        reading = self._read_everything(run)
        lists = {GROUP.id: reading.memberships, ROLE.id: reading.roles_held}
        if resource_type.id in lists:
            for batch in lists[resource_type.id]():
                yield batch

    @hookimpl
    async def rolecall_confirm(
        self,
        suspects: Sequence[Ref | GrantRef],
        run: SyncRun,
    ) -> Sequence[bool | None]:
        """See the hook's specification."""
        return await Confirmation(self._okta, self._settings, self._wanted).answers(suspects)

    @hookimpl
    async def rolecall_checkpoint(self) -> bytes | None:
        """See the hook's specification."""
        reading = self._reading
        if reading is None or not reading.is_exact or reading.state.position is None:
            return None
        reading.state.forget_old()
        return dumped(reading.state)

    @hookimpl
    async def rolecall_plan(self, request: ProvisioningRequest) -> Plan:
        """See the hook's specification."""
        return await Planner(self._okta, self._settings).plan(request)

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
        return await find_principal(self._okta, principal, disabled=self._settings.disabled_statuses)

    @hookimpl
    async def rolecall_holds(self, grants: Sequence[GrantRef]) -> Sequence[bool | None]:
        """See the hook's specification."""
        return await Planner(self._okta, self._settings).holds(grants)

    @hookimpl
    async def rolecall_present(self, things: Sequence[Held]) -> Sequence[bool | None]:
        """See the hook's specification."""
        return await things_present(self._okta, things)

    @hookimpl
    async def rolecall_removals(self, entitlement: EntitlementRef, person: Ref) -> Sequence[Removal]:
        """See the hook's specification."""
        return await Planner(self._okta, self._settings).removals(entitlement, person)

    @hookimpl
    async def rolecall_writes_seen(
        self, since: datetime, until: datetime
    ) -> AsyncIterator[Sequence[WriteSeen]]:
        """See the hook's specification."""
        async with aclosing(writes_seen(self._okta, since, until)) as batches:
            async for batch in batches:
                yield batch

    @hookimpl
    async def rolecall_close(self) -> None:
        """See the hook's specification."""
        if isinstance(self._reading, FullReading):
            await self._reading.close()
        await self._resources.aclose()

    async def _carry_out(self, plan: Plan, writing: Writing) -> GrantOutcome:
        """What the credential may do is read once, and again after a refusal."""
        if self._rights is None:
            self._rights = await read_rights(self._okta)
        check = MembershipCheck(self._okta)
        try:
            return await carry_out(self._okta, plan, writing, lambda _step: check, rights=self._rights)
        except Refused:
            self._rights = None
            raise

    def _load(self, checkpoint: Checkpoint) -> State:
        """The state of the last run.

        Raises:
            FullRunNeeded: It tells nothing about what this run has to give.
        """
        try:
            known = loaded(checkpoint.data)
        except UnreadableState as error:
            raise FullRunNeeded("what the last run left behind can't be read by this release") from error
        if known.settings != digest(self._settings):
            raise FullRunNeeded("the connector's settings have changed")
        if self._owner is not None and known.owner != self._owner.id:
            raise FullRunNeeded("the credential belongs to somebody else than before")
        return known

    def _read_everything(self, run: SyncRun) -> FullReading:
        if not isinstance(self._reading, FullReading):
            self._introduce(run)
            state = self._next_state()
            self._reading = FullReading(self._okta, self._settings, self._wanted, state, run)
        return self._reading

    def _introduce(self, run: SyncRun) -> None:
        if self._settings.domain.note:
            run.log(f"domain: {self._settings.domain.note}")
        run.identified(self._owner or Identity(None, None))

    def _next_state(self) -> State:
        """What this run knows before it reads any list."""
        owner = None if self._owner is None else self._owner.id
        state = State(digest(self._settings), owner, self._okta.first_reply_at or NEVER)
        state.position = None if self._history is None else self._history.position
        state.deleted = dict(self._known.deleted) if self._known else {}
        state.deleted |= {ref.id: at.timestamp() for ref, at in self._news.deleted.items()}
        return state
