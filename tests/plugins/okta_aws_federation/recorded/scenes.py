"""A small organisation to provision in, and what is read for a plan, told as conversations tell it."""

import json

from rolecall import EntitlementRef, Ref
from rolecall_okta.simulator import Organisation
from tests.plugins.okta.conversations import by_login

KIND = "okta_aws_federation"
ACCOUNT = "123456789012"
ADMINS = f"aws_{ACCOUNT}_Admin"
ROLES = ("Admin", "Audit", "Read")
ADA, BOB, CYD = (f"{name}@acme.example" for name in ("ada", "bob", "cyd"))
CONVERTS = {"allow_group_to_direct_assignment_conversion": True}


def acme(**settings):
    """Ada, Bob and Cyd; Ada is in "staff", which isn't assigned to the AWS app: ``org, app``."""
    org = Organisation()
    app = org.add_aws_app(roles=ROLES, **settings)
    ada, _, _ = (org.add_user(login) for login in (ADA, BOB, CYD))
    org.add_group("staff", members=[ada])
    return org, app


def mapped(**settings):
    """The same with group mapping, and a native group for the role Admin, in which nobody is."""
    org, app = acme(use_group_mapping=True, **settings)
    org.add_group(ADMINS)
    return org, app


def role(name, account=ACCOUNT):
    return EntitlementRef(Ref("account", account), name)


def member(group):
    return EntitlementRef(Ref("group", group.id), "member")


def assigned(app):
    return EntitlementRef(Ref("app", app.id), "assigned")


READ_MAPPING = ("GET /apps/amazon_aws", "GET /apps/amazon_aws/groups")
"""Where every plan begins: the app, and the groups assigned to it."""
READ_APP = (*READ_MAPPING, "GET /meta/schemas/apps/amazon_aws/default")
"""Without group mapping, its schema too."""


def bears_on(person):
    """What decides about a person: their groups, and their assignment."""
    return f"GET /users/{person}/groups", f"GET /apps/amazon_aws/users/{person}"


def members(group):
    """A group that a plan is for, and its people."""
    return f"GET /groups/{group}", f"GET /groups/{group}/users"


def about(person):
    """A plan for a person, without group mapping."""
    return *READ_APP, *by_login(person), *bears_on(person)


def about_group(group, person):
    """A plan for a group whose one member this is."""
    return *READ_APP, *members(group), *bears_on(person)


def about_mapped(person, *groups):
    """A plan for a person's role that these groups mean."""
    return *READ_MAPPING, *by_login(person), *mapped_groups(*groups), *bears_on(person)


def by_rules(group):
    """The org's group rules, and a group whose members are to change."""
    return "GET /groups/rules", f"GET /groups/{group}"


def mapped_groups(*groups):
    """Groups of the account, by a search; the rules; and each group that means the role."""
    return "GET /groups", "GET /groups/rules", *(f"GET /groups/{group}" for group in groups)


def own(person):
    """A person's assignment, just before or after it is changed."""
    return (f"GET /apps/amazon_aws/users/{person}",)


def own_changed(person, call):
    """A call about a person's assignment, which is read before and after it, and what they have then."""
    return *own(person), call, *own(person), *has_besides(person)


def order():
    """The assigned groups with their profiles and priorities, just before one of them is changed."""
    return ("GET /apps/amazon_aws/groups",)


def ranked(group):
    """A group's assignment after it was changed, and the order of all."""
    return f"GET /apps/amazon_aws/groups/{group}", *order()


def group_changed(group, person, call):
    """A call about a group's assignment, with the order before and after it, and what a member has then."""
    return *order(), call, *ranked(group), *has_now(person)


def member_of(group, person):
    """Whether a person may still be put into a group, or taken out, just before it."""
    return f"GET /groups/{group}", f"GET /users/{person}", f"GET /users/{person}/groups"


def has_now(person):
    """What a person has at the end, by every path."""
    return *has_besides(person), *own(person)


def has_besides(person):
    """The same where their assignment was just read."""
    return f"GET /users/{person}", "GET /apps/amazon_aws", f"GET /users/{person}/groups"


def assigning(person, *roles, **profile):
    """The call that assigns a person to the app, with a profile where there are roles."""
    body = {"id": person, "scope": "USER"}
    return _told(
        "POST /apps/amazon_aws/users", {**body, "profile": _profile(roles, profile)} if roles else body
    )


def changing(person, *roles, scope=None, **profile):
    """The call that gives a person's own assignment a profile, or makes a group's their own with it."""
    body = {} if scope is None else {"scope": scope}
    return _told(f"POST /apps/amazon_aws/users/{person}", {**body, "profile": _profile(roles, profile)})


def patching(group, *roles):
    """The call that replaces the roles of an assigned group, and nothing else."""
    change = {"op": "replace", "path": "/profile/samlRoles", "value": list(roles)}
    return _told(f"PATCH /apps/amazon_aws/groups/{group}", [change])


def putting(group, priority, *roles):
    """The call that assigns a group with a priority, or gives it another profile with its own."""
    body = {"priority": priority}
    told = {**body, "profile": _profile(roles, {})} if roles else body
    return _told(f"PUT /apps/amazon_aws/groups/{group}", told)


def _profile(roles, more):
    return {"samlRoles": list(roles), **more}


def _told(call, body):
    return f"{call} {json.dumps(body)}"
