"""Whoever revokes means what is under way too: it is withdrawn, and taken away should it come."""

from datetime import UTC, datetime, timedelta

import pytest

from rolecall.provisioning import end_grant, look_again, open_undo, provision, resume, undo
from tests.host.workbench import BEN, GUESTS, asked

MEMBER, BADGE = "group:g2 member", "app:badge assigned"
POST = "POST /directory/g2/u2"


@pytest.fixture
def handed(bench):
    """A grant that waits for a person outside, with a step after that."""
    bench.vault.set(badges=[])
    return bench.run(provision, asked(entitlement=GUESTS))


def revoke(bench, **facts):
    return bench.run(provision, asked("revoke", GUESTS, **facts))


def task(bench, number):
    return next(each for each in bench.tasks() if each.id == number)


def test_a_revocation_withdraws_a_hand_off_and_says_what_may_come(bench, handed):
    done = revoke(bench)

    assert (done.status, done.verified) == ("already_revoked", False)
    assert f"task {handed.task_id} was called off" in done.why
    called = task(bench, handed.task_id)
    assert (called.state, called.outcome) == ("TASK_STATE_CLOSED", "GRANT_OUTCOME_CANCELLED")
    assert (called.handoff["state"], called.next_try_at) == ("withdrawn", None)
    assert bench.told(handed.task_id) == ["handoff", "handoff_withdrawn"]
    assert task(bench, done.task_id).state == "TASK_STATE_OPEN"


def test_a_withdrawn_hand_off_that_is_done_all_the_same_is_taken_away_again(bench, handed):
    done = revoke(bench)
    assert bench.run(undo, done.task_id) is None
    bench.vault.put("g2", "u2")

    assert bench.run(look_again, handed.task_id) is None
    taken = bench.run(undo, done.task_id)
    bench.vault.put("g2")
    seen = bench.run(look_again, done.task_id)

    assert (taken.status, seen.status, seen.verified) == ("handed_off", "applied", True)
    assert bench.vault.calls == []
    assert bench.holdings() == {}


def test_what_waits_for_a_withdrawn_hand_off_is_not_written_by_whoever_was_about_to(bench, handed):
    revoke(bench)
    bench.vault.put("g2", "u2")

    late = bench.run(resume, handed.action_id, task=handed.task_id)

    assert (late.status, late.error.code, bench.vault.calls) == ("refused", "called_off", [])
    assert task(bench, handed.task_id).outcome == "GRANT_OUTCOME_CANCELLED"


def test_a_withdrawn_hand_off_is_not_waited_for_for_ever(bench, handed, monkeypatch):
    done = revoke(bench)
    monkeypatch.setattr("rolecall.provisioning.pending.DONE_WITHIN", timedelta())

    closed = bench.run(undo, done.task_id)

    assert (closed.status, closed.verified) == ("already_revoked", True)
    assert task(bench, done.task_id).outcome == "REVOKE_OUTCOME_REVOKED"


def test_what_was_given_meanwhile_for_another_reason_stays(bench, handed):
    done = revoke(bench)
    again = bench.run(provision, asked(entitlement=GUESTS))
    bench.vault.put("g2", "u2")

    assert bench.run(look_again, again.task_id).verified
    kept = bench.run(undo, done.task_id)

    assert (again.status, kept.status) == ("handed_off", "already_revoked")
    assert bench.vault.members("g2") == ["u2"]
    assert bench.holdings()[MEMBER] == ("held", True, ["grant"])


def test_a_revocation_by_hand_off_calls_off_the_grant_that_was_done_and_not_yet_seen(bench, handed):
    bench.vault.put("g2", "u2")

    done = revoke(bench)

    assert done.status == "handed_off"
    assert task(bench, handed.task_id).outcome == "GRANT_OUTCOME_CANCELLED"
    assert bench.run(look_again, handed.task_id) is None
    bench.vault.put("g2")
    assert bench.run(look_again, done.task_id).verified
    assert bench.vault.calls == []


def test_of_a_grant_that_ends_what_was_handed_over_is_watched_and_the_rest_forgotten(bench, handed):
    with bench.store.writing(durable=True) as connection:
        left = end_grant(connection, task(bench, handed.task_id), datetime.now(UTC), "hand-off rejected")
        (number,) = open_undo(connection, bench.config, left, "rejected", datetime.now(UTC))

    assert [str(each.object) for each in task(bench, number).undo] == ["group:g2"]
    assert set(bench.holdings()) == {MEMBER}


@pytest.mark.parametrize("fault", ["later", "lost_before"])
def test_a_directory_s_change_that_is_not_imported_yet_is_taken_away_when_it_comes(bench, fault):
    bench.vault.set(directory=True)
    bench.vault.fail(POST, fault)
    bench.run(provision, asked(entitlement=GUESTS, duration=timedelta(hours=1)))

    done = revoke(bench)
    assert (done.status, done.verified) == ("already_revoked", False)
    assert bench.run(undo, done.task_id) is None
    bench.vault.put("g2", "u2")
    taken = bench.run(undo, done.task_id)

    assert (taken.status, taken.verified, bench.vault.members("g2")) == ("applied", True, [])


def test_a_revocation_of_something_else_leaves_a_hand_off_alone(bench, handed):
    bench.run(provision, asked("revoke", principal=BEN))

    assert task(bench, handed.task_id).handoff["state"] == "open"
