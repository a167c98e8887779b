"""Why somebody has a role or hasn't, in words that name the setting and the group."""

import pytest

from rolecall import AccessPath, AccessQuestion, EntitlementRef, Finding, Ref, Severity
from rolecall_okta_aws_federation.explaining import explain

ADA, ADMINS, READERS = Ref("user", "00u1"), Ref("group", "00gA"), Ref("group", "00gB")
ASSIGNED = EntitlementRef(Ref("app", "0oa1"), "assigned")
SINGLE = {
    "status": "ACTIVE",
    "use_group_mapping": False,
    "join_all_roles": False,
    "saml_roles_union": False,
    "identity_provider_arn": "arn:aws:iam::123456789012:saml-provider/OKTA",
}
MAPPING = {"status": "ACTIVE", "use_group_mapping": True, "group_filter": "aws_…", "app_filter": "okta"}


def own(*, counts=True, sources=()):
    return AccessPath(ADA, "Ada", True, counts, False, sources)


def by_group(ref=ADMINS, *, holds=True, counts=True, expandable=True):
    return AccessPath(ref, ref.id.replace("00g", "group "), holds, counts, expandable, ())


def asked(app, *paths, status="ACTIVE", met=None, unmet=(), exists=True, findings=(), account="123456789012"):
    entitlement = EntitlementRef(Ref("account", account), "Admin")
    enabled = status not in {"STAGED", "SUSPENDED", "DEPROVISIONED"}
    return explain(
        AccessQuestion(
            ADA,
            "Ada",
            status,
            enabled,
            entitlement,
            exists,
            paths,
            met or {},
            unmet,
            {"0oa1": app} if app else {},
            findings,
        )
    )


@pytest.mark.parametrize(
    ("explanation", "reason", "change"),
    [
        pytest.param(
            asked(SINGLE, own(), status="SUSPENDED"),
            "is SUSPENDED and can't sign in",
            "unsuspend Ada",
            id="suspended",
        ),
        pytest.param(
            asked({**SINGLE, "status": "INACTIVE"}, own(counts=False)),
            "app is INACTIVE",
            "activate the app",
            id="inactive",
        ),
        pytest.param(
            asked(SINGLE, by_group(counts=False), unmet=(("app", "assigned"),)),
            "not assigned to the AWS app",
            "assign Ada to the app",
            id="not assigned",
        ),
        pytest.param(
            asked(SINGLE, own()), "assigned to the app directly", "Ada's own assignment", id="direct"
        ),
        pytest.param(
            asked(SINGLE, own(sources=(ADMINS,)), by_group(expandable=False, counts=False)),
            'through "group A", from which Okta took 123456789012/Admin (the group with the',
            'remove Ada from "group A"',
            id="by the winning group",
        ),
        pytest.param(
            asked({**SINGLE, "saml_roles_union": True}, own(sources=(ADMINS,))),
            "values are combined",
            'remove Ada from "00gA"',
            id="by combined groups",
        ),
        pytest.param(
            asked(SINGLE, own(sources=None)), "a group that can't be told", "", id="by no known group"
        ),
        pytest.param(
            asked({**SINGLE, "join_all_roles": True}, by_group()),
            'joinAllRoles is on, so Ada also has the roles of the assigned group "group A"',
            'remove Ada from "group A"',
            id="by a joined group",
        ),
        pytest.param(
            asked(SINGLE, by_group(expandable=False, counts=False), met={ASSIGNED: ()}),
            "a direct assignment (scope USER) hides the roles of every group",
            "turn joinAllRoles on",
            id="a group hidden by a direct assignment",
        ),
        pytest.param(
            asked(SINGLE, by_group(expandable=False, counts=False), met={ASSIGNED: (READERS,)}),
            "only the one with the highest priority counts",
            'give "group A" the highest priority',
            id="a group hidden by another group",
        ),
        pytest.param(
            asked(SINGLE, by_group(holds=False, counts=False)),
            'none of the assigned groups that name 123456789012/Admin: "group A"',
            'add Ada to "group A", if no group of higher priority hides it',
            id="not in the group",
        ),
        pytest.param(
            asked(SINGLE, exists=True),
            "Neither Ada's assignment nor any assigned group",
            "samlRoles of Ada's",
            id="unheld",
        ),
        pytest.param(
            asked(SINGLE, exists=False),
            "No assignment of a person or a group names",
            "put Admin into",
            id="no such role",
        ),
        pytest.param(
            asked(SINGLE, exists=False, account="999999999999"),
            "999999999999 is another",
            "useGroupMapping",
            id="another account",
        ),
        pytest.param(
            asked(MAPPING, by_group(), by_group(READERS)),
            'in the group "group B", whose name means 123456789012/Admin',
            'remove Ada from "group A" and "group B"',
            id="by the names of groups",
        ),
        pytest.param(
            asked(MAPPING, by_group(holds=False, counts=False)),
            'none of the groups that count and mean 123456789012/Admin: "group A"',
            'add Ada to "group A" (group:00gA)',
            id="not in the role group",
        ),
        pytest.param(
            asked(MAPPING, exists=False),
            "appFilter 'okta'",
            "make a group whose name",
            id="no group means it",
        ),
        pytest.param(
            asked(
                MAPPING,
                findings=(Finding("group_not_admitted", Severity.HIGH, "Decoy found.", "group:00gX"),),
            ),
            "Decoy found.",
            "",
            id="what the run found",
        ),
    ],
)
def test_the_decisive_reason_and_what_would_change_it(explanation, reason, change):
    assert any(reason in sentence for sentence in explanation.reasons), explanation.reasons
    assert any(change in sentence for sentence in explanation.changes) or not change, explanation.changes


def test_findings_that_decide_nothing_are_left_to_the_host():
    finding = Finding("empty_role", Severity.LOW, "An empty name.", "group:00gA")

    assert "An empty name." not in asked(SINGLE, own(), findings=(finding,)).reasons


def test_settings_are_those_of_the_mode():
    assert set(asked(SINGLE).settings) == {
        "status",
        "use_group_mapping",
        "join_all_roles",
        "saml_roles_union",
        "identity_provider_arn",
    }
    assert set(asked(MAPPING).settings) == {
        "status",
        "use_group_mapping",
        "group_filter",
        "app_filter",
        "role_value_pattern",
    }


def test_a_run_without_an_app_is_still_explained():
    assert asked(None, own()).reasons
