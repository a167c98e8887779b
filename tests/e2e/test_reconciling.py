"""The record held against the log of a whole Okta: every kind of write, and every way that they differ."""

import asyncio
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from rolecall import Action, Actor, AuthRefused, EntitlementRef, ProvisioningRequest, Ref, Secret
from rolecall.builtin.audit.reading_log import reconcile_connector
from rolecall.cli.progress import TerminalProgress
from rolecall.cli.session import Session
from rolecall.provisioning import connector_context, open_engine, provision
from rolecall.store.writing import record_answered, record_begins, record_end, record_ended, record_intent
from rolecall_okta.signing import signing_key
from rolecall_okta.simulator import Organisation, ServiceApp, serve
from tests.plugins.okta.service_app import RSA_KEY, pem, public_jwk

ACCOUNT = "123456789012"
TOKEN, READER = "a-writers-token", "a-readers-token"
ADA = Actor("ada@acme.example", "operator_asserted", operator="ada@desk")


class Scene:
    """An org whose AWS app doesn't go by groups' names, two people and a group on it, and both connectors."""

    def __init__(self, workspace, monkeypatch):
        self.workspace, self.monkeypatch = workspace, monkeypatch
        self.org = Organisation()
        self.app = self.org.add_aws_app(roles=("Admin", "Read", "Audit"))
        self.ben, self.cleo = (self.org.add_user(f"{name}@acme.example") for name in ("ben", "cleo"))
        self.team = self.org.add_group("team", members=[self.ben])
        self.org.assign_group(self.app, self.team, saml_roles=["Read"])

    def configure(self, okta, write_credential=False):
        self.okta = okta
        values = {**self.workspace.environment, "WRITER": TOKEN, "READER": READER}
        for name, value in values.items():
            self.monkeypatch.setenv(name, value)
        token = 'api_token = { env = "WRITER" }\n'
        if write_credential:
            token = 'api_token = { env = "READER" }\nwrite_credential = { api_token = { env = "WRITER" } }\n'
        both = f'domain = "{okta.domain}"\n{token}provisioning = "on"\n'
        self.workspace.configure(
            f'[connectors.aws]\nkind = "okta_aws_federation"\n{both}aws_okta_app_id = "{self.app.id}"\n'
            "allow_group_to_direct_assignment_conversion = true\n"
            f'[connectors.okta]\nkind = "okta"\n{both}'
            '[plugins]\nallow = ["rolecall-okta", "rolecall-okta-aws-federation"]\n'
        )

    def run(self, call):
        async def running():
            session = Session(config_named=str(self.workspace.config))
            config = session.configured()
            settings, quiet = session.plugin_settings(config), TerminalProgress(session, None)
            with session.store(config) as store:
                async with open_engine(store, session.plugins(), config, settings, quiet) as engine:
                    return await call(engine)

        return asyncio.run(running())

    def do(self, operation, entitlement, who, connector="aws", **options):
        """Give or take something; gives how many calls were sent."""
        request = ProvisioningRequest(
            operation, entitlement, Ref("group" if who is self.team else "user", who.id), **options
        )
        kind = "okta" if connector == "okta" else "okta_aws_federation"
        done = self.run(lambda engine: provision(engine, Action(connector, kind, ADA, request)))
        assert (done.status, done.verified) == ("applied", True), done.error
        return len(done.steps)

    def told(self, connector="aws", grace=timedelta()):
        now = datetime.now(UTC)

        async def asking(engine):
            context = connector_context(engine, connector, write=False)
            since, until = now - timedelta(hours=1), now + timedelta(minutes=1)
            return await reconcile_connector(engine.store, engine.plugins, context, since, until, grace)

        return self.run(asking)

    def behind_our_back(self, method, path, **options):
        headers = {"Authorization": f"SSWS {TOKEN}"}
        answer = httpx.request(method, f"http://{self.okta.domain}{path}", headers=headers, **options)
        assert answer.status_code < 300, answer.text


@pytest.fixture
def scene(workspace, monkeypatch):
    scene = Scene(workspace, monkeypatch)
    with serve(scene.org, tokens={TOKEN: "super", READER: "super"}) as okta:
        scene.configure(okta)
        yield scene


def role(name):
    return EntitlementRef(Ref("account", ACCOUNT), name)


def member(group):
    return EntitlementRef(Ref("group", group.id), "member")


def clean(told):
    return (told.unrecorded, told.unseen, told.drift) == ((), (), ())


def test_every_kind_of_write_is_told_by_the_log_and_by_the_record(scene):
    loss = frozenset({"others_lose"})
    sent = scene.do("grant", role("Admin"), scene.cleo)
    sent += scene.do("grant", role("Audit"), scene.team, accept=loss)
    sent += scene.do("grant", role("Admin"), scene.ben, accept=loss)
    assert clean(scene.told()), "while it is held"
    sent += scene.do("revoke", role("Admin"), scene.ben, accept=loss)
    sent += scene.do("revoke", role("Audit"), scene.team, accept=loss)
    sent += scene.do("revoke", role("Admin"), scene.cleo)
    sent += scene.do("grant", member(scene.team), scene.cleo)
    mine = scene.do("revoke", member(scene.team), scene.cleo, connector="okta")

    aws, okta = scene.told(), scene.told("okta")

    assert (aws.matched, okta.matched) == (sent, mine)
    assert clean(aws), aws
    assert clean(okta), okta


