"""Conversations with an org that are recorded and replayed: every request that a connector sends, in words.

The connector is opened by the host, and sends one request at a time, so that the order is always the same.
Ids are told by names: ``PUT /groups/admins/users/ada``.
"""

import asyncio
import base64
import json
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field
from itertools import count

from rolecall import ConnectorContext, ProvisioningRequest, Ref, Secret
from rolecall.connectors import open_connector
from rolecall_okta import Clock
from rolecall_okta.calls import TOKEN_PATH
from rolecall_okta.signing import signing_key
from rolecall_okta.simulator import ServiceApp, serve
from rolecall_okta.simulator.permissions import Token, admin_roles
from rolecall_okta.transport import SpreadTransport
from tests.plugins.okta.conftest import Watcher
from tests.plugins.okta.provisioning.writings import Notes
from tests.plugins.okta.service_app import CLIENT_ID, RSA_KEY, pem, public_jwk

RECORDED_AS = "https://acme.okta.example"
OKTA_HEADERS = frozenset(
    {
        "dpop-nonce",
        "x-okta-request-id",
        "x-rate-limit-limit",
        "x-rate-limit-remaining",
        "x-rate-limit-reset",
    }
)
PUBLIC_HOSTS = frozenset({"json-schema.org", "console.aws.amazon.com", "ok12static.oktacdn.com"})
TOKEN = "a-recorders-token"
BEGINNING = 1_790_000_000.0
"""Okta's time where a recording begins, in seconds since 1970."""
RIGHTS = ("GET /users/me", "GET /users/robot/roles")
"""What is asked before the first write: whose credential it is, and what it may do."""
SIGN_IN = (
    f"POST {TOKEN_PATH} without proof",
    f"POST {TOKEN_PATH} with proof",
    f"POST {TOKEN_PATH} with proof and nonce",
)
"""An OAuth app's exchange for a token to read with."""
APP_RIGHTS = (
    f"POST {TOKEN_PATH} with proof and nonce",
    "GET /groups",
    f"GET /oauth2/v1/clients/{CLIENT_ID}/roles",
)
"""A token to write with, and what the app may do."""
TURNS = 10
"""Of the event loop that each request takes at least, so that others queue up while replaying too."""


class PassingTime:
    """Seconds that pass only while somebody waits, for the connector and for the org alike."""

    def __init__(self, monkeypatch):
        self.seconds = BEGINNING

        async def sleep(_clock, seconds):
            self.seconds += seconds

        monkeypatch.setattr(Clock, "now", lambda _clock: self.seconds)
        monkeypatch.setattr(Clock, "since_1970", lambda _clock: self.seconds)
        monkeypatch.setattr(Clock, "sleep", sleep)
        monkeypatch.setattr(Clock, "jitter", lambda _clock: 0.0)

    def __call__(self):
        return self.seconds


class Counting:
    """What the simulator takes for chance, the same each time: it counts."""

    hex = "5ca1ab1e" * 2

    def __init__(self):
        self._next = count(1)

    def __call__(self):
        return self

    def token_urlsafe(self, _size):
        return f"by-chance-{next(self._next)}"


def without_chance(monkeypatch):
    """Let the simulator number its replies and choose its nonces alike each time."""
    monkeypatch.setattr("rolecall_okta.simulator.server.uuid4", Counting())
    monkeypatch.setattr("rolecall_okta.simulator.oauth.secrets", Counting())
    monkeypatch.setattr("rolecall_okta.simulator.errors._RUN", Counting.hex[:10])
    monkeypatch.setattr("rolecall_okta.simulator.errors._numbers", count(1))


@dataclass
class Conversation:
    """An open connector, and what it sent since that was last looked at.

    Attributes:
        names: Id → what it is told by.
        made: What was given by steps and not taken yet, as a ledger would have it.
    """

    connector: object
    names: dict
    sent: list = field(default_factory=list)
    made: dict = field(default_factory=dict)
    notes: Notes = field(default_factory=Notes)

    async def plan(self, operation, entitlement, principal, **options):
        who = principal if isinstance(principal, str | Ref) else ref_of(principal)
        request = ProvisioningRequest(operation, entitlement, who, made=tuple(self.made.values()), **options)
        return await self.connector.plan(request)

    async def carry_out(self, plan):
        self.notes = Notes()
        outcome = await self.connector.carry_out(plan, self.notes)
        for step in plan.steps if outcome.status == "applied" else ():
            for held in step.takes:
                self.made.pop(held, None)
            self.made.update((held, held) for held in step.gives)
        return outcome

    async def grant(self, entitlement, principal, *accept):
        plan = await self.plan("grant", entitlement, principal, accept=frozenset(accept))
        return plan, await self.carry_out(plan)

    async def revoke(self, entitlement, principal, *accept, via=None):
        plan = await self.plan("revoke", entitlement, principal, accept=frozenset(accept), via=via)
        return plan, await self.carry_out(plan)

    async def undo(self, entitlement, principal):
        """Take back all that was given."""
        plan = await self.plan("revoke", entitlement, principal, undo=tuple(self.made.values()))
        return plan, await self.carry_out(plan)

    def told(self):
        """What was sent since this was asked last, in order."""
        told = [self._worded(*each) for each in self.sent]
        self.sent.clear()
        return told

    def planned(self, plan):
        """A plan's calls, told alike."""
        return [self._worded(step.method, step.path, step.body) for step in plan.steps if step.method]

    def _worded(self, method, path, body):
        text = f"{method} {path.partition('?')[0].removeprefix('/api/v1')}"
        if body is not None:
            text += f" {body if isinstance(body, str) else json.dumps(body)}"
        for known, name in self.names.items():
            text = text.replace(known, name)
        return text


