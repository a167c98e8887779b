import json

import httpx
import pytest

from rolecall_okta.simulator import (
    ABSENT,
    Recipe,
    generate,
    load_organisation,
    sample_organisation,
    save_organisation,
    serve,
)
from rolecall_okta.simulator.organisation_file import BadOrganisationFile

LISTS = (
    "/org",
    "/users?search=status+pr",
    "/groups?expand=stats,app",
    "/apps?includeNonDeleted=true",
    "/groups/rules",
)


def everything(org):
    """All that an org answers, as Okta would send it."""
    paths = [*LISTS, "/iam/roles", "/iam/resource-sets", "/iam/assignees/users"]
    for app in org.apps:
        paths += [f"/apps/{app.id}/{rest}" for rest in ("users?limit=500&expand=user", "groups?limit=200")]
        paths.append(f"/meta/schemas/apps/{app.id}/default")
    paths += [f"/groups/{group.id}/{rest}" for group in org.groups for rest in ("users", "roles")]
    paths += [f"/users/{user.id}/{rest}" for user in org.users for rest in ("groups", "roles")]
    with serve(org, public_url="https://acme.okta.example") as okta, httpx.Client() as client:
        return {
            path: client.get(
                f"http://{okta.domain}/api/v1{path}", headers={"Authorization": "SSWS super-token"}
            ).content
            for path in paths
        }


@pytest.mark.parametrize(
    "make", [sample_organisation, lambda: generate(Recipe(mode="single"))], ids=["sample", "made"]
)
def test_a_saved_organisation_answers_as_before(tmp_path, make):
    org = make()
    save_organisation(org, tmp_path / "org.json")
    assert everything(load_organisation(tmp_path / "org.json")) == everything(org)


def test_odd_values_survive_the_file(tmp_path, acme):
    org = acme.org
    org.assign_user(acme.app, acme.bob, profile=ABSENT, raw={"status": "ODD", "_links": ABSENT})
    org.add_user("odd@acme.example", profile={"title": "\ud800\x00"}, raw={"credentials": ABSENT})
    org.add_group("\ud800", raw={"profile": None})
    org.add_aws_app("Odd", settings=None, status="INACTIVE")
    acme.rule.excluded = [acme.ada]
    save_organisation(org, tmp_path / "org.json")
    assert everything(load_organisation(tmp_path / "org.json")) == everything(org)


def test_a_file_by_hand_needs_little(tmp_path):
    (tmp_path / "org.json").write_text(
        json.dumps(
            {
                "users": [
                    {"login": "ada@acme.example"},
                    {"login": "bob@acme.example", "profile": {"title": "Dr"}},
                ],
                "groups": [
                    {"name": "admins", "members": ["ada@acme.example"]},
                    {"name": "ad", "members": ["bob"], "source": "corp.acme.example"},
                ],
                "apps": [
                    {
                        "settings": {"joinAllRoles": True},
                        "groups": [{"group": "admins", "profile": {"samlRoles": ["Admin"]}}],
                        "users": [{"user": "bob@acme.example", "profile": {"samlRoles": ["Own"]}}],
                    },
                    {"name": "active_directory", "label": "corp.acme.example"},
                ],
            }
        )
    )
    org = load_organisation(tmp_path / "org.json")
    app = org.app("AWS Account Federation")
    assert {held.user.login: held.profile for held in org.app_users(app)} == {
        "ada@acme.example": {"samlRoles": ["Admin"]},
        "bob@acme.example": {"samlRoles": ["Own"]},
    }
    assert (app.settings["joinAllRoles"], app.settings["appFilter"]) == (True, "okta")
    assert org.group("ad").object_class == ["okta:windows_security_principal"]
    assert org.user("bob").profile["title"] == "Dr"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("{", "JSONDecodeError"),
        ("[]", "AttributeError"),
        ('{"groups": [{"name": "g", "members": ["nobody"]}]}', "no user 'nobody'"),
        ('{"apps": [{"groups": [{"group": "none"}]}]}', "no group 'none'"),
        ('{"rules": [{}]}', "KeyError: 'name'"),
    ],
)
def test_a_file_of_another_form_is_refused(tmp_path, text, named):
    (tmp_path / "org.json").write_text(text)
    with pytest.raises(BadOrganisationFile, match=named):
        load_organisation(tmp_path / "org.json")


def test_new_objects_get_ids_that_the_file_does_not_have(tmp_path):
    save_organisation(generate(Recipe(people=5, groups=3)), tmp_path / "org.json")
    org = load_organisation(tmp_path / "org.json")
    taken = {user.id for user in org.users}
    assert org.add_user("new@acme.example").id not in taken
