"""``confirm``: whether what a run no longer found is gone, by another way than its list."""

from rolecall import EntitlementRef, GrantRef, Ref
from rolecall_okta.simulator.faults import Lacking, Status
from tests.plugins.okta.directory.driving import Directory


def user(each):
    return Ref("user", each.id)


def group(each):
    return Ref("group", each.id)


def in_group(of, who):
    return GrantRef(EntitlementRef(group(of), "member"), user(who))


async def confirmed(domain, suspects, wanted=frozenset(), **settings):
    seen = Directory(domain, settings, wanted)
    seen.begin()
    connector = await seen.open()
    try:
        return list(await connector.rolecall_confirm(suspects, seen))
    finally:
        await connector.rolecall_close()


async def test_each_is_asked_for_by_its_id(org, served):
    ada, bob, cyd = (org.add_user(f"{name}@acme.example") for name in ("ada", "bob", "cyd"))
    staff, other = org.add_group("staff", members=[ada]), org.add_group("other", members=[ada])
    org.add_admin_role(ada, "SUPER_ADMIN")
    role = EntitlementRef(Ref("role", "SUPER_ADMIN"), "assigned")
    okta = served(org)
    org.delete_user(cyd)
    org.delete_group(other)
    bob.status = "DEPROVISIONED"
    suspects = {
        user(ada): True,
        user(cyd): False,
        group(staff): True,
        group(other): False,
        in_group(staff, ada): True,
        in_group(staff, bob): False,
        in_group(other, ada): False,
        in_group(org.everyone, ada): True,
        in_group(org.everyone, bob): False,
        GrantRef(role, user(ada)): True,
        GrantRef(role, user(bob)): False,
        GrantRef(role, group(staff)): False,
        Ref("role", "SUPER_ADMIN"): None,
    }

    assert await confirmed(okta.domain, list(suspects)) == list(suspects.values())


async def test_a_login_that_reads_like_an_id_is_nobody(org, served):
    ada = org.add_user("00uada", id="00uanother")

    assert await confirmed(served(org).domain, [Ref("user", "00uada"), user(ada)]) == [False, True]


async def test_a_group_that_left_the_scope_is_gone(org, served):
    ada = org.add_user("ada@acme.example")
    staff = org.add_group("staff", members=[ada])

    answers = await confirmed(
        served(org).domain, [group(staff), in_group(staff, ada)], group_name_prefixes=["aws_"]
    )

    assert answers == [False, False]


async def test_members_whom_the_list_of_a_group_lacks_each_time_are_there(org, served):
    ada = org.add_user("ada@acme.example")
    staff = org.add_group("staff", members=[ada])
    okta = served(org)
    okta.faults.add("/groups/[^/]+/users", Lacking(frozenset({ada.id})), times=None)

    assert await confirmed(okta.domain, [in_group(staff, ada)]) == [True]


async def test_members_whom_nobody_asks_for_any_more_are_gone(org, served):
    ada = org.add_user("ada@acme.example")
    staff, other = org.add_group("staff", members=[ada]), org.add_group("other", members=[ada])
    suspects = [in_group(staff, ada), in_group(other, ada), in_group(org.everyone, ada), group(other)]

    answers = await confirmed(served(org).domain, suspects, frozenset({group(staff)}), members="on_demand")

    assert answers == [True, False, True, True]


async def test_admin_roles_that_are_not_read_any_more_are_gone(org, served):
    ada = org.add_user("ada@acme.example")
    org.add_admin_role(ada, "SUPER_ADMIN")
    held = GrantRef(EntitlementRef(Ref("role", "SUPER_ADMIN"), "assigned"), user(ada))

    assert await confirmed(served(org).domain, [held], admin_roles="off") == [False]


async def test_what_the_credential_may_not_see_can_not_be_told(org, served):
    staff = org.add_group("staff")
    okta = served(org)
    okta.faults.add(f"/groups/{staff.id}", Status(403, "E0000006"))

    assert await confirmed(okta.domain, [group(staff)]) == [None]
