"""Writers killed in the middle of a plan of two calls to Okta: nothing is lost, repeated or claimed."""

import signal
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from rolecall.models import Ref
from rolecall.store import open_store
from rolecall.store.ledger import holdings_of
from rolecall.store.provisioning_tables import reason
from rolecall.store.tasks import list_tasks
from rolecall_okta.simulator import Organisation, serve
from rolecall_okta.simulator.faults import After

ACCOUNT = "123456789012"
TOKEN = "a-writers-token"
ADMIN = f"account:{ACCOUNT}:Admin"


@dataclass
class Kill:
    """Kills a process at a request, which is carried out or not, and of which nobody hears."""

    applied: bool
    victims: list = field(default_factory=list)

    async def answer(self, exchange):
        if self.applied:
            await exchange.reply()
        for process in self.victims:
            process.kill()
        exchange.reset()


class Scene:
    """An org whose AWS app maps groups to roles, somebody who has none of it, and a connector that writes."""

    def __init__(self, workspace):
        self.workspace = workspace
        self.org = Organisation()
        self.app = self.org.add_aws_app(use_group_mapping=True)
        self.ben = self.org.add_user("ben@acme.example")
        self.group = self.org.add_group(f"aws_{ACCOUNT}_Admin")

    def configure(self, okta):
        self.okta = okta
        both = f'domain = "{okta.domain}"\napi_token = {{ env = "OKTA_API_TOKEN" }}\nprovisioning = "on"\n'
        self.workspace.configure(
            f'[connectors.aws]\nkind = "okta_aws_federation"\n{both}aws_okta_app_id = "{self.app.id}"\n'
            f'[connectors.okta]\nkind = "okta"\n{both}'
            '[provisioning]\npatience = "2s"\n'
            '[plugins]\nallow = ["rolecall-okta", "rolecall-okta-aws-federation"]\n',
            OKTA_API_TOKEN=TOKEN,
        )

    def command(self, *arguments, code=0):
        done = self.workspace.rolecall(*arguments, "-o", "json")
        assert done.code == code, done.err
        return done.json

    def killed(self, *arguments, kill):
        process = self.workspace.start(*arguments)
        kill.victims.append(process)
        process.communicate(timeout=60)
        assert process.returncode == -signal.SIGKILL
        self.okta.faults.clear()

    @property
    def writes(self):
        """Writes that were carried out."""
        return Counter(
            event.type for event in self.org.log.events if event.type in GIVEN or event.type in TAKEN
        )

    @property
    def has_role(self):
        return self.ben in self.group.members and self.ben.id in {
            held.user.id for held in self.org.app_users(self.app)
        }

    @property
    def holdings(self):
        with self.store() as store, store.reading() as connection:
            found = holdings_of(connection, Ref("user", self.ben.id))
        return {each.held.mechanism: (each.state, each.made) for each in found}

    def store(self):
        return open_store(self.workspace.store_url, self.workspace.folder)

    def run(self, code=0):
        done = self.workspace.rolecall("run", "--once", "--every", "0", "-o", "json")
        assert code is None or done.code == code, done.err
        return done.json

    def tasks(self):
        with self.store() as store, store.reading() as connection:
            return list(list_tasks(connection))

    def end_all_reasons(self, connector=None):
        """Let the time of what was granted by a connector be over."""
        over = reason.update().values(ends_at=datetime.now(UTC))
        if connector is not None:
            over = over.where(reason.c.connector == connector, reason.c.kind != "standing")
        with self.store() as store, store.writing() as connection:
            connection.execute(over)

    def the_record_is_true(self, *names):
        """The chain is whole, and the log tells of just the calls that are on record."""
        assert self.command("audit", "verify")["ok"]
        for name in names:
            told = self.command("audit", "reconcile", name, "--grace", "0")
            assert (told["unrecorded"], told["unseen"]) == ([], []), name


GIVEN = ("application.user_membership.add", "group.user_membership.add")
TAKEN = ("application.user_membership.remove", "group.user_membership.remove")


@pytest.fixture
def scene(workspace):
    scene = Scene(workspace)
    with serve(scene.org, tokens={TOKEN: "super"}) as okta:
        scene.configure(okta)
        yield scene


