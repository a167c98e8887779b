"""Who holds which role: a table of cases for every rule."""

import pytest

from rolecall import Ref
from rolecall_okta_aws_federation.app_filter import AppFilter
from rolecall_okta_aws_federation.arns import RolePattern, read_provider_arn
from rolecall_okta_aws_federation.federation import (
    AssignedGroup,
    AssignedPerson,
    AwsRole,
    CandidateGroup,
    SingleAccount,
    infer_union,
    mapped_holdings,
    person_roles,
    single_account_holdings,
)
from rolecall_okta_aws_federation.payloads import ProfileRoles

PROVIDER, _ = read_provider_arn("arn:aws:iam::123456789012:saml-provider/OKTA")
ADA = Ref("user", "00u1")
A, B, C = (Ref("group", f"00g{letter}") for letter in "ABC")


def group(ref, priority, *saml, default=None):
    return AssignedGroup(ref, ref.id, priority, ProfileRoles(saml, default))


def person(scope, *saml, groups=(), default=None, link=None):
    ranked = tuple(sorted(groups, key=lambda each: each.rank))
    return AssignedPerson(ADA, "ada", scope, link, ProfileRoles(saml, default), ranked)


def account(*, join=False, union=False):
    return SingleAccount(PROVIDER, join, union)


ADMINS = group(A, 0, "Admin", "Billing")
READERS = group(B, 1, "ReadOnly", "Billing")
ROLELESS = group(C, 2, default="Fallback")


@pytest.mark.parametrize(
    ("settings", "who", "roles", "codes"),
    [
        pytest.param(account(), person("USER", "X", "Y"), [("X", ()), ("Y", ())], [], id="direct"),
        pytest.param(
            account(),
            person("USER", "Admin", groups=[ADMINS]),
            [("Admin", ())],
            [],
            id="direct hides the groups",
        ),
        pytest.param(
            account(join=True),
            person("USER", groups=[ADMINS]),
            [],
            [],
            id="joined groups are no grants of the person",
        ),
        pytest.param(
            account(),
            person("GROUP", "Admin", "Billing", groups=[READERS, ADMINS]),
            [("Admin", (A,)), ("Billing", (A,))],
            [],
            id="by the group with the highest priority only",
        ),
        pytest.param(
            account(union=True),
            person("GROUP", "Admin", "Billing", "ReadOnly", groups=[READERS, ADMINS]),
            [("Admin", (A,)), ("Billing", (A, B)), ("ReadOnly", (B,))],
            [],
            id="by every group that has the role where they are combined",
        ),
        pytest.param(
            account(union=None),
            person("GROUP", "Admin", "Billing", groups=[READERS, ADMINS]),
            [("Admin", (A,)), ("Billing", (A, B))],
            [],
            id="by every group that has the role where that isn't known",
        ),
        pytest.param(
            account(),
            person("GROUP", "Old", groups=[ADMINS]),
            [("Old", None)],
            ["assignment_disagrees", "role_without_group"],
            id="a role that no group accounts for",
        ),
        pytest.param(
            account(),
            person("GROUP", "ReadOnly", "Billing", groups=[ADMINS, READERS]),
            [("ReadOnly", None), ("Billing", (A,))],
            ["assignment_disagrees", "role_without_group"],
            id="a role of a group that another hides",
        ),
        pytest.param(
            account(),
            person("GROUP", groups=[ADMINS]),
            [],
            ["assignment_disagrees", "no_role"],
            id="the profile wins if it has less",
        ),
        pytest.param(
            account(), person("GROUP", "X"), [("X", None)], ["role_without_group"], id="in no assigned group"
        ),
        pytest.param(
            account(),
            person("USER", default="D"),
            [("D", ())],
            ["default_role"],
            id="the default role, directly",
        ),
        pytest.param(
            account(),
            person("USER", "X", default="D"),
            [("X", ())],
            [],
            id="no default role beside samlRoles",
        ),
        pytest.param(
            account(),
            person("GROUP", groups=[ROLELESS], default="Fallback"),
            [("Fallback", (C,))],
            ["default_role"],
            id="the default role, by the winning group",
        ),
        pytest.param(
            account(union=True),
            person("GROUP", groups=[group(A, 0), ROLELESS], default="Fallback"),
            [("Fallback", None)],
            ["default_role", "role_without_group"],
            id="a single role is never combined",
        ),
        pytest.param(
            account(join=True),
            person("USER", groups=[ADMINS], default="D"),
            [],
            [],
            id="joined roles keep the default out",
        ),
        pytest.param(
            account(join=True),
            person("USER", groups=[ROLELESS], default="D"),
            [("D", ())],
            ["default_role"],
            id="joined groups without roles don't",
        ),
        pytest.param(account(), person("USER"), [], ["no_role"], id="nothing at all"),
        pytest.param(
            account(),
            person("ODD", "X"),
            [("X", ())],
            ["scope_unknown"],
            id="an unknown scope without groups is direct",
        ),
        pytest.param(
            account(),
            person(None, "Admin", "Billing", groups=[ADMINS]),
            [("Admin", (A,)), ("Billing", (A,))],
            ["scope_unknown"],
            id="an unknown scope with groups is by group",
        ),
        pytest.param(
            account(),
            person("ODD", "X", link=A),
            [("X", None)],
            ["role_without_group", "scope_unknown"],
            id="an unknown scope with a named group is by group",
        ),
        pytest.param(
            account(),
            person("GROUP", "Billing", groups=[group(B, 1, "Billing"), group(A, 1, "Billing")]),
            [("Billing", (A,))],
            [],
            id="equal priorities go by id",
        ),
        pytest.param(
            account(),
            person("GROUP", "Billing", groups=[group(A, None, "Admin"), group(B, 7, "Billing")]),
            [("Billing", (B,))],
            [],
            id="a group without a priority comes last",
        ),
    ],
)
def test_a_persons_roles(settings, who, roles, codes):
    findings = []

    assert person_roles(settings, who, findings.append) == roles
    assert sorted(finding.code for finding in findings) == codes
    assert {finding.subject for finding in findings} <= {"user:00u1"}


