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
