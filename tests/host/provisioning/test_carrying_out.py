"""What is on record of a write is the truth, whatever happens in the middle of it."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, select, update

from rolecall.errors import PlanOutdated
from rolecall.models import Ref
from rolecall.plugins import PluginInfo
from rolecall.provisioning import carry_out, look_again, prepare, provision, resume, undo
from rolecall.store.actions import interrupted_actions
from rolecall.store.chain import read_chain
from rolecall.store.ledger import end_reasons, reasons_of_action
from rolecall.store.locks import holding_locks
from rolecall.store.provisioning_tables import action, lock
from rolecall.store.tasks import Task, create_task
from tests.host.vaults import PROD
from tests.host.workbench import ADMIN, BEN, GUESTS, asked

GIVE = f"PUT /direct/u2/{PROD}/Admin"
ROLE = f"account:{PROD} role:Admin"
BADGE = "app:badge assigned"
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def kinds(bench):
    with bench.store.reading() as connection:
        return [record.kind for record in read_chain(connection)]


def test_intent_is_on_record_before_the_first_call(bench, monkeypatch):
    seen = []
    vault_module = bench.plugins.owners["vault"]
    send = vault_module.Vault.send

    async def spying(self, call, things, given):
        seen.append((kinds(bench), bench.action(1).status, bench.holdings()))
        return await send(self, call, things, given)

    monkeypatch.setattr(vault_module.Vault, "send", spying)

    bench.run(provision, asked())

    ((chain, status, holdings),) = seen
    assert (chain, status) == (["intended"], "running")
    assert holdings == {ROLE: ("intended", True, ["grant"])}


def test_a_grant_s_reason_is_on_all_that_it_rests_on(bench):
    bench.vault.set(badges=["u2"])

    done = bench.run(provision, asked(duration=timedelta(hours=1)))

    assert (done.status, done.verified) == ("applied", True)
    assert bench.holdings() == {
        ROLE: ("held", True, ["grant"]),
        BADGE: ("held", False, ["standing", "grant"]),
    }
    assert kinds(bench) == ["intended", "ended"]


def test_what_stood_before_gets_a_standing_reason_beside_ours(bench):
    bench.vault.set(direct={"u2": [f"{PROD}:Admin"]})

    done = bench.run(provision, asked(duration=timedelta(hours=1)))

    assert done.status == "already_granted"
    assert bench.holdings() == {ROLE: ("held", False, ["standing", "grant"])}


def test_a_refusal_is_put_on_record_and_writes_nothing(bench):
    bench.vault.set(takes_from="cleo")

    done = bench.run(provision, asked())

    assert (done.status, done.error.accept) == ("refused", "others_lose")
    assert kinds(bench) == ["refused"]
    assert bench.holdings() == {}


def test_a_grant_that_gave_nothing_takes_its_reason_back(bench):
    bench.vault.fail(GIVE, "refuse")

    done = bench.run(provision, asked())

    assert (done.status, done.partly) == ("failed", False)
    assert bench.holdings() == {}


def test_what_a_partly_applied_grant_gave_keeps_its_reason_and_its_end(bench):
    bench.vault.set(badges=[])
    bench.vault.fail(GIVE, "refuse")

    done = bench.run(provision, asked(duration=timedelta(hours=1)))

    assert (done.status, done.partly) == ("failed", True)
    assert bench.holdings()[BADGE] == ("intended", True, ["grant"])
    with bench.store.reading() as connection:
        ends = [each.reason.ends_at for each in reasons_of_action(connection, done.action_id)]
    assert all(end is not None and end > datetime.now(UTC) for end in ends)


def test_a_plan_that_aged_is_made_again_and_refused_where_it_means_something_else(bench):
    async def waits(engine):
        prepared = await prepare(engine, asked())
        bench.vault.set(meaning="something else")
        return await carry_out(engine, replace(prepared, made_at=prepared.made_at - 60))

    done = bench.run(waits)

    assert (done.status, done.error.code) == ("refused", "plan_outdated")
    assert "mean the same" in done.error.message
    assert bench.vault.calls == []
    assert bench.holdings() == {}


def test_a_plan_that_aged_and_still_fits_is_carried_out_as_made_again(bench):
    bench.vault.set(badges=[])

    async def waits(engine):
        prepared = await prepare(engine, asked())
        bench.vault.set(badges=["u2"])
        return await carry_out(engine, replace(prepared, made_at=prepared.made_at - 60))

    done = bench.run(waits)

    assert (done.status, done.verified) == ("applied", True)
    assert bench.vault.calls == [GIVE]
    assert bench.holdings()[BADGE] == ("held", False, ["standing", "grant"])
    assert kinds(bench) == ["intended", "ended"]


def test_an_approval_is_void_where_the_meaning_changed(bench):
    done = bench.run(provision, asked(), expected={"meaning": "what was approved"})

    assert (done.status, done.error.code) == ("refused", "meaning_changed")
    assert done.error.facts["means"] == {"meaning": "as ever"}


def test_somebody_who_was_there_first_makes_the_plan_be_made_again(bench):
    bench.vault.set(outdated=1)

    done = bench.run(provision, asked())

    assert (done.status, bench.vault.calls) == ("applied", [GIVE])


def test_a_provider_that_never_stands_still_is_given_up(bench):
    bench.vault.set(outdated=99)

    done = bench.run(provision, asked())

    assert (done.status, done.error.code) == ("refused", "plan_outdated")
    assert isinstance(done.error, PlanOutdated)
    assert bench.vault.calls == []


def test_two_writers_on_one_person_wait_for_each_other(bench):
    bench.vault.fail(GIVE, "slow")

    async def both(engine):
        return await asyncio.gather(provision(engine, asked()), provision(engine, asked()))

    first, second = bench.run(both)

    assert sorted([first.status, second.status]) == ["already_granted", "applied"]
    assert bench.vault.calls == [GIVE]


def test_an_interruption_in_the_middle_leaves_the_truth_on_record(bench):
    bench.vault.set(badges=[])
    bench.vault.fail(GIVE, "hang")

    async def interrupted(engine):
        working = asyncio.create_task(provision(engine, asked()))
        while not (bench.folder / "vault.hanging").exists():  # noqa: ASYNC110 - the vault makes the file
            await asyncio.sleep(0.01)
        working.cancel()
        with pytest.raises(asyncio.CancelledError):
            await working

    bench.run(interrupted)

    action = bench.action(1)
    assert (action.status, action.error["code"]) == ("failed", "interrupted")
    assert [step.state for step in action.steps] == ["applied", "unknown"]
    (task,) = bench.tasks()
    assert task.state == "TASK_STATE_OPEN"
    with bench.store.reading() as connection:
        assert not connection.execute(select(lock.c.name)).all()


def test_a_plugin_that_breaks_after_the_write_is_named_and_what_was_applied_is_kept(bench):
    bench.vault.fail(GIVE, "broken")

    done = bench.run(provision, asked())

    assert (done.status, done.partly) == ("failed", True)
    assert "broke with KeyError" in done.error.message
    assert bench.holdings()[ROLE][1] is True


def test_a_revocation_by_a_person_ends_every_reason(bench):
    bench.run(provision, asked(duration=timedelta(hours=1)))
    bench.run(provision, asked())

    done = bench.run(provision, asked("revoke"))

    assert (done.status, done.verified) == ("applied", True)
    assert bench.holdings() == {}
    (task,) = bench.tasks()
    assert (task.type, task.outcome) == ("revoke", "REVOKE_OUTCOME_REVOKED")
    assert task.observed_at is not None


def test_a_revocation_that_no_read_can_confirm_stays_open(bench):
    bench.run(provision, asked())
    bench.vault.set(mute=True)

    done = bench.run(provision, asked("revoke"))

    assert (done.status, done.verified) == ("applied", False)
    (task,) = bench.tasks()
    assert (task.state, task.processing) == ("TASK_STATE_OPEN", "TASK_PROCESSING_TYPE_WAITING")
    assert task.next_try_at is not None


def test_the_badge_that_rolecall_gave_goes_with_the_last_role(bench):
    bench.vault.set(badges=[])
    bench.run(provision, asked())

    done = bench.run(provision, asked("revoke"))

    assert [step.action for step in done.plan.steps] == ["remove_role", "take_badge"]
    assert bench.vault.state["badges"] == []


def test_what_something_else_rests_on_does_not_go_with_a_role(bench):
    bench.vault.set(badges=[])
    bench.run(provision, asked())
    handed = bench.run(provision, asked(entitlement=GUESTS))
    assert handed.status == "handed_off"

    done = bench.run(provision, asked("revoke"))

    assert [step.action for step in done.plan.steps] == ["remove_role"]
    assert bench.vault.state["badges"] == ["u2"]
    bench.vault.put("g2", "u2")
    assert bench.run(look_again, handed.task_id).verified


def expire(bench, action_id):
    """End an action's reasons, as the service does, and make the task for what is lost."""
    with bench.store.writing(durable=True) as connection:
        reasons = [each.reason.id for each in reasons_of_action(connection, action_id)]
        lost = end_reasons(connection, reasons, datetime.now(UTC), "expiry")
        held = tuple(each.held for each in lost)
        task = Task("revoke", "vault", ADMIN, BEN, "ben", asked().actor, "TASK_ORIGIN_TIME_REVOKE", undo=held)
        return create_task(connection, task)


