"""What is about to be written is on disk before it is; what came of it afterwards; and who did it."""

import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from rolecall import EntitlementRef, Ref, UsageError
from rolecall.audit import verify
from rolecall.plan_json import handoff_from, plan_from, request_from, request_json, to_json
from rolecall.plans import Actor, Effect, HandOff, Held, Plan, ProvisioningRequest, Step
from rolecall.store.actions import (
    add_log,
    find_action,
    find_actions,
    interrupted_actions,
    renew_actions,
    unfinished_actions,
)
from rolecall.store.chain import append_record, chain_head, provisioning_records, read_chain
from rolecall.store.provisioning_tables import action
from rolecall.store.writing import (
    record_answered,
    record_attempt,
    record_begins,
    record_end,
    record_ended,
    record_intent,
    record_refusal,
)
from tests.host.states import hostile_text, idents, json_values
from tests.host.store.provisioning import ADA, OPERATOR, Org, asked, grant_plan, revoke_plan, thing

ERROR = {"code": "protected", "message": "no", "hint": None}
refs = st.builds(Ref, st.sampled_from(["user", "group", "app"]), idents)
entitlements = st.builds(EntitlementRef, refs, idents)
facts = st.dictionaries(hostile_text, json_values, max_size=2)
things = st.builds(Held, hostile_text, refs, refs, hostile_text, facts)
several = st.lists(things, max_size=2).map(tuple)
handoffs = st.builds(
    HandOff,
    hostile_text,
    st.sampled_from(["add", "remove"]),
    refs,
    st.dictionaries(hostile_text, hostile_text, max_size=2),
    refs,
    st.dictionaries(hostile_text, hostile_text, max_size=2),
    hostile_text,
    hostile_text,
)
steps = st.builds(
    Step,
    hostile_text,
    st.sampled_from(["api", "directory", "handoff"]),
    hostile_text,
    st.none() | hostile_text,
    st.none() | hostile_text,
    json_values,
    several,
    several,
    facts,
    st.none() | handoffs,
)
gained = st.lists(entitlements, max_size=2).map(tuple)
plans = st.builds(
    Plan,
    st.sampled_from(["grant", "revoke"]),
    entitlements,
    refs,
    hostile_text,
    st.sampled_from(["planned", "already_granted"]),
    st.lists(steps, max_size=2).map(tuple),
    st.lists(st.builds(Effect, refs, hostile_text, gained, gained, st.booleans()), max_size=2).map(tuple),
    several,
    facts,
    st.lists(hostile_text, max_size=2).map(tuple),
    st.lists(hostile_text, max_size=2).map(tuple),
    st.none() | st.integers(0, 10**6),
)
requests = st.builds(
    ProvisioningRequest,
    st.sampled_from(["grant", "revoke"]),
    entitlements,
    refs | hostile_text,
    st.none() | refs,
    several,
    several,
    st.frozensets(hostile_text, max_size=2),
)


@given(plans)
def test_a_plan_comes_back_from_the_store_as_it_was(plan):
    assert to_json(plan_from(to_json(plan))) == to_json(plan)
    assert plan_from(to_json(plan)) == plan


@given(requests, handoffs)
def test_a_request_and_a_hand_off_come_back_as_they_were(request, handoff):
    assert request_from(request_json(request)) == request
    assert handoff_from(to_json(handoff)) == handoff


def test_intent_is_on_record_before_the_first_call(store):
    with store.writing(durable=True) as connection:
        recorded = record_intent(
            connection, asked(hours=8, task=3, rule="prod"), grant_plan(things=[thing()])
        )
    with store.reading() as connection:
        known = find_action(connection, recorded.action)
        [record] = read_chain(connection)
    assert (known.status, known.plan, known.actor) == ("running", grant_plan(things=[thing()]), OPERATOR)
    assert (known.duration, known.ends_at is not None) == (timedelta(hours=8), True)
    assert (record.kind, record.connector, record.action, record.task) == ("intended", "okta", 1, 3)
    assert recorded.head == record.head == chain_head_of(store)
    assert record.facts["plan"]["steps"][0]["path"] == "/api/v1/groups/g1/users/u1"
    assert (record.facts["rule"], record.facts["reason"]) == ("prod", "it is needed")


def chain_head_of(store):
    with store.reading() as connection:
        return chain_head(connection)


