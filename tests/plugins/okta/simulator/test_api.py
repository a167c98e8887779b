"""Each list and object by its path: defaults, bounds, expansions, and what is missing."""

import json

import httpx
import pytest

from rolecall_okta.simulator import Organisation, serve


@pytest.mark.parametrize(
    ("path", "default", "most"),
    [
        ("/users", 200, 200),
        ("/users/{ada}/groups", 200, 200),
        ("/groups", 10_000, 10_000),
        ("/groups/{admins}/users", 1000, 1000),
        ("/groups/{admins}/apps", 20, 200),
        ("/groups/rules", 50, 200),
        ("/apps", 20, 200),
        ("/apps/{app}/users", 50, 500),
        ("/apps/{app}/groups", 20, 200),
    ],
)
def test_lists_have_oktas_page_sizes(call, acme, path, default, most):
    path = path.format(ada=acme.ada.id, admins=acme.admins.id, app=acme.app.id)
    assert f"limit={default}>" in call(path).headers["link"]
    assert call(f"{path}?limit={most}").status_code == 200
    over = call(f"{path}?limit={most + 1}")
    assert (over.status_code, over.json()["errorCode"]) == (400, "E0000001")


def test_app_groups_come_twenty_at_least(call, acme):
    assert call(f"/apps/{acme.app.id}/groups?limit=19").status_code == 400


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_every_list_gives_every_item_once(every_page, acme, limit):
    org, app = acme.org, acme.app
    listed = {
        f"/groups?limit={limit}": [group.id for group in org.groups],
        f"/groups/{acme.admins.id}/users?limit={limit}": [user.id for user in acme.admins.members],
        f"/groups/{org.everyone.id}/users?limit={limit}": [user.id for user in org.members_of(org.everyone)],
        f"/users/{acme.ada.id}/groups?limit={limit}": [group.id for group in org.groups_of(acme.ada)],
        f"/apps/{app.id}/users?limit={limit}": [held.id for held in org.app_users(app)],
        f"/apps?limit={limit}": [each.id for each in org.apps],
    }
    for path, expected in listed.items():
        assert [item["id"] for item in every_page(path)] == expected


def test_a_person_in_more_than_two_hundred_groups_needs_two_pages(every_page, call, acme):
    for number in range(250):
        acme.org.add_group(f"g{number}", members=[acme.ada])
    assert len(call(f"/users/{acme.ada.id}/groups").json()) == 200
    assert len(every_page(f"/users/{acme.ada.id}/groups")) == 253


def test_app_groups_come_by_priority_and_page_on(every_page, acme):
    groups = [acme.org.add_group(f"g{number}") for number in range(45)]
    for priority, group in enumerate(groups):
        acme.org.assign_group(acme.app, group, priority=priority + 10, saml_roles=[])
    listed = every_page(f"/apps/{acme.app.id}/groups?limit=20")
    assert [held["id"] for held in listed] == [
        acme.admins.id,
        acme.readers.id,
        *(group.id for group in groups),
    ]


def test_the_plain_list_of_people_leaves_out_the_deactivated(every_page, acme):
    def logins(path):
        return {person["profile"]["login"] for person in every_page(path)}

    assert "eve@acme.example" not in logins("/users")
    assert "eve@acme.example" in logins("/users?search=status+pr")
    assert logins('/users?filter=status+eq+"DEPROVISIONED"') == {"eve@acme.example"}


def test_q_finds_beginnings_without_paging(call, acme):
    people, groups = call("/users?q=ad"), call("/groups?q=AWS_")
    assert [person["id"] for person in people.json()] == [acme.ada.id]
    assert {group["id"] for group in groups.json()} == {acme.admins.id, acme.readers.id}
    assert "link" not in people.headers
    assert "link" not in groups.headers
    assert call("/users?q=eve").json() == []


def test_search_on_groups_ignores_case_and_keeps_its_query_over_pages(every_page, acme):
    found = every_page('/groups?search=profile.name+sw+"AWS_"&limit=1')
    assert {group["id"] for group in found} == {acme.admins.id, acme.readers.id}
    by_source = every_page(f'/groups?search=source.id+eq+"{acme.directory.id}"')
    assert [group["id"] for group in by_source] == [acme.readers.id]


