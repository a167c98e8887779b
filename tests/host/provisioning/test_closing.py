"""What was left open is closed by a read, and by nothing else."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from rolecall.errors import ProviderError
from rolecall.provisioning import look_again, provision, reopen_if_back, resume, undo
from rolecall.provisioning.pending import ANSWERED_WITHIN
from rolecall.provisioning.reading_back import look_for
from rolecall.store.ledger import reasons_of_action
from tests.host.vaults import PROD
from tests.host.workbench import BADGE, BEN, GIVE, GUESTS, ROLE, asked

MEMBER = "group:g2 member"


def hand_over(bench, operation="grant", **facts):
    return bench.run(provision, asked(operation, GUESTS, **facts), handoff_allowed=True)


def test_a_hand_off_is_closed_by_a_read_alone(bench):
    done = hand_over(bench)

    unseen = bench.run(look_again, done.task_id)
    bench.vault.put("g2", "u2")
    seen = bench.run(look_again, done.task_id)

    assert (done.status, unseen) == ("handed_off", None)
    assert (seen.status, seen.verified) == ("applied", True)
    (task,) = bench.tasks()
    assert (task.outcome, task.handoff["state"]) == ("GRANT_OUTCOME_GRANTED", "verified")
    assert bench.holdings() == {MEMBER: ("held", True, ["grant"])}
    assert bench.vault.calls == []


def test_a_hand_off_says_what_to_do_and_by_when(bench):
    hand_over(bench)

    (task,) = bench.tasks()
    assert task.handoff["state"] == "open"
    assert task.handoff["content"]["system"] == "AD"
    assert timedelta(hours=47) < task.due_at - datetime.now(UTC) <= timedelta(days=2)


def test_the_clock_of_access_by_hand_off_starts_when_it_is_seen(bench):
    done = hand_over(bench, duration=timedelta(hours=1))
    assert done.expires_at is None
    bench.vault.put("g2", "u2")

    before = datetime.now(UTC)
    seen = bench.run(look_again, done.task_id)

    assert seen.expires_at - before >= timedelta(hours=1)
    with bench.store.reading() as connection:
        (due,) = reasons_of_action(connection, done.action_id)
    assert due.reason.ends_at == seen.expires_at


def test_what_follows_a_hand_off_is_carried_out_once_it_is_seen(bench):
    bench.vault.set(badges=[])
    done = hand_over(bench)
    assert bench.vault.calls == []
    bench.vault.put("g2", "u2")

    seen = bench.run(look_again, done.task_id)

    assert (seen.status, seen.verified) == ("applied", True)
    assert bench.vault.calls == ["PUT /badges/u2"]
    assert bench.holdings() == {
        MEMBER: ("held", True, ["grant"]),
        BADGE: ("held", True, ["grant"]),
    }


def test_a_hand_off_whose_meaning_changed_is_not_gone_on_with(bench):
    bench.vault.set(badges=[])
    done = hand_over(bench)
    bench.vault.put("g2", "u2")
    bench.vault.set(meaning="something else")

    seen = bench.run(look_again, done.task_id)

    assert (seen.status, seen.error.code) == ("refused", "plan_outdated")
    assert bench.vault.calls == []


def test_a_revocation_by_hand_off_ends_the_reasons_when_it_is_seen(bench):
    bench.vault.put("g2", "u2")
    done = hand_over(bench, "revoke")
    assert done.status == "handed_off"
    bench.vault.put("g2")

    seen = bench.run(look_again, done.task_id)

    assert (seen.status, seen.verified) == ("applied", True)
    assert bench.tasks()[0].outcome == "REVOKE_OUTCOME_REVOKED"


def test_what_was_not_seen_at_first_is_closed_when_it_is(bench):
    bench.vault.fail(GIVE, "unseen")
    done = bench.run(provision, asked(duration=timedelta(hours=1)))
    assert done.verified is False

    seen = bench.run(look_again, done.task_id)

    assert (seen.status, seen.verified) == ("applied", True)
    assert seen.expires_at == done.expires_at
    assert bench.tasks()[0].state == "TASK_STATE_CLOSED"


def test_a_lost_call_that_had_its_effect_is_accounted_for(bench):
    bench.vault.fail(GIVE, "lost_after")
    done = bench.run(provision, asked(duration=timedelta(hours=1)))
    assert (done.status, done.unknown) == ("failed", True)

    seen = bench.run(look_again, done.task_id)

    assert (seen.status, seen.verified) == ("applied", True)
    assert bench.holdings() == {ROLE: ("held", True, ["grant"])}
    assert bench.vault.calls == [GIVE]


def test_a_lost_call_without_effect_is_given_up_only_after_a_while(bench, monkeypatch):
    bench.vault.fail(GIVE, "lost_before")
    done = bench.run(provision, asked())

    early = bench.run(look_again, done.task_id)
    monkeypatch.setattr("rolecall.provisioning.pending.ANSWERED_WITHIN", -ANSWERED_WITHIN)
    late = bench.run(look_again, done.task_id)

    assert early is None
    assert late.status == "failed"
    assert bench.tasks()[0].outcome == "GRANT_OUTCOME_ERROR"
    assert bench.holdings() == {}


def test_an_unverified_revocation_is_closed_when_a_read_shows_it_gone(bench):
    bench.run(provision, asked())
    bench.vault.set(mute=True)
    done = bench.run(provision, asked("revoke"))
    bench.vault.set(mute=False)

    seen = bench.run(look_again, done.task_id)

    assert (seen.status, seen.verified) == ("applied", True)
    assert bench.holdings() == {}


def test_a_revocation_stays_open_while_another_path_gives_the_access(bench):
    bench.vault.set(direct={"u1": [f"{PROD}:Admin"]})
    ada = BEN._replace(id="u1")

    done = bench.run(provision, asked("revoke", principal=ada))
    still = bench.run(look_again, done.task_id)
    bench.vault.put("g1")
    gone = bench.run(look_again, done.task_id)

    assert (done.status, done.verified, still) == ("applied", False, None)
    assert gone.verified


def test_access_that_comes_back_reopens_its_revocation(bench):
    bench.run(provision, asked())
    done = bench.run(provision, asked("revoke"))
    assert bench.run(reopen_if_back, done.task_id) is False
    bench.vault.set(direct={"u2": [f"{PROD}:Admin"]})

    assert bench.run(reopen_if_back, done.task_id) is True
    (task,) = bench.tasks()
    assert (task.state, task.outcome) == ("TASK_STATE_OPEN", None)


def test_a_provider_that_can_not_be_read_leaves_the_task_as_it_is(bench):
    done = hand_over(bench)
    bench.vault.set(closed=True)

    with pytest.raises(ProviderError):
        bench.run(look_again, done.task_id)
    assert bench.tasks()[0].handoff["state"] == "open"


def test_an_action_that_ended_well_has_nothing_to_go_on_with(bench):
    done = bench.run(provision, asked())

    again = bench.run(resume, done.action_id)

    assert (again.status, bench.vault.calls) == ("applied", [GIVE])


def test_what_is_somebody_elses_by_now_is_not_waited_for(bench):
    done = bench.run(provision, asked())
    undoing = replace(done.action.request, operation="revoke", undo=done.plan.rests_on)
    action = replace(done.action, request=undoing)
    plan = replace(done.plan, operation="revoke", status="already_revoked", steps=(), rests_on=())

    waited = bench.run(look_for, action, plan)
    stays = bench.run(look_for, action, replace(plan, rests_on=done.plan.rests_on))

    assert (waited.seen, stays.seen) == (False, True)


def test_a_grant_that_was_applied_in_part_stays_open_and_is_finished(bench):
    bench.vault.set(badges=[])
    bench.vault.fail(GIVE, "refuse", "refuse")
    first = bench.run(provision, asked())

    (task,) = bench.tasks()
    assert (first.status, first.task_id, task.state) == ("failed", task.id, "TASK_STATE_OPEN")
    assert (task.tries, task.error["code"]) == (1, "auth_refused")
    again = bench.run(look_again, task.id)
    done = bench.run(look_again, task.id)

    assert (again.status, done.status, done.verified) == ("failed", "applied", True)
    assert bench.vault.calls == ["PUT /badges/u2", GIVE, GIVE, GIVE]
    assert [each.outcome for each in bench.tasks()] == ["GRANT_OUTCOME_GRANTED"]


def test_people_are_told_of_a_grant_that_keeps_failing_at_first_and_once_more(bench):
    bench.vault.set(badges=[])
    bench.vault.fail(GIVE, *["refuse"] * 6)
    task = bench.run(provision, asked()).task_id

    for _ in range(5):
        bench.run(look_again, task)

    assert bench.told(task) == ["failed", "failed"]


def test_a_revocation_undoes_what_was_applied_in_part(bench):
    bench.vault.set(badges=[])
    bench.vault.fail(GIVE, "refuse")
    given = bench.run(provision, asked())

    revoked = bench.run(provision, asked("revoke"))
    undone = bench.run(undo, revoked.task_id)

    assert (undone.status, undone.verified, bench.vault.state["badges"]) == ("applied", True, [])
    assert bench.run(look_again, given.task_id) is None
    assert bench.holdings() == {}