def by_login(name):
    """How a person is found by what they are called: directly, and by a search."""
    return f"GET /users/{name}%40acme.example", "GET /users"


def modified(action, group, person):
    """The change of a group's members in its directory, through Okta's agent."""
    change = {"action": action, "attribute": "member", "values": [person]}
    body = json.dumps({"id": group, "parameters": change})
    return f"POST /directories/active_directory/groups/modify {body}"


def by_app(scopes):
    """For ``Studio.converse``: an OAuth app with these scopes, which proves that its tokens are its own."""
    key = pem(RSA_KEY)
    public = public_jwk(signing_key(Secret(key), "k1"))
    return {
        "clients": [ServiceApp(CLIENT_ID, keys=[public], scopes=set(scopes), profile="super")],
        "secrets": {"private_key": Secret(key)},
        "client_id": CLIENT_ID,
        "private_key": {"env": "OKTA_PRIVATE_KEY"},
    }


def is_write(told):
    return not told.startswith(("GET ", f"POST {TOKEN_PATH}"))


def assert_carried_out(conversation, result, *told):
    """Just this was sent, with the plan's steps for its writes, and was read back."""
    plan, outcome = result
    assert conversation.told() == list(told)
    assert [each for each in told if is_write(each)] == conversation.planned(plan)
    assert len(conversation.notes.writes) == len(plan.steps)
    assert (outcome.status, outcome.verified) == ("applied", True)


@dataclass
class Studio:
    """Where conversations are recorded, and replayed without an org."""

    plugins: object
    recording: bool
    port: int
    time: PassingTime
    monkeypatch: object
    servers: ExitStack
    connectors: AsyncExitStack
    conversations: list = field(default_factory=list)

    async def converse(self, kind, org, rights="super", *, clients=(), faults=(), **more):
        """Open a connector on an organisation, served while it is recorded; for the rest see ``open``."""
        robot = org.new_user("robot@acme.example")
        robot.roles = admin_roles(org, rights)
        domain = RECORDED_AS.removeprefix("https://")
        if self.recording:
            tokens = {TOKEN: Token(rights, owner=robot)}
            served = serve(org, tokens, clients=clients, port=self.port, clock=self.time)
            okta = self.servers.enter_context(served)
            for pattern, fault, when in faults:
                okta.faults.add(pattern, fault, **when)
            domain = okta.domain
        return await self.open(kind, domain, names_in(org, robot), **more)

    async def open(self, kind, domain, names, secrets=None, **table):
        """Open a connector of this kind; ``table`` is its table in the configuration."""
        credential = {} if "client_id" in table else {"api_token": {"env": "OKTA_API_TOKEN"}}
        schema = self.plugins.kinds[kind].settings()
        settings = schema.load({"domain": domain, "concurrency": 1, **credential, **table})
        context = ConnectorContext("acme", kind, settings, secrets or {"api_token": Secret(TOKEN)}, Watcher())
        connector = await self.connectors.enter_async_context(open_connector(self.plugins, context))
        conversation = Conversation(connector, names)
        self.conversations.append(conversation)
        self._listen(conversation.sent)
        return conversation

    def _listen(self, sent):
        send = SpreadTransport.handle_async_request

        async def heard(transport, request):
            sent.append((request.method, request.url.raw_path.decode("ascii"), _body(request)))
            for _ in range(TURNS):
                await asyncio.sleep(0)
            return await send(transport, request)

        self.monkeypatch.setattr(SpreadTransport, "handle_async_request", heard)


def names_in(org, *others):
    """Id → login's first part, group's name, app's catalog name, custom role's label."""
    people = {user.id: user.login.partition("@")[0] for user in [*org.users, *others]}
    groups = {group.id: group.name for group in org.groups}
    roles = {role.id: role.label for role in org.custom_roles}
    return people | groups | roles | {app.id: app.name for app in org.apps}


def ref_of(thing):
    return Ref("group" if thing.id.startswith("00g") else "user", thing.id)


def _body(request):
    """A JSON body; of a request for a token, what it proves."""
    if request.url.path == TOKEN_PATH:
        proof = request.headers.get("dpop")
        if proof is None:
            return "without proof"
        claims = proof.split(".")[1]
        said = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
        return "with proof and nonce" if "nonce" in said else "with proof"
    return json.loads(request.content) if request.content else None
