"""Drives a connector's hooks as the host does, and keeps the state that a store would hold."""

from dataclasses import dataclass, field
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
    Regranted,
    Resource,
    Secret,
)
from rolecall_okta.directory import plugin
from rolecall_okta.directory.config import SettingsSchema
from rolecall_okta.directory.emission import RESOURCE_TYPES

TOKEN = "a-readers-token"
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Requests:
    """An observer that keeps what was asked."""

    asked: list = field(default_factory=list)

    def requested(self, what):
        self.asked.append(what)

    def waiting(self, seconds, why):
        pass


@dataclass
class Directory:
    """What a store would hold of a connector after its runs, and what the latest run said."""

    domain: str
    settings: dict = field(default_factory=dict)
    wanted: frozenset = frozenset()
    resources: dict = field(default_factory=dict)
    entitlements: dict = field(default_factory=dict)
    grants: dict = field(default_factory=dict)
    checkpoint: bytes | None = None
    runs: int = 0
    mode: str | None = None
    why: str | None = None

    async def sync(self, mode="incremental"):
        """One run: of what changed, or of everything where that is asked for or only that will do."""
        self.begin()
        held = self.resources, self.entitlements, self.grants
        connector = await self.open()
        try:
            await connector.rolecall_validate()
            self.mode = mode if await self._read_changes(connector, mode) else "full"
            if self.mode == "full":
                await self._read_everything(connector)
            self.checkpoint = await connector.rolecall_checkpoint()
        except BaseException:
            self.resources, self.entitlements, self.grants = held
            raise
        finally:
            await connector.rolecall_close()
        self.runs += 1
        self.is_well_formed()
        return self

    async def _read_changes(self, connector, mode):
        """Whether the events, and the changes where they are asked for, tell all that is to be known."""
        checkpoint, self.why, told = self.last_checkpoint(), None, None
        held = self.resources, self.entitlements, self.grants
        try:
            async for batch in connector.rolecall_sync_events(checkpoint, self):
                self.events.extend(batch)
            if mode == "full" or checkpoint is None:
                return False
            told = list(self.findings)
            self.resources, self.entitlements, self.grants = map(dict, held)
            async for batch in connector.rolecall_sync_changes(checkpoint, self):
                for change in batch:
                    self.apply(change)
        except FullRunNeeded as reason:
            self.why = reason.message
            self.resources, self.entitlements, self.grants = held
            self._forget_changes(told)
            return False
        return True

    def _forget_changes(self, told):
        """What was said while reading changes counts no more when everything is read after all."""
        if told is not None:
            self.findings, self.readings, self.partials, self.counts = told, [], {}, []

    def begin(self):
        self.findings, self.readings, self.identities, self.lines = [], [], [], []
        self.partials, self.counts, self.forecasts, self.events = {}, [], [], []
        self.requests = Requests()

    async def open(self):
        table = {"domain": self.domain, "api_token": {"env": "OKTA_API_TOKEN"}, **self.settings}
        context = ConnectorContext(
            name="okta",
            kind="okta",
            settings=SettingsSchema().load(table),
            secrets={"api_token": Secret(TOKEN)},
            observer=self.requests,
            wanted=self.wanted,
        )
        return await plugin.rolecall_open(context)

    def last_checkpoint(self):
        return None if self.checkpoint is None else Checkpoint(self.checkpoint, self.runs, 1, LONG_AGO)

    async def _read_everything(self, connector):
        self.resources, self.entitlements, self.grants = {}, {}, {}
        for hook in ("resources", "entitlements", "grants"):
            for kind in RESOURCE_TYPES:
                async for batch in getattr(connector, f"rolecall_sync_{hook}")(kind, self):
                    for thing in batch:
                        self.put(thing, once=True)

    def put(self, thing, once=False):
        if isinstance(thing, Grant):
            key, held = GrantRef(thing.entitlement, thing.principal), self.grants
        else:
            key, held = thing.ref, self.entitlements if isinstance(thing, Entitlement) else self.resources
        assert not once or key not in held, f"{key} came twice"
        held[key] = thing

    def apply(self, change):
        match change:
            case Gone(Ref() as ref):
                self.resources.pop(ref, None)
                self._drop_entitlements(lambda each: each.resource == ref)
                self._drop_grants(lambda each: each.principal == ref)
            case Gone(EntitlementRef() as ref):
                self._drop_entitlements(lambda each: each == ref)
            case Gone(GrantRef() as ref):
                self.grants.pop(ref, None)
            case Regranted(ref):
                self._drop_grants(lambda each: each.entitlement == ref)
            case Resource() | Entitlement() | Grant():
                self.put(change)

    def _drop_entitlements(self, test):
        for ref in [ref for ref in self.entitlements if test(ref)]:
            del self.entitlements[ref]
            self._drop_grants(lambda each, ref=ref: each.entitlement == ref)

    def _drop_grants(self, test):
        for ref in [ref for ref in self.grants if test(ref)]:
            del self.grants[ref]

    def is_well_formed(self):
        """What the host requires of every plugin."""
        for ref in self.entitlements:
            assert ref.resource in self.resources
        for grant in self.grants.values():
            assert grant.entitlement in self.entitlements, grant
            assert grant.principal in self.resources, grant
            assert grant.principal.type == "group" or not grant.expandable

    def facts(self):
        """All that two ways of reading one org must agree in."""
        return {
            "resources": self.resources,
            "entitlements": self.entitlements,
            "grants": self.grants,
            "findings": sorted((each.code, each.subject, each.message) for each in self.findings),
            "partial": self.partials,
            "counted": sorted(self.counts),
        }

    def holders(self, entitlement):
        """Ids of who holds an entitlement, written ``group:00g…:member``."""
        return {key.principal.id for key in self.grants if str(key.entitlement) == entitlement}

    def asked(self, ending):
        """Requests whose path ends so."""
        return [what for what in self.requests.asked if what.endswith(ending)]

    def codes(self):
        return [finding.code for finding in self.findings]

    # the run, as connectors see it

    def found(self, finding):
        self.findings.append(finding)

    def read(self, reading):
        self.readings.append(reading)

    def identified(self, identity):
        self.identities.append(identity)

    def log(self, message):
        self.lines.append(message)

    def progress(self, what, done, total=None):
        pass

    def partial(self, resource_type, why):
        self.partials[resource_type] = why

    def forecast(self, forecast):
        self.forecasts.append(forecast)

    def counted(self, resource, listed, expected):
        self.counts.append((resource, listed, expected))
