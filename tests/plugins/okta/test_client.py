"""What each method asks Okta for, and how a single object that is wrong is named."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import marshmallow as ma
import pytest

from rolecall import BadPayload, NotFound
from rolecall_okta import OktaClient, RoleHolderRow, RoleRow, profiled_user_row
from tests.plugins.okta.responder import Responder, answer, okta_error


class SettingsSchema(ma.Schema):
    class Meta:
        unknown = ma.EXCLUDE

    pattern = ma.fields.String(required=True)


class ThingSchema(ma.Schema):
    id = ma.fields.String(required=True)
    settings = ma.fields.Nested(SettingsSchema, required=True)


@pytest.mark.parametrize(
    ("read", "target"),
    [
        (lambda okta: okta.users(search="status pr"), "/api/v1/users?limit=200&search=status%20pr"),
        (lambda okta: okta.user_groups("00u1"), "/api/v1/users/00u1/groups?limit=200"),
        (lambda okta: okta.user_roles("00u1"), "/api/v1/users/00u1/roles"),
        (lambda okta: okta.group_roles("00g1"), "/api/v1/groups/00g1/roles"),
        (lambda okta: okta.groups(), "/api/v1/groups?limit=200&expand=stats%2Capp"),
        (lambda okta: okta.groups(filter="x", expand=None), "/api/v1/groups?limit=200&filter=x"),
        (lambda okta: okta.group_members("00g1"), "/api/v1/groups/00g1/users?limit=1000"),
        (lambda okta: okta.apps(), "/api/v1/apps?limit=200"),
        (lambda okta: okta.apps('a"\\'), "/api/v1/apps?limit=200&filter=name%20eq%20%22a%5C%22%5C%5C%22"),
        (
            lambda okta: okta.users(filter="x", project=profiled_user_row([])),
            "/api/v1/users?limit=200&filter=x",
        ),
        (lambda okta: okta.app_users("0oa1"), "/api/v1/apps/0oa1/users?limit=500&expand=user"),
        (lambda okta: okta.app_groups("0oa1"), "/api/v1/apps/0oa1/groups?limit=200&expand=group"),
    ],
)
async def test_list_is_asked_for_in_its_largest_pages(
    okta: OktaClient, server: Responder, read: Callable[[OktaClient], Any], target: str
) -> None:
    server.answers = [answer([])]
    assert [rows async for rows in read(okta)] == []
    assert server.requests[0].target == target


@pytest.mark.parametrize(
    ("read", "target"),
    [
        (lambda okta: okta.user("ada/x@acme.example"), "/api/v1/users/ada%2Fx%40acme.example"),
        (lambda okta: okta.me(), "/api/v1/users/me"),
        (lambda okta: okta.app_user("0oa1", "00u/1"), "/api/v1/apps/0oa1/users/00u%2F1?expand=user"),
        (lambda okta: okta.app_group("0oa1", "00g/1"), "/api/v1/apps/0oa1/groups/00g%2F1?expand=group"),
        (lambda okta: okta.group("00g1"), "/api/v1/groups/00g1?expand=stats%2Capp"),
        (lambda okta: okta.app("0oa1", ThingSchema()), "/api/v1/apps/0oa1"),
        (lambda okta: okta.app_schema("0oa1", ThingSchema()), "/api/v1/meta/schemas/apps/0oa1/default"),
    ],
)
async def test_single_object_is_asked_for_by_its_encoded_id(
    okta: OktaClient, server: Responder, read: Callable[[OktaClient], Any], target: str
) -> None:
    server.answers = [answer({"id": "x1", "settings": {"pattern": "x"}, "more": 1})]
    await read(okta)
    assert server.requests[0].target == target


@pytest.mark.parametrize("impossible", ["", ".", "..", "\ud800"])
async def test_id_that_would_change_the_path_is_not_sent(
    okta: OktaClient, server: Responder, impossible: str
) -> None:
    with pytest.raises(NotFound):
        await okta.group(impossible)
    with pytest.raises(NotFound):
        okta.group_members(impossible)
    assert server.requests == []


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({"id": "x1"}, "settings: Missing data"),
        ({"id": "x1", "settings": None}, "settings: Field may not be null"),
        ({"id": "x1", "settings": {"pattern": 7}}, "settings.pattern: Not a valid string"),
        ({"settings": []}, "id: Missing data.*settings"),
        ([], "a list instead of an object"),
        (b"<html>", "HTML"),
        (b"", "empty"),
    ],
)
async def test_wrong_field_of_a_single_object_is_named(
    okta: OktaClient, server: Responder, body: object, wrong: str
) -> None:
    server.answers = [answer(body)]
    with pytest.raises(BadPayload, match=wrong):
        await okta.app("0oa1", ThingSchema())


async def test_single_row_without_an_id_is_refused(okta: OktaClient, server: Responder) -> None:
    server.answers = [answer({"profile": {"login": "ada@acme.example"}})]
    with pytest.raises(BadPayload, match="the answer has no id"):
        await okta.me()


async def test_one_role_held_directly_and_by_a_group_is_two_rows(okta: OktaClient, server: Responder) -> None:
    role = {"id": "KVJUKUS7IFCE2SKO", "type": "USER_ADMIN", "label": "x", "status": "ACTIVE"}
    server.answers = [answer([{**role, "assignmentType": kind} for kind in ("USER", "GROUP", "GROUP")])]
    ((direct, through_group),) = [rows async for rows in okta.user_roles("00u1")]
    assert direct == RoleRow("KVJUKUS7IFCE2SKO", "USER_ADMIN", "x", "ACTIVE", "USER", None, None)
    assert through_group.assignment_type == "GROUP"


async def test_organization_is_read_without_the_credential(okta: OktaClient, server: Responder) -> None:
    links = {"organization": {"href": "https://ACME.okta.example"}, "alternate": {"href": None}}
    server.answers = [answer({"id": "00o1", "pipeline": "v1", "_links": links, "settings": {}})]
    organization = await okta.organization()
    assert (organization.pipeline, organization.hosts) == ("v1", frozenset({"acme.okta.example"}))
    assert "authorization" not in server.requests[0].headers


HOLDERS = "/api/v1/iam/assignees/users"


async def test_role_holders_are_read_to_the_last_page_through_links_in_the_bodies(
    okta: OktaClient, server: Responder
) -> None:
    following = {"next": {"href": f"http://{server.host}{HOLDERS}?after=a%2Fb&limit=100"}}
    server.answers = [
        answer({"value": [{"id": "00u1", "orn": "x"}, {"id": "00u2"}], "_links": following}),
        answer({"value": [{"id": "00u3"}]}),
    ]
    pages = [rows async for rows in okta.role_holders()]
    assert pages == [[RoleHolderRow("00u1"), RoleHolderRow("00u2")], [RoleHolderRow("00u3")]]
    assert [seen.target for seen in server.requests] == [
        f"{HOLDERS}?limit=100",
        f"{HOLDERS}?after=a%2Fb&limit=100",
    ]


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ([], "a list instead of an object"),
        ({"users": []}, "value is null instead of a list"),
        ({"value": [{"orn": "x"}]}, "item 0 of the list has no id"),
        ({"value": [], "_links": {"next": {"href": f"https://evil.example{HOLDERS}?a=1"}}}, "another host"),
        ({"value": [], "_links": {"next": {"href": "/api/v1/users?a=1"}}}, "another path"),
    ],
)
async def test_page_of_role_holders_that_cannot_be_right_is_named(
    okta: OktaClient, server: Responder, body: object, wrong: str
) -> None:
    server.answers = [answer(body), answer({"id": "00o1"})]
    with pytest.raises(BadPayload, match=wrong):
        _ = [rows async for rows in okta.role_holders()]


@pytest.mark.parametrize("links", [None, {}, {"next": None}, {"next": {"href": None}}, [], "x"])
async def test_page_of_role_holders_without_a_link_is_the_last(
    okta: OktaClient, server: Responder, links: object
) -> None:
    server.answers = [answer({"value": [{"id": "00u1"}], "_links": links})]
    assert [rows async for rows in okta.role_holders()] == [[RoleHolderRow("00u1")]]


async def test_time_is_oktas_own_and_errors_tell_it_too(okta: OktaClient, server: Responder) -> None:
    ada = {"id": "00u1"}
    server.answers = [
        answer(ada),
        okta_error(404, "E0000007", headers=[("Date", "Tue, 24 Nov 2026 10:00:00 GMT")]),
        answer(ada, headers=[("Date", "Tue, 24 Nov 2026 10:00:05 GMT")]),
        answer(ada, headers=[("Date", "not a date")]),
    ]
    await okta.me()
    assert (okta.server_time, okta.first_reply_at) == (None, None)
    with pytest.raises(NotFound):
        await okta.me()
    await okta.me()
    await okta.me()
    assert okta.first_reply_at == datetime(2026, 11, 24, 10, 0, 0, tzinfo=UTC)
    assert okta.server_time == datetime(2026, 11, 24, 10, 0, 5, tzinfo=UTC)
