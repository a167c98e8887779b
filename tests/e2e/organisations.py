"""Organisations that the acceptance of the main job names, each built by hand."""

from dataclasses import dataclass

from rolecall_okta.simulator import Organisation
from rolecall_okta.simulator.objects import App

ACCOUNT = "123456789012"
OTHER = "000011112222"
THIRD = "333344445555"
ROLE_FIRST = r"^aws\#\S+\#(?{{role}}[\w\-]+)\#(?{{accountid}}\d+)$"
ACCOUNT_FIRST = r"aws_(?{{accountid}}\d+)_(?{{role}}[a-zA-Z0-9+=,.@\-_]+)"
DOUBLED = ROLE_FIRST.replace("\\", "\\\\")
HOSTILE = [
    "arn:aws:iam::123456789012:role/already/an-arn",
    "with space",
    "with:colon",
    "ünïcode-роль-役割",
    "nul\x00inside",
    "lone\ud800surrogate",
    "\x1b[31mred\x1b[0m",
    "<script>alert(1)</script>",
    "=cmd|' /C calc'!A0",
    "\u202egnp.exe",
]


@dataclass(frozen=True)
class Case:
    """An organisation and the AWS app whose access is asked for."""

    org: Organisation
    app: App


def single_account(*, join_all_roles: bool = False, union: bool = False) -> Case:
    """Priorities, overlaps, people direct and in groups, default roles, empty roles, odd statuses."""
    org = Organisation()
    app = org.add_aws_app(join_all_roles=join_all_roles, union=union)
    people = [
        org.add_user(f"person{number}@acme.example", status=status)
        for number, status in enumerate(
            ["ACTIVE", "ACTIVE", "ACTIVE", "ACTIVE", "ACTIVE", "SUSPENDED", "STAGED", "DEPROVISIONED",
             "LOCKED_OUT", "PASSWORD_EXPIRED", "RECOVERY", "PROVISIONED", "ACTIVE"]
        )
    ]  # fmt: skip
    admins = org.add_group("admins", members=[people[0], people[1], people[5]])
    readers = org.add_group("readers", members=people[1:10])
    roleless = org.add_group("roleless", members=[people[4], people[10], people[11]])
    empty = org.add_group("empty")
    org.assign_group(app, readers, priority=1, saml_roles=["ReadOnly", "Billing", ""])
    org.assign_group(app, admins, priority=0, saml_roles=["Admin", "Billing", "Admin"], role="Fallback")
    org.assign_group(app, roleless, priority=2, role="Fallback")
    org.assign_group(app, empty, priority=3, saml_roles=["Nobody"])
    org.assign_user(app, people[2], saml_roles=["Direct", "ReadOnly"], role="Default")
    org.assign_user(app, people[3], saml_roles=[], role="Default")
    org.assign_user(app, people[12], saml_roles=None, role=None)
    org.add_user("not.assigned@acme.example")
    return Case(org, app)


def hostile_names() -> Case:
    """Role names, logins and group names that hold whatever text can hold."""
    org = Organisation()
    app = org.add_aws_app()
    for number, text in enumerate(HOSTILE):
        person = org.add_user(f"h{number}@acme.example", first_name=text, last_name="\x1b]0;owned\x07")
        org.assign_user(app, person, saml_roles=[text])
        group = org.add_group(text or "nameless", members=[person])
        org.assign_group(app, group, saml_roles=[text, "Shared"])
    bare = org.add_user("bare@acme.example", profile=None)
    org.assign_user(app, bare, saml_roles=["Bare"])
    for number, roles in enumerate([None, "Admin", 7, {"a": 1}, ["Good", 3, None, ["x"], ""]]):
        person = org.add_user(f"odd{number}@acme.example")
        org.assign_user(app, person, saml_roles=roles)
    profileless = org.add_user("profileless@acme.example")
    org.assign_user(app, profileless, profile=None)
    return Case(org, app)


