"""Small organisations of every shape, for property tests."""

from hypothesis import strategies as st

from rolecall_okta.simulator import Organisation

STATUSES = ("ACTIVE", "STAGED", "PROVISIONED", "SUSPENDED", "LOCKED_OUT", "DEPROVISIONED", "PASSWORD_EXPIRED")
NAMES = ("aws_1_Admin", "aws_2_Reader", "staff", "Aws_3", "aws", "x", "")
ROLES = ("SUPER_ADMIN", "READ_ONLY_ADMIN", "HELP_DESK_ADMIN", "NEW_KIND_OF_ADMIN")


@st.composite
def organisations(draw):
    """A few people and groups, native and of a directory, with members and admin roles."""
    org = Organisation(seed=draw(st.integers(0, 9)))
    directory = org.add_directory()
    people = [
        org.add_user(f"user{number}@acme.example", status=status)
        for number, status in enumerate(draw(st.lists(st.sampled_from(STATUSES), min_size=1, max_size=6)))
    ]
    here = [person for person in people if person.status != "DEPROVISIONED"]
    for name in draw(st.lists(st.sampled_from(NAMES), max_size=6)):
        source = directory if draw(st.booleans()) else None
        org.add_group(name, members=[each for each in here if draw(st.booleans())], source=source)
    for holder in [*people, *org.groups[1:]]:
        for role in draw(st.lists(st.sampled_from([*ROLES, "custom"]), max_size=1)):
            if role == "custom":
                org.add_custom_role(holder, "Support", ["okta.users.read"], "Some people")
            else:
                org.add_admin_role(holder, role)
    return org
