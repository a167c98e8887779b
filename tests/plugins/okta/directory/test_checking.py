"""``check``: what the credential can do, measured, and what would keep a sync from working."""

import pytest

from rolecall import Unavailable
from rolecall_okta import Clock
from rolecall_okta.simulator.faults import Body, Status
from tests.plugins.okta.directory.driving import Directory


@pytest.fixture
def check(served):
    async def run(org, rights="read_only", faults=(), **settings):
        okta = served(org, rights)
        for pattern, fault in faults:
            okta.faults.add(pattern, fault, times=None)
        seen = Directory(okta.domain, settings)
        seen.begin()
        connector = await seen.open()
        try:
            return await connector.rolecall_check()
        finally:
            await connector.rolecall_close()

    return run


@pytest.fixture
def acme(org):
    ada = org.add_user("ada@acme.example", profile={"department": "Ops"})
    org.add_group("staff", members=[ada])
    return org


@pytest.mark.parametrize(
    ("rights", "membership", "provision", "roles", "log"),
    [
        ("super", "yes", "yes", "yes", True),
        ("read_only", "yes", "unknown", "no", True),
        ("read_only_app_group", "yes", "unknown", "no", True),
        ("custom_read_only", "yes", "unknown", "no", False),
        ("custom_iam_read", "no", "unknown", "yes", False),
        ("none", "no", "unknown", "no", False),
    ],
)
async def test_capabilities_are_measured(acme, check, rights, membership, provision, roles, log):
    report = await check(acme, rights)

    assert [(each.name, each.allowed) for each in report.capabilities] == [
        ("Review group membership", membership),
        ("Provision group membership", provision),
        ("Review admin roles", roles),
    ]
    assert report.features == {"system_log": log}
    assert report.app is None
    assert any(problem.fatal for problem in report.problems) == (membership == "no")


async def test_a_credential_that_is_shown_nobody_is_named(acme, check):
    report = await check(acme, faults=[(r"/api/v1/users\?", Body(b"[]"))])

    (problem,) = [problem for problem in report.problems if problem.code == "nobody_listed"]
    assert problem.fatal
    assert "admin role" in problem.hint


async def test_a_misspelt_profile_field_is_a_problem_that_a_sync_survives(acme, check):
    report = await check(acme, profile_fields=["department", "departement"])

    (problem,) = [problem for problem in report.problems if problem.code == "profile_field_empty"]
    assert "departement" in problem.message
    assert not problem.fatal


async def test_rights_that_only_reading_does_not_need_are_named(acme, check):
    report = await check(acme, "super", admin_roles="off")

    assert [problem.code for problem in report.problems] == ["excess_rights"]
    report = await check(acme, "super")
    assert report.problems == [], "reading admin roles takes them"


async def test_an_org_that_does_not_answer_is_no_report(acme, check, monkeypatch):
    async def sleep(_clock, _seconds):
        pass

    monkeypatch.setattr(Clock, "sleep", sleep)

    with pytest.raises(Unavailable):
        await check(acme, faults=[("", Status(503))])
