"""A process killed between two calls: nothing is repeated blindly or lost, and the rest can be done."""

import json
import os
import signal
import subprocess
import sys
from datetime import timedelta

import pytest

from rolecall.errors import ProviderError
from rolecall.provisioning import provision, resume
from rolecall.store.actions import interrupted_actions
from tests.host.vaults import PROD
from tests.host.workbench import ADMIN, BADGE, GIVE, ROLE, asked

BADGE_CALL = "PUT /badges/u2"


@pytest.fixture
def killed(bench):
    """Runs ``rolecall grant`` in a process that the vault kills; gives the interrupted action."""

    def grant(call, fault, *options):
        bench.vault.set(badges=[])
        bench.vault.fail(call, fault)
        command = [sys.executable, "-m", "rolecall", "grant", "vault", f"account:{PROD}:Admin", "user:u2"]
        process = subprocess.run(
            [*command, "--yes", *options],
            cwd=bench.folder,
            env={**os.environ, "PYTHONPATH": str(bench.folder / "site")},
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert process.returncode == -signal.SIGKILL, process.stderr
        with bench.store.reading() as connection:
            (action,) = interrupted_actions(connection)
        return action

    return grant


@pytest.mark.only_on("sqlite", "the process that is killed opens the store by its file")
@pytest.mark.parametrize(
    ("call", "fault", "states"),
    [
        pytest.param(BADGE_CALL, "kill_before", ["begun", "planned"], id="before the first"),
        pytest.param(BADGE_CALL, "kill_after", ["begun", "planned"], id="after the first"),
        pytest.param(GIVE, "kill_before", ["applied", "begun"], id="before the second"),
        pytest.param(GIVE, "kill_after", ["applied", "begun"], id="after the second"),
    ],
)
def test_a_killed_grant_is_gone_on_with_from_a_fresh_read(bench, killed, call, fault, states):
    action = killed(call, fault, "--for", "1h")
    assert (action.status, [step.state for step in action.steps]) == ("running", states)

    done = bench.run(resume, action.id)

    assert (done.status, done.verified) == ("applied", True)
    state = bench.vault.state
    assert (state["badges"], state["direct"]) == (["u2"], {"u2": [f"{PROD}:Admin"]})
    assert [entry["call"] for entry in state["log"]] == [BADGE_CALL, GIVE]
    assert bench.holdings() == {ROLE: ("held", True, ["grant"]), BADGE: ("held", True, ["grant"])}
    assert timedelta() < done.expires_at - action.started_at < timedelta(hours=1, minutes=1)
    with bench.store.reading() as connection:
        assert interrupted_actions(connection) == []


@pytest.mark.only_on("sqlite", "the process that is killed opens the store by its file")
def test_a_killed_grant_that_means_something_else_now_is_not_gone_on_with(bench, killed):
    action = killed(GIVE, "kill_before")
    bench.vault.set(meaning="something else")

    done = bench.run(resume, action.id)

    assert (done.status, done.error.code) == ("failed", "plan_outdated")
    assert [step.state for step in bench.action(action.id).steps] == ["applied", "unknown"]
    (task,) = bench.tasks()
    assert (task.id, task.state) == (done.task_id, "TASK_STATE_OPEN")
    assert GIVE not in [entry["call"] for entry in bench.vault.state["log"]]
    assert bench.holdings()[BADGE][1:] == (True, ["grant"])


@pytest.mark.only_on("sqlite", "the process that is killed opens the store by its file")
def test_a_killed_grant_waits_while_the_provider_can_not_be_read(bench, killed):
    action = killed(GIVE, "kill_after")
    bench.vault.set(closed=True)
    with pytest.raises(ProviderError):
        bench.run(resume, action.id)
    bench.vault.set(closed=False)

    assert bench.run(resume, action.id).verified


@pytest.mark.only_on("sqlite", "the process that is killed opens the store by its file")
def test_what_somebody_else_gave_before_the_first_call_stood_there(bench, killed):
    action = killed(BADGE_CALL, "kill_before")
    bench.vault.set(direct={"u2": [f"{PROD}:Admin"]})

    bench.run(resume, action.id)

    assert bench.holdings()[ROLE] == ("held", False, ["grant", "standing"])


@pytest.mark.only_on("sqlite", "the process that is killed opens the store by its file")
def test_a_killed_writer_s_locks_are_free(bench, killed):
    killed(BADGE_CALL, "kill_before")

    process = subprocess.run(
        [sys.executable, "-m", "rolecall", "grant", "vault", f"account:{PROD}:Admin", "user:u2", "--yes"],
        cwd=bench.folder,
        env={**os.environ, "PYTHONPATH": str(bench.folder / "site")},
        capture_output=True,
        timeout=60,
        check=False,
    )

    assert json.loads(process.stdout)["status"] == "already_granted"
    assert bench.vault.state["direct"] == {"u2": [f"{PROD}:Admin"]}


@pytest.mark.only_on("sqlite", "the process that is killed opens the store by its file")
def test_the_next_write_to_the_same_person_goes_on_with_what_was_interrupted(bench, killed):
    action = killed(GIVE, "kill_before")

    done = bench.run(provision, asked(entitlement=ADMIN))

    assert done.status == "already_granted"
    assert bench.action(action.id).status == "applied"
    assert bench.vault.state["direct"] == {"u2": [f"{PROD}:Admin"]}