def test_the_ledger_takes_back_what_it_gave_and_closes_when_that_is_seen(bench):
    given = bench.run(provision, asked(duration=timedelta(hours=1)))
    task = expire(bench, given.action_id)

    done = bench.run(undo, task)

    assert (done.status, done.verified, done.task_id) == ("applied", True, task)
    assert bench.vault.state["direct"] == {"u2": []}
    assert bench.tasks()[0].outcome == "REVOKE_OUTCOME_REVOKED"
    assert bench.holdings() == {}


def test_what_got_a_reason_meanwhile_is_not_taken_back(bench):
    given = bench.run(provision, asked(duration=timedelta(hours=1)))
    task = expire(bench, given.action_id)
    bench.run(provision, asked())

    done = bench.run(undo, task)

    assert done.status == "already_revoked"
    assert bench.vault.state["direct"] == {"u2": [f"{PROD}:Admin"]}
    assert bench.holdings() == {ROLE: ("held", True, ["grant"])}


def test_what_cannot_be_taken_back_now_is_tried_again_later(bench):
    given = bench.run(provision, asked(duration=timedelta(hours=1)))
    task = expire(bench, given.action_id)
    bench.vault.set(closed=True)

    done = bench.run(undo, task)

    assert done.status == "failed"
    (open_task,) = bench.tasks()
    assert (open_task.state, open_task.tries) == ("TASK_STATE_OPEN", 1)
    assert open_task.next_try_at > datetime.now(UTC)


