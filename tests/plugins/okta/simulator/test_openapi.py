"""Replies against Okta's OpenAPI description.

Keys with the value null are left out before the check: Okta may leave them out anyway, and its
description forgets many a ``nullable`` (recordings show null where it has none).
"""

import re
from random import Random

import jsonschema
import pytest

from rolecall_okta.simulator import ServiceApp, change_at_random

PATHS = {
    "/org": "/api/v1/org",
    "/users": "/api/v1/users",
    "/users?search=status pr": "/api/v1/users",
    "/users/{ada}": "/api/v1/users/{id}",
    "/users/ada@acme.example": "/api/v1/users/{id}",
    "/users/{bob}": "/api/v1/users/{id}",
    "/users/me": "/api/v1/users/{id}",
    "/users/{ada}/groups": "/api/v1/users/{id}/groups",
    "/users/{ada}/roles": "/api/v1/users/{userId}/roles",
    "/users/{bob}/roles": "/api/v1/users/{userId}/roles",
    "/groups": "/api/v1/groups",
    "/groups?expand=stats,app": "/api/v1/groups",
    "/groups/{readers}": "/api/v1/groups/{groupId}",
    "/groups/{admins}/users": "/api/v1/groups/{groupId}/users",
    "/groups/{admins}/apps": "/api/v1/groups/{groupId}/apps",
    "/groups/{admins}/roles": "/api/v1/groups/{groupId}/roles",
    "/groups/rules": "/api/v1/groups/rules",
    "/groups/rules/{rule}": "/api/v1/groups/rules/{groupRuleId}",
    "/apps": "/api/v1/apps",
    "/apps/{app}": "/api/v1/apps/{appId}",
    "/apps/{app}/users": "/api/v1/apps/{appId}/users",
    "/apps/{app}/users?expand=user": "/api/v1/apps/{appId}/users",
    "/apps/{app}/users/{ada}": "/api/v1/apps/{appId}/users/{userId}",
    "/apps/{app}/users/{bob}": "/api/v1/apps/{appId}/users/{userId}",
    "/apps/{app}/groups": "/api/v1/apps/{appId}/groups",
    "/apps/{app}/groups?expand=group": "/api/v1/apps/{appId}/groups",
    "/apps/{app}/groups/{admins}": "/api/v1/apps/{appId}/groups/{groupId}",
    "/meta/schemas/apps/{app}/default": "/api/v1/meta/schemas/apps/{appId}/default",
    "/iam/assignees/users": "/api/v1/iam/assignees/users",
    "/iam/assignees/users?limit=1": "/api/v1/iam/assignees/users",
    "/iam/roles": "/api/v1/iam/roles",
    "/iam/resource-sets": "/api/v1/iam/resource-sets",
    "/.well-known/okta-organization": "/.well-known/okta-organization",
}
STANDARD_ROLES = {"SUPER_ADMIN", "USER_ADMIN", "READ_ONLY_ADMIN"}


def without_nulls(value):
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


def validate(openapi, schema, value):
    whole = {**schema, "components": openapi["components"]}
    jsonschema.Draft4Validator(whole).validate(without_nulls(value))