def kill_at(scene, moment, calls):
    """Plan the kill: at a call of a plan, before or after it was carried out, or just after its answer."""
    n, how = moment
    method, pattern = calls[n]
    kill = Kill(applied=how == "carried out")
    if how == "answered":

        def then(org):
            scene.okta.faults.add("", kill, method="GET")

        scene.okta.faults.add(pattern, After(then), method=method)
    else:
        scene.okta.faults.add(pattern, kill, method=method)
    return kill


GRANT = [("PUT", r"^/api/v1/groups/\w+/users/"), ("POST", r"^/api/v1/apps/\w+/users$")]
END = [("DELETE", r"^/api/v1/apps/\w+/users/"), ("DELETE", r"^/api/v1/groups/\w+/users/")]


@pytest.mark.parametrize(
    "moment",
    [(0, "not carried out"), (0, "carried out"), (0, "answered"), (1, "carried out")],
    ids=lambda moment: f"call {moment[0] + 1} {moment[1]}",
)
def test_a_grant_of_two_calls_whose_process_was_killed_is_finished_by_the_service(scene, moment):
    grant = ("grant", "aws", ADMIN, f"user:{scene.ben.id}", "--for", "1h")
    scene.killed(*grant, "--yes", kill=kill_at(scene, moment, GRANT))
    (told,) = scene.command("audit")
    assert told["status"] == "interrupted"

    done = scene.run()

    (resumed,) = done["resumed"]
    assert (resumed["status"], resumed["verified"], done["problems"]) == ("applied", True, [])
    assert scene.has_role
    assert scene.writes == dict.fromkeys(GIVEN, 1)
    assert scene.holdings == {"member": ("held", True), "assigned": ("held", True)}
    assert scene.run()["resumed"] == []
    scene.the_record_is_true("aws")


@pytest.mark.parametrize(
    "moment",
    [(0, "answered"), (1, "carried out")],
    ids=lambda moment: f"call {moment[0] + 1} {moment[1]}",
)
def test_an_expiry_of_two_calls_whose_service_was_killed_is_finished_by_the_next(scene, moment):
    scene.command("grant", "aws", ADMIN, f"user:{scene.ben.id}", "--for", "1h", "--yes")
    scene.end_all_reasons()
    scene.killed("run", "--once", "--every", "0", kill=kill_at(scene, moment, END))

    done = scene.run()

    assert done["problems"] == []
    assert scene.writes == dict.fromkeys(GIVEN + TAKEN, 1)
    assert scene.holdings == {}
    (task,) = scene.tasks()
    assert (task.outcome, task.state) == ("REVOKE_OUTCOME_REVOKED", "TASK_STATE_CLOSED")
    scene.the_record_is_true("aws")


def test_what_cannot_be_gone_on_with_is_told_and_not_claimed(scene):
    """Killed after the first call; then the person is suspended."""
    grant = ("grant", "aws", ADMIN, f"user:{scene.ben.id}", "--yes")
    scene.killed(*grant, kill=kill_at(scene, (1, "not carried out"), GRANT))
    scene.ben.status = "SUSPENDED"

    scene.run(code=None)

    (told,) = scene.command("audit")
    assert (told["status"], told["verified"], told["error"]["code"]) == (
        "failed",
        False,
        "person_cannot_sign_in",
    )
    assert scene.writes == {"group.user_membership.add": 1}
    assert scene.holdings["member"][1], "it was given, and is accounted for"
    scene.the_record_is_true("aws")


@pytest.mark.parametrize("first", ["aws", "okta"])
def test_a_membership_that_both_connectors_granted_goes_when_the_last_reason_ends(scene, first):
    """The AWS connector gives it since it gives the role, the other one for itself; each for a time."""
    scene.org.assign_user(scene.app, scene.ben)
    member = f"group:{scene.group.id}:member"
    wanted = {"aws": ADMIN, "okta": member}
    second = "okta" if first == "aws" else "aws"
    for name in (first, second):
        scene.command("grant", name, wanted[name], f"user:{scene.ben.id}", "--for", "1h", "--yes")

    scene.end_all_reasons(first)
    assert scene.run()["revoked"] == []
    assert scene.ben in scene.group.members

    scene.end_all_reasons(second)
    (revoked,) = scene.run()["revoked"]
    assert (revoked["connector"], revoked["verified"]) == (second, True)
    assert scene.ben not in scene.group.members
    assert scene.writes["group.user_membership.remove"] == 1
    assert scene.ben.id in {held.user.id for held in scene.org.app_users(scene.app)}, "it stood before"
    scene.the_record_is_true("aws", "okta")
