"""What is under way already is not asked for a second time: the open task is named, and the reason added."""

from datetime import UTC, datetime, timedelta

import pytest

from rolecall.provisioning import look_again, open_undo, provision, undo
from rolecall.store.ledger import end_reasons, reasons_of_action
from tests.host.vaults import PROD
from tests.host.workbench import ADMIN, BEN, GUESTS, asked

MEMBER = "group:g2 member"
POST = "POST /directory/g2/u2"


def give(bench, **facts):
    return bench.run(provision, asked(entitlement=GUESTS, **facts))


def test_a_grant_that_is_handed_over_is_not_handed_over_again(bench):
    first = give(bench)
    second = give(bench, reason="for Cleo too")

    assert (second.status, second.task_id) == ("handed_off", first.task_id)
    assert [each.id for each in bench.tasks()] == [first.task_id]
    assert bench.holdings() == {MEMBER: ("intended", True, ["grant", "grant"])}


def test_what_was_asked_for_twice_is_given_once_for_both_reasons(bench):
    first = give(bench)
    give(bench)
    bench.vault.put("g2", "u2")

    seen = bench.run(look_again, first.task_id)

    assert (seen.status, seen.verified) == ("applied", True)
    assert bench.holdings() == {MEMBER: ("held", True, ["grant", "grant"])}


def test_a_revocation_that_is_handed_over_is_not_handed_over_again(bench):
    bench.vault.put("g2", "u2")
    first = bench.run(provision, asked("revoke", GUESTS))
    second = bench.run(provision, asked("revoke", GUESTS))

    assert (second.status, second.task_id) == ("handed_off", first.task_id)
    bench.vault.put("g2")
    assert bench.run(look_again, first.task_id).verified
    assert [each.id for each in bench.tasks()] == [first.task_id]


@pytest.mark.parametrize(("fault", "status"), [("later", "applied"), ("lost_before", "failed")])
def test_a_change_that_a_directory_has_not_shown_yet_is_not_sent_again(bench, fault, status):
    bench.vault.set(directory=True)
    bench.vault.fail(POST, fault)
    first = give(bench, duration=timedelta(hours=1))

    second = give(bench, duration=timedelta(hours=2))

    assert (first.status, second.status, second.task_id) == (status, status, first.task_id)
    assert bench.vault.calls == [POST]
    with bench.store.reading() as connection:
        (due,) = reasons_of_action(connection, second.action_id)
    assert due.reason.ends_at == second.expires_at
    bench.vault.put("g2", "u2")
    assert bench.run(look_again, first.task_id).verified
    assert bench.holdings() == {MEMBER: ("held", True, ["grant", "grant"])}


def test_a_directory_s_lost_call_is_not_given_up_before_an_import(bench, monkeypatch):
    bench.vault.set(directory=True)
    bench.vault.fail(POST, "lost_before")
    done = give(bench)
    monkeypatch.setattr("rolecall.provisioning.pending.ANSWERED_WITHIN", -timedelta(hours=1))

    assert bench.run(look_again, done.task_id) is None
    assert bench.tasks()[0].state == "TASK_STATE_OPEN"


def test_when_a_lost_call_is_given_up_nobody_s_reason_is_left(bench, monkeypatch):
    bench.vault.set(directory=True)
    bench.vault.fail(POST, "lost_before")
    done = give(bench)
    give(bench, duration=timedelta(hours=2))
    monkeypatch.setattr("rolecall.provisioning.pending.IMPORTED_WITHIN", -timedelta(hours=1))

    assert bench.run(look_again, done.task_id).status == "failed"
    assert bench.holdings() == {}


def test_a_revocation_by_a_person_is_not_left_to_an_expiry_that_is_handed_over(bench):
    first = give(bench)
    bench.vault.put("g2", "u2")
    bench.run(look_again, first.task_id)
    with bench.store.writing(durable=True) as connection:
        reasons = [each.reason.id for each in reasons_of_action(connection, first.action_id)]
        lost = end_reasons(connection, reasons, datetime.now(UTC), "expiry")
        (number,) = open_undo(connection, bench.config, lost, "over", datetime.now(UTC))
    assert bench.run(undo, number).status == "handed_off"

    revoked = bench.run(provision, asked("revoke", GUESTS))

    assert (revoked.status, revoked.task_id != number) == ("handed_off", True)


def test_access_that_is_still_held_by_another_path_is_said_with_the_path(bench):
    bench.vault.set(direct={"u1": [f"{PROD}:Admin"]})

    done = bench.run(provision, asked("revoke", ADMIN, BEN._replace(id="u1")))

    assert (done.status, done.verified) == ("applied", False)
    assert done.why == "a read shows that it is still held: by the group Admins (group:g1)"
