"""Access is taken by a person or when its time is over, and is seen to be gone before that is said."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from rolecall.plugins import PluginInfo
from rolecall.provisioning import look_again, provision, undo
from rolecall.store.ledger import end_reasons, reasons_of_action
from rolecall.store.tasks import Task, create_task
from tests.host.vaults import PROD
from tests.host.workbench import ADMIN, BEN, GUESTS, ROLE, asked


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


def test_what_was_given_for_a_time_ends_in_spite_of_a_broken_plugin(bench):
    given = bench.run(provision, asked(duration=timedelta(hours=1)))
    task = expire(bench, given.action_id)
    broken = PluginInfo("acme_policy", "acme-policy", "1", state="broken", reason="gone")
    bench.plugins = replace(bench.plugins, inventory=(*bench.plugins.inventory, broken))

    refused, ended = bench.run(provision, asked()), bench.run(undo, task)

    assert (refused.status, refused.error.code) == ("refused", "plugin_broken")
    assert (ended.status, ended.verified) == ("applied", True)