def schema_of(openapi, path):
    return openapi["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]


@pytest.fixture
def filled(acme):
    names = {name: held.id for name, held in vars(acme).items() if name != "org"}
    return lambda path: path.format_map(names)


@pytest.mark.parametrize("path", PATHS)
def test_replies_are_as_okta_describes_them(openapi, call, filled, path):
    response = call(filled(path))
    assert response.status_code == 200
    body = response.json()
    assert body, "an empty list proves nothing"
    if path.endswith("/roles") and not path.startswith("/iam"):
        for role in body:  # of the two kinds of role, the type says which is meant
            kind = "StandardRole" if role["type"] in STANDARD_ROLES else "CustomRole"
            validate(openapi, {"$ref": f"#/components/schemas/{kind}"}, role)
    else:
        validate(openapi, schema_of(openapi, PATHS[path]), body)


def test_every_reading_path_that_okta_describes_is_served_or_named_here(openapi):
    not_served = {
        "/api/v1/iam/resource-sets/{resourceSetIdOrLabel}/bindings",  # nobody reads who is bound by set
    }
    described = {path for path, methods in openapi["paths"].items() if "get" in methods}
    assert described == not_served | set(PATHS.values()) | {"/api/v1/logs", "/api/v1/apps/{appId}/grants"}


def test_the_scopes_of_a_service_app_are_as_okta_describes_them(openapi, call, okta):
    okta.clients["0oaService"] = ServiceApp("0oaService", [], {"okta.groups.read", "okta.apps.read"})
    grants = call("/apps/0oaService/grants").json()
    assert [grant["scopeId"] for grant in grants] == ["okta.apps.read", "okta.groups.read"]
    validate(openapi, schema_of(openapi, "/api/v1/apps/{appId}/grants"), grants)


WRITES = [
    ("PUT", "/groups/{admins}/users/{ada}", "/api/v1/groups/{groupId}/users/{userId}", None),
    ("DELETE", "/groups/{admins}/users/{ada}", "/api/v1/groups/{groupId}/users/{userId}", None),
    ("POST", "/apps/{app}/users", "/api/v1/apps/{appId}/users", {"id": "{bob}"}),
    ("POST", "/apps/{app}/users/{bob}", "/api/v1/apps/{appId}/users/{userId}", {"profile": {"role": "R"}}),
    ("DELETE", "/apps/{app}/users/{bob}", "/api/v1/apps/{appId}/users/{userId}", None),
    ("PUT", "/apps/{app}/groups/{everyone}", "/api/v1/apps/{appId}/groups/{groupId}", {"priority": 4}),
    (
        "PATCH",
        "/apps/{app}/groups/{admins}",
        "/api/v1/apps/{appId}/groups/{groupId}",
        [{"op": "replace", "path": "/profile/samlRoles", "value": ["Admin"]}],
    ),
    ("DELETE", "/apps/{app}/groups/{readers}", "/api/v1/apps/{appId}/groups/{groupId}", None),
]


@pytest.mark.parametrize(("method", "path", "described", "body"), WRITES)
def test_writes_are_answered_as_okta_describes_them(
    openapi, write, acme, filled, method, path, described, body
):
    acme.bob.status = "ACTIVE"
    bob = acme.org.add_user("free@acme.example")
    acme.org.assign_user(acme.app, bob)
    names = {"{bob}": bob.id, "{everyone}": acme.org.everyone.id}
    if path.endswith("/users"):
        acme.org.unassign_user(acme.app, bob)
        body = {"id": bob.id}
    for name, object_id in names.items():
        path = path.replace(name, object_id)
    response = write(method, filled(path), body)
    answers = openapi["paths"][described][method.lower()]["responses"]
    assert str(response.status_code) in answers
    assert response.is_success, response.text
    if response.status_code != 204:
        schema = answers[str(response.status_code)]["content"]["application/json"]["schema"]
        validate(openapi, schema, response.json())


def test_events_are_as_okta_describes_them(openapi, call, acme):
    changes = Random(1)
    for _ in range(200):
        change_at_random(acme.org, changes)
    events = call("/logs?limit=1000").json()
    assert len({event["eventType"] for event in events}) > 15
    validate(openapi, schema_of(openapi, "/api/v1/logs"), events)
    for event in events:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", event["published"])


@pytest.mark.parametrize(
    "path",
    ["/users/nobody", "/groups/none", "/apps/none", "/apps/none/users", "/users?filter=bad", "/nothing"],
)
def test_errors_are_as_okta_describes_them(openapi, call, path):
    response = call(path)
    assert response.status_code in (400, 404)
    validate(openapi, {"$ref": "#/components/schemas/Error"}, response.json())
    assert set(response.json()) == {"errorCode", "errorSummary", "errorLink", "errorId", "errorCauses"}


def test_the_expanded_objects_are_as_okta_describes_them(openapi, call, filled):
    user = call(filled("/apps/{app}/users?expand=user")).json()[0]["_embedded"]["user"]
    group = call(filled("/apps/{app}/groups?expand=group")).json()[0]["_embedded"]["group"]
    validate(openapi, {"$ref": "#/components/schemas/User"}, user)
    validate(openapi, {"$ref": "#/components/schemas/Group"}, group)


def test_times_have_oktas_form(call, filled):
    for path in ("/users", "/groups", "/apps", "/apps/{app}/users", "/apps/{app}/groups"):
        for held in call(filled(path)).json():
            for name in ("created", "lastUpdated", "lastMembershipUpdated", "statusChanged", "activated"):
                if held.get(name) is not None:
                    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z", held[name])


def test_the_check_notices_a_reply_of_another_form(openapi):
    for wrong in ([{"status": "ODD"}], [{"profile": {"login": 1}}], {}):
        with pytest.raises(jsonschema.ValidationError):
            validate(openapi, schema_of(openapi, "/api/v1/users"), wrong)
