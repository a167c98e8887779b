"""Small organisations to give memberships in, and what is read for a plan, told as conversations tell it."""

from rolecall import EntitlementRef, Ref
from rolecall_okta.simulator import Organisation
from tests.plugins.okta.conversations import RIGHTS, by_login

ADA = "ada@acme.example"
NAMES_THERE = ("GET /apps/active_directory/users/ada",)
"""What the directory calls a person."""


def acme():
    """Ada, Bob and Cyd; Ada and Bob are in the group "staff", and nobody is in "admins"."""
    org = Organisation()
    ada, bob, _ = (org.add_user(f"{name}@acme.example") for name in ("ada", "bob", "cyd"))
    org.add_group("staff", members=[ada, bob])
    org.add_group("admins")
    return org


def mastered():
    """The same with two groups of Active Directory: Ada is in "ad-staff", and nobody in "ad-admins"."""
    org = acme()
    directory, ada = org.add_directory(), org.user(ADA)
    org.add_group("ad-staff", source=directory, members=[ada])
    org.add_group("ad-admins", source=directory)
    org.import_people(directory, [ada])
    return org


def member(group):
    return EntitlementRef(Ref("group", group.id), "member")


def read(group):
    """What a plan for Ada and a group is made from, once Ada is found."""
    return f"GET /groups/{group}", "GET /groups/rules", "GET /users/ada/groups"


def looked_again(group):
    """Just before the call: whether all is still so."""
    return f"GET /groups/{group}", "GET /users/ada", "GET /users/ada/groups"


def changed(group, call):
    """The first change of what Ada has: found by her login, planned, looked at again, made, read back."""
    return *by_login("ada"), *read(group), *RIGHTS, *looked_again(group), call, "GET /users/ada/groups"


def changed_by_id(group, call):
    """A further change, with Ada named by her id."""
    return "GET /users/ada", *read(group), *looked_again(group), call, "GET /users/ada/groups"