def test_each_call_is_told_with_its_answer_in_the_last_record(store):
    Org(store).do(asked(), grant_plan(things=[thing("g1"), thing("g2")]))
    with store.reading() as connection:
        intended, ended = read_chain(connection)
        known = find_action(connection, 1)
    assert intended.facts["calls"] == []
    assert [(call["step"], call["status"], call["request_id"]) for call in ended.facts["calls"]] == [
        (0, 204, "req-1"),
        (1, 204, "req-2"),
    ]
    assert [step.state for step in known.steps] == ["applied", "applied"]
    assert (known.status, known.verified) == ("applied", True)


def test_a_call_sent_again_has_its_own_answer(store):
    with store.writing() as connection:
        recorded = record_intent(connection, asked(), grant_plan(things=[thing()]))
        record_begins(connection, recorded.action, 0, "PUT", "/x")
        record_ended(connection, recorded.action, 0, "unknown", "no answer came")
        known = find_action(connection, recorded.action)
        assert (known.steps[0].state, known.steps[0].why) == ("unknown", "no answer came")
        record_begins(connection, recorded.action, 0, "PUT", "/x")
        record_answered(connection, recorded.action, 0, 204, "req-1")
        known = find_action(connection, recorded.action)
    assert [(call.status, call.request_id) for call in known.calls] == [(None, None), (204, "req-1")]
    assert known.steps[0].state == "answered"


def test_an_interrupted_action_is_found_and_gone_on_with_under_its_own_number(store):
    org = Org(store)
    plan = grant_plan(things=[thing("g1"), thing("g2")])
    org.do(asked(), plan, until=4)
    with store.writing() as connection:
        assert interrupted_actions(connection) == []
        connection.execute(update(action).values(pid=2**22 + 1))
        [found] = interrupted_actions(connection)
        assert [each.id for each in unfinished_actions(connection)] == [found.id]
    assert (found.asked, found.plan) == (asked(), plan)
    assert [call.path[-11:] for call in found.calls] == ["g1/users/u1"]
    rest = grant_plan(things=[thing("g1"), thing("g2")], there=org.there)
    org.resume(found.id, rest)
    with store.reading() as connection:
        assert interrupted_actions(connection) == []
        known = find_action(connection, found.id)
        records = list(read_chain(connection))
    assert (known.status, known.attempts, known.plan) == ("applied", 2, rest)
    assert [(call.attempt, call.step) for call in known.calls] == [(1, 0), (2, 0)]
    assert [record.kind for record in records] == ["intended", "intended", "ended"]


def test_an_action_of_another_host_is_interrupted_when_it_falls_silent(store):
    with store.writing() as connection:
        record_intent(connection, asked(), grant_plan(things=[thing()]))
        connection.execute(update(action).values(host="another"))
        assert interrupted_actions(connection) == []
        connection.execute(update(action).values(alive_until=datetime.now(UTC) - timedelta(seconds=1)))
        assert len(interrupted_actions(connection)) == 1


def test_a_process_says_that_its_own_actions_live_and_not_those_of_others(store):
    silent = datetime.now(UTC) - timedelta(hours=1)
    with store.writing() as connection:
        for _ in range(2):
            record_intent(connection, asked(), grant_plan(things=[thing()]))
        connection.execute(update(action).values(alive_until=silent))
        connection.execute(update(action).where(action.c.id == 2).values(host="another"))
        renew_actions(connection)
        assert [each.id for each in interrupted_actions(connection)] == [2]


def test_a_refusal_is_on_record_with_its_reason_and_writes_nothing(store):
    with store.writing() as connection:
        recorded = record_refusal(connection, asked(), None, ERROR)
        known = find_action(connection, recorded.action)
        [record] = provisioning_records(connection)
    assert (known.status, known.error, known.calls) == ("refused", ERROR, ())
    assert (record.kind, record.facts["error"], record.facts["status"]) == ("refused", ERROR, "refused")


def test_nothing_is_on_record_of_a_transaction_that_failed(store):
    def fail():
        with store.writing(durable=True) as connection:
            record_intent(connection, asked(), grant_plan(things=[thing()]))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert chain_head_of(store) is None


