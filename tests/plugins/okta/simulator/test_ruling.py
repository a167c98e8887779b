"""Group rules: whom they put into groups, whom they give back and whom they leave alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolecall_okta.simulator import Organisation
from rolecall_okta.simulator.rule_expressions import parse

ENGINEERS = 'user.department=="Engineering"'


@pytest.fixture
def org(clock):
    org = Organisation(seed=5)
    org.serve_times(clock)
    return org


@pytest.fixture
def team(org):
    return org.add_group("Team")


def engineer(org, name):
    return org.add_user(f"{name}@acme.example", profile={"department": "Engineering"})


def test_an_active_rule_fills_its_group_and_keeps_it_filled(org, team):
    ada = engineer(org, "ada")
    org.add_rule("Engineers", ENGINEERS, [team])
    grace = engineer(org, "grace")
    org.add_user("bob@acme.example")
    assert set(team.members) == {ada, grace}
    added = [each.body for each in org.log.events if each.type == "group.user_membership.add"]
    assert {event["actor"]["type"] for event in added} == {"SystemPrincipal"}


def test_who_no_longer_fits_leaves_if_the_rule_brought_them(org, team):
    ada, bob = engineer(org, "ada"), org.add_user("bob@acme.example")
    org.add_rule("Engineers", ENGINEERS, [team])
    org.add_member(team, bob)
    ada.profile = {**ada.profile, "department": "Sales"}
    assert team.members == [bob]


def test_who_is_taken_out_by_hand_is_excluded_and_stays_out(org, team):
    ada = engineer(org, "ada")
    rule = org.add_rule("Engineers", ENGINEERS, [team])
    org.remove_member(team, ada)
    ada.profile = {**ada.profile, "title": "Countess"}
    assert (team.members, rule.excluded) == ([], [ada])
    (event,) = (e for e in org.log.events if e.type == "group.user_membership.rule.add_exclusion")
    assert {target["id"] for target in event.body["target"]} == {rule.id, ada.id, team.id}


def test_a_full_list_of_the_excluded_makes_the_rule_give_people_back(org, team):
    people = [engineer(org, f"e{number}") for number in range(101)]
    rule = org.add_rule("Engineers", ENGINEERS, [team])
    for person in people:
        org.remove_member(team, person)
    assert len(rule.excluded) == 100
    assert team.members == [people[100]]


def test_a_rule_acts_some_time_later(org, team, clock):
    org.behaviour.rule_lag = 16
    ada = engineer(org, "ada")
    org.add_rule("Engineers", ENGINEERS, [team])
    org.catch_up()
    assert team.members == []
    clock.pass_by(16)
    org.catch_up()
    assert team.members == [ada]


def test_members_stay_when_their_rule_is_deactivated(org, team):
    ada = engineer(org, "ada")
    rule = org.add_rule("Engineers", ENGINEERS, [team])
    org.deactivate_rule(rule)
    ada.profile = {**ada.profile, "department": "Sales"}
    assert team.members == [ada]
    org.activate_rule(rule)
    assert team.members == []


def test_a_rule_may_follow_another_group(org, team):
    source = org.add_group("Source")
    ada = org.add_user("ada@acme.example")
    org.add_rule("Follow", f'isMemberOfAnyGroup("00gOther", "{source.id}")', [team])
    org.add_member(source, ada)
    assert team.members == [ada]
    org.remove_member(source, ada)
    assert team.members == []


def test_a_rule_that_is_not_understood_is_listed_and_does_nothing(org, team):
    engineer(org, "ada")
    rule = org.add_rule("Odd", "user.getGroups({'group.type': 'OKTA'}).size() > 3", [team])
    assert (org.rules, team.members) == ([rule], [])


def test_the_rules_of_an_org_have_acted_before_it_is_served(clock):
    org = Organisation()
    ada, team = engineer(org, "ada"), org.add_group("Team")
    rule = org.add_rule("Engineers", ENGINEERS, [team])
    org.serve_times(clock)
    assert team.members == [ada]
    assert org.log.events == []
    org.remove_member(team, ada)
    assert rule.excluded == [ada]


def test_a_rule_does_not_follow_from_its_own_doing(org, team):
    ada = org.add_user("ada@acme.example")
    org.add_rule("Other", "true", [org.add_group("Other")])
    org.add_rule("Odd", f'!isMemberOfGroup("{team.id}")', [team])
    assert team.members == [ada]


def test_a_big_import_excludes_nobody(org, team):
    ada = engineer(org, "ada")
    rule = org.add_rule("Engineers", ENGINEERS, [team])
    with org.importing():
        org.remove_member(team, ada)
    assert (team.members, rule.excluded) == ([], [])


def test_whom_okta_itself_takes_out_is_not_excluded(org, team):
    ada = engineer(org, "ada")
    rule = org.add_rule("Engineers", ENGINEERS, [team])
    org.deactivate(ada)
    assert (team.members, rule.excluded) == ([], [])


@pytest.mark.parametrize(
    ("expression", "meant"),
    [
        ('user.department=="Engineering"', True),
        ("user.department == 'Engineering'", True),
        ('user.department != "Engineering"', False),
        ('user.title == "Countess"', False),
        ('user.department=="Engineering" and user.title=="Countess"', False),
        ('user.department=="Engineering" && !(user.title=="Countess")', True),
        ('user.title=="Countess" OR NOT user.department=="Sales"', True),
        ('String.stringContains(user.department, "gine")', True),
        ('String.startsWith(user.department, "gine")', False),
        ('isMemberOfGroupName("Team")', True),
        ('isMemberOfGroupNameStartsWith("Te")', True),
        ('isMemberOfGroupName("Te")', False),
        ("true", True),
        ("false or true", True),
    ],
)
def test_expressions_mean_what_okta_means_by_them(org, team, expression, meant):
    ada = engineer(org, "ada")
    org.add_member(team, ada)
    assert parse(expression)(ada, org.groups_of(ada)) is meant


@pytest.mark.parametrize(
    "expression",
    ["", "user.a", "user.a==", 'user.a=="x', "(true", "true)", "f(1)", 'isOdd("x")', "true true", "and", "1"],
)
def test_anything_else_is_not_understood(expression):
    assert parse(expression) is None


@given(st.text(alphabet='user.a=="x"!&|() ,notandorisMemberOfGroup', max_size=40))
def test_no_text_breaks_the_reader(expression):
    parse(expression)
