"""A task says what is to be done, where it stands, and all that was ever done to it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from rolecall import Ref, UsageError
from rolecall.plans import Actor
from rolecall.store.service_state import keep_state, read_state
from rolecall.store.tasks import (
    Task,
    add_entry,
    create_task,
    due_tasks,
    find_task,
    list_tasks,
    next_try,
    task_history,
    update_task,
)
from tests.host.store.provisioning import ADA, OPERATOR, member_of, thing

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
BEN = Actor("ben@acme.example", "oidc", "00u2", NOW, ("pwd",))
REQUEST = Task(
    "grant",
    "aws",
    member_of("g1"),
    ADA,
    "ada@acme.example",
    OPERATOR,
    "TASK_ORIGIN_API",
    listing="pending",
    description="INC-7 \u202e\x00",
    duration=timedelta(hours=4),
    lapses_at=NOW + timedelta(hours=24),
    rule={"name": "prod"},
    rule_digest="abc",
    meaning={"group": "g1"},
    ticket="INC-7",
    extends=None,
)
EXPIRY = Task(
    "revoke",
    "okta",
    member_of("g2"),
    ADA,
    "ada@acme.example",
    Actor("rolecall", "system"),
    "TASK_ORIGIN_TIME_REVOKE",
    source={"expired": {"expiredAt": "2026-01-01T12:00:00Z"}},
    undo=(thing("g2"),),
    next_try_at=NOW,
)


def test_a_task_comes_back_as_it_was_stored(store):
    with store.writing(durable=True) as connection:
        first = create_task(connection, REQUEST, at=NOW)
        second = create_task(connection, EXPIRY, at=NOW)
    with store.reading() as connection:
        stamped = {"created_at": NOW, "updated_at": NOW}
        assert find_task(connection, first) == replace(REQUEST, id=first, **stamped)
        assert find_task(connection, second) == replace(EXPIRY, id=second, **stamped)
        assert find_task(connection, second).undo[0].detail == {"was": ["g2"]}
        [created] = task_history(connection, first)
    assert (created.kind, created.actor, created.comment) == ("taskCreated", OPERATOR, "INC-7 \u202e\x00")


def test_every_change_stands_in_the_history_with_who_and_why(store):
    later = NOW + timedelta(minutes=5)
    with store.writing() as connection:
        number = create_task(connection, REQUEST, at=NOW)
        approval = {"by": "ben@acme.example", "decision": "approved"}
        update_task(
            connection,
            number,
            "approvalInstanceChange",
            BEN,
            comment="fine",
            at=later,
            facts={"step": 1},
            listing="approved",
            approvals=[approval],
            next_try_at=later,
        )
        add_entry(connection, number, "comment", BEN, comment="hurry", at=later)
        changed = find_task(connection, number)
        _, entry, comment = task_history(connection, number)
    assert (changed.listing, changed.approvals, changed.updated_at) == ("approved", (approval,), later)
    assert (entry.at, entry.actor, entry.comment) == (later, BEN, "fine")
    assert entry.facts == {
        "step": 1,
        "listing": "approved",
        "approvals": [approval],
        "next_try_at": "2026-01-01T12:05:00.000000Z",
    }
    assert (comment.kind, comment.comment, comment.facts) == ("comment", "hurry", {})


def test_tasks_are_listed_by_what_they_are_and_whom_they_are_for(store):
    with store.writing() as connection:
        one = create_task(connection, REQUEST)
        two = create_task(connection, EXPIRY)
        three = create_task(connection, replace(REQUEST, principal=Ref("user", "u2"), listing="active"))
        closed = {"state": "TASK_STATE_CLOSED", "outcome": "REVOKE_OUTCOME_REVOKED", "outcome_at": NOW}
        update_task(connection, two, "revokeOutcome", BEN, **closed)

        def listed(**wanted):
            return [task.id for task in list_tasks(connection, **wanted)]

        assert listed() == [one, two, three]
        assert listed(requests=True) == [one, three]
        assert listed(requests=False) == [two]
        assert listed(listing="active") == [three]
        assert listed(type="revoke", state="TASK_STATE_CLOSED") == [two]
        assert listed(principal=ADA, connector="aws") == [one]
        assert listed(entitlement=member_of("g2")) == [two]


def test_what_is_due_comes_with_the_longest_due_first_and_closed_tasks_never(store):
    with store.writing() as connection:
        assert next_try(connection) is None
        soon = create_task(connection, replace(EXPIRY, next_try_at=NOW + timedelta(minutes=1)))
        now = create_task(connection, EXPIRY)
        closed = create_task(connection, replace(EXPIRY, next_try_at=NOW - timedelta(days=1)))
        update_task(connection, closed, "revokeOutcome", BEN, state="TASK_STATE_CLOSED")
        create_task(connection, REQUEST)
        assert next_try(connection) == NOW
        assert [task.id for task in due_tasks(connection, NOW)] == [now]
        assert [task.id for task in due_tasks(connection, NOW + timedelta(hours=1))] == [now, soon]


def test_a_field_that_no_task_has_is_a_mistake(store):
    with store.writing() as connection:
        number = create_task(connection, REQUEST)
        with pytest.raises(TypeError, match="a task has no mood"):
            update_task(connection, number, "stateChange", BEN, mood="fine")


@pytest.mark.parametrize("number", [7, 2**80])
def test_no_such_task_is_told_plainly(store, number):
    with store.reading() as connection, pytest.raises(UsageError, match=f"There is no task {number}"):
        find_task(connection, number)


def test_what_the_service_remembers_is_replaced_as_a_whole(store):
    with store.writing() as connection:
        assert read_state(connection, "cycle") is None
        keep_state(connection, "cycle", {"n": 1})
        keep_state(connection, "cycle", [2])
        keep_state(connection, "other", "x")
        assert (read_state(connection, "cycle"), read_state(connection, "other")) == ([2], "x")
