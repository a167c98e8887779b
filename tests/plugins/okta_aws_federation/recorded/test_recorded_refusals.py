"""What the AWS connector refuses to give and to take, by recorded conversations: nothing is written."""

import pytest

from rolecall import EntitlementRef, Held, Ref, Refused
from tests.plugins.okta.conversations import RIGHTS, by_login, is_write, ref_of
from tests.plugins.okta_aws_federation.recorded.scenes import (
    ADA,
    ADMINS,
    BOB,
    KIND,
    READ_APP,
    READ_MAPPING,
    about_group,
    about_mapped,
    acme,
    assigned,
    assigning,
    bears_on,
    by_rules,
    mapped,
    member,
    own,
    role,
)

READS = "custom:okta.users.read,okta.groups.read,okta.apps.read"

pytestmark = [pytest.mark.vcr, pytest.mark.usefixtures("cassette")]


def staff_with(*roles, **settings):
    """Ada is assigned by the group "staff", with these roles."""

    def scene():
        org, app = acme(**settings)
        org.assign_group(app, org.group("staff"), saml_roles=list(roles))
        return org, app

    return scene


def status(word):
    def scene():
        org, app = acme()
        org.user(ADA).status = word
        return org, app

    return scene


def namesakes():
    org, app = acme()
    org.add_user("ada.too@acme.example", profile={"email": ADA})
    return org, app


def inactive():
    return acme(status="INACTIVE")


def without_provider():
    return acme(identity_provider_arn=None)


def no_role_group():
    org, app = mapped()
    org.rename(org.group(ADMINS), f"{ADMINS}s")
    return org, app


def several_role_groups():
    org, app = mapped()
    org.add_group(f"x{ADMINS}")
    return org, app


def shadowed():
    """Ada has Admin by "staff"; "top", which isn't hers, would win over it."""
    org, app = staff_with("Admin")()
    org.assign_group(app, org.add_group("top"), saml_roles=["Read"])
    org.prioritise(app, org.group("top"), 0)
    org.prioritise(app, org.group("staff"), 1)
    return org, app


def shadowing():
    """The same, and Ada is in both."""
    org, app = shadowed()
    org.add_member(org.group("top"), org.user(ADA))
    return org, app


def of_her_own():
    """Ada has a role of her own, so that what groups give doesn't count."""
    org, app = acme()
    org.assign_user(app, org.user(ADA), saml_roles=["Read"])
    org.assign_group(app, org.add_group("crew"), saml_roles=["Admin"])
    return org, app


def no_place_left():
    org, app = acme()
    org.assign_group(app, org.add_group("crew"), priority=100)
    return org, app


def full_rule():
    """A rule that fills the staff, and has no place left for exclusions."""
    org, app = staff_with("Admin")()
    rule = org.add_rule("everybody", 'user.department=="IT"', [org.group("staff")])
    rule.excluded = [org.user(BOB)] * 100
    return org, app


def no_list():
    org, app = acme()
    org.assign_user(app, org.user(ADA), profile={"samlRoles": "Read"})
    return org, app


def group_default():
    org, app = acme()
    org.assign_group(app, org.group("staff"), role="Admin")
    return org, app


def admin(_org, _app):
    return role("Admin")


def boss(_org, _app):
    return role("Boss")


def admin_elsewhere(_org, _app):
    return role("Admin", "210987654321")


def the_app(_org, app):
    return assigned(app)


def another_app(_org, _app):
    return EntitlementRef(Ref("app", "0oaother"), "assigned")


def no_group(_org, _app):
    return EntitlementRef(Ref("group", "00gnone"), "member")


def membership(name):
    def what(org, _app):
        return member(org.group(name))

    return what


def staff(org):
    return ref_of(org.group("staff"))


FOUND = (*READ_APP, *by_login("ada"))
READ = (*FOUND, *bears_on("ada"))
READ_STAFF = about_group("staff", "ada")


def with_group(name):
    """What is read for a membership."""
    return (*FOUND, *by_rules(name), *bears_on("ada"))


def case(name, code, told, scene=acme, what=admin, who=ADA, via=None):
    """One refusal: its name and code, every request before it, and what is asked for of whom."""
    return pytest.param(scene, what, who, via, code, told, id=name)


async def is_refused(studio, operation, scene, what, who, via, code, told):
    org, app = scene()
    okta = await studio.converse(KIND, org, aws_okta_app_id=app.id)
    who, via = (each(org) if callable(each) else each for each in (who, via))

    with pytest.raises(Refused) as refused:
        await okta.plan(operation, what(org, app), who, via=via)

    assert refused.value.code == code
    assert refused.value.hint
    assert okta.told() == list(told)
    assert not any(map(is_write, told))