def test_a_role_that_aws_cannot_have_is_counted_and_found():
    findings = []

    holdings = single_account_holdings(account(), [], [person("USER", "a b", "Fine")], [], findings.append)

    assert {held.role.role for held in holdings.people} == {"a b", "Fine"}
    (found,) = findings
    assert (found.code, str(found.concerns)) == ("role_name_impossible", "account:123456789012:a b")


@pytest.mark.parametrize("join", [False, True])
def test_a_groups_grant_passes_to_its_members_only_where_all_roles_are_joined(join):
    holdings = single_account_holdings(account(join=join), [ADMINS], [], [], [].append)

    assert {(held.role.role, held.group, held.expandable) for held in holdings.groups} == {
        ("Admin", A, join),
        ("Billing", A, join),
    }


def test_entitlements_are_all_roles_seen_anywhere():
    direct = person("USER", default="Default")

    holdings = single_account_holdings(account(), [ADMINS], [direct], ["Known"], [].append)

    assert set(holdings.roles) == {
        AwsRole("123456789012", role) for role in ("Admin", "Billing", "Default", "Known")
    }


def test_a_role_of_another_account_is_counted_and_found():
    findings = []
    foreign = "arn:aws:iam::999999999999:role/x"

    holdings = single_account_holdings(account(), [], [person("USER", foreign)], [], findings.append)

    assert holdings.roles[AwsRole("123456789012", foreign)].role == foreign
    assert [finding.code for finding in findings] == ["role_of_another_account"]


@pytest.mark.parametrize(
    ("people", "union"),
    [
        pytest.param([], None, id="nobody"),
        pytest.param(
            [person("GROUP", "Admin", "Billing", groups=[ADMINS])], None, id="one group shows nothing"
        ),
        pytest.param(
            [person("GROUP", "Admin", "Billing", groups=[ADMINS, READERS])], False, id="the highest only"
        ),
        pytest.param(
            [person("GROUP", "Admin", "Billing", "ReadOnly", groups=[ADMINS, READERS])], True, id="combined"
        ),
        pytest.param(
            [person("USER", "Admin", "Billing", groups=[ADMINS, READERS])], None, id="direct shows nothing"
        ),
        pytest.param([person("GROUP", "Odd", groups=[ADMINS, READERS])], None, id="neither"),
        pytest.param(
            [
                person("GROUP", "Admin", "Billing", groups=[ADMINS, READERS]),
                person("GROUP", "Admin", "Billing", "ReadOnly", groups=[ADMINS, READERS]),
            ],
            None,
            id="both",
        ),
    ],
)
def test_profiles_show_whether_roles_are_combined(people, union):
    assert infer_union(people) is union


PATTERN = RolePattern("arn:aws:iam::${accountid}:role/${role}", None)


def candidate(ref, account_id, role, group_type="OKTA_GROUP", source=None):
    return CandidateGroup(ref, f"name of {ref.id}", group_type, source, AwsRole(account_id, role))


def test_admitted_groups_give_their_role_to_every_member():
    findings = []
    groups = [candidate(A, "123456789012", "Admin"), candidate(B, "123456789012", "Admin")]

    holdings = mapped_holdings(PATTERN, AppFilter(frozenset({"okta"})), groups, findings.append)

    admin = AwsRole("123456789012", "Admin")
    assert [(held.role, held.group, held.expandable) for held in holdings.groups] == [
        (admin, A, True),
        (admin, B, True),
    ]
    assert holdings.roles[admin].role == "arn:aws:iam::123456789012:role/Admin"
    assert findings == []


@pytest.mark.parametrize(
    ("group_type", "source", "account_id", "role", "code"),
    [
        pytest.param(
            "APP_GROUP", "workday", "123456789012", "Admin", "group_not_admitted", id="another source"
        ),
        pytest.param(
            "APP_GROUP", None, "123456789012", "Admin", "group_source_unknown", id="an unknown source"
        ),
        pytest.param("NEW_KIND", None, "123456789012", "Admin", "group_not_admitted", id="an unknown type"),
        pytest.param("OKTA_GROUP", None, "", "Admin", "group_name_incomplete", id="no account"),
        pytest.param("OKTA_GROUP", None, "123456789012", "", "group_name_incomplete", id="no role"),
    ],
)
def test_a_group_that_matches_and_does_not_count_is_found(group_type, source, account_id, role, code):
    findings = []
    groups = [candidate(A, account_id, role, group_type, source)]

    holdings = mapped_holdings(PATTERN, AppFilter(frozenset({"okta"})), groups, findings.append)

    assert (holdings.groups, holdings.roles) == ([], {})
    assert [(finding.code, finding.subject) for finding in findings] == [(code, "group:00gA")]


def test_an_account_that_is_not_twelve_digits_is_counted_and_found_once():
    findings = []
    groups = [candidate(A, "42", "Admin"), candidate(B, "42", "ReadOnly")]

    holdings = mapped_holdings(PATTERN, AppFilter(None), groups, findings.append)

    assert holdings.accounts == {"42"}
    assert [(finding.code, finding.subject) for finding in findings] == [
        ("account_id_malformed", "account:42")
    ]
