"""What the directory's connector refuses to give and to take, by recorded conversations."""

from dataclasses import replace

import pytest

from rolecall import EntitlementRef, Ref, Refused
from tests.plugins.okta.conversations import RIGHTS, assert_carried_out, by_login, is_write
from tests.plugins.okta.directory.recorded.staff import (
    ADA,
    acme,
    looked_again,
    member,
    read,
)

pytestmark = [pytest.mark.vcr, pytest.mark.usefixtures("cassette")]

PUT_IN = ("PUT /groups/admins/users/ada", "GET /users/ada/groups")
CUSTOM_RIGHTS = (*RIGHTS, "GET /iam/roles/Rolecall/permissions")
READS = "custom:okta.users.read,okta.groups.read"


def namesakes(org):
    org.add_user("ada.too@acme.example", profile={"email": ADA})


def status(word):
    def change(org):
        org.user(ADA).status = word

    return change


def full_rule(org):
    """A rule that fills the staff, and has no place left for exclusions."""
    rule = org.add_rule("everybody", 'user.department=="IT"', [org.group("staff")])
    rule.excluded = [org.user("bob@acme.example")] * 100


def nothing(_org):
    pass


def admins(org):
    return member(org.group("admins"))


def staff(org):
    return member(org.group("staff"))


def everyone(org):
    return member(org.everyone)


def no_group(_org):
    return EntitlementRef(Ref("group", "00gnone"), "member")


BY_LOGIN_READ_ADMINS = [*by_login("ada"), *read("admins")]
EVERYONE = [*by_login("ada"), "GET /groups/Everyone"]
OTHER_PATH = {"via": Ref("group", "00gother")}


@pytest.mark.parametrize(
    ("change", "operation", "entitlement", "who", "options", "code", "told"),
    [
        pytest.param(
            nothing,
            "grant",
            admins,
            "eve@acme.example",
            {},
            "unknown",
            ["GET /users/eve%40acme.example", "GET /users", "GET /groups/admins", "GET /groups/rules"],
            id="unknown-person",
        ),
        pytest.param(
            nothing,
            "grant",
            admins,
            Ref("user", "00unone"),
            {},
            "unknown",
            ["GET /users/00unone", "GET /groups/admins", "GET /groups/rules"],
            id="unknown-id",
        ),
        pytest.param(
            namesakes,
            "grant",
            admins,
            ADA,
            {},
            "ambiguous_principal",
            [*by_login("ada")],
            id="ambiguous-person",
        ),
        *[
            pytest.param(
                status(word),
                "grant",
                admins,
                ADA,
                {},
                "person_cannot_sign_in",
                [*by_login("ada"), *read("admins")],
                id=word,
            )
            for word in ("STAGED", "SUSPENDED", "DEPROVISIONED")
        ],
        pytest.param(
            nothing,
            "grant",
            no_group,
            ADA,
            {},
            "unknown",
            [*by_login("ada"), "GET /groups/00gnone"],
            id="unknown-group",
        ),
        *[
            pytest.param(
                nothing,
                operation,
                everyone,
                ADA,
                {},
                "group_unchangeable",
                EVERYONE,
                id=f"{operation}-built-in-group",
            )
            for operation in ("grant", "revoke")
        ],
        pytest.param(
            full_rule,
            "revoke",
            staff,
            ADA,
            {},
            "rule_gives_back",
            [*by_login("ada"), *read("staff")],
            id="rule-gives-back",
        ),
        pytest.param(
            nothing,
            "revoke",
            staff,
            ADA,
            OTHER_PATH,
            "no_such_path",
            [*by_login("ada"), *read("staff")],
            id="no-such-path",
        ),
    ],
)
async def test_what_cannot_be_is_refused_by_the_plan(
    studio, change, operation, entitlement, who, options, code, told
):
    org = acme()
    change(org)
    okta = await studio.converse("okta", org)

    with pytest.raises(Refused) as refused:
        await okta.plan(operation, entitlement(org), who, **options)

    assert refused.value.code == code
    assert refused.value.hint
    assert okta.told() == told
    assert not any(map(is_write, told))


async def test_a_group_that_the_connector_does_not_show_is_not_given(studio):
    org = acme()
    okta = await studio.converse("okta", org, group_name_prefixes=["aws"])

    with pytest.raises(Refused) as refused:
        await okta.plan("grant", admins(org), ADA)

    assert refused.value.code == "group_out_of_scope"
    assert okta.told() == [*by_login("ada"), *read("admins")]


async def test_what_another_org_was_given_is_not_taken_back_here(studio):
    org = acme()
    okta = await studio.converse("okta", org)
    given = await okta.grant(admins(org), ADA)
    assert_carried_out(
        okta, given, *by_login("ada"), *read("admins"), *RIGHTS, *looked_again("admins"), *PUT_IN
    )
    (made,) = okta.made.values()

    with pytest.raises(Refused) as refused:
        await okta.plan("revoke", admins(org), ADA, undo=(replace(made, provider="other.okta.example"),))

    assert refused.value.code == "foreign_undo"
    assert okta.told() == []


@pytest.mark.parametrize(
    ("rights", "measured", "tried"),
    [
        pytest.param(f"{READS},okta.iam.read", CUSTOM_RIGHTS, [], id="known-before"),
        pytest.param(READS, RIGHTS, [*looked_again("admins"), PUT_IN[0]], id="told-by-okta"),
    ],
)
async def test_a_credential_without_the_right_is_refused(studio, rights, measured, tried):
    org = acme()
    okta = await studio.converse("okta", org, rights)
    plan = await okta.plan("grant", admins(org), ADA)

    with pytest.raises(Refused) as refused:
        await okta.carry_out(plan)

    assert refused.value.code == "right_missing"
    assert okta.told() == [*by_login("ada"), *read("admins"), *measured, *tried]
    assert [outcome for outcome, _ in okta.notes.outcomes.values()] == ["not_applied"][: len(tried)]