def group_mapping(group_filter: str, name: str) -> Case:
    """Role groups, decoys by source, entry groups, and people in role groups who aren't assigned.

    Args:
        group_filter: The app's groupFilter.
        name: A format for group names, with ``{account}`` and ``{role}``.
    """
    org = Organisation()
    directory = org.add_directory()
    app = org.add_aws_app(
        use_group_mapping=True,
        join_all_roles=True,
        group_filter=group_filter,
        app_filter=" OKTA , active_directory",
    )
    imposter = org.add_app("workday", "Workday")
    people = [org.add_user(f"person{number}@acme.example") for number in range(8)]
    people[3].status = "SUSPENDED"
    entry = org.add_group("AWS users", members=people[:6])
    org.assign_group(app, entry, priority=0, saml_roles=["Ignored"])
    org.assign_user(app, people[6], saml_roles=["AlsoIgnored"])

    def role_group(account: str, role: str, members: list, **more: object) -> None:
        org.add_group(name.format(account=account, role=role), members=members, **more)

    role_group(ACCOUNT, "Admin", people[:2] + people[7:])
    role_group(ACCOUNT, "ReadOnly", people)
    role_group(ACCOUNT, "ReadOnly", people[2:4], source=directory)
    role_group(OTHER, "Power-User", people[4:7], source=directory)
    role_group(OTHER, "Secret", people, source=imposter)
    role_group(THIRD, "Empty", [])
    role_group("42", "ShortAccount", people[:1])
    org.add_group("prefix " + name.format(account=ACCOUNT, role="Admin") + " suffix", members=people[5:6])
    org.add_group("unrelated", members=people)
    return Case(org, app)


def many_groups() -> Case:
    """Few people in more than two pages of groups, so that the person's side is the cheaper one."""
    org = Organisation()
    app = org.add_aws_app(use_group_mapping=True, app_filter="okta")
    people = [org.add_user(f"person{number}@acme.example") for number in range(3)]
    for number in range(450):
        org.add_group(f"aws_{ACCOUNT}_Role{number:03}", members=people[: number % 3 + 1])
    for person in people[:2]:
        org.assign_user(app, person)
    return Case(org, app)


def many_assigned_groups(*, join_all_roles: bool) -> Case:
    """One person in 230 assigned groups of one account."""
    org = Organisation()
    app = org.add_aws_app(join_all_roles=join_all_roles)
    people = [org.add_user(f"person{number}@acme.example") for number in range(2)]
    for number in range(230):
        group = org.add_group(f"team {number}", members=people[: 1 + number % 2])
        org.assign_group(app, group, saml_roles=[f"Role{number % 7}"])
    return Case(org, app)


CASES = {
    "single account": single_account,
    "single account, joinAllRoles": lambda: single_account(join_all_roles=True),
    "single account, schema union": lambda: single_account(union=True),
    "single account, joinAllRoles and union": lambda: single_account(join_all_roles=True, union=True),
    "hostile names": hostile_names,
    "mapping, account first, not anchored": lambda: group_mapping(ACCOUNT_FIRST, "aws_{account}_{role}"),
    "mapping, account first, anchored": lambda: group_mapping(f"^{ACCOUNT_FIRST}$", "aws_{account}_{role}"),
    "mapping, role first, anchored": lambda: group_mapping(ROLE_FIRST, "aws#acme#{role}#{account}"),
    "mapping, role first, not anchored": lambda: group_mapping(ROLE_FIRST[1:-1], "aws#acme#{role}#{account}"),
    "mapping, doubled backslashes": lambda: group_mapping(DOUBLED, "aws#acme#{role}#{account}"),
    "mapping, people in over 200 groups": many_groups,
    "single account, people in over 200 groups": lambda: many_assigned_groups(join_all_roles=False),
    "joinAllRoles, people in over 200 groups": lambda: many_assigned_groups(join_all_roles=True),
}
