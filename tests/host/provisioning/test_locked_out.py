"""Several processes at the same access: they wait for each other, and lose their locks to each other."""

import asyncio
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, select, update

from rolecall.provisioning import provision, resume
from rolecall.store.actions import interrupted_actions
from rolecall.store.chain import read_chain
from rolecall.store.locks import holding_locks
from rolecall.store.provisioning_tables import action, lock
from tests.host.workbench import BADGE, GIVE, ROLE, asked

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def test_two_writers_on_one_person_wait_for_each_other(bench):
    bench.vault.fail(GIVE, "slow")

    async def both(engine):
        return await asyncio.gather(provision(engine, asked()), provision(engine, asked()))

    first, second = bench.run(both)

    assert sorted([first.status, second.status]) == ["already_granted", "applied"]
    assert bench.vault.calls == [GIVE]


def test_locks_held_for_long_refuse_and_say_by_whom(bench, monkeypatch):
    monkeypatch.setattr("rolecall.provisioning.locking.PATIENCE", timedelta(seconds=0.3))

    async def blocked(engine):
        async with holding_locks(bench.store, ["vault.example/user:u2"], None):
            return await provision(engine, asked())

    done = bench.run(blocked)

    assert (done.status, done.error.code) == ("refused", "locked")
    assert bench.vault.calls == []


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
