"""The simulator's own paths, for other processes."""

import httpx
import pytest

from rolecall_okta.simulator import serve, serve_in_process
from rolecall_okta.simulator.control import Control

READER = {"Authorization": "SSWS super-token"}


def test_another_process_changes_the_org_and_reads_what_was_asked():
    with (
        serve_in_process("--generate", "people=50", "--control") as okta,
        httpx.Client(base_url=f"http://{okta.domain}") as client,
    ):
        asked = {"seed": 3, "count": 4, "kinds": ["join", "leave"], "among": "role"}
        changes = client.post("/simulator/change", json=asked).json()["changes"]
        events = client.get("/api/v1/logs?filter=eventType+sw+%22group.user_membership%22", headers=READER)
        stats = client.get("/simulator/stats").json()
        assert client.post("/simulator/stats/reset").json() == stats
        assert client.get("/simulator/stats").json()["served"] == 0
    assert len(changes) == 4
    assert {group for change in changes for group in change["groups"]} == {
        target["id"] for event in events.json() for target in event["target"] if target["type"] == "UserGroup"
    }
    assert (stats["served"], stats["by_path"], stats["refused"]) == (1, {"GET /api/v1/logs": 1}, 0)
    assert stats["admitted_by"] == {"logs": 1}


@pytest.fixture
def control(acme):
    with serve(acme.org, control=True) as okta, httpx.Client(base_url=f"http://{okta.domain}") as client:
        yield client


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"kinds": ["explode"]}, "kinds"),
        ({"kinds": []}, "kinds"),
        ({"count": -1}, "count"),
        ({"count": "many"}, "count"),
        ({"among": "nobody"}, "among"),
        ([], "object"),
    ],
)
def test_what_cannot_be_used_is_named(control, body, named):
    response = control.post("/simulator/change", json=body)
    assert response.status_code == 400
    assert named in response.json()["error"]


def test_a_path_or_change_that_is_not_there_is_said(control):
    assert control.get("/simulator/change").status_code == 404
    assert control.post("/simulator/change", content=b"{").status_code == 400
    asked = {"kinds": ["leave"], "among": "ordinary"}
    assert control.post("/simulator/change", json=asked).status_code == 409


def test_it_is_off_unless_asked_for(okta):
    assert httpx.get(f"http://{okta.domain}/simulator/stats", headers=READER).status_code == 404


async def test_only_this_machine_is_answered(acme):
    sent = []

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message)

    with serve(acme.org) as okta:
        scope = {"client": ("192.0.2.7", 1), "method": "GET", "path": "/simulator/stats"}
        await Control(okta).answer(scope, receive, send)
    assert sent[0]["status"] == 403


@pytest.fixture
def state(control):
    return lambda: control.get("/simulator/state").json()


def named(items, name):
    return next(each for each in items if name in (each.get("name"), each.get("login"), each.get("label")))


def test_the_state_is_what_is_really_so(state, control, acme):
    acme.org.behaviour.assignment_lag = acme.org.behaviour.member_lag = 60
    ken = acme.org.add_user("ken@acme.example")
    acme.org.add_member(acme.admins, ken)
    acme.org.change_directory(acme.readers, acme.bob)
    told = state()
    admins, readers = (named(told["groups"], group.name) for group in (acme.admins, acme.readers))
    assert ken.id in admins["members"]
    assert (readers["members"], readers["directory_members"]) == (
        [acme.ada.id],
        sorted([acme.ada.id, acme.bob.id]),
    )
    app = named(told["apps"], "AWS Account Federation")
    assert {"id": ken.id, "scope": "GROUP", "profile": {"samlRoles": ["Admin"]}} in app["users"]
    assert app["groups"][0] == {"id": acme.admins.id, "priority": 0, "profile": {"samlRoles": ["Admin"]}}
    assert named(told["users"], "ada@acme.example")["roles"] == ["SUPER_ADMIN"]
    assert told["rules"][0]["groups"] == [acme.admins.id]


