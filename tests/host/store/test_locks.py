"""A lock has one holder, also within one process, and is free again when that is gone."""

import asyncio
import os
import signal
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from rolecall import Refused
from rolecall.store import locks as locks_module
from rolecall.store import open_store
from rolecall.store.locks import RUNNER, Locks, free_locks, holding_locks, renew_locks, try_locks
from rolecall.store.process import this_process
from rolecall.store.provisioning_tables import lock
from tests.host.store.processes import OTHERS

ADA, BEN = "acme.okta.example/user:u1", "acme.okta.example/user:u2"


def take_and_hang(url, folder, pipe):
    store = open_store(url, folder)
    with store.writing() as connection:
        pipe.send(try_locks(connection, [ADA, RUNNER], "theirs"))
    signal.pause()


def try_once(store, names, token):
    with store.writing() as connection:
        return try_locks(connection, names, token)


def test_all_locks_are_taken_or_none(store):
    assert try_once(store, [ADA], "one") is None
    assert try_once(store, [BEN, ADA], "two") == this_process()
    assert try_once(store, [BEN], "three") is None
    assert try_once(store, [], "four") is None


def test_a_lock_that_was_given_back_is_free(store):
    assert try_once(store, [ADA, BEN], "one") is None
    with store.writing() as connection:
        free_locks(connection, Locks((ADA, BEN), "one"))
    assert try_once(store, [ADA, BEN], "two") is None


def test_a_holder_whose_lock_was_taken_is_told_and_gives_back_nothing(store):
    assert try_once(store, [ADA], "one") is None
    with store.writing() as connection:
        assert renew_locks(connection, Locks((ADA,), "one"))
        connection.execute(update(lock).values(token="two"))
        assert not renew_locks(connection, Locks((ADA,), "one"))
        free_locks(connection, Locks((ADA,), "one"))
    assert try_once(store, [ADA], "three") == this_process()


def test_a_holder_on_another_host_is_respected_until_it_falls_silent(store):
    assert try_once(store, [ADA], "one") is None
    with store.writing() as connection:
        connection.execute(update(lock).values(host="another"))
    assert try_once(store, [ADA], "two").host == "another"
    with store.writing() as connection:
        connection.execute(update(lock).values(until=datetime.now(UTC) - timedelta(seconds=1)))
    assert try_once(store, [ADA], "two") is None


def test_a_killed_process_gives_its_locks_free_at_once(store, store_url, tmp_path):
    ours, theirs = OTHERS.Pipe()
    child = OTHERS.Process(target=take_and_hang, args=(store_url, tmp_path, theirs))
    child.start()
    assert ours.recv() is None
    assert try_once(store, [RUNNER], "ours").pid == child.pid
    os.kill(child.pid, signal.SIGKILL)
    child.join(60)
    assert try_once(store, [RUNNER, ADA], "ours") is None


async def test_of_many_that_want_a_lock_one_at_a_time_has_it(store, monkeypatch):
    monkeypatch.setattr(locks_module, "_POLL", 0.005)
    holders, most = 0, 0

    async def work():
        nonlocal holders, most
        async with holding_locks(store, [ADA, BEN], timedelta(seconds=30)) as locks:
            holders += 1
            most = max(most, holders)
            await asyncio.sleep(0.001)
            holders -= 1
        return locks.waited

    waited = await asyncio.gather(*(work() for _ in range(8)))
    assert most == 1
    assert waited.count(False) == 1


async def test_patience_ends_with_the_name_of_the_holder(store, monkeypatch):
    monkeypatch.setattr(locks_module, "_POLL", 0.005)
    told = []
    async with holding_locks(store, [ADA], None):
        with pytest.raises(Refused, match=f"Process {os.getpid()} on ") as refused:
            async with holding_locks(store, [ADA, BEN], timedelta(seconds=0.02), told.append):
                pass
    assert (refused.value.code, told) == ("locked", [this_process()])
    assert try_once(store, [ADA, BEN], "after") is None


async def test_a_lock_is_given_back_when_what_it_was_held_for_fails(store):
    async def fail():
        async with holding_locks(store, [ADA], None):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert try_once(store, [ADA], "after") is None


async def test_a_lock_is_renewed_while_it_is_held(store, monkeypatch):
    monkeypatch.setattr(locks_module, "LEASE_BEAT", 0.01)
    async with holding_locks(store, [ADA], None):
        with store.writing() as connection:
            connection.execute(
                update(lock).values(host="another", until=datetime.now(UTC) - timedelta(seconds=1))
            )
        await asyncio.sleep(0.1)
        assert try_once(store, [ADA], "other").host == "another"


async def test_a_holder_that_stood_still_is_told_that_another_took_its_place(store, monkeypatch):
    monkeypatch.setattr(locks_module, "LEASE_BEAT", 0.01)
    lost = asyncio.Event()

    async with holding_locks(store, [RUNNER], None, lost=lost.set):
        with store.writing() as connection:
            connection.execute(update(lock).values(token="two"))
        await asyncio.wait_for(lost.wait(), 10)
