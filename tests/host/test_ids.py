"""Text ids can be read back, whatever characters the provider's names hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolecall import EntitlementRef, Grant, Ref, UsageError
from rolecall.ids import grant_id, parse_entitlement, parse_grant, parse_ref

ids = st.text(st.characters(), min_size=1)  # lone surrogates too
refs = st.builds(Ref, st.from_regex(r"[a-z][a-z_]{0,8}", fullmatch=True), ids)
entitlements = st.builds(EntitlementRef, refs, ids)


@given(entitlements, refs)
def test_a_grant_id_names_its_entitlement_and_principal_again(entitlement, principal):
    text = grant_id(Grant(entitlement, principal))

    assert parse_grant(text) == (entitlement, principal)


@given(entitlements)
def test_a_role_name_may_hold_colons(entitlement):
    assert parse_entitlement(str(entitlement)) == entitlement


def test_ordinary_ids_are_written_as_the_field_writes_them():
    role = EntitlementRef(Ref("account", "123456789012"), "AdminRole")

    assert grant_id(Grant(role, Ref("user", "00u1"))) == "account:123456789012:AdminRole:user:00u1"


@pytest.mark.parametrize("text", ["", "user", "user:", ":00u1"])
def test_half_a_reference_is_refused(text):
    with pytest.raises(UsageError):
        parse_ref(text)


@pytest.mark.parametrize("text", ["", "account:1", "account:1:", "account::Admin"])
def test_half_an_entitlement_is_refused(text):
    with pytest.raises(UsageError):
        parse_entitlement(text)


@pytest.mark.parametrize("text", ["account:1:Admin", "account:1:Admin:user:", "account:1:Admin::00u1"])
def test_half_a_grant_is_refused(text):
    with pytest.raises(UsageError):
        parse_grant(text)