def test_search_can_be_sorted_either_way(every_page, acme):
    for order, expected in (("asc", ["ada", "bob", "eve"]), ("desc", ["eve", "bob", "ada"])):
        found = every_page(f"/users?search=status+pr&sortBy=profile.login&sortOrder={order}&limit=1")
        assert [person["profile"]["login"].partition("@")[0] for person in found] == expected


def test_groups_changed_since_a_time_are_found(every_page, acme):
    acme.org.remove_member(acme.admins, acme.ada)
    since = "2026-01-06T00:00:00.000Z"
    moved = every_page(f'/groups?filter=lastUpdated+gt+"{since}"+or+lastMembershipUpdated+gt+"{since}"')
    assert [group["id"] for group in moved] == [acme.admins.id]


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/users?search=nonsense", "E0000031"),
        ("/groups?search=profile.name+zz+%22a%22", "E0000031"),
        ("/users?search=status+pr&sortBy=nothing", "E0000031"),
        ("/users?filter=nonsense", "E0000053"),
        ("/groups?filter=profile.name+eq+%22a%22", "E0000053"),
        ("/apps?filter=label+eq+%22a%22", "E0000053"),
        ("/groups?expand=everything", "E0000001"),
        ("/groups?after=x", "E0000029"),
    ],
)
def test_what_cannot_be_understood_is_refused(call, path, code):
    response = call(path)
    assert (response.status_code, response.json()["errorCode"]) == (400, code)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/users/nobody", "User"),
        ("/groups/none", "UserGroup"),
        ("/groups/none/users", "UserGroup"),
        ("/apps/none", "AppInstance"),
        ("/apps/none/users", "AppInstance"),
        ("/apps/{app}/users/nobody", "User"),
        ("/apps/{app}/users/{eve}", "AppUser"),
        ("/apps/{app}/groups/none", "UserGroup"),
        ("/apps/{app}/groups/{everyone}", "ApplicationGroupAssignment"),
        ("/groups/rules/none", "GroupRule"),
        ("/iam/roles/none", "CustomRole"),
    ],
)
def test_what_is_missing_is_named_with_its_kind(call, acme, path, kind):
    response = call(path.format(app=acme.app.id, eve=acme.eve.id, everyone=acme.org.everyone.id))
    assert (response.status_code, response.json()["errorCode"]) == (404, "E0000007")
    assert response.json()["errorSummary"].endswith(f"({kind})")


def test_a_path_okta_does_not_have_is_told_from_a_missing_object(call):
    for path in ("/nothing", "/users/a/b/c/d", "/apps/a/nothing", "/"):
        assert call(path).json()["errorCode"] == "E0000008"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_writes_are_not_taken_yet(okta, acme, method):
    url = f"http://{okta.domain}/api/v1/groups/{acme.admins.id}"
    response = httpx.request(method, url, headers={"Authorization": "SSWS super-token"})
    assert (response.status_code, response.json()["errorCode"]) == (405, "E0000022")


def test_who_accepts_no_json_is_refused(okta):
    headers = {"Authorization": "SSWS super-token", "Accept": "text/html"}
    response = httpx.get(f"http://{okta.domain}/api/v1/org", headers=headers)
    assert (response.status_code, response.json()["errorCode"]) == (400, "E0000021")


def test_aws_apps_are_found_by_catalog_name_and_inactive_ones_by_status(every_page, acme):
    sleeping = acme.org.add_aws_app("Asleep", status="INACTIVE")

    def ids(query):
        return {app["id"] for app in every_page(f"/apps?{query}")}

    assert ids('filter=name+eq+"amazon_aws"') == {acme.app.id}
    assert ids('filter=name+eq+"amazon_aws"&includeNonDeleted=true') == {acme.app.id, sleeping.id}
    assert ids('filter=status+eq+"INACTIVE"') == {sleeping.id}
    assert ids("q=aws") == {acme.app.id}
    assert ids(f'filter=group.id+eq+"{acme.admins.id}"') == {acme.app.id}
    assert ids(f'filter=user.id+eq+"{acme.bob.id}"') == {acme.app.id}
    assert ids("") == {acme.app.id, acme.directory.id}


