import json
import time

import httpx
import pytest

from rolecall_okta.simulator import outside, serve
from rolecall_okta.simulator.faults import (
    READ_ONLY,
    WRITES,
    After,
    Applied,
    Before,
    Body,
    Delay,
    Html,
    Lacking,
    NextLink,
    Redirect,
    Reset,
    SlowDrip,
    Stall,
    Status,
    TooManyRequests,
    TruncatedJson,
)


def test_a_fault_strikes_at_the_nth_match_only(okta, call):
    okta.faults.add(r"^/api/v1/groups\?", Status(503), nth=2, times=2)
    statuses = [call(path).status_code for path in ("/groups", *["/groups?limit=1"] * 5, "/users")]
    assert statuses == [200, 200, 503, 503, 200, 200, 200]


def test_a_fault_for_ever_lasts_until_it_is_cleared(okta, call):
    okta.faults.add("", Status(500), times=None)
    assert {call("/groups").status_code for _ in range(3)} == {500}
    okta.faults.clear()
    assert call("/groups").status_code == 200


def test_a_status_may_carry_oktas_error_body_or_none(okta, call):
    okta.faults.add("", Status(500, "E0000009", "Internal Server Error"))
    okta.faults.add("", Status(502))
    with_body, without = call("/groups"), call("/groups")
    assert with_body.json()["errorCode"] == "E0000009"
    assert (without.status_code, without.content) == (502, b"")


def test_several_faults_count_on_their_own(okta, call):
    okta.faults.add("/groups", Status(500), nth=1)
    okta.faults.add("/groups", Status(503), nth=2)
    assert [call("/groups").status_code for _ in range(3)] == [500, 503, 200]


def test_429_tells_when_to_come_back(okta, call):
    okta.faults.add("/groups", TooManyRequests(2))
    response = call("/groups")
    assert response.json()["errorCode"] == "E0000047"
    assert response.headers["x-rate-limit-remaining"] == "0"
    assert len(response.headers.get_list("x-rate-limit-limit")) == 1


def test_broken_bodies(okta, call):
    okta.faults.add("/groups", TruncatedJson(), nth=1)
    okta.faults.add("/groups", Body(), nth=2)
    okta.faults.add("/groups", Body(b'{"errors":1}'), nth=3)
    okta.faults.add("/groups", Html(502), nth=4)
    truncated, empty, other, page = (call("/groups") for _ in range(4))
    with pytest.raises(json.JSONDecodeError):
        truncated.json()
    assert (truncated.status_code, empty.content, other.json()) == (200, b"", {"errors": 1})
    assert (page.status_code, page.headers["content-type"]) == (502, "text/html")


def test_a_list_can_silently_lack_some(okta, call):
    first, *others = [group["id"] for group in call("/groups").json()]
    okta.faults.add("/groups", Lacking(frozenset({first})))
    assert [group["id"] for group in call("/groups").json()] == others


def test_a_next_link_can_lead_anywhere_or_back(okta, call):
    okta.faults.add("/groups", NextLink("https://elsewhere.example/api/v1/groups?after=x"), nth=1)
    okta.faults.add("/groups", NextLink(), nth=2)
    astray, again = call("/groups?limit=1"), call("/groups?limit=1")
    assert astray.links["next"]["url"] == "https://elsewhere.example/api/v1/groups?after=x"
    assert again.links["next"]["url"] == f"http://{okta.domain}/api/v1/groups?limit=1"
    assert len(again.headers.get_list("link")) == 2


def test_a_redirect_names_its_target(okta, call):
    okta.faults.add("/groups", Redirect("https://elsewhere.example/"))
    response = call("/groups")
    assert (response.status_code, response.headers["location"]) == (302, "https://elsewhere.example/")


@pytest.mark.parametrize("after_headers", [False, True])
def test_a_connection_can_be_reset(okta, call, after_headers):
    okta.faults.add("/groups", Reset(after_headers=after_headers))
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        call("/groups")
    assert call("/groups").status_code == 200


@pytest.mark.parametrize("after_headers", [False, True])
def test_a_stall_lasts_until_the_client_gives_up(okta, call, after_headers):
    okta.faults.add("/groups", Stall(after_headers=after_headers))
    with pytest.raises(httpx.ReadTimeout):
        call("/groups", timeout=0.2)
    assert call("/groups").status_code == 200


def test_a_stalled_request_does_not_keep_the_server_from_stopping(acme):
    with serve(acme.org) as okta, httpx.Client() as client:
        okta.faults.add("", Stall())
        with pytest.raises(httpx.ReadTimeout):
            client.get(f"http://{okta.domain}/api/v1/org", timeout=0.1)
        started = time.monotonic()
    assert time.monotonic() - started < 5


def test_a_slow_body_arrives_whole(okta, call):
    whole = call("/groups").content
    okta.faults.add("/groups", SlowDrip(pause=0.001, piece=500))
    assert call("/groups").content == whole


def test_a_delay_holds_the_answer_back(okta, call):
    okta.faults.add("/groups", Delay(0.3))
    started = time.monotonic()
    assert call("/groups").status_code == 200
    assert time.monotonic() - started >= 0.3


