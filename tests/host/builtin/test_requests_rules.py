import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolecall import EntitlementRef, Ref
from rolecall.accounts import Account, Accounts
from rolecall.builtin.requests.rule_schema import RequestsSchema
from rolecall.builtin.requests.rules import (
    Emergency,
    Rule,
    digest,
    first_match,
    rule_from,
    rule_object,
    with_terms,
)
from rolecall.config_schemas import load_table

ACCOUNTS = Accounts(
    {
        "111111111111": Account("111111111111", "prod-core", tags={"env": "prod", "team": "core"}),
        "222222222222": Account("222222222222", "dev-core", tags={"env": "dev", "team": "core"}),
    }
)
TEXT = {"name": "r", "eligible": "group:g1", "approvers": ["group:g2"], "max_duration": "8h"}

texts = st.text(min_size=1, max_size=8)
refs = st.lists(st.builds(Ref, st.sampled_from(["group", "user"]), texts), min_size=1, max_size=3).map(tuple)
lengths = st.integers(1, 10**6).map(lambda seconds: timedelta(seconds=seconds))
rules = st.builds(
    Rule,
    texts,
    refs,
    lengths,
    connector=st.none() | texts,
    tags=st.dictionaries(texts, st.lists(texts, min_size=1, max_size=2).map(tuple), max_size=2),
    accounts=st.lists(texts, max_size=2).map(tuple),
    roles=st.just("") | texts,
    entitlement=st.just("") | texts,
    approvers=refs,
    approvals=st.integers(1, 5),
    ticket=st.booleans(),
    handoff=st.booleans(),
    lapse=lengths,
    emergency=st.none() | st.builds(Emergency, refs, lengths, refs),
    auto_approve=st.booleans(),
)


def role(account, name):
    return EntitlementRef(Ref("account", account), name)


def rule(**facts):
    return Rule("r", (Ref("group", "g1"),), timedelta(hours=8), **facts)


def loaded(*tables):
    problems = []
    return load_table(RequestsSchema(), {"rules": list(tables)}, "requests", problems), problems


def admitted(given_rule, entitlement, *, connector="aws", is_target=True):
    return first_match([given_rule], connector, entitlement, is_target=is_target, accounts=ACCOUNTS)


@given(rules)
def test_a_rule_is_read_back_as_it_was_kept(given_rule):
    kept = json.loads(json.dumps(rule_object(given_rule)))
    assert rule_from(kept) == given_rule
    assert digest(rule_from(kept)) == digest(given_rule)


@given(rules, rules)
def test_only_equal_rules_have_the_same_digest(one, other):
    assert (digest(one) == digest(other)) == (rule_object(one) == rule_object(other))


@given(st.lists(rules, max_size=4), st.booleans(), texts, texts)
def test_the_first_rule_that_admits_an_entitlement_is_the_one(given_rules, is_target, account, slug):
    entitlement = role(account, slug)
    found = first_match(given_rules, "aws", entitlement, is_target=is_target, accounts=ACCOUNTS)
    alone = [each for each in given_rules if admitted(each, entitlement, is_target=is_target)]
    assert found is (alone[0] if alone else None)


@pytest.mark.parametrize(
    ("facts", "entitlement", "admits"),
    [
        pytest.param({}, role("111111111111", "Admin"), True, id="nothing narrows it"),
        pytest.param({"connector": "other"}, role("111111111111", "Admin"), False, id="another connector"),
        pytest.param({"tags": {"env": ("prod",)}}, role("111111111111", "Admin"), True, id="tag"),
        pytest.param({"tags": {"env": ("prod",)}}, role("222222222222", "Admin"), False, id="other tag"),
        pytest.param({"tags": {"env": ("dev", "prod")}}, role("222222222222", "X"), True, id="one of tags"),
        pytest.param(
            {"tags": {"env": ("prod",), "team": ("x",)}}, role("111111111111", "X"), False, id="both tags"
        ),
        pytest.param(
            {"tags": {"env": ("prod",)}}, role("999999999999", "Admin"), False, id="unknown account"
        ),
        pytest.param({"accounts": ("prod-core",)}, role("111111111111", "Admin"), True, id="account by name"),
        pytest.param({"accounts": ("111111111111",)}, role("111111111111", "A"), True, id="account by id"),
        pytest.param({"accounts": ("111111111111",)}, role("222222222222", "A"), False, id="other account"),
        pytest.param({"roles": "Admin*"}, role("111111111111", "AdminRole"), True, id="role glob"),
        pytest.param({"roles": "Admin*"}, role("111111111111", "adminRole"), False, id="case counts"),
        pytest.param({"roles": "Admin"}, role("111111111111", "AdminRole"), False, id="whole role"),
        pytest.param(
            {"entitlement": "account:1*:A*"}, role("111111111111", "Admin"), True, id="entitlement glob"
        ),
    ],
)
def test_a_rule_admits_what_it_names(facts, entitlement, admits):
    assert bool(admitted(rule(**facts), entitlement)) is admits