@pytest.mark.only_on("sqlite", "PostgreSQL's servers wait for the disk unless told otherwise")
def test_a_durable_transaction_waits_for_the_disk_and_only_that_one(store):
    def synchronous(connection):
        return connection.exec_driver_sql("PRAGMA synchronous").scalar_one()

    with store.writing(durable=True) as connection:
        assert synchronous(connection) == 2
    with store.writing() as connection:
        assert synchronous(connection) == 1


@pytest.mark.only_on("postgresql", "SQLite has a pragma of its own")
def test_a_durable_transaction_waits_for_the_servers_disk(store):
    with store.writing(durable=True) as connection:
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar_one() == "on"


def test_actions_are_listed_by_their_last_record_and_by_when(store):
    org = Org(store)
    org.do(asked(), grant_plan(things=[thing()]))
    org.do(asked("revoke"), revoke_plan(things=[thing()]))
    with store.writing() as connection:
        record_intent(connection, asked(connector="aws"), grant_plan(things=[thing("g2")]))
        append_record(connection, "decided", {"decision": "approved"}, task=5)
        everything = list(provisioning_records(connection))
        times = [record.at for record in everything]
        assert [(record.number, record.kind) for record in everything] == [
            (2, "ended"),
            (4, "ended"),
            (5, "intended"),
        ]
        assert [record.number for record in provisioning_records(connection, "aws")] == [5]
        assert [record.number for record in provisioning_records(connection, since=times[1])] == [4, 5]
        assert [record.number for record in provisioning_records(connection, until=times[1])] == [2]


@given(st.lists(st.tuples(hostile_text, facts), max_size=4))
def test_hostile_facts_come_back_from_the_chain_and_it_stays_whole(new_store, told):
    with new_store() as store:
        for connector, said in told:
            with store.writing() as connection:
                append_record(connection, "observed", {"said": said}, connector=connector)
        with store.reading() as connection:
            records = list(read_chain(connection))
            assert [(each.connector, each.facts["said"]) for each in records] == told
            assert verify(records).broken is None


def test_what_people_and_providers_wrote_comes_back_as_it_was(store):
    hostile = "'; DROP TABLE action; --\x00\ud800\u202e"
    actor = Actor(hostile, "oidc", "00u1", datetime(2026, 1, 1, tzinfo=UTC), ("pwd", "mfa"))
    plan = replace(grant_plan(things=[thing(hostile)]), principal_name=hostile)
    with store.writing() as connection:
        recorded = record_intent(connection, asked(actor=actor, reason=hostile), plan)
        add_log(connection, recorded.action, hostile)
        record_end(connection, recorded.action, "failed", verified=False, error={"message": hostile})
        [known] = find_actions(connection, [recorded.action])
        assert (known.actor, known.reason, known.plan, known.log) == (actor, hostile, plan, (hostile,))
        assert verify(read_chain(connection), [chain_head(connection)]).broken is None


def test_no_such_action_is_told_plainly(store):
    with store.reading() as connection, pytest.raises(UsageError, match="There is no action 9"):
        find_action(connection, 9)


@pytest.mark.only_on("sqlite", "the file is written to behind the store's back")
def test_a_record_changed_in_the_file_is_found(store, tmp_path):
    Org(store).do(asked(), grant_plan(things=[thing()]))
    with sqlite3.connect(tmp_path / "rolecall.db") as database:
        database.execute("UPDATE audit_record SET body = replace(body, 'ada', 'eve') WHERE number = 1")
    database.close()
    with store.reading() as connection:
        assert verify(read_chain(connection)).broken.number == 1


def test_the_principal_may_be_named_by_login_until_the_plan_finds_them(store):
    request = replace(asked().request, principal="ada@acme.example")
    with store.writing() as connection:
        refused = record_refusal(connection, replace(asked(), request=request), None, ERROR)
        found = record_intent(connection, replace(asked(), request=request), grant_plan())
        first, second = (find_action(connection, each.action) for each in (refused, found))
    assert (first.principal, second.principal) == ("ada@acme.example", str(ADA))
    assert first.request == second.request == request


def test_an_attempt_starts_its_steps_anew(store):
    with store.writing() as connection:
        recorded = record_intent(connection, asked(), grant_plan(things=[thing("g1"), thing("g2")]))
        record_begins(connection, recorded.action, 0, "PUT", "/x")
        record_attempt(connection, recorded.action, grant_plan(things=[thing("g1")]))
        assert [step.state for step in find_action(connection, recorded.action).steps] == ["planned"]
