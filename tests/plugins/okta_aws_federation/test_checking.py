"""``check`` measures: every capability has the call and the answer behind it."""

from dataclasses import replace

import pytest

from rolecall import Unavailable
from rolecall_okta.simulator import Token
from rolecall_okta.simulator.faults import Status
from tests.plugins.okta_aws_federation.emission import Requests, opened

NAMES = [
    "Review group membership",
    "Provision group membership",
    "Review application assignment",
    "Provision application assignment",
    "Review admin roles",
]


async def checked(domain, app_id):
    connector = await opened(domain, app_id, Requests())
    try:
        return await connector.rolecall_check()
    finally:
        await connector.rolecall_close()


def codes(report, *, fatal):
    return [problem.code for problem in report.problems if problem.fatal is fatal]


@pytest.fixture
def app(org):
    app = org.add_aws_app("AWS")
    ada = org.add_user("ada@acme.example")
    org.assign_group(app, org.add_group("admins", members=[ada]), saml_roles=["Admin"])
    return app


@pytest.mark.parametrize(
    ("rights", "allowed", "fatal", "warned"),
    [
        pytest.param("super", ["yes"] * 5, [], ["excess_rights"], id="super admin"),
        pytest.param("read_only", ["yes", "unknown", "yes", "unknown", "no"], [], [], id="read-only admin"),
        pytest.param(
            "read_only_app_group",
            ["yes", "unknown", "yes", "unknown", "no"],
            [],
            [],
            id="with app and group admin",
        ),
        pytest.param(
            "custom_read_only", ["yes", "unknown", "yes", "unknown", "no"], [], [], id="custom role"
        ),
        pytest.param(
            "custom_iam_read",
            ["no", "unknown", "unknown", "unknown", "yes"],
            ["right_missing"],
            [],
            id="only roles",
        ),
        pytest.param(
            "none", ["no", "unknown", "unknown", "unknown", "no"], ["right_missing"], [], id="no role at all"
        ),
    ],
)
async def test_each_kind_of_credential_is_measured(org, app, served, rights, allowed, fatal, warned):
    report = await checked(served(org, rights).domain, app.id)

    assert [capability.name for capability in report.capabilities] == NAMES
    assert [capability.allowed for capability in report.capabilities] == allowed
    assert codes(report, fatal=True) == fatal
    assert codes(report, fatal=False) == warned
    assert all(capability.evidence for capability in report.capabilities)


@pytest.mark.parametrize(
    ("roles", "membership", "assignment"),
    [
        pytest.param(["READ_ONLY_ADMIN"], "no", "no", id="read-only"),
        pytest.param(["READ_ONLY_ADMIN", "APP_ADMIN", "USER_ADMIN"], "yes", "yes", id="app and group admin"),
        pytest.param(["GROUP_MEMBERSHIP_ADMIN"], "yes", "no", id="group membership admin"),
        pytest.param(["APP_ADMIN"], "no", "yes", id="app admin"),
        pytest.param([], "unknown", "unknown", id="none listed"),
    ],
)
async def test_writing_is_told_by_the_roles_that_okta_lists(org, app, served, roles, membership, assignment):
    owner = org.add_user("service@acme.example")
    for role in roles:
        org.add_admin_role(owner, role)

    report = await checked(served(org, Token("super", owner)).domain, app.id)

    assert (report.capabilities[1].allowed, report.capabilities[3].allowed) == (membership, assignment)
    assert report.principal.login == "service@acme.example"
    assert report.principal.rights == tuple(roles)


@pytest.mark.parametrize(
    ("permissions", "membership", "assignment"),
    [
        pytest.param(["okta.groups.read"], "no", "no", id="reads"),
        pytest.param(["okta.groups.members.manage"], "yes", "no", id="members"),
        pytest.param(
            ["okta.apps.assignment.manage", "okta.users.appAssignment.manage"], "no", "unknown", id="people's"
        ),
        pytest.param(
            [
                "okta.apps.assignment.manage",
                "okta.users.appAssignment.manage",
                "okta.groups.appAssignment.manage",
            ],
            "no",
            "yes",
            id="assignments",
        ),
    ],
)
async def test_what_a_custom_role_permits_is_read(org, app, served, permissions, membership, assignment):
    owner = org.add_user("service@acme.example")
    org.add_custom_role(owner, "AWS admin", permissions)

    report = await checked(served(org, Token("super", owner)).domain, app.id)

    assert (report.capabilities[1].allowed, report.capabilities[3].allowed) == (membership, assignment)
    assert "CUSTOM" in report.capabilities[1].evidence or permissions[0] in report.capabilities[1].evidence


async def test_a_list_that_is_shorter_than_it_must_be_is_no_proof(org, app, served):
    report = await checked(served(org, Token("read_only", groups=frozenset())).domain, app.id)

    assert report.capabilities[0].allowed == "no"
    assert "empty list" in report.capabilities[0].evidence


async def test_the_app_and_its_settings_are_shown(org, served):
    app = org.add_aws_app("AWS", use_group_mapping=True, app_filter="okta", settings={"secretKey": "hidden"})

    report = await checked(served(org).domain, app.id)

    assert report.app == {"id": app.id, "name": "amazon_aws", "label": "AWS", "status": "ACTIVE"}
    assert report.features["use_group_mapping"] is True
    assert report.features["saml_roles_union"] is False
    assert "hidden" not in repr(report)
    assert report.problems == []


async def test_settings_that_are_odd_are_problems_that_a_sync_survives(org, served):
    app = org.add_aws_app(use_group_mapping=True, group_filter="(", status="INACTIVE")

    report = await checked(served(org).domain, app.id)

    assert codes(report, fatal=False) == ["app_inactive", "group_filter_invalid"]
    assert codes(report, fatal=True) == []


@pytest.mark.parametrize("app_id", ["0oaNoSuchApp", "workday"])
async def test_without_the_app_the_rest_is_still_measured(org, served, app_id):
    other = org.add_app("workday", "Workday")
    wanted = other.id if app_id == "workday" else app_id

    report = await checked(served(org).domain, wanted)

    assert report.app is None
    assert codes(report, fatal=True) == ["not_an_aws_app" if app_id == "workday" else "app_not_found"]
    assert report.capabilities[0].allowed == "yes"
    assert report.capabilities[2].allowed == "unknown"


async def test_a_refused_token_is_one_problem(org, app, served):
    okta = served(org)
    okta.faults.add("", Status(401, "E0000011"), times=None)

    report = await checked(okta.domain, app.id)

    assert codes(report, fatal=True)[0] == "auth_refused"
    assert {capability.allowed for capability in report.capabilities} <= {"no", "unknown"}


async def test_a_provider_that_can_not_be_reached_is_an_error(app):
    with pytest.raises(Unavailable):
        await checked("127.0.0.1:9", app.id)


async def test_a_corrected_domain_is_said(org, app, served):
    connector = await opened(served(org).domain, app.id, Requests())
    domain = replace(connector._settings.domain, note="the Admin Console's host was put right")
    connector._settings = replace(connector._settings, domain=domain)

    report = await connector.rolecall_check()
    await connector.rolecall_close()

    assert codes(report, fatal=False) == ["domain_corrected"]
