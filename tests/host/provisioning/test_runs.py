"""A published run closes revocations that it shows gone, and reopens those whose access is back."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from rolecall.contracts import Secret
from rolecall.provisioning import provision, settle_by_run
from rolecall.store.runs import resolve_at
from rolecall.sync import SyncJob, SyncRules, sync_connector
from tests.host.vaults import PROD
from tests.host.workbench import ADMIN, BEN, GUESTS, asked

ADA = BEN._replace(id="u1")


class Unwatched:
    """Progress that nobody watches."""

    def __getattr__(self, name):
        return lambda *_: None


@pytest.fixture
def sync(bench):
    """Syncs the vault, and settles revocations by the run."""

    def call():
        config = bench.config.connectors["vault"]
        job = SyncJob("vault", "vault", config.settings, {"token": Secret("reader")})
        asyncio.run(sync_connector(bench.store, bench.plugins, job, SyncRules(), Unwatched()))
        run = resolve_at(bench.store, "vault", None)

        async def settled(engine):
            return await settle_by_run(engine, run)

        return run, bench.run(settled)

    return call


def test_a_run_that_shows_it_gone_closes_an_open_revocation(bench, sync):
    bench.run(provision, asked())
    bench.vault.set(mute=True)
    done = bench.run(provision, asked("revoke"))
    assert not done.verified

    run, settled = sync()

    (task,) = bench.tasks()
    assert settled == [task.id]
    assert (task.outcome, task.observed_run_id) == ("REVOKE_OUTCOME_REVOKED", run.id)
    assert bench.holdings() == {}


def test_a_run_that_still_shows_it_leaves_it_open(bench, sync):
    bench.vault.set(direct={"u1": [f"{PROD}:Admin"]})
    bench.run(provision, asked("revoke", principal=ADA))

    _, settled = sync()

    assert settled == []
    assert bench.tasks()[0].state == "TASK_STATE_OPEN"


def test_a_run_that_shows_it_back_reopens_it_once(bench, sync):
    bench.run(provision, asked())
    bench.run(provision, asked("revoke"))
    assert sync()[1] == []
    bench.vault.put("g1", "u1", "u2")

    _, settled = sync()
    again = sync()[1]

    (task,) = bench.tasks()
    assert (settled, again) == ([task.id], [])
    assert (task.state, task.outcome) == ("TASK_STATE_OPEN", None)


def test_what_others_gave_that_it_rested_on_does_not_keep_it_from_being_back(bench, sync):
    bench.vault.set(badges=["u2"])
    bench.run(provision, asked())
    bench.run(provision, asked("revoke"))
    assert bench.holdings() == {"app:badge assigned": ("held", False, ["standing"])}
    bench.vault.put("g1", "u1", "u2")

    _, settled = sync()

    assert [(task.id, task.state) for task in bench.tasks()] == [(*settled, "TASK_STATE_OPEN")]


def test_what_rolecall_gave_again_is_not_back(bench, sync):
    bench.run(provision, asked())
    bench.run(provision, asked("revoke"))
    bench.run(provision, asked(duration=timedelta(hours=1)))

    assert sync()[1] == []


def test_one_path_of_several_that_was_ended_is_not_back(bench, sync):
    bench.vault.set(direct={"u1": [f"{PROD}:Admin"]})
    via = ADMIN.resource._replace(type="group", id="g1")
    done = bench.run(provision, asked("revoke", principal=ADA, via=via))
    assert done.verified

    assert sync()[1] == []


def test_a_run_settles_a_hand_off_and_says_which_saw_it(bench, sync):
    given = bench.run(provision, asked(entitlement=GUESTS))
    bench.vault.put("g2", "u2")

    run, settled = sync()

    (task,) = bench.tasks()
    assert settled == [given.task_id]
    assert (task.outcome, task.handoff["state"]) == ("GRANT_OUTCOME_GRANTED", "verified")
    assert task.observed_run_id == run.id
    assert bench.holdings() == {"group:g2 member": ("held", True, ["grant"])}


def test_a_run_settles_a_revocation_by_hand_off_and_reopens_it_where_the_access_is_back(bench, sync):
    bench.vault.put("g2", "u2")
    bench.run(provision, asked("revoke", GUESTS))
    assert sync()[1] == []
    bench.vault.put("g2")

    run, settled = sync()

    (task,) = bench.tasks()
    assert settled == [task.id]
    assert (task.outcome, task.observed_run_id) == ("REVOKE_OUTCOME_REVOKED", run.id)
    bench.vault.put("g2", "u2")
    assert sync()[1] == [task.id]
    assert bench.tasks()[0].state == "TASK_STATE_OPEN"


def test_a_run_writes_nothing_that_waits_for_a_hand_off(bench, sync):
    bench.vault.set(badges=[])
    bench.run(provision, asked(entitlement=GUESTS))
    bench.vault.put("g2", "u2")

    _, settled = sync()

    (task,) = bench.tasks()
    assert (settled, bench.vault.calls) == ([], [])
    assert task.state == "TASK_STATE_OPEN"
    assert task.next_try_at <= datetime.now(UTC)
