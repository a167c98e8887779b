"""Small organisations in which everything occurs that decides about roles, as the rules know them."""

from hypothesis import strategies as st

from rolecall_okta.simulator import Organisation
from rolecall_okta_aws_federation.federation import AwsRole
from rolecall_okta_aws_federation.mode import read_mode
from rolecall_okta_aws_federation.payloads import OktaAppSchema
from rolecall_okta_aws_federation.provisioning.org_now import AppGroup, OrgNow, Person, roles_of
from tests.plugins.okta_aws_federation.login_oracle import DIRECT, login_rows

ACCOUNT = "123456789012"
ROLES = ("Admin", "Audit", "Read")
PEOPLE = 3
GROUPS = 4

PROFILES = st.fixed_dictionaries(
    {},
    optional={
        "samlRoles": st.one_of(st.none(), st.lists(st.sampled_from((*ROLES, "")), max_size=3)),
        "role": st.one_of(st.none(), st.sampled_from(ROLES)),
    },
)
"""App profiles, odd ones too."""


@st.composite
def organisations(draw, mapping=None):
    """An org of three people and four groups, and its AWS app."""
    org = Organisation()
    mapping = draw(st.booleans()) if mapping is None else mapping
    app = org.add_aws_app(
        use_group_mapping=mapping,
        join_all_roles=draw(st.booleans()),
        union=draw(st.booleans()),
        app_filter=draw(st.sampled_from(["okta", "active_directory", "okta, active_directory", None])),
        roles=ROLES,
    )
    org.behaviour.absent_keys = draw(st.sampled_from(["kept", "dropped"]))
    org.behaviour.patch_absent = draw(st.sampled_from(["sets", "refused"]))
    org.behaviour.put_without_profile = draw(st.sampled_from(["clears", "keeps"]))
    directory = org.add_directory()
    people = [org.add_user(f"person-{number}@acme.example") for number in range(PEOPLE)]
    for number in range(GROUPS):
        named = f"aws_{ACCOUNT}_{draw(st.sampled_from(ROLES))}" if draw(st.booleans()) else f"team-{number}"
        source = directory if draw(st.integers(0, 4)) == 0 else None
        members = [person for person in people if draw(st.booleans())]
        group = org.add_group(named, members=members, source=source)
        if draw(st.booleans()):
            org.assign_group(app, group, profile=draw(PROFILES))
    for person in people:
        if draw(st.booleans()):
            org.assign_user(app, person, profile=draw(PROFILES))
    return org, app


def org_now(org, app):
    """What a reading of everybody gives the rules, taken from the organisation's own data."""
    mode, _ = read_mode(OktaAppSchema().load({"id": app.id, "settings": {"app": app.settings}}).settings)
    assigned = {
        group_id: AppGroup(group_id, held.group.name or "", held.priority, held.profile)
        for group_id, held in app.assigned_groups.items()
    }
    meanings = _meanings(org, mode) if app.settings["useGroupMapping"] else {}
    shown = {held.user.id: held for held in org.app_users(app)}
    people = {}
    for user in org.users:
        held, groups = shown.get(user.id), {group.id for group in org.groups_of(user)}
        scope, profile = (held.scope, held.profile) if held else (None, None)
        people[user.id] = Person(user.id, user.login, user.status, scope, profile, frozenset(groups))
    loaded = OktaAppSchema().load({"id": app.id, "status": app.status, "settings": {"app": app.settings}})
    union = app.schema["samlRoles"]["union"] == "ENABLE"
    return OrgNow(loaded, mode, union, assigned, meanings, people, ROLES)


def _meanings(org, mode):
    found = {}
    for group in org.groups:
        named = mode.group_filter.read(group.name or "")
        source = group.source.name if group.source else None
        if named is not None and mode.app_filter.admits(group.type, source):
            found[group.id] = AwsRole(named.account, named.role)
    return found


def by_rules(org):
    """Person's id → role → paths, as the rules have it."""
    return {user_id: roles_of(org, person) for user_id, person in org.people.items()}


def by_login(org, app):
    """The same, as a login would have it."""
    found = {user.id: {} for user in org.users}
    for row in login_rows(org, app):
        paths = frozenset(path.get("group_id", DIRECT) for path in row["via"])
        found[row["user_id"]][AwsRole(row["account_id"], row["role"])] = paths
    return found


def in_ids(held):
    """Paths as ids; a direct one as the oracle writes it."""
    return {
        user_id: {
            role: frozenset(DIRECT if path.type == "user" else path.id for path in paths)
            for role, paths in roles.items()
        }
        for user_id, roles in held.items()
    }
