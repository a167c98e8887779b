"""What a credential may write is told by scopes and roles, before any write."""

import pytest

from rolecall import AuthRefused
from rolecall_okta import (
    PROVISION_ASSIGNMENT,
    PROVISION_DIRECTORY,
    PROVISION_MEMBERSHIP,
    READ_GROUPS,
    READ_LOGS,
    WRITE_APPS,
    WRITE_DIRECTORIES,
    WRITE_GROUPS,
    OktaClient,
    Rights,
    Scopes,
    SswsAuth,
    excess_rights,
    may_write,
    missing_scopes,
    normalise_domain,
    read_owner,
    read_rights,
)
from rolecall_okta.rows import RoleRow
from rolecall_okta.simulator import Organisation, Token, serve
from tests.plugins.okta.conftest import TOKEN, Watcher
from tests.plugins.okta.service_app import CLIENT_ID, signed_in

MEMBERS = "okta.groups.members.manage"
ASSIGNING = (
    "okta.apps.assignment.manage",
    "okta.users.appAssignment.manage",
    "okta.groups.appAssignment.manage",
)
EVERY_SCOPE = frozenset({WRITE_GROUPS, WRITE_APPS, WRITE_DIRECTORIES})


def role(kind: str) -> RoleRow:
    return RoleRow("r", kind, None, "ACTIVE", "USER", "cr0" if kind == "CUSTOM" else None, None)


def rights(
    *roles: str, permissions: tuple[str, ...] = (), granted: frozenset[str] | None = None, app: bool = False
) -> Rights:
    scopes = Scopes(EVERY_SCOPE, granted) if app or granted is not None else None
    return Rights(None, tuple(map(role, roles)), frozenset(permissions), scopes)


@pytest.mark.parametrize(
    ("held", "capability", "allowed"),
    [
        pytest.param(rights("USER_ADMIN"), PROVISION_MEMBERSHIP, "yes", id="group admin"),
        pytest.param(rights("READ_ONLY_ADMIN"), PROVISION_MEMBERSHIP, "no", id="read-only"),
        pytest.param(rights("APP_ADMIN"), PROVISION_ASSIGNMENT, "yes", id="app admin"),
        pytest.param(rights("APP_ADMIN"), PROVISION_MEMBERSHIP, "no", id="app admin, groups"),
        pytest.param(rights("CUSTOM", permissions=(MEMBERS,)), PROVISION_MEMBERSHIP, "yes", id="custom"),
        pytest.param(
            rights("CUSTOM", permissions=("okta.groups.read",)),
            PROVISION_MEMBERSHIP,
            "no",
            id="custom, reads",
        ),
        pytest.param(
            rights("CUSTOM", permissions=ASSIGNING), PROVISION_ASSIGNMENT, "yes", id="custom, assigns"
        ),
        pytest.param(
            rights("CUSTOM", permissions=ASSIGNING[:1]),
            PROVISION_ASSIGNMENT,
            "no",
            id="custom, app side only",
        ),
        pytest.param(
            rights("CUSTOM", permissions=ASSIGNING[:2]),
            PROVISION_ASSIGNMENT,
            "unknown",
            id="custom, people only",
        ),
        pytest.param(rights(), PROVISION_MEMBERSHIP, "unknown", id="no role listed"),
        pytest.param(
            Rights(None, (role("CUSTOM"),), None, None, "x"), PROVISION_MEMBERSHIP, "unknown", id="unreadable"
        ),
        pytest.param(Rights(None, None, why_not="x"), PROVISION_MEMBERSHIP, "unknown", id="roles unreadable"),
        pytest.param(rights("SUPER_ADMIN"), PROVISION_DIRECTORY, "no", id="directory takes no token"),
        pytest.param(
            rights("SUPER_ADMIN", granted=EVERY_SCOPE), PROVISION_DIRECTORY, "yes", id="directory, super"
        ),
        pytest.param(
            rights("USER_ADMIN", granted=EVERY_SCOPE),
            PROVISION_DIRECTORY,
            "unknown",
            id="directory, group admin",
        ),
        pytest.param(
            rights("SUPER_ADMIN", granted=frozenset({WRITE_APPS})), PROVISION_MEMBERSHIP, "no", id="no scope"
        ),
        pytest.param(
            rights("SUPER_ADMIN", granted=frozenset({WRITE_APPS})), PROVISION_ASSIGNMENT, "yes", id="scope"
        ),
        pytest.param(rights("SUPER_ADMIN", app=True), PROVISION_MEMBERSHIP, "yes", id="scopes not known"),
    ],
)
def test_capability_follows_from_scopes_roles_and_permissions(
    held: Rights, capability: str, allowed: str
) -> None:
    told = may_write(held, capability)
    assert (told.name, told.allowed) == (capability, allowed)
    assert told.evidence