def test_writes_with_a_credential_of_their_own_are_told_apart_from_others(scene):
    scene.configure(scene.okta, write_credential=True)
    scene.do("grant", role("Admin"), scene.cleo)
    scene.org.unassign_user(scene.app, scene.cleo)

    told = scene.told()

    assert told.matched == 1
    assert (told.unrecorded, told.unseen) == ((), ())
    assert {each.change for each in told.drift} == {"taken"}


@pytest.mark.parametrize("write_credential", [False, True])
def test_what_is_written_with_our_credential_behind_our_back_is_told(scene, write_credential):
    scene.configure(scene.okta, write_credential=write_credential)
    scene.do("grant", role("Admin"), scene.ben)
    scene.behind_our_back(
        "POST",
        f"/api/v1/apps/{scene.app.id}/users",
        json={"id": scene.cleo.id, "scope": "USER", "profile": {"samlRoles": ["Admin"]}},
    )
    scene.behind_our_back("PUT", f"/api/v1/groups/{scene.team.id}/users/{scene.cleo.id}")

    told = scene.told()

    seen = {(event.object, event.principal) for event in told.unrecorded}
    cleo = Ref("user", scene.cleo.id)
    assert seen == {(Ref("app", scene.app.id), cleo), (Ref("group", scene.team.id), cleo)}
    assert told.matched == 1


def test_what_has_not_reached_the_log_yet_is_waited_for(scene):
    scene.org.log.lag = 30
    scene.do("grant", role("Admin"), scene.cleo)
    early = scene.told(grace=timedelta(minutes=10))
    strict = scene.told()
    assert (early.unseen, len(strict.unseen)) == ((), 1)


def test_a_log_that_cannot_be_read_is_said_so(scene):
    scene.do("grant", role("Admin"), scene.cleo)
    with serve(scene.org, tokens={TOKEN: "group_membership_admin", READER: "none"}) as narrow:
        scene.configure(narrow)
        with pytest.raises(AuthRefused) as refused:
            scene.told("okta")
    assert "/api/v1/logs" in refused.value.message


def test_a_record_of_a_write_that_was_never_made_is_told(scene):
    async def forge(engine):
        connector = await engine.reading("aws")
        request = ProvisioningRequest("grant", role("Admin"), Ref("user", scene.cleo.id))
        plan = await connector.plan(request)
        with engine.store.writing(durable=True) as connection:
            action = record_intent(
                connection, Action("aws", "okta_aws_federation", ADA, request), plan
            ).action
            record_begins(connection, action, 0, plan.steps[0].method, plan.steps[0].path)
            record_answered(connection, action, 0, 200, "forged")
            record_ended(connection, action, 0, "applied")
            record_end(connection, action, "applied", verified=True)

    scene.run(forge)
    (call,) = scene.told().unseen
    assert call.principal == f"user:{scene.cleo.id}"


def test_what_went_to_a_directory_is_told_by_the_import_alone(scene):
    directory = scene.org.add_directory()
    group = scene.org.add_group("of the directory", source=directory)
    scene.org.import_people(directory, [scene.cleo])
    reads = {"okta.users.read", "okta.groups.read", "okta.apps.read", "okta.logs.read"}
    writes = {"okta.groups.manage", "okta.directories.groups.manage"}
    key = public_jwk(signing_key(Secret(pem(RSA_KEY)), "k1"))
    app = ServiceApp("0oaRolecall", keys=[key], scopes=reads | writes, profile="super")
    with serve(scene.org, {}, clients=[app]) as okta:
        (scene.workspace.folder / "key.pem").touch(mode=0o600)
        (scene.workspace.folder / "key.pem").write_text(pem(RSA_KEY))
        scene.workspace.configure(
            f'[connectors.okta]\nkind = "okta"\ndomain = "{okta.domain}"\nclient_id = "0oaRolecall"\n'
            'private_key = { file = "key.pem" }\nkey_id = "k1"\ndirectory_writes = true\n'
            'provisioning = "on"\n[plugins]\nallow = ["rolecall-okta"]\n'
        )
        request = ProvisioningRequest("grant", member(group), Ref("user", scene.cleo.id))
        action = Action("okta", "okta", ADA, request)
        done = scene.run(lambda engine: provision(engine, action))
        assert (done.status, done.verified) == ("applied", False), done.error
        assert clean(scene.told("okta")), "the import is still to come"

        scene.org.run_import()

        told = scene.told("okta")
    assert clean(told), told