@pytest.mark.parametrize(
    ("scene", "what", "who", "via", "code", "told"),
    [
        case("unknown-person", "unknown_principal", [*READ_APP, *by_login("eve")], who="eve@acme.example"),
        case(
            "unknown-group",
            "unknown_principal",
            [*READ_APP, "GET /groups/00gnone"],
            who=Ref("group", "00gnone"),
        ),
        case("ambiguous-person", "ambiguous_principal", FOUND, namesakes),
        case("staged", "person_cannot_sign_in", FOUND, status("STAGED")),
        case("suspended", "person_cannot_sign_in", FOUND, status("SUSPENDED")),
        case("deprovisioned", "person_cannot_sign_in", FOUND, status("DEPROVISIONED")),
        case("built-in-group", "group_unchangeable", with_group("Everyone"), what=membership("Everyone")),
        case(
            "no-role-group",
            "no_role_group",
            [
                *READ_MAPPING,
                *by_login("ada"),
                "GET /groups",
                *bears_on("ada"),
                *by_rules(f"{ADMINS}s"),
            ],
            no_role_group,
        ),
        case(
            "several-role-groups",
            "several_role_groups",
            about_mapped("ada", f"x{ADMINS}", ADMINS),
            several_role_groups,
        ),
        case("role-by-name", "role_by_name", [*READ_MAPPING, "GET /groups/staff"], mapped, who=staff),
        case("conversion", "conversion_not_allowed", READ, staff_with("Read")),
        case("role-not-offered", "unknown_role", READ, what=boss),
        case("role-of-another-account", "another_account", FOUND, what=admin_elsewhere),
        case("app-without-account", "no_identity_provider", FOUND, without_provider),
        case("inactive-app", "app_inactive", FOUND, inactive),
        case(
            "inactive-app-to-a-group", "app_inactive", [*READ_APP, "GET /groups/staff"], inactive, who=staff
        ),
        case("another-app", "another_app", READ_APP, what=another_app),
        case("no-priority-left", "no_priority_left", READ_STAFF, no_place_left, who=staff),
        case("malformed-profile", "profile_malformed", READ, no_list),
        case("others-lose", "others_lose", with_group("top"), shadowed, membership("top")),
        case("gives-nothing", "gives_nothing", with_group("crew"), of_her_own, membership("crew")),
        case("gives-a-group-nothing", "gives_nothing", READ_STAFF, of_her_own, who=staff),
        case(
            "unknown-membership",
            "unknown_entitlement",
            [*FOUND, "GET /groups/rules", "GET /groups/00gnone"],
            what=no_group,
        ),
    ],
)
async def test_what_must_not_be_given_is_refused_by_the_plan(studio, scene, what, who, via, code, told):
    await is_refused(studio, "grant", scene, what, who, via, code, told)


@pytest.mark.parametrize(
    ("scene", "what", "who", "via", "code", "told"),
    [
        case("inherited-role", "inherited", READ, staff_with("Admin")),
        case("inherited-app", "inherited", READ, staff_with("Admin"), the_app),
        case("not-a-path", "not_a_path", READ, staff_with("Admin"), via=Ref("group", "00gother")),
        case("default-role", "default_role", READ_STAFF, group_default, who=staff),
        case("rule-gives-back", "rule_gives_back", [*READ, *by_rules("staff")], full_rule, via=staff),
        case("built-in-group", "group_unchangeable", with_group("Everyone"), what=membership("Everyone")),
        case("gains-more", "gains_more", with_group("top"), shadowing, membership("top")),
    ],
)
async def test_what_must_not_be_taken_is_refused_by_the_plan(studio, scene, what, who, via, code, told):
    await is_refused(studio, "revoke", scene, what, who, via, code, told)


@pytest.mark.parametrize(
    ("rights", "told"),
    [
        pytest.param(f"{READS},okta.iam.read", ["GET /iam/roles/Rolecall/permissions"], id="known-before"),
        pytest.param(READS, [*own("ada"), assigning("ada", "Admin")], id="told-by-okta"),
    ],
)
async def test_a_credential_without_the_right_is_refused(studio, rights, told):
    org, app = acme()
    okta = await studio.converse(KIND, org, rights, aws_okta_app_id=app.id)
    plan = await okta.plan("grant", role("Admin"), ADA, accept=frozenset({"unknown_role"}))

    with pytest.raises(Refused) as refused:
        await okta.carry_out(plan)

    assert refused.value.code == "right_missing"
    assert okta.told() == [*READ, *RIGHTS, *told]
    assert [outcome for outcome, _ in okta.notes.outcomes.values()] == ["not_applied"][: len(told) - 1]


async def test_what_another_org_was_given_is_not_taken_back_here(studio):
    org, app = acme()
    okta = await studio.converse(KIND, org, aws_okta_app_id=app.id)
    ada = ref_of(org.user(ADA))
    strange = Held("elsewhere.okta.example", Ref("app", app.id), ada, "assigned")

    with pytest.raises(Refused) as refused:
        await okta.plan("revoke", role("Admin"), ada, undo=(strange,))

    assert refused.value.code == "not_ours"
    assert okta.told() == [*READ_APP]


async def test_whether_roles_are_combined_must_be_known_where_it_matters(studio):
    org, app = shadowed()
    okta = await studio.converse(KIND, org, READS, aws_okta_app_id=app.id)

    with pytest.raises(Refused) as refused:
        await okta.plan("grant", member(org.group("top")), ADA)

    assert refused.value.code == "union_unknown"
    assert okta.told() == list(with_group("top"))
