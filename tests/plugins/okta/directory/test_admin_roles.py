"""Admin roles: direct, through groups, standard and custom; read where the credential may, else said."""

import pytest

from rolecall import ProviderError, Ref
from rolecall_okta.simulator.faults import Before, Body, Html
from tests.plugins.okta.directory.driving import Directory

LATER = 3600


@pytest.fixture
def admins(org):
    """Ada holds a role, and Bob one through a group that holds two."""
    ada, bob = org.add_user("ada@acme.example"), org.add_user("bob@acme.example")
    support = org.add_group("support", members=[bob])
    org.add_admin_role(ada, "SUPER_ADMIN")
    org.add_admin_role(support, "HELP_DESK_ADMIN")
    org.add_custom_role(support, "Resetter", ["okta.users.credentials.resetPassword"], "Berlin")
    return ada, bob, support


def roles(seen):
    """Who holds what, as (role, holder, passes to members)."""
    return {
        (seen.resources[ref.entitlement.resource].display_name, ref.principal.id, grant.expandable)
        for ref, grant in seen.grants.items()
        if ref.entitlement.resource.type == "role"
    }


async def test_roles_are_granted_to_whom_okta_gave_them(org, directory, admins):
    ada, _bob, support = admins

    seen = await directory(org).sync()

    assert roles(seen) == {
        ("Super Administrator", ada.id, False),
        ("Help Desk Administrator", support.id, True),
        ("Resetter on Berlin", support.id, True),
    }


async def test_a_custom_role_is_known_by_its_ids(org, directory, admins):
    custom, resources = org.custom_roles[0], org.resource_sets[0]

    seen = await directory(org).sync()

    profile = seen.resources[Ref("role", f"{custom.id}/{resources.id}")].profile
    assert profile == {
        "type": "CUSTOM",
        "role_id": custom.id,
        "resource_set_id": resources.id,
        "resource_set": "Berlin",
    }


@pytest.mark.parametrize(
    ("rights", "readable"),
    [("super", True), ("read_only", False), ("read_only_app_group", False), ("custom_read_only", False)],
)
async def test_a_credential_that_may_not_read_roles_still_syncs_the_rest(org, directory, rights, readable):
    ada = org.add_user("ada@acme.example")
    org.add_admin_role(ada, "SUPER_ADMIN")

    seen = await directory(org, rights).sync()

    assert (Ref("role", "SUPER_ADMIN") in seen.resources) == readable
    assert ("admin_roles_unreadable" in seen.codes()) == (not readable)
    assert Ref("user", ada.id) in seen.resources


async def test_roles_that_can_not_be_read_are_said_in_every_run_and_asked_for_in_full_ones(
    org, directory, clock
):
    org.add_user("ada@acme.example")
    seen = await directory(org, "read_only").sync()
    clock.pass_by(LATER)

    await seen.sync()

    assert (seen.mode, seen.codes()) == ("incremental", ["admin_roles_unreadable"])
    assert not seen.asked("assignees/users")


async def test_roles_are_not_asked_for_when_switched_off(org, directory, admins):
    seen = await directory(org, admin_roles="off").sync()

    assert not roles(seen)
    assert seen.codes() == []
    assert not [what for what in seen.requests.asked if "iam" in what or what.endswith("/roles")]


async def test_only_the_roles_of_whom_the_log_names_are_read_again(org, directory, admins, clock):
    ada, bob, support = admins
    seen = await directory(org).sync()
    clock.pass_by(LATER)
    org.add_admin_role(bob, "READ_ONLY_ADMIN")
    org.remove_admin_role(ada, ada.roles[0])
    clock.pass_by(2)

    await seen.sync()

    assert seen.mode == "incremental"
    read = [what for what in seen.requests.asked if what.endswith("/roles")]
    assert sorted(read) == sorted(f"GET /api/v1/users/{user.id}/roles" for user in (ada, bob))
    assert ("Read-only Administrator", bob.id, False) in roles(seen)
    assert Ref("role", "SUPER_ADMIN") not in seen.resources, "nobody holds it any more"
    assert ("Help Desk Administrator", support.id, True) in roles(seen)


