"""A sync that is killed, interrupted or refused never changes what ``access`` shows; the next one works."""

import random
import signal
import time

import pytest

from rolecall_okta.simulator import Organisation


@pytest.fixture
def org():
    """A role group of forty people, and more role groups to make the reading last."""
    org = Organisation()
    people = [org.add_user(f"person{number}@acme.example") for number in range(40)]
    for number in range(40):
        org.add_group(f"aws_123456789012_Role{number}", members=people)
    for person in people:
        org.assign_user(app_of(org), person)
    return org


def app_of(org):
    return org.app("AWS Account Federation") or org.add_aws_app(use_group_mapping=True)


def access(workspace):
    rows = workspace.rolecall("access", "-o", "json").json
    return {(row["login"], row["role"]) for row in rows}


def login_access(org):
    """What a login gives: everybody here is assigned, and every role group is admitted."""
    return {
        (person.login, group.name.removeprefix("aws_123456789012_"))
        for group in org.groups
        if group is not org.everyone
        for person in group.members
    }


def rename_a_role(org, number):
    group = next(group for group in org.groups if group is not org.everyone)
    group.profile = {"name": f"aws_123456789012_Renamed{number}", "description": None}


def test_twenty_kills_at_random_points_leave_the_old_or_the_new_state_whole(org, served, connect, workspace):
    okta = served(org, latency=0.01)
    connect(okta, app_of(org))
    assert workspace.rolecall("sync").code == 0
    before = time.monotonic()
    assert workspace.rolecall("sync").code == 0
    lasting = time.monotonic() - before
    shown = access(workspace)
    chance = random.Random(20261124)

    for number in range(20):
        rename_a_role(org, number)
        process = workspace.start("sync")
        time.sleep(chance.uniform(0.1, 1.1) * lasting)
        process.kill()
        process.communicate()
        now = access(workspace)
        assert now in (shown, login_access(org))
        shown = now

    assert workspace.rolecall("sync").code == 0
    assert access(workspace) == login_access(org)
    assert list(workspace.folder.glob("*staging*")) == []


def test_ctrl_c_ends_with_130_and_leaves_the_published_state(org, served, connect, workspace):
    okta = served(org)
    connect(okta, app_of(org))
    assert workspace.rolecall("sync").code == 0
    shown = access(workspace)
    rename_a_role(org, 1)
    okta.latency = 0.5

    process = workspace.start("sync", "--full")
    while len(okta.requests) < 60:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)

    assert process.returncode == 130
    assert "Traceback" not in err
    assert access(workspace) == shown
    assert workspace.rolecall("runs", "-o", "json").json[-1]["status"] == "failed"
    okta.latency = 0
    assert workspace.rolecall("sync").code == 0
    assert access(workspace) != shown


def test_a_run_in_which_much_would_vanish_is_refused_and_can_be_accepted(org, served, connect, workspace):
    okta = served(org)
    connect(okta, app_of(org))
    assert workspace.rolecall("sync").code == 0
    shown = access(workspace)
    for person in list(org.users)[:20]:
        org.deactivate(person)

    refused = workspace.rolecall("sync", "-o", "json")

    assert refused.code == 3
    assert refused.json["runs"][0]["status"] == "refused"
    assert access(workspace) == shown
    assert workspace.rolecall("sync", "--accept-shrink").code == 0
    assert access(workspace) != shown
