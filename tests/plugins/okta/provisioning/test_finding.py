"""Finding people and groups by single reads."""

import pytest

from rolecall import Ref, Refused
from rolecall_okta import (
    find_principal,
)

ADA = "ada.lovelace@acme.example"


@pytest.mark.parametrize("name", [ADA, "ADA.Lovelace@acme.example", f"  {ADA} "])
async def test_a_login_finds_the_person_whatever_its_case(org, okta, name):
    ada = org.add_user(ADA)
    _, client = await okta()
    found = await find_principal(client, name)
    assert (found.ref, found.name, found.login, found.enabled) == (
        Ref("user", ada.id),
        "Ada Lovelace",
        ADA,
        True,
    )


async def test_an_id_and_a_reference_find_the_person(org, okta):
    ada = org.add_user(ADA)
    _, client = await okta()
    assert (await find_principal(client, ada.id)).ref == Ref("user", ada.id)
    assert (await find_principal(client, Ref("user", ada.id))).login == ADA


async def test_an_email_address_finds_who_signs_in_by_another_name(org, okta):
    ada = org.add_user("ada", profile={"email": ADA})
    _, client = await okta()
    assert (await find_principal(client, ADA)).ref == Ref("user", ada.id)


@pytest.mark.parametrize(
    "name", ["ada.lovelace", "nobody@acme.example", "", "x" * 300, "..", 'a"b@acme.example']
)
async def test_what_is_no_exact_name_finds_nobody(org, okta, name):
    org.add_user(ADA)
    _, client = await okta()
    assert await find_principal(client, name) is None


async def test_a_login_is_no_id(org, okta):
    org.add_user(ADA)
    _, client = await okta()
    assert await find_principal(client, Ref("user", ADA)) is None


async def test_one_address_of_two_people_is_refused_naming_both(org, okta):
    org.add_user(ADA, id="00uada")
    org.add_user("ada2@acme.example", id="00utwo", profile={"email": ADA})
    _, client = await okta()
    with pytest.raises(Refused) as refused:
        await find_principal(client, ADA)
    assert refused.value.code == "ambiguous_principal"
    assert "user:00uada" in refused.value.message
    assert "user:00utwo" in refused.value.message


async def test_a_living_person_goes_before_a_deactivated_one_of_the_same_address(org, okta):
    org.add_user("old@acme.example", status="DEPROVISIONED", profile={"email": ADA})
    ada = org.add_user(ADA)
    _, client = await okta()
    assert (await find_principal(client, ADA)).ref == Ref("user", ada.id)


async def test_a_suspended_person_is_found_and_not_enabled(org, okta):
    org.add_user(ADA, status="SUSPENDED")
    _, client = await okta()
    found = await find_principal(client, ADA)
    assert (found.status, found.enabled) == ("SUSPENDED", False)


async def test_groups_are_found_by_reference(org, okta):
    group = org.add_group("aws")
    _, client = await okta()
    assert (await find_principal(client, Ref("group", group.id))).name == "aws"
    assert await find_principal(client, Ref("group", "00gnone")) is None
    assert await find_principal(client, Ref("app", "0oa1")) is None