@pytest.mark.parametrize("facts", [{"roles": "*"}, {"accounts": ("g9",)}, {"roles": "member"}])
def test_a_rule_about_roles_gives_no_membership(facts):
    membership = EntitlementRef(Ref("group", "g9"), "member")
    assert admitted(rule(**facts), membership, is_target=False) is None


def test_an_emergency_has_its_own_terms():
    terms = Emergency((Ref("group", "oncall"),), timedelta(hours=1), (Ref("group", "security"),))
    given_rule = rule(approvers=(Ref("group", "g2"),), emergency=terms)
    in_emergency = with_terms(given_rule, emergency=True)
    assert (in_emergency.eligible, in_emergency.approvers) == (terms.eligible, terms.approvers)
    assert in_emergency.max_duration == timedelta(hours=1)
    assert with_terms(given_rule, emergency=False) == given_rule


def test_a_table_is_read_into_a_rule():
    read, problems = loaded(
        TEXT
        | {
            "connector": "aws-prod",
            "accounts": {"env": "prod"},
            "roles": "Admin*",
            "ticket": True,
            "lapse": "2h",
            "approvals": 2,
            "emergency": {"eligible": "group:oncall", "max_duration": "1h"},
        },
        {"name": "self", "eligible": "group:g1", "max_duration": "1h", "auto_approve": True},
    )
    assert problems == []
    assert read == (
        Rule(
            "r",
            (Ref("group", "g1"),),
            timedelta(hours=8),
            connector="aws-prod",
            tags={"env": ("prod",)},
            roles="Admin*",
            approvers=(Ref("group", "g2"),),
            approvals=2,
            ticket=True,
            lapse=timedelta(hours=2),
            emergency=Emergency((Ref("group", "oncall"),), timedelta(hours=1), (Ref("group", "g2"),)),
        ),
        Rule("self", (Ref("group", "g1"),), timedelta(hours=1), auto_approve=True),
    )


def test_every_mistake_is_told_at_once_by_its_key():
    read, problems = loaded(
        TEXT | {"max_duration": "8 hours", "eligible": "g1", "approvels": 2, "accounts": {"env": 3}},
        {"name": "b", "eligible": "group:g1", "max_duration": "0"},
        {"name": "c", "eligible": "group:g1", "max_duration": "1h"},
        TEXT | {"name": "d", "auto_approve": True, "approvals": 9},
        {"name": "e", "eligible": [], "approvers": ["group:"], "max_duration": "1h", "emergency": {"x": 1}},
    )
    assert read is None
    assert sorted(problems) == [
        "requests.rules[0].accounts: tag env must be a text, or a list of texts",
        "requests.rules[0].approvels: unknown key (did you mean 'approvers'?)",
        "requests.rules[0].eligible: 'g1' names no resource; write \"group:ID\"",
        'requests.rules[0].max_duration: must be a duration such as "30m", "24h" or "7d"',
        "requests.rules[1].max_duration: must be longer than nothing",
        "requests.rules[2].approvers: missing (or say auto_approve = true)",
        "requests.rules[3].approvals: must be from 1 to 5",
        "requests.rules[4].approvers: 'group:' names no resource; write \"group:ID\"",
        'requests.rules[4].eligible: must be "group:ID", or a list of such',
        "requests.rules[4].emergency.x: unknown key",
    ]


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        (TEXT | {"auto_approve": True}, "requests.rules[0].approvers: has no meaning with auto_approve"),
        (
            {"name": "a", "eligible": "group:g", "max_duration": "1h", "auto_approve": True, "emergency": {}},
            "requests.rules[0].emergency: approvers: missing; somebody must review it",
        ),
    ],
)
def test_keys_that_do_not_go_together_are_told(table, problem):
    assert loaded(table) == (None, [problem])


def test_two_rules_of_one_name_are_told():
    assert loaded(TEXT, TEXT) == (None, ["requests.rules[1].name: 'r' stands here twice"])