def test_another_administrator_changes_everything_that_tests_need(state, control, acme):
    admins, readers, app = acme.admins.id, acme.readers.name, acme.app.label
    changes = [
        {"do": "remove_member", "group": admins, "user": "ada@acme.example"},
        {"do": "add_member", "group": admins, "user": "eve@acme.example"},
        {"do": "rename_group", "group": admins, "name": "Renamed"},
        {"do": "rename_user", "user": "bob@acme.example", "name": "robert@acme.example"},
        {"do": "set_status", "user": "robert@acme.example", "status": "SUSPENDED"},
        {"do": "set_profile", "user": "ada", "profile": {"department": "Sales"}},
        {"do": "unassign_user", "app": app, "user": "ada"},
        {"do": "assign_user", "app": app, "user": "robert", "profile": {"samlRoles": ["X"]}},
        {"do": "assign_group", "app": app, "group": readers, "profile": {"samlRoles": ["Y"]}},
        {"do": "assign_group", "app": app, "group": "Everyone", "priority": 9},
        {"do": "unassign_group", "app": app, "group": admins},
        {"do": "set_settings", "app": app, "settings": {"joinAllRoles": True}},
        {"do": "directory_add", "group": readers, "user": "robert"},
        {"do": "directory_remove", "group": readers, "user": "ada"},
        {"do": "import_people", "app": acme.directory.label},
        {"do": "sign_in", "user": "ada"},
        {"do": "deactivate_rule", "rule": "Engineers"},
        {"do": "add_admin_role", "group": admins, "role": "APP_ADMIN"},
    ]
    assert control.post("/simulator/outside", json=changes).json() == {"changed": len(changes)}
    control.post("/simulator/import", json={"directory": acme.directory.label})
    told = state()
    renamed, app_told = named(told["groups"], "Renamed"), named(told["apps"], app)
    assert renamed["members"] == sorted([acme.bob.id, acme.eve.id])
    assert "APP_ADMIN" in renamed["roles"]
    assert named(told["groups"], readers)["members"] == [acme.bob.id]
    assert named(told["users"], "robert@acme.example")["status"] == "SUSPENDED"
    assert [held["priority"] for held in app_told["groups"]] == [1, 9]
    assert app_told["groups"][0]["profile"] == {"samlRoles": ["Y"]}
    assert app_told["settings"]["joinAllRoles"] is True
    assert {(held["id"], held["scope"]) for held in app_told["users"]} == {
        (acme.bob.id, "USER"),
        (acme.ada.id, "GROUP"),
    }
    assert told["rules"][0]["status"] == "INACTIVE"
    for change in (
        {"do": "activate_rule", "rule": "Engineers"},
        {"do": "deactivate", "user": "ada"},
        {"do": "delete_user", "user": "eve"},
        {"do": "delete_group", "group": "Renamed"},
    ):
        control.post("/simulator/outside", json=change).raise_for_status()
    assert [user["login"] for user in state()["users"] if user["status"] != "SUSPENDED"] == [
        "ada@acme.example"
    ]


@pytest.mark.parametrize(
    ("path", "body", "status", "said"),
    [
        ("outside", {"do": "explode"}, 400, "do: one of"),
        ("outside", {"do": "add_member", "group": "Everyone"}, 400, "user is missing"),
        ("outside", {"do": "add_member", "group": "Nowhere", "user": "ada"}, 409, "no group 'Nowhere'"),
        ("outside", {"do": "unassign_user", "app": "corp.acme.example", "user": "ada"}, 409, "no assignment"),
        (
            "outside",
            {"do": "unassign_group", "app": "corp.acme.example", "group": "Everyone"},
            409,
            "not ass",
        ),
        ("outside", {"do": "activate_rule", "rule": "None"}, 409, "no rule"),
        ("outside", [1], 400, "change 0"),
        ("behaviour", {"assign_again": "sometimes"}, 400, "one of conflict, updates"),
        ("behaviour", {"rule_lag": -1}, 400, "a number of seconds"),
        ("behaviour", {"rule_lag": None}, 400, "a number of seconds"),
        ("behaviour", {"colour": 1}, 400, "there is assign_again"),
        ("import", {"directory": "nowhere"}, 409, "no directory"),
        ("clock", {"advance": -1}, 400, "seconds"),
        ("faults", {"fault": {"kind": "magic"}}, 400, "kind"),
        ("faults", {"fault": {"kind": "status", "colour": 1}}, 400, "colour"),
        ("faults", {}, 400, "fault"),
        ("faults", {"path": "(", "fault": {"kind": "reset"}}, 400, "path"),
        ("faults", {"nth": 0, "fault": {"kind": "reset"}}, 400, "nth"),
    ],
)
def test_what_cannot_be_done_is_said(control, path, body, status, said):
    response = control.post(f"/simulator/{path}", json=body)
    assert response.status_code == status
    assert said in response.json()["error"]