def test_stats_count_members_and_apps(every_page, acme):
    stats = {group["id"]: group["_embedded"]["stats"] for group in every_page("/groups?expand=stats")}
    assert stats[acme.admins.id] == {
        "usersCount": 2,
        "appsCount": 1,
        "groupPushMappingsCount": 0,
        "hasAdminPrivlege": True,
    }
    assert stats[acme.org.everyone.id]["usersCount"] == 2


def test_app_users_can_be_found_by_a_beginning(every_page, acme):
    assert [held["id"] for held in every_page(f"/apps/{acme.app.id}/users?q=ada")] == [acme.ada.id]
    assert [held["id"] for held in every_page(f"/apps/{acme.app.id}/groups?q=aws_123456789012_R")] == [
        acme.readers.id
    ]


def test_a_login_is_found_url_encoded_and_by_its_short_form(call, acme):
    for named in ("ada%40acme.example", "ada", "ADA@acme.example", acme.ada.id):
        assert call(f"/users/{named}").json()["id"] == acme.ada.id


def test_a_persons_roles_tell_own_from_inherited(call, acme):
    roles = {role["type"]: role["assignmentType"] for role in call(f"/users/{acme.ada.id}/roles").json()}
    assert roles == {"SUPER_ADMIN": "USER", "USER_ADMIN": "GROUP"}
    custom = call(f"/users/{acme.bob.id}/roles").json()[0]
    assert (custom["type"], custom["role"][:3], custom["resource-set"][:3]) == ("CUSTOM", "cr0", "iam")
    assert (
        call(f"/iam/roles/{custom['role']}/permissions").json()["permissions"][0]["label"]
        == "okta.users.read"
    )


def test_standard_role_assignments_have_oktas_ids(call, acme):
    assert call(f"/groups/{acme.admins.id}/roles").json()[0]["id"] == "KVJUKUS7IFCE2SKO"


def test_role_holders_page_in_the_body(call, acme):
    first = call("/iam/assignees/users?limit=1").json()
    second = json.loads(call(first["_links"]["next"]["href"]).content)
    assert "_links" not in second
    assert {entry["id"] for page in (first, second) for entry in page["value"]} == {acme.ada.id, acme.bob.id}


def test_aws_roles_that_okta_read_are_listed(call, acme):
    assert call(f"/internal/apps/{acme.app.id}/types").json()["SamlIamRole"] == ["Admin", "ReadOnly"]


def test_token_records_never_hold_the_token(call, okta):
    response = call("/api-tokens")
    assert len(response.json()) == len(okta.tokens)
    assert "reader-token" not in response.text


def test_the_next_link_names_the_host_that_was_called():
    org = Organisation()
    with serve(org) as okta:
        port = okta.domain.partition(":")[2]
        headers = {"Authorization": "SSWS super-token", "Host": f"localhost:{port}"}
        org.add_group("another")
        response = httpx.get(f"http://{okta.domain}/api/v1/groups?limit=1", headers=headers)
    assert response.links["next"]["url"].startswith(f"http://localhost:{port}/api/v1/groups?after=")


def test_a_bug_of_the_simulator_is_raised_where_it_was_served(acme):
    serving = serve(acme.org)
    okta = serving.__enter__()
    acme.ada.groups = None
    url, headers = (
        f"http://{okta.domain}/api/v1/users/{acme.ada.id}/groups",
        {"Authorization": "SSWS super-token"},
    )
    assert httpx.get(url, headers=headers).status_code == 500
    with pytest.raises(TypeError):
        serving.__exit__(None, None, None)


def test_latency_holds_every_answer_back(okta, call):
    okta.latency = 0.2
    response = call("/org")
    assert response.elapsed.total_seconds() >= 0.2


def test_a_cap_makes_pages_of_a_few_items_however_many_are_asked_for(acme):
    people = [acme.org.add_user(f"person{number}@acme.example") for number in range(3)]
    group = acme.org.add_group("five", members=[*people, acme.ada, acme.bob])
    with serve(acme.org, page_size_cap=2) as okta, httpx.Client() as client:
        url, sizes = f"http://{okta.domain}/api/v1/groups/{group.id}/users?limit=1000", []
        while url is not None:
            page = client.get(url, headers={"Authorization": "SSWS super-token"})
            sizes.append(len(page.json()))
            url = page.links.get("next", {}).get("url")

    assert sizes == [2, 2, 1]
