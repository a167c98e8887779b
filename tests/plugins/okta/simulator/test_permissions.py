import httpx
import pytest

from rolecall_okta.simulator import Token, custom_token, serve
from rolecall_okta.simulator.permissions import PROFILES, narrowed

TOKENS = {
    "super-token": "super",
    "reader-token": "read_only",
    "provisioner-token": "read_only_app_group",
    "custom-token": "custom_read_only",
    "iam-token": "custom_iam_read",
    "powerless-token": "none",
}
ALLOWED = {
    "/users/me": {*TOKENS},
    "/users": {*TOKENS},
    "/org": {"super-token", "reader-token", "provisioner-token"},
    "/groups": {"super-token", "reader-token", "provisioner-token", "custom-token"},
    "/groups/{admins}/users": {"super-token", "reader-token", "provisioner-token", "custom-token"},
    "/apps": {"super-token", "reader-token", "provisioner-token", "custom-token"},
    "/apps/{app}/users": {"super-token", "reader-token", "provisioner-token", "custom-token"},
    "/meta/schemas/apps/{app}/default": {"super-token", "reader-token", "provisioner-token"},
    "/internal/apps/{app}/types": {"super-token", "provisioner-token"},
    "/users/me/roles": {"super-token", "iam-token"},
    "/groups/{admins}/roles": {"super-token", "iam-token"},
    "/iam/assignees/users": {"super-token", "iam-token"},
    "/iam/roles": {"super-token", "iam-token"},
    "/iam/resource-sets": {"super-token", "iam-token"},
    "/api-tokens": {"super-token"},
    "/logs": {"super-token", "reader-token", "provisioner-token"},
}


@pytest.mark.parametrize("path", ALLOWED)
@pytest.mark.parametrize("token", TOKENS)
def test_a_profile_reads_what_its_role_may_read(call, acme, path, token):
    response = call(path.format(admins=acme.admins.id, app=acme.app.id), token)
    if token in ALLOWED[path]:
        assert response.status_code == 200
    else:
        assert (response.status_code, response.json()["errorCode"]) == (403, "E0000006")


@pytest.mark.parametrize("token", ["iam-token", "powerless-token"])
def test_who_may_see_nobody_gets_an_empty_list_of_people(call, token):
    assert call("/users", token).json() == []


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "SSWS wrong"}, {"Authorization": "Bearer super-token"}]
)
def test_an_unknown_token_is_refused(okta, headers):
    for path in ("/api/v1/users", "/api/v1/nothing"):
        response = httpx.get(f"http://{okta.domain}{path}", headers=headers)
        assert (response.status_code, response.json()["errorCode"]) == (401, "E0000011")
        assert "x-rate-limit-limit" in response.headers


def test_the_org_says_who_it_is_without_a_token(okta, acme):
    response = httpx.get(f"http://{okta.domain}/.well-known/okta-organization")
    assert response.json() == {
        "id": acme.org.id,
        "pipeline": "idx",
        "_links": {"organization": {"href": f"http://{okta.domain}"}},
    }


def test_a_token_narrowed_to_groups_sees_a_shorter_list_and_no_error(acme):
    with serve(acme.org, {"t": narrowed("custom_read_only", groups=[acme.readers])}) as okta:
        headers = {"Authorization": "SSWS t"}
        base = f"http://{okta.domain}/api/v1"
        groups = httpx.get(f"{base}/groups", headers=headers).json()
        people = httpx.get(f"{base}/users", headers=headers).json()
        outside = httpx.get(f"{base}/groups/{acme.admins.id}/users", headers=headers)
        own = httpx.get(f"{base}/users/{acme.ada.id}/groups", headers=headers).json()
    assert [group["id"] for group in groups] == [group["id"] for group in own] == [acme.readers.id]
    assert [person["id"] for person in people] == [acme.ada.id]
    assert outside.status_code == 403