def test_switches_are_set_all_or_none(control, acme):
    control.post("/simulator/behaviour", json={"patch_absent": "refused", "rule_lag": "long"})
    assert acme.org.behaviour.patch_absent == "sets"
    set_now = control.post("/simulator/behaviour", json={"patch_absent": "refused", "import_lag": 3})
    assert (set_now.json()["patch_absent"], acme.org.behaviour.import_lag) == ("refused", 3)
    control.post("/simulator/behaviour", json={"import_lag": None})
    assert acme.org.behaviour.import_lag is None


def test_faults_can_be_planned_from_another_process(control, acme):
    path = f"/api/v1/groups/{acme.admins.id}/users/{acme.ada.id}"
    after = {"do": "add_member", "group": acme.admins.id, "user": acme.ada.id}
    for number, fault in enumerate(
        [
            {"kind": "status", "status": 503, "code": "E0000010"},
            {"kind": "too_many", "seconds": 1},
            {"kind": "html", "status": 502},
            {"kind": "delay", "seconds": 0.01},
            {"kind": "after", "change": after},
            {"kind": "before", "change": {**after, "do": "remove_member"}},
            {"kind": "applied", "then": {"kind": "reset"}},
        ]
    ):
        planned = {"method": "DELETE", "path": "/users/", "nth": 1 + number, "fault": fault}
        control.post("/simulator/faults", json=planned).raise_for_status()
    seen = []
    for _ in range(6):
        status = control.delete(path, headers=READER).status_code
        seen.append((status, acme.ada in acme.admins.members))
    assert seen == [(503, True), (429, True), (502, True), (204, False), (204, True), (204, False)]
    acme.org.add_member(acme.admins, acme.ada)
    with pytest.raises(httpx.HTTPError):
        control.delete(path, headers=READER)
    assert acme.ada not in acme.admins.members
    control.post("/simulator/faults", json={"fault": {"kind": "stall"}, "times": None}).raise_for_status()
    control.post("/simulator/faults/clear")
    assert control.delete(path, headers=READER).status_code == 204


def test_the_clock_of_another_process_can_be_put_forward():
    with (
        serve_in_process("--control") as okta,
        httpx.Client(base_url=f"http://{okta.domain}") as client,
    ):
        client.post("/simulator/behaviour", json={"assignment_lag": 3600})
        change = {"do": "add_member", "group": "On call", "user": "frances.allen@acme.example"}
        app = "AWS Data Platform"
        client.post("/simulator/outside", json=change)
        state = client.get("/simulator/state").json()
        app_id, person = named(state["apps"], app)["id"], named(state["users"], change["user"])["id"]
        path = f"/api/v1/apps/{app_id}/users/{person}"
        before = client.get(path, headers=READER).status_code
        told = client.post("/simulator/clock", json={"advance": 3601}).json()
        after = client.get(path, headers=READER).status_code
        now = client.post("/simulator/clock").json()
    assert (before, after) == (404, 200)
    assert now["now"] - told["now"] < 60


def test_a_clock_of_a_tests_own_is_left_alone(acme, clock):
    with serve(acme.org, control=True, clock=clock) as okta:
        response = httpx.post(f"http://{okta.domain}/simulator/clock", json={"advance": 1})
    assert response.status_code == 400
