"""Time-limited access ends on time though the service is killed again and again; the record stays true."""

import asyncio
import os
import random
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from rolecall import MEMBER, Action, Actor, EntitlementRef, ProvisioningRequest, Ref
from rolecall.cli.progress import TerminalProgress
from rolecall.cli.session import Session
from rolecall.provisioning import open_engine, prepare, provision
from rolecall.store import open_store
from rolecall.store.provisioning_tables import action, holding, reason, task
from rolecall.store.writing import record_answered, record_begins, record_end, record_ended, record_intent
from rolecall_okta.simulator import Organisation, serve

GRANTS = int(os.environ.get("ROLECALL_SOAK", "100"))
KILLS = 20
SPREAD = GRANTS * 0.05
"""Seconds over which the ends are spread."""
REQUESTS = GRANTS // 2
"""A life of the service ends after so many requests at most, in the middle of something."""

TOKEN = "a-writers-token"
OPERATOR = Actor("ada@acme.example", "operator_asserted", operator="ada@desk")
GROUPS = 10


@pytest.fixture
def organisation():
    org = Organisation()
    people = [org.add_user(f"p{n:04}@acme.example") for n in range(GRANTS // GROUPS + 2)]
    groups = [org.add_group(f"aws_prod_{n}") for n in range(GROUPS)]
    return org, people, groups


@pytest.fixture
def okta(organisation):
    with serve(organisation[0], tokens={TOKEN: "super"}) as served:
        yield served


@pytest.fixture
def service(workspace, okta, monkeypatch):
    """The workspace, configured to write to the org."""
    for name, value in {**workspace.environment, "OKTA_API_TOKEN": TOKEN}.items():
        monkeypatch.setenv(name, value)
    workspace.configure(
        f'[connectors.okta]\nkind = "okta"\ndomain = "{okta.domain}"\n'
        'api_token = { env = "OKTA_API_TOKEN" }\nprovisioning = "on"\n\n'
        '[plugins]\nallow = ["rolecall-okta"]\n',
        OKTA_API_TOKEN=TOKEN,
    )
    return workspace


async def give(workspace, wanted):
    """Give memberships for an hour, as the command line does."""
    session = Session(config_named=str(workspace.config))
    config = session.configured()
    settings, quiet = session.plugin_settings(config), TerminalProgress(session, None)
    with session.store(config) as store:
        async with open_engine(store, session.plugins(), config, settings, quiet) as engine:
            slots = asyncio.Semaphore(8)

            async def one(group, person):
                async with slots:
                    done = await provision(engine, grant_of(group, person))
                    assert (done.status, done.verified) == ("applied", True), done.error

            await asyncio.gather(*(one(*each) for each in wanted))


def grant_of(group, person):
    membership = EntitlementRef(Ref("group", group.id), MEMBER)
    request = ProvisioningRequest("grant", membership, Ref("user", person.id))
    return Action("okta", "okta", OPERATOR, request, "soak", timedelta(hours=1))


def spread_ends(workspace, begin):
    """Let the time of every grant be over at some moment from ``begin`` on."""
    chance = random.Random(4)
    with open_store(workspace.store_url, workspace.folder) as store, store.writing() as connection:
        for row in connection.execute(reason.select()).all():
            at = begin + timedelta(seconds=chance.uniform(0, SPREAD))
            connection.execute(reason.update().where(reason.c.id == row.id).values(ends_at=at))


def ends_by_membership(workspace):
    with open_store(workspace.store_url, workspace.folder) as store, store.reading() as connection:
        query = (
            reason.join(holding)
            .select()
            .with_only_columns(holding.c.object, holding.c.principal, reason.c.ends_at)
        )
        rows = connection.execute(query).all()
    return {(of.split(":")[1], who.split(":")[1]): at for of, who, at in rows}


def removals(okta):
    """(group, person) of each removal that the simulator carried out."""
    paths = [write.path.split("/") for write in okta.writes if write.method == "DELETE"]
    return Counter((parts[4], parts[6]) for parts in paths)


def removed_at(okta):
    """When the simulator carried out each removal, by (group, person)."""
    found = {}
    for event in okta.org.log.events:
        if event.type == "group.user_membership.remove":
            about = {target["type"]: target["id"] for target in event.body["target"]}
            found[about["UserGroup"], about["User"]] = datetime.fromtimestamp(event.published, UTC)
    return found


def wait_for_requests(okta, count):
    """Until the simulator has served so many; not for ever, since nothing may be due any more."""
    until = time.monotonic() + 3
    while okta.served < count and time.monotonic() < until:
        time.sleep(0.002)


def interrupted(workspace):
    """How many revocations were gone on with after their process was killed."""
    with open_store(workspace.store_url, workspace.folder) as store, store.reading() as connection:
        return len(connection.execute(action.select().where(action.c.attempts > 1)).all())


@pytest.mark.timeout(1200)
def test_access_ends_on_time_though_the_service_is_killed_twenty_times(service, okta, organisation):
    _, people, groups = organisation
    wanted = [(group, person) for group in groups for person in people][:GRANTS]
    asyncio.run(give(service, wanted))
    spread_ends(service, datetime.now(UTC) + timedelta(seconds=2))
    chance = random.Random(20)
    for _ in range(KILLS):
        running = service.start("run", "--every", "0")
        wait_for_requests(okta, okta.served + chance.randint(3, REQUESTS))
        running.kill()
        running.communicate()
    ends = ends_by_membership(service)
    left = max(ends.values()) - datetime.now(UTC)
    time.sleep(max(0.0, left.total_seconds()))
    last = service.rolecall("run", "--once", "--every", "0", "-o", "json", timeout=120 + GRANTS)
    assert last.code == 0, last.err

    assert set(removals(okta)) == {(group.id, person.id) for group, person in wanted}, "some outlived"
    assert set(removals(okta).values()) == {1}, "some were taken away twice"
    for membership, at in removed_at(okta).items():
        assert at >= ends[membership], "taken early"
    assert all(not group.members for group in groups)
    with open_store(service.store_url, service.folder) as store, store.reading() as connection:
        tasks = connection.execute(task.select().where(task.c.type == "revoke")).all()
    assert len(tasks) == GRANTS
    assert interrupted(service), "no kill hit a write: the test shows nothing"
    assert {row.outcome for row in tasks} == {"REVOKE_OUTCOME_REVOKED"}

    verified = service.rolecall("audit", "verify", "-o", "json")
    assert verified.code == 0, verified.err
    told = reconciled(service)
    assert (told["unrecorded"], told["unseen"], told["drift"]) == ([], [], [])
    assert told["matched"] == 2 * GRANTS


def test_reconciling_finds_a_write_behind_our_back_and_a_forged_record(service, okta, organisation):
    _, people, (group, other, *_) = organisation
    asyncio.run(give(service, [(group, people[0])]))
    assert reconciled(service)["matched"] == 1
    behind = f"http://{okta.domain}/api/v1/groups/{group.id}/users/{people[1].id}"
    assert httpx.put(behind, headers={"Authorization": f"SSWS {TOKEN}"}).status_code == 204
    asyncio.run(forge(service, other, people[2]))
    told = reconciled(service)
    assert told["matched"] == 1
    assert [event["principal"] for event in told["unrecorded"]] == [f"user:{people[1].id}"]
    assert [call["principal"] for call in told["unseen"]] == [f"user:{people[2].id}"]


async def forge(workspace, group, person):
    """Put a grant on record that was never made, as somebody would who can write the store."""
    session = Session(config_named=str(workspace.config))
    config = session.configured()
    settings, quiet = session.plugin_settings(config), TerminalProgress(session, None)
    with session.store(config) as store:
        async with open_engine(store, session.plugins(), config, settings, quiet) as engine:
            prepared = await prepare(engine, grant_of(group, person))
        step = prepared.plan.steps[0]
        with store.writing(durable=True) as connection:
            action = record_intent(connection, prepared.action, prepared.plan).action
            record_begins(connection, action, 0, step.method, step.path)
            record_answered(connection, action, 0, 204, "forged")
            record_ended(connection, action, 0, "applied")
            record_end(connection, action, "applied", verified=True)


def reconciled(workspace):
    done = workspace.rolecall("audit", "reconcile", "okta", "--grace", "0", "-o", "json")
    assert done.code in (0, 1), done.err
    return done.json
