"""The rows of a run, in exactly the shape and order that the command line promises."""

import pytest

from rolecall import Entitlement, Finding, Grant, Ref, Severity
from rolecall.store import queries
from rolecall.store.reports import RunReport
from rolecall.store.runs import find_run, start_run
from tests.host.states import State, account, app, assigned, group, member, publish_state, role, state, user

ADMIN = role("111122223333", "Admin")


def test_rows_have_the_promised_keys_in_order(store):
    finding = Finding("default_role", Severity.LOW, "message", "user:u1")
    content = State(
        (
            user(
                "u1",
                name="Ada",
                status="ACTIVE",
                parent=Ref("app", "0oa1"),
                profile={"login": "ada@acme.example"},
            ),
            app("0oa1"),
            account("111122223333"),
            group("g1"),
        ),
        (Entitlement(ADMIN, "Admin role", ("user",)), Entitlement(assigned("0oa1"), "")),
        (Grant(ADMIN, Ref("user", "u1"), condition=assigned("0oa1"), sources=(Ref("group", "g1"),)),),
    )
    run = publish_state(store, content, report=RunReport(0, (finding,), (), None, {}))
    [person] = queries.resources(store, run, "user")
    [entitlement] = queries.entitlements(store, run, "account")
    [grant] = queries.grants(store, run)
    [found] = queries.findings(store, run)
    assert list(person.items()) == [
        ("connector", "aws"),
        ("type", "user"),
        ("id", "u1"),
        ("display_name", "Ada"),
        ("parent", "app:0oa1"),
        ("status", "ACTIVE"),
        ("profile", {"login": "ada@acme.example"}),
    ]
    assert list(entitlement.items()) == [
        ("connector", "aws"),
        ("id", "account:111122223333:Admin"),
        ("resource_type", "account"),
        ("resource_id", "111122223333"),
        ("slug", "Admin"),
        ("display_name", "Admin role"),
        ("grantable_to", ["user"]),
    ]
    assert list(grant.items()) == [
        ("connector", "aws"),
        ("id", "account:111122223333:Admin:user:u1"),
        ("entitlement_id", "account:111122223333:Admin"),
        ("principal_type", "user"),
        ("principal_id", "u1"),
        ("expandable", False),
        ("condition", "app:0oa1:assigned"),
        ("sources", ["group:g1"]),
    ]
    assert list(found.items()) == [
        ("connector", "aws"),
        ("code", "default_role"),
        ("severity", "low"),
        ("message", "message"),
        ("subject", "user:u1"),
    ]


def test_entitlements_and_grants_come_in_the_order_of_their_text_ids(store):
    roles = [role("1", name) for name in ("Admin", "Admin-RO", "Admin2", "Admin:x", "Admin:v", "admin", "é")]
    roles += [role("1-b", "Admin"), role("12", "Admin")]
    people = [user(ident) for ident in ("u2", "u10", "U1")]
    groups = [group("g1"), group("w")]
    places = [account(ident) for ident in ("1", "1-b", "12")]
    grants = [Grant(what, who.ref) for what in roles for who in (*people, *groups)]
    run = publish_state(store, state([*people, *groups, *places], roles, grants))
    entitlement_ids = [row["id"] for row in queries.entitlements(store, run)]
    assert entitlement_ids == sorted({*map(str, roles), str(member("g1")), str(member("w"))})
    grant_ids = [row["id"] for row in queries.grants(store, run)]
    assert len(grant_ids) == len(grants)
    assert grant_ids == sorted(grant_ids)


def test_findings_can_be_narrowed_to_the_type_of_their_subject(store):
    found = tuple(
        Finding("odd", Severity.LOW, "", subject) for subject in ("user:u1", "userFilter", "group:g1")
    )
    run = publish_state(store, state([]), report=RunReport(0, found, (), None, {}))
    assert [row["subject"] for row in queries.findings(store, run, "user")] == ["user:u1"]


def test_a_run_that_was_not_published_holds_nothing_to_list(store):
    run = find_run(store, start_run(store, "aws", "sample", "full"))
    for query in (queries.resources, queries.entitlements, queries.grants):
        with pytest.raises(ValueError, match="wasn't published"):
            list(query(store, run))
