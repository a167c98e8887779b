"""Random writes over HTTP: whatever is written, the lists say what the org's rules make of it."""

from random import Random

import httpx
import pytest

from rolecall_okta.simulator import state_of
from rolecall_okta.simulator.generator import Recipe, generate
from rolecall_okta.simulator.running import serve
from tests.plugins.okta.simulator.conftest import Clock


class Writer:
    """Makes one write after another, of things that exist and some that don't fit."""

    def __init__(self, org, write, seed):
        self.org, self.write, self.random = org, write, Random(seed)
        self.app = next(app for app in org.apps if app.name == "amazon_aws")
        self.people = [user for user in org.users if user.status == "ACTIVE"][:12]
        self.groups = [org.add_group(f"G{number}") for number in range(5)]

    def profile(self):
        return {"samlRoles": self.random.sample(["A", "B", "C"], self.random.randint(0, 3))}

    def one(self):
        person, group = self.random.choice(self.people), self.random.choice(self.groups)
        users, groups = f"/apps/{self.app.id}/users", f"/apps/{self.app.id}/groups/{group.id}"
        member = f"/groups/{group.id}/users/{person.id}"
        patch = [{"op": "replace", "path": "/profile/samlRoles", "value": self.profile()["samlRoles"]}]
        body = {"profile": self.profile()} if self.random.random() < 0.7 else {}
        if self.random.random() < 0.3:
            body["priority"] = self.random.randint(0, 6)
        made = [
            ("PUT", member, None),
            ("PUT", member, None),
            ("DELETE", member, None),
            ("POST", users, {"id": person.id} | ({"profile": self.profile()} if body else {})),
            ("POST", f"{users}/{person.id}", {"scope": "USER", "profile": self.profile()}),
            ("POST", f"{users}/{person.id}", {"scope": "GROUP"}),
            ("DELETE", f"{users}/{person.id}", None),
            ("PUT", groups, body),
            ("PATCH", groups, patch),
            ("DELETE", groups, None),
        ]
        method, path, sent = self.random.choice(made)
        return self.write(method, path, sent).status_code


@pytest.fixture
def written(request):

    union, lag, seed = request.param
    org = generate(
        Recipe(people=40, groups=12, role_groups=6, app_users=15, mode="single", union=union), seed=seed
    )
    clock = Clock(1_780_000_000.0)
    org.behaviour.assignment_lag = lag
    with serve(org, clock=clock) as okta, httpx.Client(base_url=f"http://{okta.domain}/api/v1") as client:
        client.headers["Authorization"] = "SSWS super-token"
        writer = Writer(org, lambda method, path, body: client.request(method, path, json=body), seed)
        statuses = set()
        for _ in range(250):
            statuses.add(writer.one())
            clock.pass_by(1)
        clock.pass_by(lag + 1)
        listed = client.get(f"/apps/{writer.app.id}/users?limit=500").json()
        groups = client.get(f"/apps/{writer.app.id}/groups?limit=200").json()
        yield org, writer.app, statuses, listed, groups


@pytest.mark.parametrize("written", [(False, 0, 1), (True, 0, 2), (False, 7, 3), (True, 7, 4)], indirect=True)
def test_app_users_are_what_assignments_and_memberships_make_of_them(written):
    org, app, statuses, listed, groups = written
    state = next(each for each in state_of(org)["apps"] if each["id"] == app.id)
    assert [{name: held[name] for name in ("id", "scope", "profile")} for held in listed] == state["users"]
    assert [held["id"] for held in groups] == [held["id"] for held in state["groups"]]
    assert len({held["priority"] for held in groups}) == len(groups)
    assert statuses >= {200, 204, 403, 404}
    assert 500 not in statuses