async def test_a_group_that_gets_a_role_is_seen_though_no_clock_moves(org, directory, clock):
    group = org.add_group("staff", members=[org.add_user("ada@acme.example")])
    seen = await directory(org).sync()
    clock.pass_by(LATER)
    org.add_admin_role(group, "USER_ADMIN")

    await seen.sync()

    assert seen.mode == "incremental"
    assert ("Group Administrator", group.id, True) in roles(seen)


async def test_a_custom_role_of_a_group_is_seen_by_its_binding_alone(org, directory, clock):
    group = org.add_group("staff", members=[org.add_user("ada@acme.example")])
    seen = await directory(org).sync()
    clock.pass_by(LATER)
    org.log.loses = lambda kind: kind.startswith("group.privilege.")
    org.add_custom_role(group, "Resetter", ["okta.users.credentials.resetPassword"], "Berlin")

    await seen.sync()

    assert seen.mode == "incremental"
    assert ("Resetter on Berlin", group.id, True) in roles(seen)


async def test_a_binding_of_nobody_knows_whom_reads_everything(org, directory, admins, clock):
    seen = await directory(org).sync()
    clock.pass_by(LATER)
    org.log.write("iam.resourceset.bindings.add", [])

    await seen.sync()

    assert (seen.mode, seen.why) == (
        "full",
        "the System Log tells of a custom admin role, but not whose it is",
    )


async def test_an_admin_whom_the_list_of_admins_lacks_keeps_the_role(org, served, admins, clock):
    ada, bob, _ = admins
    okta = served(org)
    seen = await Directory(okta.domain).sync()
    clock.pass_by(LATER)
    org.add_custom_role(bob, "Reader", ["okta.users.read"], "Paris")
    okta.faults.add("/iam/assignees/users", Body(b'{"value": []}'), times=None)

    await seen.sync()

    assert seen.mode == "incremental"
    assert {("Super Administrator", ada.id, False), ("Reader on Paris", bob.id, False)} < roles(seen)


async def test_roles_of_a_group_outside_the_scope_are_left_out(org, directory, admins, clock):
    ada, _bob, support = admins
    seen = await directory(org, group_name_prefixes=["aws_"]).sync()
    assert roles(seen) == {("Super Administrator", ada.id, False)}
    assert "role" in seen.partials
    clock.pass_by(LATER)
    org.add_admin_role(support, "USER_ADMIN")

    await seen.sync()

    assert seen.mode == "incremental"
    assert roles(seen) == {("Super Administrator", ada.id, False)}


async def test_an_admin_who_vanishes_is_dropped_and_found(org, served, clock):
    ada, bob = org.add_user("ada@acme.example"), org.add_user("bob@acme.example")
    org.add_admin_role(bob, "SUPER_ADMIN")
    okta = served(org)
    okta.faults.add("/api/v1/users[?]", Before(lambda _: org.delete_user(bob)))

    seen = await Directory(okta.domain).sync()

    assert Ref("user", bob.id) not in seen.resources
    assert not roles(seen)
    assert Ref("user", ada.id) in seen.resources


async def test_a_role_of_which_okta_says_nothing_is_found(org, directory):
    ada = org.add_user("ada@acme.example")
    role = org.add_admin_role(ada, "SUPER_ADMIN")
    role.raw = {"type": None}

    seen = await directory(org).sync()

    assert seen.codes() == ["admin_role_unnamed"]
    assert not roles(seen)


async def test_an_inactive_assignment_is_no_role(org, directory):
    ada = org.add_user("ada@acme.example")
    org.add_admin_role(ada, "SUPER_ADMIN").raw = {"status": "INACTIVE"}

    assert not roles(await directory(org).sync())


async def test_a_proxys_403_fails_the_run_instead_of_emptying_the_roles(org, served):
    ada = org.add_user("ada@acme.example")
    org.add_admin_role(ada, "SUPER_ADMIN")
    okta = served(org)
    seen = await Directory(okta.domain).sync()
    okta.faults.add("/iam/assignees", Html(403), times=None)

    with pytest.raises(ProviderError, match="403"):
        await seen.sync("full")