def test_missing_scope_is_named_as_the_evidence() -> None:
    evidence = may_write(rights("SUPER_ADMIN", granted=frozenset()), PROVISION_MEMBERSHIP).evidence
    assert "okta.groups.manage" in evidence


@pytest.mark.parametrize(
    ("permissions", "capability", "missing"),
    [
        ((), PROVISION_MEMBERSHIP, MEMBERS),
        (ASSIGNING[1:], PROVISION_ASSIGNMENT, "okta.apps.assignment.manage"),
        (ASSIGNING[:2], PROVISION_ASSIGNMENT, "not for groups: without okta.groups.appAssignment.manage"),
        (ASSIGNING[::2], PROVISION_ASSIGNMENT, "not for people: without okta.users.appAssignment.manage"),
    ],
)
def test_the_smallest_permission_that_is_missing_is_named(
    permissions: tuple[str, ...], capability: str, missing: str
) -> None:
    told = may_write(rights("CUSTOM", permissions=permissions), capability)
    assert told.evidence.endswith(missing)


def test_scope_to_manage_holds_the_one_to_read_and_others_are_missed_by_name() -> None:
    held = rights(granted=frozenset({WRITE_GROUPS}))
    problems = missing_scopes(
        held, {READ_GROUPS: "", READ_LOGS: "every run reads everything", "okta.x.read": ""}
    )
    assert [(problem.code, problem.fatal) for problem in problems] == [
        ("scope_missing", False),
        ("scope_missing", True),
    ]
    assert "okta.logs.read: every run reads everything" in problems[0].message
    assert missing_scopes(rights("SUPER_ADMIN"), {READ_GROUPS: ""}) == [], "a token has no scopes"


def test_scopes_to_write_are_more_than_a_sync_needs() -> None:
    (problem,) = excess_rights(rights("READ_ONLY_ADMIN", granted=frozenset({WRITE_APPS, READ_LOGS})))
    assert "okta.apps.manage" in problem.message
    assert "okta.logs.read" not in problem.message
    assert not problem.fatal


@pytest.fixture
def org() -> Organisation:
    org = Organisation()
    org.add_group("staff", members=[org.add_user("ada@acme.example")])
    return org


async def test_permissions_of_a_custom_role_are_read(org: Organisation, auth: SswsAuth) -> None:
    owner = org.add_user("service@acme.example")
    org.add_custom_role(owner, "Rolecall", [MEMBERS, "okta.groups.read"])
    with serve(org, {TOKEN: Token("super", owner)}) as served:
        async with OktaClient(normalise_domain(served.domain), auth, Watcher()) as okta:
            held = await read_rights(okta)
    assert held.identity is not None
    assert held.identity.login == "service@acme.example"
    assert held.permissions == {MEMBERS, "okta.groups.read"}
    assert MEMBERS in may_write(held, PROVISION_MEMBERSHIP).evidence


@pytest.mark.parametrize("ungranted", ["refused", "dropped"])
async def test_scopes_and_roles_of_an_app_are_read_without_a_write(org: Organisation, ungranted: str) -> None:
    org.behaviour.ungranted_scopes = ungranted
    scopes = {"okta.users.read", "okta.groups.read", "okta.roles.read"}
    with signed_in(org, scopes=scopes) as app:
        async with app.client(app.credential(reading=scopes)) as okta:
            held = await read_rights(okta)
        assert held.scopes is not None
        assert held.scopes.granted == scopes
        assert held.identity is not None
        assert (held.identity.id, held.identity.rights) == (CLIENT_ID, ("SUPER_ADMIN",))
        assert may_write(held, PROVISION_MEMBERSHIP).allowed == "no"
        assert {write.path for write in app.okta.writes} <= {"/oauth2/v1/token"}


async def test_app_with_scopes_but_no_role_is_told_so(org: Organisation) -> None:
    with signed_in(org, profile="none") as app:
        async with app.client() as okta:
            with pytest.raises(AuthRefused, match=f"{CLIENT_ID} has scopes but no admin role") as caught:
                await read_owner(okta)
    assert caught.value.code == "no_admin_role"
    assert "Admin roles" in str(caught.value.hint)


async def test_app_is_its_own_owner(org: Organisation) -> None:
    with signed_in(org) as app:
        async with app.client() as okta:
            assert (await read_owner(okta)).id == CLIENT_ID
