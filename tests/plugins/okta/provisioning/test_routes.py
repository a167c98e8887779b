"""Who can change a group's members."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolecall_okta.provisioning.routes import route_of, unchangeable
from rolecall_okta.rows import GroupRow


def group(type_, source=None, app_id="0oa1"):
    return GroupRow("00g1", "aws", type_, app_id if source else None, source, 3)


@pytest.mark.parametrize(
    ("row", "writes", "route"),
    [
        pytest.param(group("OKTA_GROUP"), False, "api", id="native"),
        pytest.param(group("OKTA_GROUP"), True, "api", id="native, directory writes on"),
        pytest.param(group("APP_GROUP", "active_directory"), False, "handoff", id="AD, off"),
        pytest.param(group("APP_GROUP", "active_directory"), True, "directory", id="AD, on"),
        pytest.param(group("APP_GROUP", "ldap_sun_one"), True, "directory", id="LDAP, on"),
        pytest.param(group("APP_GROUP", "ldap_interface"), True, "handoff", id="LDAP interface"),
        pytest.param(group("APP_GROUP", "google_workspace"), True, "handoff", id="another app"),
        pytest.param(group("APP_GROUP"), True, "handoff", id="an app that Okta doesn't name"),
        pytest.param(group("APP_GROUP", "active_directory", None), True, "handoff", id="AD without an id"),
        pytest.param(group("BUILT_IN"), True, None, id="built in"),
        pytest.param(group(None), True, None, id="no type"),
    ],
)
def test_route_follows_from_type_source_and_setting(row, writes, route):
    assert route_of(row, directory_writes=writes) == route


@given(st.text(max_size=20) | st.none(), st.text(max_size=20) | st.none(), st.booleans())
def test_okta_changes_members_of_native_groups_alone(type_, source, writes):
    row = GroupRow("00g1", "aws", type_, "0oa1", source, 3)
    assert (route_of(row, directory_writes=writes) == "api") == (type_ == "OKTA_GROUP")
    if not writes:
        assert route_of(row, directory_writes=writes) != "directory"


def test_built_in_group_is_refused_by_name():
    refusal = unchangeable(GroupRow("00g1", "Everyone", "BUILT_IN", None, None, 3))
    assert refusal.message == 'Cannot change the members of "Everyone": it is built into Okta.'
    assert refusal.code == "group_unchangeable"