def test_locks_held_for_long_refuse_and_say_by_whom(bench, monkeypatch):
    monkeypatch.setattr("rolecall.provisioning.locking.PATIENCE", timedelta(seconds=0.3))

    async def blocked(engine):
        async with holding_locks(bench.store, ["vault.example/user:u2"], None):
            return await provision(engine, asked())

    done = bench.run(blocked)

    assert (done.status, done.error.code) == ("refused", "locked")
    assert bench.vault.calls == []


def test_a_plan_for_something_else_is_never_carried_out(bench, monkeypatch):
    vault_module = bench.plugins.owners["vault"]

    async def lying(self, request):
        honest = replace(request, principal=Ref("user", "u3"))
        return await type(self).honest_plan(self, honest)

    monkeypatch.setattr(vault_module.Vault, "honest_plan", vault_module.Vault.rolecall_plan, raising=False)
    lying.rolecall_impl = vault_module.Vault.rolecall_plan.rolecall_impl
    monkeypatch.setattr(vault_module.Vault, "rolecall_plan", lying)

    done = bench.run(provision, asked())

    assert (done.status, done.error.code) == ("failed", "plugin_failed")
    assert bench.vault.calls == []


def test_a_call_that_no_step_makes_is_not_let_out(bench, monkeypatch):
    vault_module = bench.plugins.owners["vault"]

    async def wild(self, plan, writing):
        writing.begins(7, "DELETE", "/everything")
        raise AssertionError("it was let out")

    monkeypatch.setattr(vault_module.Vault, "carry_out", wild)

    done = bench.run(provision, asked())

    assert (done.status, done.error.code) == ("failed", "plugin_failed")
    assert "DELETE /everything" in done.error.message


class StandsStill:
    """A process that stands still while its first call is on its way, and what others do meanwhile."""

    def __init__(self, bench, monkeypatch, meanwhile):
        vault = bench.plugins.owners["vault"].Vault
        send, self.meanwhile = vault.send, meanwhile

        async def sends(connector, call, things, given):
            meanwhile, self.meanwhile = self.meanwhile, None
            if meanwhile is not None:
                await meanwhile()
            return await send(connector, call, things, given)

        monkeypatch.setattr(vault, "send", sends)


