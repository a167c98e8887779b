"""The facts that answer why a person has a role, or hasn't."""

import pytest

from rolecall import Entitlement, Finding, Grant, Ref, Severity, UsageError
from rolecall.access import ask
from rolecall.contracts import AccessPath
from rolecall.store.reports import RunReport
from tests.host.states import State, account, app, assigned, group, member, publish_state, role, state, user

ADA = Ref("user", "u1")
ADMIN = role("1", "Admin")
APP = assigned("0oa1")
EVERYTHING = (
    user("u1", name="Ada", status="SUSPENDED", enabled=False, profile={"login": "ada@acme.example"}),
    user("u2", profile={"login": "twin@acme.example"}),
    user("u3", profile={"email": "twin@acme.example"}),
    group("g1"),
    group("g2"),
    group("g3"),
    app("0oa1", profile={"joinAllRoles": True}),
    account("1"),
)
THROUGH_GROUPS = (
    Grant(ADMIN, Ref("group", "g3"), expandable=True),
    Grant(ADMIN, Ref("group", "g2"), expandable=True, condition=APP),
    Grant(ADMIN, Ref("group", "g1")),
    Grant(ADMIN, Ref("user", "u2")),
    Grant(member("g1"), ADA),
    Grant(member("g2"), ADA),
)


def question(store, *grants, who="ada@acme.example", account_id="1", slug="Admin", findings=()):
    report = RunReport(0, tuple(findings), (), None, {})
    run = publish_state(store, state(EVERYTHING, (ADMIN,), grants), report=report)
    return ask(store, run, who, account_id, slug)


def test_every_grant_to_the_person_or_to_a_group_is_a_path_with_whether_it_counts(store):
    own = Grant(ADMIN, ADA, sources=(Ref("group", "g1"),), condition=APP)
    asked, rows = question(store, *THROUGH_GROUPS, own)
    group_1, group_2, group_3 = (Ref("group", ident) for ident in ("g1", "g2", "g3"))
    assert asked.paths == (
        AccessPath(ADA, "Ada", holds=True, counts=False, expandable=False, sources=(group_1,)),
        AccessPath(group_1, "Group g1", holds=True, counts=False, expandable=False, sources=()),
        AccessPath(group_2, "Group g2", holds=True, counts=False, expandable=True, sources=()),
        AccessPath(group_3, "Group g3", holds=False, counts=False, expandable=True, sources=()),
    )
    assert asked.unmet == (APP,)
    assert rows == ()


def test_paths_count_once_their_condition_is_met(store):
    asked, rows = question(store, *THROUGH_GROUPS, Grant(APP, ADA, sources=(Ref("group", "g1"),)))
    assert [path.principal.id for path in asked.paths if path.counts] == ["g2"]
    assert asked.met == {APP: (Ref("group", "g1"),)}
    assert asked.unmet == ()
    assert [[via.group_id for via in row.via] for row in rows] == [["g2"]]


def test_the_person_and_the_app_are_described(store):
    asked, _ = question(store, Grant(ADMIN, ADA))
    assert (asked.person, asked.person_name, asked.person_status, asked.enabled) == (
        ADA,
        "Ada",
        "SUSPENDED",
        False,
    )
    assert (asked.entitlement, asked.exists) == (ADMIN, True)
    assert asked.apps == {"0oa1": {"joinAllRoles": True}}


def test_a_role_that_the_run_does_not_hold_is_asked_about_all_the_same(store):
    asked, rows = question(store, Grant(ADMIN, ADA), slug="Other:x", account_id="9")
    assert (asked.entitlement, asked.exists) == (role("9", "Other:x"), False)
    assert (asked.paths, asked.unmet, rows) == ((), (), ())


def test_a_role_may_be_named_by_its_arn(store):
    arn = "arn:aws:iam::1:role/Admin"
    offered = Entitlement(ADMIN, "", (), {"role_arn": arn})
    run = publish_state(store, State(EVERYTHING, (offered,), (Grant(ADMIN, ADA),)))
    asked, rows = ask(store, run, "u1", "1", arn)
    assert asked.entitlement == ADMIN
    assert len(rows) == 1


def test_findings_are_those_about_the_person_the_groups_and_the_settings(store):
    about = {
        subject: Finding("odd", Severity.LOW, "", subject)
        for subject in (
            "user:u1",
            "user:u2",
            "group:g3",
            "group:other",
            "appFilter",
            "app:0oa1",
            "account:1",
            "account:2",
        )
    }
    asked, _ = question(store, *THROUGH_GROUPS, findings=about.values())
    assert {finding.subject for finding in asked.findings} == {
        "user:u1",
        "group:g3",
        "appFilter",
        "app:0oa1",
        "account:1",
    }


def test_a_finding_that_concerns_the_role_is_told_to_whoever_asks_about_it(store):
    findings = [
        Finding("odd", Severity.LOW, "", f"group:decoy{number}", concerns)
        for number, concerns in enumerate([ADMIN, role("1", "Other"), None])
    ]
    asked, _ = question(store, *THROUGH_GROUPS, findings=findings)
    assert asked.findings == (findings[0],)


@pytest.mark.parametrize(
    ("who", "says"),
    [
        pytest.param("nobody", "no person 'nobody'", id="nobody"),
        pytest.param("twin@acme.example", "names 2 people: u2, u3", id="two people"),
    ],
)
def test_a_person_who_is_not_exactly_one_is_a_usage_error(store, who, says):
    with pytest.raises(UsageError, match=says):
        question(store, who=who)
