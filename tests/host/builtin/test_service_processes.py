"""The service as processes: on time, one at a time, ended gracefully, and killed in the middle of a write."""

import os
import signal
import time

from rolecall.store.locks import RUNNER
from rolecall.store.provisioning_tables import action, lock
from tests.host.builtin.conftest import READER

PATIENCE = 30


def wait_until(holds, what):
    until = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < until, what
        time.sleep(0.05)


def ended(process, *, by=None):
    """How a process ended, and what it said."""
    if by is not None:
        process.send_signal(by)
    _, said = process.communicate(timeout=PATIENCE)
    return process.returncode, said.decode()


def test_the_service_ends_access_on_time_and_ends_itself_when_told(desk, guild, in_process):
    given = desk.ask("bob", "team:oncall:member", length="3s")
    service = in_process("run", "--every", "0", "-v")
    wait_until(lambda: not guild.has("team:oncall:member", "bob"), "it never expired")
    late = time.time() - desk.rows_by_id(given["id"]).ends_at.timestamp()
    assert late < 5
    code, said = ended(service, by=signal.SIGTERM)
    assert code == 0
    assert "expired: person:bob team:oncall:member on hall" in said
    assert desk.cycle()["problems"] == []


def test_a_second_service_waits_for_the_first(desk, in_process):
    first = in_process("run", "--every", "0")
    wait_until(lambda: desk.runner() == first.pid, "the first never took the lease")
    second = in_process("run", "--every", "0", "-v")
    wait_until(lambda: "waiting for it" in second.stderr.readline().decode(), "it didn't say that it waits")
    assert desk.runner() == first.pid
    assert ended(first, by=signal.SIGTERM)[0] == 0
    wait_until(lambda: desk.runner() == second.pid, "the second never took over")
    assert ended(second, by=signal.SIGINT)[0] == 0
    assert desk.runner() is None


def test_a_service_that_waits_can_be_ended(desk, in_process):
    first = in_process("run", "--every", "0")
    wait_until(lambda: desk.runner() == first.pid, "the first never took the lease")
    second = in_process("run", "--every", "0", "-v")
    wait_until(lambda: "waiting for it" in second.stderr.readline().decode(), "it didn't say that it waits")
    assert ended(second, by=signal.SIGTERM)[0] == 0
    assert desk.runner() == first.pid


def test_a_service_that_stood_still_leaves_the_work_to_the_one_that_took_its_place(desk, guild, in_process):
    given = desk.granted()
    service = in_process("run", "--every", "0", "-v")
    wait_until(lambda: desk.runner() == service.pid, "it never took the lease")
    desk.change(lock.update().where(lock.c.name == RUNNER).values(token="another", pid=os.getpid()))
    desk.end(given["id"])
    said = ""
    while "another took its place" not in said:
        said = service.stderr.readline().decode()
        assert said, "it didn't say that another took its place"
    assert guild.has(READER, "ann")
    assert ended(service, by=signal.SIGTERM)[0] == 0


def test_an_expiry_killed_after_its_write_is_finished_and_written_once(desk, guild, in_process):
    given = desk.granted()
    desk.end(given["id"])
    guild.switch("slow", 60)
    service = in_process("run", "--every", "0")
    wait_until(lambda: len(guild.writes) == 2, "it was never taken away")
    ended(service, by=signal.SIGKILL)
    assert desk.tasks()[0].state == "TASK_STATE_OPEN"
    guild.switch("slow", None)
    done = desk.cycle()
    assert [(row["operation"], row["status"]) for row in done["resumed"]] == [("revoke", "applied")]
    assert desk.tasks()[0].outcome == "REVOKE_OUTCOME_REVOKED"
    assert [method for method, _ in guild.writes] == ["PUT", "DELETE"]


def test_a_grant_killed_after_its_write_is_finished_and_written_once(desk, guild, in_process):
    asked = desk.ask()
    guild.switch("slow", 60)
    approving = in_process("request", "approve", asked["id"], "--as", "cyd@acme.example")
    wait_until(lambda: guild.writes, "it was never given")
    ended(approving, by=signal.SIGKILL)
    assert desk.show(asked["id"])["state"] == "approved"
    guild.switch("slow", None)
    assert [row["operation"] for row in desk.cycle()["resumed"]] == ["grant"]
    given = desk.show(asked["id"])
    assert (given["state"], bool(given["expires_at"])) == ("active", True)
    assert guild.writes == [("PUT", "/room:vault/reader/ann")]
    assert [each.recipients for each in desk.notices("granted")][-1] == ["ann@acme.example"]
    desk.end(asked["id"])
    desk.cycle()
    assert not guild.has(READER, "ann")


def test_told_to_end_the_service_breaks_off_what_takes_too_long_and_it_is_gone_on_with(
    desk, guild, in_process
):
    given = desk.granted()
    desk.end(given["id"])
    guild.switch("slow", 60)
    service = in_process("run", "--every", "0")
    wait_until(lambda: len(guild.writes) > 1, "nothing was taken away")
    began = time.monotonic()
    code, said = ended(service, by=signal.SIGTERM)[:2]
    assert code == 0
    assert time.monotonic() - began < 30, "it waited for an answer that takes a minute"
    assert [row.status for row in desk.rows(action) if row.status == "running"] == [], said
    guild.switch("slow", None)
    desk.make_due()
    desk.cycle()
    (revocation,) = desk.tasks()
    assert (revocation.outcome, guild.has(READER, "ann")) == ("REVOKE_OUTCOME_REVOKED", False)
    assert [method for method, _ in guild.writes].count("DELETE") == 1


def test_told_to_end_the_service_finishes_the_write_under_way_and_begins_no_other(desk, guild, in_process):
    given = [desk.granted(who)["id"] for who in ("ann", "bob")]
    desk.end(*given)
    guild.switch("slow", 1)
    service = in_process("run", "--every", "0")
    wait_until(lambda: len(guild.writes) > 2, "nothing was taken away")
    assert ended(service, by=signal.SIGTERM)[0] == 0
    for row in desk.tasks():
        assert (row.outcome == "REVOKE_OUTCOME_REVOKED") is not guild.has(READER, row.principal.split(":")[1])
    desk.cycle()
    assert [method for method, _ in guild.writes].count("DELETE") == 2