def test_locks_that_were_lost_and_are_free_are_taken_again_and_the_rest_is_planned_afresh(bench, monkeypatch):
    async def locks_are_lost():
        with bench.store.writing() as connection:
            connection.execute(delete(lock))

    bench.vault.set(badges=[])
    StandsStill(bench, monkeypatch, locks_are_lost)

    done = bench.run(provision, asked(duration=timedelta(hours=1)))

    assert (done.status, done.verified) == ("applied", True)
    assert bench.vault.calls == ["PUT /badges/u2", GIVE]
    action = bench.action(done.action_id)
    assert (action.attempts, [call.attempt for call in action.calls]) == (2, [1, 2])
    assert bench.holdings() == {ROLE: ("held", True, ["grant"]), BADGE: ("held", True, ["grant"])}


def test_while_another_holds_locks_that_were_lost_no_further_call_is_let_out(bench, monkeypatch):
    async def another_takes_them():
        with bench.store.writing() as connection:
            connection.execute(update(lock).values(token="another"))

    monkeypatch.setattr("rolecall.provisioning.locking.PATIENCE", timedelta(seconds=0.3))
    bench.vault.set(badges=[])
    StandsStill(bench, monkeypatch, another_takes_them)

    done = bench.run(provision, asked())

    assert (done.status, done.error.code, done.partly) == ("failed", "locked", True)
    assert [step.outcome for step in done.steps] == ["applied", "waiting"]
    assert bench.vault.calls == ["PUT /badges/u2"]
    with bench.store.writing() as connection:
        connection.execute(delete(lock))
    assert bench.run(provision, asked()).status == "applied"
    assert bench.vault.calls == ["PUT /badges/u2", GIVE]


def test_what_another_process_goes_on_with_is_left_to_it_and_late_answers_are_kept(bench, monkeypatch):
    """The action's process seems dead from the other's host: it was silent for too long."""

    async def another_goes_on():
        with bench.store.writing() as connection:
            connection.execute(update(lock).values(host="asleep", until=LONG_AGO))
            connection.execute(update(action).values(host="asleep", alive_until=LONG_AGO))
        async with bench.engine() as engine:
            (interrupted,) = interrupted_now(bench)
            others.append(await resume(engine, interrupted.id))

    others = []
    bench.vault.set(badges=[])
    StandsStill(bench, monkeypatch, another_goes_on)

    done = bench.run(provision, asked())

    (other,) = others
    assert (other.status, other.verified) == ("applied", True)
    assert (done.status, done.error.code) == ("failed", "gone_on_elsewhere")
    known = bench.action(done.action_id)
    assert (known.status, known.verified, known.attempts) == ("applied", True, 2)
    assert [(call.attempt, call.status) for call in known.calls] == [(1, 200), (2, 200), (2, 200)]
    assert bench.vault.calls == ["PUT /badges/u2", GIVE, "PUT /badges/u2"]
    with bench.store.reading() as connection:
        *_, last = read_chain(connection)
    assert last.facts["calls"][0]["status"] == 200
    assert last.facts["status"] == "applied"
    assert bench.holdings() == {ROLE: ("held", True, ["grant"]), BADGE: ("held", True, ["grant"])}


def interrupted_now(bench):
    with bench.store.reading() as connection:
        return interrupted_actions(connection)


def test_a_running_action_is_kept_alive(bench, monkeypatch):
    seen = []

    async def a_while():
        with bench.store.writing() as connection:
            connection.execute(update(action).values(alive_until=LONG_AGO))
        await asyncio.sleep(0.2)
        with bench.store.reading() as connection:
            seen.append(connection.execute(select(action.c.alive_until)).scalar_one())

    monkeypatch.setattr("rolecall.provisioning.locking.LEASE_BEAT", 0.05)
    StandsStill(bench, monkeypatch, a_while)

    bench.run(provision, asked())

    assert seen[0] > datetime.now(UTC)


def test_where_nothing_is_to_be_written_the_write_credential_stays_closed(bench, monkeypatch):
    bench.vault.set(direct={"u2": [f"{PROD}:Admin"]})
    monkeypatch.delenv("VAULT_WRITER")

    done = bench.run(provision, asked())

    assert done.status == "already_granted"


def test_what_was_given_for_a_time_ends_in_spite_of_a_broken_plugin(bench):
    given = bench.run(provision, asked(duration=timedelta(hours=1)))
    task = expire(bench, given.action_id)
    broken = PluginInfo("acme_policy", "acme-policy", "1", state="broken", reason="gone")
    bench.plugins = replace(bench.plugins, inventory=(*bench.plugins.inventory, broken))

    refused, ended = bench.run(provision, asked()), bench.run(undo, task)

    assert (refused.status, refused.error.code) == ("refused", "plugin_broken")
    assert (ended.status, ended.verified) == ("applied", True)