def test_a_token_answers_for_its_owner(acme):
    with serve(acme.org, {"t": Token("super", owner=acme.ada), "u": "read_only"}) as okta:
        base = f"http://{okta.domain}/api/v1/users"
        given = httpx.get(f"{base}/me", headers={"Authorization": "SSWS t"}).json()
        made = httpx.get(f"{base}/me", headers={"Authorization": "SSWS u"}).json()
        again = httpx.get(f"{base}/{made['id']}", headers={"Authorization": "SSWS u"}).json()
    assert given["id"] == acme.ada.id
    assert made["profile"]["login"] == "u.service@acme.example"
    assert again == made
    assert acme.org.user(made["id"]) is None


def test_an_unknown_profile_is_named(acme):
    with pytest.raises(ValueError, match="custom_iam_read"), serve(acme.org, {"t": "root"}):
        pass
    assert "root" not in PROFILES


MEMBERS = "okta.groups.members.manage"
APP_USERS = ("okta.apps.assignment.manage", "okta.users.appAssignment.manage")
APP_GROUPS = ("okta.apps.assignment.manage", "okta.groups.appAssignment.manage")
WRITES = {
    "member": ("PUT", "/groups/{team}/users/{ada}", None),
    "app user": ("POST", "/apps/{app}/users/{ada}", {"profile": {"samlRoles": []}}),
    "app group": ("PUT", "/apps/{app}/groups/{team}", {"priority": 9}),
}
MAY_WRITE = {
    "super": {"member", "app user", "app group"},
    "read_only_app_group": {"member", "app user", "app group"},
    "read_only": set(),
    "app_admin": {"app user", "app group"},
    "group_membership_admin": {"member"},
    "custom_read_only": set(),
    "none": set(),
    f"custom:{MEMBERS}": {"member"},
    "custom:okta.groups.manage": {"member"},
    f"custom:{','.join(APP_USERS)}": {"app user"},
    f"custom:{','.join(APP_GROUPS)}": {"app group"},
    "custom:okta.apps.assignment.manage": set(),
    "custom:okta.apps.manage,okta.users.manage,okta.groups.manage": {"member", "app user", "app group"},
}


@pytest.fixture
def writing(acme):
    """What a token may write, by trying."""
    team = acme.org.add_group("Team")
    names = {"team": team.id, "ada": acme.ada.id, "app": acme.app.id}

    def tried(token):
        done = set()
        with serve(acme.org, {"t": token}) as okta:
            for kind, (method, path, body) in WRITES.items():
                url = f"http://{okta.domain}/api/v1{path.format_map(names)}"
                reply = httpx.request(method, url, headers={"Authorization": "SSWS t"}, json=body)
                if reply.is_success:
                    done.add(kind)
                else:
                    assert (reply.status_code, reply.json()["errorCode"]) == (403, "E0000006")
        return done

    tried.team = team
    return tried


@pytest.mark.parametrize("profile", MAY_WRITE)
def test_a_profile_writes_what_its_role_may_write(writing, profile):
    assert writing(profile) == MAY_WRITE[profile]


def test_a_resource_set_bounds_what_may_be_written(writing, acme):
    every = (MEMBERS, *APP_USERS, *APP_GROUPS)
    other = [acme.admins.id]
    assert writing(custom_token(*every, groups=[writing.team.id], apps=[acme.app.id])) == {
        "member",
        "app user",
        "app group",
    }
    assert "member" not in writing(custom_token(*every, groups=other))
    assert writing(custom_token(*every, apps=[acme.directory.id])) == {"member"}


def test_a_custom_role_of_a_token_can_be_read(acme):
    tokens = {"t": custom_token("okta.iam.read", MEMBERS)}
    with serve(acme.org, tokens) as okta, httpx.Client(base_url=f"http://{okta.domain}/api/v1") as client:
        client.headers["Authorization"] = "SSWS t"
        (role,) = client.get("/users/me/roles").json()
        held = client.get(f"/iam/roles/{role['role']}/permissions").json()["permissions"]
    assert role["type"] == "CUSTOM"
    assert {each["label"] for each in held} == {"okta.iam.read", MEMBERS}
