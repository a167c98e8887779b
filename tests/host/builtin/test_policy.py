"""A policy judges what a plan does to people, says why it refuses, and never holds up what was to end."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolecall import EntitlementRef, Held, Plan, Ref, Refused, Step
from rolecall.builtin.policy.plugin import rolecall_before_provisioning
from rolecall.builtin.policy.schema import PolicySchema
from rolecall.config_schemas import load_table
from rolecall.plugin_tables import LoadedSettings
from tests.host.builtin.policies import ADA, LAB, PROD, UNLISTED, action, member, plan, policy, role

ADMINS = {"accounts": {"env": "prod"}, "roles": "Admin*", "why": "break-glass only"}
THING = Held("acme.okta.example", Ref("group", "00g1"), ADA, "member")


def judge(settings, intended, **how):
    rolecall_before_provisioning(action(intended, **how), intended, settings)


def refusal(settings, intended, **how):
    with pytest.raises(Refused) as caught:
        judge(settings, intended, **how)
    return caught.value


def test_without_a_policy_everything_goes():
    judge(LoadedSettings(None), plan(role(PROD, "Admin")))


def test_a_protected_role_is_refused_with_what_why_and_the_way_forward():
    error = refusal(policy(protected=[ADMINS]), plan(role(PROD, "AdminAccess")))

    assert (error.code, error.accept) == ("protected", None)
    assert error.message == (
        f"This gives what is protected (break-glass only): account:{PROD}:AdminAccess for ada@acme.example."
    )
    assert error.hint == "who answers for the policy can change policy.protected[0]"


@pytest.mark.parametrize(
    "entitlement",
    [
        pytest.param(role(PROD, "ReadOnly"), id="another role"),
        pytest.param(role(LAB, "Admin"), id="another account"),
        pytest.param(member("00gAdmins"), id="a membership"),
        pytest.param(EntitlementRef(Ref("app", "0oa1"), "assigned"), id="an assignment"),
    ],
)
def test_what_is_not_protected_is_given(entitlement):
    judge(policy(protected=[ADMINS | {"roles": ["Admin*"]}]), plan(entitlement))


@pytest.mark.parametrize(
    ("accounts", "fits"),
    [
        pytest.param([PROD], True, id="its id"),
        pytest.param(["prod-eu"], True, id="its name"),
        pytest.param(["PROD-*"], True, id="its name in another case"),
        pytest.param({"env": ["prod", "stage"]}, True, id="one of several tags"),
        pytest.param({"env": "prod", "tier": "1"}, False, id="a tag that it lacks"),
        pytest.param([LAB, "lab"], False, id="another's"),
    ],
)
def test_accounts_are_meant_by_id_name_or_tag(accounts, fits):
    settings = policy(protected=[{"accounts": accounts}])

    if fits:
        assert refusal(settings, plan(role(PROD, "Any"))).code == "protected"
    else:
        judge(settings, plan(role(PROD, "Any")))


def test_a_membership_that_gives_somebody_a_protected_role_is_refused_like_the_role():
    error = refusal(policy(protected=[ADMINS]), plan(member("00g1"), gains=[role(PROD, "Admin")]))

    assert f"account:{PROD}:Admin for bob@acme.example" in error.message


def test_a_protected_group_is_refused_by_its_id():
    settings = policy(protected=[{"groups": ["group:00gsuper"]}])

    assert refusal(settings, plan(member("00gsuper"))).code == "protected"
    assert refusal(settings, plan(role(LAB, "Any"), gains=[member("00gsuper")])).code == "protected"
    judge(settings, plan(member("00gother")))
    judge(settings, plan(role(PROD, "Any")))


def test_a_protected_group_is_refused_as_the_way_to_a_role_too():
    settings = policy(protected=[{"groups": ["group:00g1"], "operations": ["grant", "revoke"]}])
    way = Step("add_group_member", "directory", "Put ada into the group.", gives=(THING,))
    back = Step("remove_group_member", "api", "Take ada out of the group.", takes=(THING,))
    named = role(LAB, "Any")

    giving = refusal(settings, Plan("grant", named, ADA, "ada@acme.example", steps=(way,)))
    taking = refusal(settings, Plan("revoke", named, ADA, "ada@acme.example", steps=(back,)))

    assert "gives what is protected: group:00g1:member for ada@acme.example" in giving.message
    assert "takes away what is protected" in taking.message


def test_a_role_is_no_membership_and_no_assignment_whatever_its_glob():
    settings = policy(protected=[{"roles": "*"}])

    judge(settings, plan(member("00g1")))
    judge(settings, plan(EntitlementRef(Ref("app", "0oa1"), "assigned")))
    assert refusal(settings, plan(role(LAB, "Any"))).code == "protected"


def test_a_connector_alone_can_be_protected():
    settings = policy(protected=[{"connector": "aws-*"}])

    assert refusal(settings, plan(role(LAB, "Any"))).code == "protected"
    judge(settings, plan(role(LAB, "Any")), connector="okta")


def test_an_account_that_nobody_has_listed_is_not_taken_for_an_unprotected_one():
    settings = policy(protected=[ADMINS])

    error = refusal(settings, plan(role(UNLISTED, "Admin")))

    assert (error.code, error.hint) == ("account_unknown", "add the account to the accounts file")
    judge(settings, plan(role(UNLISTED, "ReadOnly")))
    judge(policy(protected=[{"accounts": [PROD]}]), plan(role(UNLISTED, "Admin")))


def test_taking_away_is_refused_only_where_the_policy_says_so():
    taking = plan(role(PROD, "Admin"), "revoke", loses=[role(PROD, "Admin")])
    both = policy(protected=[ADMINS | {"operations": ["grant", "revoke"]}])

    judge(policy(protected=[ADMINS]), taking)
    assert "takes away what is protected" in refusal(both, taking).message
    judge(both, plan(role(UNLISTED, "Admin"), "revoke"))


def test_a_grant_by_which_somebody_else_loses_a_protected_role_is_refused_where_losing_is_protected():
    settings = policy(protected=[ADMINS | {"operations": ["revoke"]}])

    error = refusal(settings, plan(role(LAB, "ReadOnly"), loses=[role(PROD, "Admin")]))

    assert "for bob@acme.example" in error.message


@pytest.mark.parametrize(
    ("hours", "fits"),
    [(8, True), (1, True), (9, False), (None, False)],
)
def test_access_lasts_no_longer_than_the_policy_allows_and_has_an_end(hours, fits):
    settings = policy(max_duration=[{"accounts": {"env": "prod"}, "longest": "8h"}])
    intended = plan(role(PROD, "ReadOnly"))

    judge(settings, plan(role(LAB, "ReadOnly")))
    if fits:
        judge(settings, intended, hours=hours)
    else:
        error = refusal(settings, intended, hours=hours)
        assert (error.code, error.hint) == ("too_long", "ask for 8 hours at most: --for")


def test_the_longest_duration_holds_for_accounts_that_nobody_has_listed():
    settings = policy(max_duration=[{"accounts": {"env": "prod"}, "longest": "8h"}])

    assert "lacks the account" in refusal(settings, plan(role(UNLISTED, "Any"))).message


def test_several_vetoes_are_told_at_once():
    settings = policy(protected=[ADMINS], max_duration=[{"roles": "*", "longest": "8h"}], require_reason=True)

    error = refusal(settings, plan(role(PROD, "Admin")))

    assert [veto["code"] for veto in error.facts["vetoes"]] == ["protected", "too_long", "reason_missing"]
    assert "--for" in error.hint
    assert "--reason" in error.hint


def test_people_say_why_and_the_service_need_not_when_it_takes_away():
    settings = policy(require_reason=True)
    giving, taking = plan(role(LAB, "Any")), plan(role(LAB, "Any"), "revoke")

    assert refusal(settings, giving, reason=" \n").code == "reason_missing"
    assert refusal(settings, taking).code == "reason_missing"
    assert refusal(settings, giving, assurance="system").code == "reason_missing"
    judge(settings, giving, reason="incident")
    judge(settings, taking, assurance="system")


@pytest.mark.parametrize(
    ("wanted", "reason", "fits"),
    [
        (True, "see CHG0031337", True),
        (True, "OPS-12: deploy", True),
        (True, "because", False),
        ("CHG[0-9]{7}", "OPS-12", False),
        (False, "because", True),
    ],
)
def test_a_grant_names_a_ticket_where_the_policy_wants_one(wanted, reason, fits):
    settings = policy(require_ticket=wanted)

    judge(settings, plan(role(LAB, "Any"), "revoke"), reason="because")
    if fits:
        judge(settings, plan(role(LAB, "Any")), reason=reason)
    else:
        assert refusal(settings, plan(role(LAB, "Any")), reason=reason).code == "ticket_missing"


def test_a_ticket_may_be_given_beside_the_reason():
    intended = plan(role(PROD, "Admin"))
    settings = policy(require_ticket="CHG[0-9]+")

    rolecall_before_provisioning(replace(action(intended), ticket="CHG31"), intended, settings)

    with pytest.raises(Refused, match="ticket's number"):
        rolecall_before_provisioning(replace(action(intended), ticket="later"), intended, settings)


def test_a_name_cannot_forge_a_line():
    intended = plan(member("00g1"), gains=[role(PROD, "Admin")])
    forged = type(intended.effects[0])(Ref("user", "1"), "bob\nApproved.", (role(PROD, "Admin"),))
    intended = type(intended)("grant", member("00g1"), ADA, "ada", effects=(forged,))

    assert "\n" not in refusal(policy(protected=[ADMINS]), intended).message


def test_every_mistake_in_the_table_is_named():
    table = {
        "protected": [
            {"why": "nothing named"},
            {"groups": ["Domain Admins"], "operations": ["grnt"]},
            {"roles": [], "acounts": ["x"]},
        ],
        "max_duration": [{"roles": "*"}, {"roles": "*", "longest": "0"}, {"roles": "*", "longest": "8"}],
        "require_reason": "yes",
        "require_ticket": "CHG[",
    }
    problems = []

    load_table(PolicySchema(), table, "policy", problems)

    assert problems == [
        "policy.protected[0]: must say what it is about: connector, accounts, roles or groups",
        'policy.protected[1].groups: must be a list of groups by their ids, such as ["group:00g1abcd"]',
        'policy.protected[1].operations[0]: must be "grant" or "revoke"',
        'policy.protected[2].roles: must be a text such as "Admin*", or a list of such',
        "policy.protected[2].acounts: unknown key (did you mean 'accounts'?)",
        "policy.max_duration[0].longest: missing",
        "policy.max_duration[1].longest: must be longer than nothing; to forbid access use policy.protected",
        'policy.max_duration[2].longest: must be a duration such as "30m", "24h" or "7d"',
        "policy.require_reason: must be true or false",
        "policy.require_ticket: is not a regular expression: unterminated character set at position 3",
    ]


entitlements = st.one_of(
    st.builds(role, st.sampled_from([PROD, LAB, UNLISTED]), st.sampled_from(["Admin", "AdminX", "ReadOnly"])),
    st.builds(member, st.sampled_from(["00g1", "00g2"])),
)
scopes = st.fixed_dictionaries(
    {"connector": st.sampled_from(["aws-prod", "aws-*", "*"])},
    optional={
        "accounts": st.sampled_from([[PROD], ["lab", PROD], {"env": "prod"}, {"env": ["dev", "prod"]}]),
        "roles": st.sampled_from(["*", "Admin*", ["ReadOnly", "AdminX"]]),
        "groups": st.sampled_from([["group:00g1"], ["group:00g1", "group:00g2"]]),
    },
)
tables = st.fixed_dictionaries(
    {
        "protected": st.lists(scopes, max_size=3),
        "max_duration": st.lists(scopes.map(lambda scope: scope | {"longest": "4h"}), max_size=3),
    }
)


def is_refused(settings, intended, **how):
    try:
        judge(settings, intended, **how)
    except Refused:
        return True
    return False


@given(tables, entitlements, st.lists(entitlements, max_size=3))
def test_what_rolecall_gave_is_always_taken_back(table, entitlement, loses):
    everything = table | {"protected": [scope | {"operations": ["revoke"]} for scope in table["protected"]]}

    judge(policy(**everything), plan(entitlement, "revoke", loses=loses), undo=(THING,))


@given(tables, entitlements, st.lists(entitlements, max_size=3))
def test_no_duration_and_no_protection_of_grants_keeps_anybody_from_taking_away(table, entitlement, loses):
    judge(policy(**table), plan(entitlement, "revoke", loses=loses))


@given(tables, entitlements, entitlements, st.sampled_from([None, 1, 4, 5]))
def test_what_is_refused_by_name_is_refused_as_an_effect(table, entitlement, other, hours):
    settings = policy(**table)

    if is_refused(settings, plan(entitlement), hours=hours):
        assert is_refused(settings, plan(other, gains=[entitlement]), hours=hours)


@given(tables, entitlements, st.integers(1, 20), st.integers(1, 20))
def test_a_shorter_access_is_never_refused_where_a_longer_one_is_not(table, entitlement, one, other):
    settings, intended = policy(**table), plan(entitlement)

    if not is_refused(settings, intended, hours=max(one, other)):
        judge(settings, intended, hours=min(one, other))


@given(tables, scopes, entitlements, st.sampled_from([None, 1, 5]))
def test_another_rule_only_ever_refuses_more(table, scope, entitlement, hours):
    more = table | {"protected": [*table["protected"], scope]}

    if is_refused(policy(**table), plan(entitlement), hours=hours):
        assert is_refused(policy(**more), plan(entitlement), hours=hours)