def test_the_org_can_change_in_mid_run(okta, call, acme):
    okta.faults.add(f"/groups/{acme.admins.id}/users", Before(lambda org: org.delete_group(acme.admins)))
    okta.faults.add(f"/users/{acme.ada.id}$", Before(lambda org: org.delete_user(acme.ada)))
    assert call(f"/groups/{acme.admins.id}").status_code == 200
    gone = call(f"/groups/{acme.admins.id}/users")
    assert (gone.status_code, gone.json()["errorSummary"]) == (
        404,
        f"Not found: Resource not found: {acme.admins.id} (UserGroup)",
    )
    assert [held["id"] for held in call(f"/apps/{acme.app.id}/groups").json()] == [acme.readers.id]
    assert call(f"/users/{acme.ada.id}").status_code == 404
    assert call(f"/groups/{acme.readers.id}/users").json() == []


def test_requests_are_noted_in_order_with_their_answers(okta, call):
    okta.faults.add("/users", Reset())
    call("/groups?limit=1")
    with pytest.raises(httpx.HTTPError):
        call("/users")
    assert [tuple(made) for made in okta.requests] == [
        ("GET", "/api/v1/groups", "limit=1", 200),
        ("GET", "/api/v1/users", "", 0),
    ]
    assert okta.paths() == ["/api/v1/groups?limit=1", "/api/v1/users"]


def test_a_fault_may_strike_at_one_method_only(okta, call, write, acme):
    path = f"/groups/{acme.admins.id}/users/{acme.eve.id}"
    okta.faults.add("/groups", Status(500), method="DELETE", times=None)
    assert call("/groups").status_code == 200
    assert write("DELETE", path).status_code == 500


def test_in_read_only_mode_reads_work_and_writes_do_not(okta, call, write, acme):
    okta.faults.add("", READ_ONLY, method=WRITES, times=None)
    refused = write("DELETE", f"/groups/{acme.admins.id}/users/{acme.ada.id}")
    assert (refused.status_code, refused.json()["errorCode"]) == (503, "E0000010")
    assert acme.ada.id in [user["id"] for user in call(f"/groups/{acme.admins.id}/users").json()]


def test_a_write_that_fails_before_it_is_applied_changes_nothing(okta, write, acme):
    okta.faults.add("/users/", Reset(), method="DELETE")
    with pytest.raises(httpx.HTTPError):
        write("DELETE", f"/groups/{acme.admins.id}/users/{acme.ada.id}")
    assert acme.ada in acme.admins.members


@pytest.mark.parametrize("fault", [Reset(), Stall()])
def test_a_write_may_be_applied_and_its_answer_lost(okta, write, acme, fault):
    okta.faults.add("/users/", Applied(fault), method="DELETE")
    with pytest.raises(httpx.HTTPError):
        write("DELETE", f"/groups/{acme.admins.id}/users/{acme.ada.id}", timeout=0.3)
    assert acme.ada not in acme.admins.members


def test_a_write_is_applied_once_however_its_answer_comes(okta, write, acme):
    body = {"id": acme.org.add_user("ken@acme.example").id}
    okta.faults.add("/users$", Applied(Delay(0.01)), method="POST")
    assert write("POST", f"/apps/{acme.app.id}/users", body).status_code == 200
    okta.faults.add("/users$", Applied(Status(504)), method="POST")
    assert write("POST", f"/apps/{acme.app.id}/users", body).status_code == 504


def test_another_writer_may_come_just_before_a_write_or_right_after_it(okta, write, call, acme):
    def others_roles(org):
        acme.app.direct[acme.ada.id].profile = {"samlRoles": ["Others"]}

    path, mine = f"/apps/{acme.app.id}/users/{acme.ada.id}", {"profile": {"samlRoles": ["Mine"]}}
    okta.faults.add("/users/", Before(others_roles), method="POST")
    okta.faults.add("/users/", After(others_roles), method="POST", nth=2)
    assert write("POST", path, {"profile": {"samlRoles": ["Mine"]}}).json()["profile"]["samlRoles"] == [
        "Mine"
    ]
    assert call(path).json()["profile"] == {"samlRoles": ["Mine"]}  # what the other wrote is lost
    assert write("POST", path, mine).status_code == 200
    assert call(path).json()["profile"] == {"samlRoles": ["Others"]}


def test_writes_are_noted_with_what_they_sent(okta, write, call, acme):
    call("/groups")
    write("POST", f"/apps/{acme.app.id}/users", {"id": "00uNobody"})
    (made,) = okta.writes
    assert (made.method, made.path, made.status) == ("POST", f"/api/v1/apps/{acme.app.id}/users", 404)
    assert json.loads(made.body) == {"id": "00uNobody"}


def test_a_change_that_cannot_be_made_is_the_tests_own_mistake(acme):
    serving = serve(acme.org)
    okta = serving.__enter__()
    okta.faults.add("", Before(lambda org: outside(org, {"do": "delete_group", "group": "Nowhere"})))
    headers = {"Authorization": "SSWS super-token"}
    assert httpx.get(f"http://{okta.domain}/api/v1/groups", headers=headers).status_code == 500
    with pytest.raises(LookupError, match="no group"):
        serving.__exit__(None, None, None)
