"""``check --recipe``: the smallest role for the directory."""

from rolecall_okta.directory.config import SettingsSchema
from rolecall_okta.directory.recipe import recipe
from rolecall_okta.recipes import ResourceNames

NAMES = ResourceNames("00o1")


def settings(**more):
    least = {"domain": "acme.okta.example", "api_token": {"env": "OKTA_API_TOKEN"}}
    return SettingsSchema().load({**least, **more})


def test_reading_admin_roles_takes_one_permission_and_resource_more():
    with_roles, without = (
        recipe("read", NAMES, settings()),
        recipe("read", NAMES, settings(admin_roles="off")),
    )

    assert [name for name, _why in without.permissions] == ["okta.users.read", "okta.groups.read"]
    assert [name for name, _why in with_roles.permissions][2:] == ["okta.iam.read"]
    assert [name for name, _why in with_roles.resources][2:] == ["orn:okta:iam:00o1:contained_resources"]
    assert set(with_roles.scopes) - set(without.scopes) == {"okta.roles.read"}


def test_writing_takes_members_alone():
    write = recipe("write", NAMES, settings())

    assert [name for name, _why in write.permissions] == [
        "okta.groups.members.manage",
        "okta.users.groupMembership.manage",
    ]
    assert "okta.directories.groups.manage" not in write.scopes
    assert "okta.directories.groups.manage" in recipe("write", NAMES, settings(directory_writes=True)).scopes


async def test_org_names_its_own_resources(org, directory):
    seen = directory(org)
    seen.begin()
    connector = await seen.open()
    read = await connector.rolecall_recipe("read")
    await connector.rolecall_close()
    assert read.resources[0][0] == f"orn:okta:directory:{org.id}:users"
