"""What is on record of a write is the truth, whatever happens in the middle of it."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from rolecall.errors import PlanOutdated
from rolecall.models import Ref
from rolecall.provisioning import carry_out, prepare, provision
from rolecall.store.chain import read_chain
from rolecall.store.ledger import reasons_of_action
from rolecall.store.provisioning_tables import lock
from tests.host.vaults import PROD
from tests.host.workbench import BADGE, GIVE, ROLE, asked


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


def test_where_nothing_is_to_be_written_the_write_credential_stays_closed(bench, monkeypatch):
    bench.vault.set(direct={"u2": [f"{PROD}:Admin"]})
    monkeypatch.delenv("VAULT_WRITER")

    done = bench.run(provision, asked())

    assert done.status == "already_granted"
