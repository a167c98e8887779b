"""From an item of a list to a row: true items, hostile ones, and every one that was ever recorded."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from rolecall_okta import (
    AppGroupRow,
    AppUserRow,
    GroupRow,
    ProfiledUserRow,
    RowError,
    UserRow,
    profiled_user_row,
)
from rolecall_okta.rows import (
    app_group_row,
    app_row,
    app_user_row,
    group_row,
    role_holder_row,
    role_row,
    user_row,
)

PROJECTIONS: list[Callable[[Any], Any]] = [
    app_group_row,
    app_row,
    app_user_row,
    group_row,
    profiled_user_row(["department", "login"]),
    role_holder_row,
    role_row,
    user_row,
]
ADA: dict[str, Any] = {
    "id": "00u1",
    "status": "ACTIVE",
    "profile": {
        "login": "ada@acme.example",
        "email": "al@acme.example",
        "firstName": "Ada",
        "lastName": "Lovelace",
    },
}
ADMINS = {
    "id": "00g1",
    "type": "APP_GROUP",
    "profile": {"name": "admins", "description": None},
    "_links": {"source": {"href": "https://acme.okta.example/api/v1/apps/0oa1/?x=/1"}},
    "_embedded": {"app": {"name": "active_directory"}, "stats": {"usersCount": 3}},
}


def test_user_is_read() -> None:
    assert user_row(ADA) == UserRow(
        "00u1", "ada@acme.example", "al@acme.example", "Ada", "Lovelace", "Ada Lovelace", "ACTIVE"
    )


@pytest.mark.parametrize(
    ("profile", "name"),
    [
        ({"displayName": "Countess", "firstName": "Ada"}, "Countess"),
        ({"lastName": "Lovelace", "login": "ada"}, "Lovelace"),
        ({"login": "ada", "firstName": "", "displayName": None}, "ada"),
        ({"login": 7}, "00u1"),
        (None, "00u1"),
        ("x", "00u1"),
    ],
)
def test_user_has_always_a_name_to_show(profile: object, name: str) -> None:
    assert user_row({"id": "00u1", "profile": profile}).display_name == name


def test_user_is_read_with_the_chosen_fields_of_the_profile_as_okta_gives_them() -> None:
    row = profiled_user_row(["department", "managerId", "tags", "isBot"])
    profile = {**ADA["profile"], "department": "R&D", "tags": ["a", 7], "isBot": False}
    user = row({**ADA, "lastUpdated": "2026-11-24T10:00:00.000Z", "profile": profile})
    plain = user_row(ADA)
    assert isinstance(user, ProfiledUserRow)
    assert user.values == ("R&D", None, ["a", 7], False)
    assert user.last_updated == "2026-11-24T10:00:00.000Z"
    assert (user.id, user.login, user.display_name, user.status) == (
        plain.id,
        plain.login,
        plain.display_name,
        plain.status,
    )


def test_group_is_read() -> None:
    assert group_row(ADMINS) == GroupRow("00g1", "admins", "APP_GROUP", "0oa1", "active_directory", 3)


def test_group_is_read_with_its_clocks_and_its_rights() -> None:
    group = group_row(
        {
            "id": "00g1",
            "profile": {"name": "admins", "description": "who may"},
            "lastUpdated": "2026-11-24T10:00:00.000Z",
            "lastMembershipUpdated": "2026-11-24T11:00:00.000Z",
            "_embedded": {"stats": {"usersCount": 3, "hasAdminPrivlege": True}},
        }
    )
    assert group.description == "who may"
    assert group.last_updated == "2026-11-24T10:00:00.000Z"
    assert group.last_membership_updated == "2026-11-24T11:00:00.000Z"
    assert group.has_admin_privilege is True


@pytest.mark.parametrize("count", [True, -1, 2.0, "3", None, float("nan")])
def test_count_that_is_no_count_is_not_given(count: object) -> None:
    assert group_row({"id": "00g1", "_embedded": {"stats": {"usersCount": count}}}).users_count is None


def test_app_user_is_read() -> None:
    item = {
        "id": "00u1",
        "scope": "GROUP",
        "status": "ACTIVE",
        "credentials": {"userName": "ada"},
        "profile": {"samlRoles": ["a", 7]},
        "_links": {"group": {"href": "https://acme.okta.example/api/v1/groups/00g1"}},
        "_embedded": {"user": ADA},
    }
    assert app_user_row(item) == AppUserRow(
        "00u1", "GROUP", "ACTIVE", "00g1", "ada", {"samlRoles": ["a", 7]}, user_row(ADA)
    )


def test_app_group_is_read() -> None:
    item = {"id": "00g1", "priority": 0, "profile": {}, "_embedded": {"group": ADMINS}}
    assert app_group_row(item) == AppGroupRow("00g1", 0, {}, group_row(ADMINS))


@pytest.mark.parametrize("embedded", [None, [], {"user": None}, {"user": {"status": "ACTIVE"}}, {"user": []}])
def test_embedded_object_without_an_id_is_not_given(embedded: object) -> None:
    assert app_user_row({"id": "00u1", "_embedded": embedded}).user is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ["profile", "_links", "_embedded", "credentials", "status", "type", "scope", "priority", "label"]
HOSTILE = st.fixed_dictionaries(
    {"id": st.text(min_size=1)},
    optional={
        name: JSON | st.dictionaries(st.sampled_from(["source", "group", "user", "stats"]), JSON)
        for name in FIELDS
    },
)


@pytest.mark.parametrize("project", PROJECTIONS)
@settings(max_examples=40)
@given(HOSTILE)
def test_whatever_else_is_wrong_an_item_with_an_id_is_a_row(
    project: Callable[[Any], Any], item: dict[str, object]
) -> None:
    assert project(item).id == item["id"]


@pytest.mark.parametrize("project", PROJECTIONS)
@pytest.mark.parametrize("item", [{}, {"id": None}, {"id": 7}, {"id": ""}, {"id": ["x"]}])
def test_item_without_an_id_is_none(project: Callable[[Any], Any], item: dict[str, object]) -> None:
    with pytest.raises(RowError):
        project(item)


LISTS: dict[str, Callable[[Any], Any]] = {
    r"/api/v1/users": user_row,
    r"/api/v1/users/[^/]+/groups": group_row,
    r"/api/v1/groups": group_row,
    r"/api/v1/groups/[^/]+/users": user_row,
    r"/api/v1/(users|groups)/[^/]+/roles": role_row,
    r"/api/v1/apps": app_row,
    r"/api/v1/groups/[^/]+/apps": app_row,
    r"/api/v1/apps/[^/]+/users": app_user_row,
    r"/api/v1/apps/[^/]+/groups": app_group_row,
}


def test_every_recorded_list_becomes_rows(recordings: Path) -> None:
    met = set()
    for file in sorted(recordings.glob("*.yaml")):
        for path, content in recorded_lists(file):
            pattern = next((each for each in LISTS if re.fullmatch(each, path)), None)
            if pattern is None:
                continue
            met.add(pattern)
            rows = [LISTS[pattern](item) for item in content]
            assert [row.id for row in rows] == [item["id"] for item in content], file.name
            for row, item in zip(rows, content, strict=True):
                if isinstance(row, UserRow):
                    assert (row.login, row.status) == (item["profile"]["login"], item["status"])
                if isinstance(row, GroupRow):
                    assert (row.name, row.type) == (item["profile"]["name"], item["type"])
                if isinstance(row, AppUserRow):
                    assert (row.scope, row.profile) == (item["scope"], item["profile"])
    assert met == set(LISTS)


def recorded_lists(file: Path) -> list[tuple[str, list[dict[str, Any]]]]:
    found = []
    for each in yaml.load(file.read_text(), Loader=yaml.CSafeLoader)["interactions"]:
        request, response = each["request"], each["response"]
        text = response["body"].get("string") or ""
        if (
            request["method"] != "GET"
            or response["status"]["code"] != 200
            or not text.lstrip().startswith("[")
        ):
            continue
        path = re.sub(r"^https://[^/]+", "", request["uri"]).partition("?")[0]
        found.append((path, json.loads(text)))
    return found
