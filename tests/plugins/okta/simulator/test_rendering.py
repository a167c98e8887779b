import json

import httpx
import pytest

from rolecall_okta.simulator import ABSENT, Organisation, serve

HOSTILE = [
    "a\x00b",
    "with:colon",
    "sp ace",
    "ünïcødé",
    "\ud800",
    "\x1b[31mred",
    "\u202egnp.exe",
    "<script>",
    "",
]


@pytest.fixture
def org():
    return Organisation()


@pytest.fixture
def fetched(org):
    """Serve the org just for one request, and give the decoded body."""

    def fetch(path):
        with serve(org) as okta, httpx.Client() as client:
            response = client.get(
                f"http://{okta.domain}/api/v1{path}", headers={"Authorization": "SSWS super-token"}
            )
        assert response.status_code == 200, response.text
        return json.loads(response.content)

    return fetch


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_hostile_text_is_served_as_it_is(org, fetched, text):
    ada = org.add_user("ada@acme.example", first_name=text or None, profile={"title": text})
    group = org.add_group(text, members=[ada])
    app = org.add_aws_app()
    org.assign_user(app, ada, saml_roles=[text])
    assert fetched("/users")[0]["profile"]["title"] == text
    assert fetched(f"/groups/{group.id}")["profile"]["name"] == text
    assert fetched(f"/apps/{app.id}/users?expand=user")[0]["profile"] == {"samlRoles": [text]}


@pytest.mark.parametrize("roles", [None, "Admin", 7, True, {}, [1, None, ["x"], "Admin"], [""]], ids=repr)
def test_saml_roles_of_any_type_are_served_as_they_are(org, fetched, roles):
    app = org.add_aws_app()
    group = org.add_group("g", members=[org.add_user("bob@acme.example")])
    org.assign_user(app, org.add_user("ada@acme.example"), saml_roles=roles)
    org.assign_group(app, group, saml_roles=roles)
    assert [held["profile"] for held in fetched(f"/apps/{app.id}/users")] == [{"samlRoles": roles}] * 2
    assert fetched(f"/apps/{app.id}/groups")[0]["profile"] == {"samlRoles": roles}


@pytest.mark.parametrize("profile", [None, [], "text", {}], ids=repr)
def test_a_profile_may_be_any_value(org, fetched, profile):
    app = org.add_aws_app()
    org.assign_user(app, org.add_user("ada@acme.example"), profile=profile)
    assert fetched(f"/apps/{app.id}/users")[0]["profile"] == profile


def test_absent_leaves_a_key_out(org, fetched):
    ada = org.add_user("ada@acme.example", raw={"profile": ABSENT, "status": "BRAND_NEW"})
    app = org.add_aws_app(settings={"joinAllRoles": ABSENT}, identity_provider_arn=None)
    org.assign_user(app, ada, raw={"profile": ABSENT, "_links": {"user": ABSENT}})
    user, settings, assigned = (
        fetched("/users")[0],
        fetched(f"/apps/{app.id}"),
        fetched(f"/apps/{app.id}/users")[0],
    )
    assert "profile" not in user
    assert user["status"] == "BRAND_NEW"
    assert "joinAllRoles" not in settings["settings"]["app"]
    assert settings["settings"]["app"]["identityProviderArn"] is None
    assert "profile" not in assigned
    assert list(assigned["_links"]) == ["app"]


def test_settings_may_be_null(org, fetched):
    assert fetched(f"/apps/{org.add_aws_app(settings=None).id}")["settings"]["app"] is None
    assert fetched(f"/apps/{org.add_aws_app('Two', raw={'settings': None}).id}")["settings"] is None


def test_a_directory_group_shows_its_source_and_its_directory_names(org, fetched):
    directory = org.add_directory("corp.acme.example")
    group = org.add_group("aws_1_Admin", source=directory)
    shown = fetched(f"/groups/{group.id}?expand=app,stats")
    assert (shown["type"], shown["objectClass"]) == ("APP_GROUP", ["okta:windows_security_principal"])
    assert shown["profile"]["dn"] == "CN=aws_1_Admin,OU=Groups,DC=corp,DC=acme,DC=example"
    assert shown["_links"]["source"]["href"].endswith(f"/api/v1/apps/{directory.id}")
    assert shown["_embedded"]["app"]["name"] == "active_directory"
    assert shown["_embedded"]["stats"]["usersCount"] == 0


