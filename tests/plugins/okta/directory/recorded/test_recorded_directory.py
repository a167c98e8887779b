"""Whole syncs, runs of what changed, and checks, by recorded conversations."""

import pytest

from rolecall_okta.simulator import Organisation
from tests.plugins.okta.directory import model
from tests.plugins.okta.directory.driving import Directory

pytestmark = [pytest.mark.vcr, pytest.mark.usefixtures("cassette")]

LATER = 3600
ONE_BY_ONE = {"concurrency": 1}
"""So that requests come in the same order each time."""


def acme():
    """Three people in groups of two sources, one of them empty, and admin roles of every sort."""
    org = Organisation()
    source = org.add_directory()
    ada, bob, cyd = (org.add_user(f"{name}@acme.example") for name in ("ada", "bob", "cyd"))
    org.add_user("dan@acme.example", status="DEPROVISIONED")
    bob.status = "SUSPENDED"
    org.add_group("Staff", members=[ada, bob, cyd])
    org.add_group("Imported", members=[cyd], source=source)
    org.add_group("Nobody")
    support = org.add_group("Support", members=[ada, bob])
    org.add_admin_role(ada, "SUPER_ADMIN")
    org.add_admin_role(support, "HELP_DESK_ADMIN")
    org.add_custom_role(support, "Resetter", ["okta.users.credentials.resetPassword"], "Berlin")
    return org


async def test_a_full_sync_gives_the_organisation(okta):
    org = acme()

    seen = await Directory(okta(org), ONE_BY_ONE).sync()

    assert model.given(seen) == model.expected(org)
    assert seen.findings == []
    (people,) = [reading for reading in seen.readings if reading.name == "/api/v1/users"]
    assert (people.pages, people.items) == (2, 4)


async def test_what_changed_is_read_and_nothing_else(okta, clock):
    org = acme()
    seen = await Directory(okta(org), ONE_BY_ONE).sync()
    clock.pass_by(LATER)
    org.add_member(org.group("Nobody"), org.user("cyd@acme.example"))
    org.delete_group(org.group("Imported"))
    org.delete_user(org.user("dan@acme.example"))
    org.add_admin_role(org.user("cyd@acme.example"), "READ_ONLY_ADMIN")
    clock.pass_by(1)

    await seen.sync()

    assert seen.mode == "incremental"
    assert model.given(seen) == model.expected(org)
    assert len([what for what in seen.requests.asked if "/groups/" in what]) == 1


async def test_a_scope_is_asked_for_by_name_and_type(okta):
    org = acme()

    seen = await Directory(
        okta(org), {**ONE_BY_ONE, "group_name_prefixes": ["S"], "group_types": ["OKTA_GROUP"]}
    ).sync()

    assert model.given(seen) == model.expected(org, prefixes=["S"], types=["OKTA_GROUP"])


async def test_a_credential_that_only_reads_is_told_what_it_does_not_see(okta):
    org = acme()

    seen = await Directory(okta(org, "custom_read_only"), ONE_BY_ONE).sync()

    assert sorted(seen.codes()) == ["admin_roles_unreadable", "log_unreadable"]
    assert {ref.type for ref in seen.resources} == {"user", "group"}


async def test_a_check_tells_what_the_credential_can_do(okta):
    seen = Directory(okta(acme(), "read_only"), ONE_BY_ONE)
    seen.begin()
    connector = await seen.open()
    try:
        report = await connector.rolecall_check()
    finally:
        await connector.rolecall_close()

    assert [each.allowed for each in report.capabilities] == ["yes", "unknown", "no"]
    assert report.features == {"system_log": True}
