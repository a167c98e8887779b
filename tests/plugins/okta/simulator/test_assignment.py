import pytest

from rolecall_okta.simulator import ABSENT, Organisation
from rolecall_okta.simulator.assignment import group_profile


@pytest.fixture
def org():
    return Organisation()


def resolved(org, app):
    return {held.user.login: held for held in org.app_users(app)}


def test_the_group_with_the_lowest_priority_number_gives_the_profile(org):
    ada = org.add_user("ada@acme.example")
    second, first = org.add_group("second", members=[ada]), org.add_group("first", members=[ada])
    app = org.add_aws_app()
    org.assign_group(app, second, priority=1, saml_roles=["B"])
    org.assign_group(app, first, priority=0, saml_roles=["A"], role="Fallback")
    held = resolved(org, app)["ada@acme.example"]
    assert (held.scope, held.profile, held.group) == (
        "GROUP",
        {"samlRoles": ["A"], "role": "Fallback"},
        first,
    )


def test_a_group_that_does_not_hold_the_person_gives_nothing(org):
    ada, bob = org.add_user("ada@acme.example"), org.add_user("bob@acme.example")
    app = org.add_aws_app()
    org.assign_group(app, org.add_group("first", members=[bob]), saml_roles=["A"])
    org.assign_group(app, org.add_group("second", members=[ada]), saml_roles=["B"])
    assert resolved(org, app)["ada@acme.example"].profile == {"samlRoles": ["B"]}


def test_a_direct_assignment_wins_over_every_group(org):
    ada = org.add_user("ada@acme.example")
    app = org.add_aws_app(union=True)
    org.assign_group(app, org.add_group("first", members=[ada]), saml_roles=["A"])
    org.assign_user(app, ada, saml_roles=["Own"])
    held = resolved(org, app)["ada@acme.example"]
    assert (held.scope, held.profile, held.group) == ("USER", {"samlRoles": ["Own"]}, None)


def test_union_combines_arrays_in_order_of_priority_and_leaves_the_rest_to_the_winner(org):
    ada = org.add_user("ada@acme.example")
    app = org.add_aws_app(union=True)
    org.assign_group(app, org.add_group("one", members=[ada]), saml_roles=["C", "A"], role="One")
    org.assign_group(app, org.add_group("two", members=[ada]), saml_roles=["A", "B"], role="Two")
    assert resolved(org, app)["ada@acme.example"].profile == {"samlRoles": ["C", "A", "B"], "role": "One"}


def test_a_winning_group_without_roles_hides_those_of_lower_groups(org):
    ada = org.add_user("ada@acme.example")
    app = org.add_aws_app()
    org.assign_group(app, org.add_group("one", members=[ada]))
    org.assign_group(app, org.add_group("two", members=[ada]), saml_roles=["B"])
    assert resolved(org, app)["ada@acme.example"].profile == {}


def test_everyone_assigned_to_the_app_brings_whoever_is_not_deactivated(org):
    org.add_user("ada@acme.example")
    org.add_user("gone@acme.example", status="DEPROVISIONED")
    app = org.add_aws_app()
    org.assign_group(app, org.everyone, saml_roles=["A"])
    assert list(resolved(org, app)) == ["ada@acme.example"]


@pytest.mark.parametrize(
    ("profiles", "expected"),
    [
        pytest.param([None, {"samlRoles": ["A"]}], {"samlRoles": ["A"]}, id="null profile of the winner"),
        pytest.param([{"samlRoles": "A"}, {"samlRoles": ["B"]}], {"samlRoles": ["B"]}, id="text is no array"),
        pytest.param([{"samlRoles": 7}, {"samlRoles": None}], {"samlRoles": 7}, id="no array anywhere"),
        pytest.param([ABSENT], ABSENT, id="no profile at all"),
        pytest.param(
            [{"samlRoles": [1, None]}, {"samlRoles": [["x"], 1]}], {"samlRoles": [1, None, ["x"]]}, id="odd"
        ),
    ],
)
def test_odd_values_are_taken_as_they_are(profiles, expected):
    assert group_profile(profiles, ["samlRoles"]) == expected


def test_resolution_follows_changes(org):
    ada = org.add_user("ada@acme.example")
    group = org.add_group("one", members=[ada])
    app = org.add_aws_app()
    held = org.assign_group(app, group, saml_roles=["A"])
    assert resolved(org, app)["ada@acme.example"].profile == {"samlRoles": ["A"]}
    held.profile = {"samlRoles": ["B"]}
    assert resolved(org, app)["ada@acme.example"].profile == {"samlRoles": ["B"]}
    org.remove_member(group, ada)
    assert resolved(org, app) == {}