def test_an_app_group_may_lack_its_embedded_app(org, fetched):
    group = org.add_group("orphan", source=org.add_directory(), raw={"_embedded": {"app": ABSENT}})
    bare = org.add_group("bare", source=group.source, raw={"_embedded": ABSENT})
    assert "app" not in fetched(f"/groups/{group.id}?expand=app,stats")["_embedded"]
    assert "_embedded" not in fetched(f"/groups/{bare.id}?expand=app,stats")


def test_the_aws_settings_are_those_okta_sends(org, fetched):
    app = org.add_aws_app(union=True)
    assert set(fetched(f"/apps/{app.id}")["settings"]["app"]) == {
        "accessKey",
        "accountID",
        "appFilter",
        "awsEnvironmentType",
        "groupFilter",
        "identityProviderArn",
        "joinAllRoles",
        "loginURL",
        "overrideAcsURL",
        "roleValuePattern",
        "secretKey",
        "secretKeyEnc",
        "sessionDuration",
        "useGroupMapping",
        "webSSOAllowedClient",
    }
    schema = fetched(f"/meta/schemas/apps/{app.id}/default")
    assert schema["definitions"]["base"]["properties"]["samlRoles"]["union"] == "ENABLE"


def test_a_group_scoped_app_user_names_the_winning_group(org, fetched):
    group = org.add_group("g", members=[org.add_user("ada@acme.example")])
    app = org.add_aws_app()
    org.assign_group(app, group)
    shown = fetched(f"/apps/{app.id}/users")[0]
    assert shown["scope"] == "GROUP"
    assert shown["_links"]["group"]["href"].endswith(f"/groups/{group.id}")


def test_changes_show_in_the_next_reply(acme, call):
    assert call(f"/users/{acme.ada.id}").json()["status"] == "ACTIVE"
    assert call("/users?search=id+eq+%22" + acme.ada.id + "%22").json()[0]["status"] == "ACTIVE"
    acme.ada.status = "SUSPENDED"
    acme.admins.profile = {"name": "renamed"}
    acme.app.settings["appFilter"] = "changed"
    acme.org.changed()
    assert call("/users?search=id+eq+%22" + acme.ada.id + "%22").json()[0]["status"] == "SUSPENDED"
    assert call(f"/apps/{acme.app.id}/users?expand=user").json()[0]["_embedded"]["user"]
    assert call(f"/groups/{acme.admins.id}").json()["profile"] == {"name": "renamed"}
    assert call(f"/apps/{acme.app.id}").json()["settings"]["app"]["appFilter"] == "changed"


def test_credentials_are_left_out_on_request(okta):
    headers = {
        "Authorization": "SSWS super-token",
        "Content-Type": 'application/json; okta-response="omitCredentials,omitCredentialsLinks"',
    }
    lean = httpx.get(f"http://{okta.domain}/api/v1/users", headers=headers).json()
    full = httpx.get(
        f"http://{okta.domain}/api/v1/users", headers={"Authorization": "SSWS super-token"}
    ).json()
    assert all("credentials" not in user for user in lean)
    assert all("credentials" in user for user in full)


def test_a_public_url_stands_in_links_and_bodies(acme):
    with serve(acme.org, public_url="https://acme.okta.example") as okta:
        headers = {"Authorization": "SSWS super-token"}
        groups = httpx.get(f"http://{okta.domain}/api/v1/groups?limit=1", headers=headers)
        roles = httpx.get(f"http://{okta.domain}/api/v1/iam/roles", headers=headers)
    assert groups.links["next"]["url"].startswith("https://acme.okta.example/api/v1/groups?after=")
    assert groups.json()[0]["_links"]["users"]["href"].startswith("https://acme.okta.example/api/v1/groups/")
    assert roles.links["self"]["url"] == "https://acme-admin.okta.example/api/v1/iam/roles"


def test_an_assignment_through_a_group_can_be_altered(org, fetched):
    ada = org.add_user("ada@acme.example")
    app = org.add_aws_app()
    org.assign_group(app, org.add_group("g", members=[ada]), saml_roles=["A"])
    org.alter_app_user(app, ada, {"status": "SUSPENDED", "profile": {"samlRoles": ABSENT}})
    (shown,) = fetched(f"/apps/{app.id}/users")
    assert (shown["scope"], shown["status"], shown["profile"]) == ("GROUP", "SUSPENDED", {})
