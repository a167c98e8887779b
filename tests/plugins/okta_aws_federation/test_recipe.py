"""``check --recipe``: the smallest role, in the names of this org."""

import pytest

from rolecall_okta import ResourceNames
from rolecall_okta_aws_federation.recipe import recipe_to_write
from tests.plugins.okta_aws_federation.emission import Requests, opened, settings_for


@pytest.fixture
def recipe(served):
    async def ask(org, app, purpose, **settings):
        connector = await opened(served(org, "super").domain, app.id, Requests(), **settings)
        try:
            return await connector.rolecall_recipe(purpose)
        finally:
            await connector.rolecall_close()

    return ask


async def test_reading_takes_three_permissions_over_people_groups_and_the_app(org, recipe):
    app = org.add_aws_app("AWS")

    read = await recipe(org, app, "read")

    assert [name for name, _why in read.permissions] == [
        "okta.users.read",
        "okta.groups.read",
        "okta.apps.read",
    ]
    assert all(why.startswith('"View ') for _name, why in read.permissions), "as the Admin Console calls them"
    assert [name for name, _why in read.resources] == [
        f"orn:okta:directory:{org.id}:users",
        f"orn:okta:directory:{org.id}:groups",
        f"orn:okta:idp:{org.id}:apps:amazon_aws:{app.id}",
    ]
    assert "okta.logs.read" in read.scopes
    assert not [scope for scope in read.scopes if scope.endswith(".manage")]
    assert any("System Log" in note and "Read-only Administrator" in note for note in read.notes)


async def test_writing_is_limited_to_groups_that_give_roles_and_the_app(org, recipe):
    app = org.add_aws_app("AWS", use_group_mapping=True)
    role_group = org.add_group("aws_123456789012_Admin")
    org.add_group("lunch")
    entry = org.add_group("aws-users")
    org.assign_group(app, entry)

    write = await recipe(org, app, "write", directory_writes=True)

    resources = [name for name, _why in write.resources]
    assert [name for name in resources if ":groups:" in name] == sorted(
        f"orn:okta:directory:{org.id}:groups:{group.id}" for group in (role_group, entry)
    )
    assert f"orn:okta:idp:{org.id}:apps:amazon_aws:{app.id}" in resources
    names = [name for name, _why in write.permissions]
    assert "okta.groups.members.manage" in names
    assert "okta.apps.assignment.manage" in names
    assert not [name for name in names if name.endswith(".read")], "the role to read is another assignment"
    assert {"okta.groups.manage", "okta.apps.manage", "okta.directories.groups.manage"} <= set(write.scopes)
    assert any("--recipe read" in note for note in write.notes)


def test_more_groups_than_a_resource_set_can_name_are_all_groups():
    groups = {f"00g{number}": "x" for number in range(1000)}
    names = ResourceNames("00o1", "oktapreview")

    write = recipe_to_write(names, settings_for("acme.okta.example", "0oa1"), groups)

    assert [name for name, _why in write.resources] == [
        "orn:oktapreview:directory:00o1:users",
        "orn:oktapreview:directory:00o1:groups",
        "orn:oktapreview:idp:00o1:apps:amazon_aws:0oa1",
    ]
    assert "1000" in write.resources[1][1]
