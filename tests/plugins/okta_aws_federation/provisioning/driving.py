"""Drives the provisioning hooks as the host does, and looks at what everybody has before and after."""

from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from rolecall import EntitlementRef, ProvisioningRequest, Ref, Secret
from rolecall_okta import OktaClient, SswsAuth
from rolecall_okta.simulator import serve
from rolecall_okta_aws_federation.connector import FederationConnector
from tests.plugins.okta.conftest import FakeClock
from tests.plugins.okta.provisioning.writings import Notes
from tests.plugins.okta_aws_federation.emission import TOKEN, Requests, settings_for
from tests.plugins.okta_aws_federation.login_oracle import login_rows
from tests.plugins.okta_aws_federation.provisioning.small_orgs import ACCOUNT

CONVERTS = {"allow_group_to_direct_assignment_conversion": True}


def role(name, account=ACCOUNT):
    return EntitlementRef(Ref("account", account), name)


def membership(group):
    return EntitlementRef(Ref("group", group.id), "member")


def assigned(app):
    return EntitlementRef(Ref("app", app.id), "assigned")


def ref_of(thing):
    return Ref("group" if thing.id.startswith("00g") else "user", thing.id)


@dataclass
class Driver:
    """One org, one connector, and what a host's ledger would know.

    Attributes:
        made: What was given by steps and not taken yet.
    """

    org: object
    app: object
    okta: object
    connector: object
    clock: object = None
    made: dict = field(default_factory=dict)
    notes: Notes = field(default_factory=Notes)

    async def plan(self, operation, entitlement, principal, **options):
        principal = principal if isinstance(principal, str | Ref) else ref_of(principal)
        request = ProvisioningRequest(
            operation, entitlement, principal, made=tuple(self.made.values()), **options
        )
        return await self.connector.rolecall_plan(request)

    async def carry_out(self, plan, patience=5.0):
        self.notes = Notes(patience)
        hook = self.connector.rolecall_grant if plan.operation == "grant" else self.connector.rolecall_revoke
        outcome = await hook(plan, self.notes)
        if outcome.status == "applied":
            self.take_note(plan)
        return outcome

    def take_note(self, plan):
        for step in plan.steps:
            for held in step.takes:
                self.made.pop(held, None)
            self.made.update((held, held) for held in step.gives)

    async def do(self, operation, entitlement, principal, **options):
        """Plan and carry out: the plan, and what came of it."""
        plan = await self.plan(operation, entitlement, principal, **options)
        return plan, await self.carry_out(plan)

    async def grant(self, entitlement, principal, *accept):
        return await self.do("grant", entitlement, principal, accept=frozenset(accept))

    async def revoke(self, entitlement, principal, *accept, via=None):
        return await self.do("revoke", entitlement, principal, accept=frozenset(accept), via=via)

    async def undo(self, entitlement, principal, things=None):
        """Take back what Rolecall gave the principal: all of it, unless told."""
        wanted = ref_of(principal)
        things = [held for held in self.made if held.principal == wanted] if things is None else things
        return await self.do(
            "revoke", entitlement, principal, undo=tuple(self.made.get(held, held) for held in things)
        )

    def access(self):
        """Person's id → roles that a login gives, written ``account:ACCOUNT:ROLE``."""
        found = {user.id: set() for user in self.org.users}
        for row in login_rows(self.org, self.app):
            found[row["user_id"]].add(f"account:{row['account_id']}:{row['role']}")
        return found

    def roles(self, person):
        """Names of the roles that a login gives one person."""
        return {each.rpartition(":")[2] for each in self.access()[person.id]}

    def writes(self):
        return [f"{each.method} {each.path}" for each in self.okta.requests if each.method != "GET"]

    async def close(self):
        await self.connector.rolecall_close()


async def connected(served, org, app, **settings):
    """A connector on a served org; what its client sleeps passes at once, for Okta too."""
    read = settings_for(served.okta.domain, app.id, **settings)
    resources = AsyncExitStack()
    client = OktaClient(read.domain, SswsAuth(Secret(TOKEN)), Requests(), clock=served.clock)
    okta = await resources.enter_async_context(client)
    return Driver(org, app, served.okta, FederationConnector(read, okta, resources), served.clock)


def told_effects(plan):
    """Person's id → (gained, lost) roles, as a plan tells."""
    found = {}
    for effect in plan.effects:
        gains, loses = (
            {str(each) for each in some if each.resource.type == "account"}
            for some in (effect.gains, effect.loses)
        )
        if gains or loses:
            found[effect.person.id] = gains, loses
    return found


def warned(plan):
    return " ".join(plan.warnings)


def seen_effects(before, after):
    """The same, from what logins gave before and after."""
    return {
        person: (after[person] - before[person], before[person] - after[person])
        for person in before
        if before[person] != after[person]
    }


class OrgClock(FakeClock):
    """One clock for the client and the org."""

    def __init__(self):
        super().__init__()
        self.time = 1_790_000_000.0

    def __call__(self):
        return self.time


class Served(NamedTuple):
    """An org that is served, and the clock that it and its clients go by."""

    okta: object
    clock: OrgClock


@contextmanager
def serving(org, rights="super"):
    """Serve an org over HTTP."""
    clock = OrgClock()
    with serve(org, tokens={TOKEN: rights}, clock=clock) as okta:
        yield Served(okta, clock)
