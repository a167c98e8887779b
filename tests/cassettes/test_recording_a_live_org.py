"""Recording a live org: one command, and a cassette that tells nobody who the org or its people are."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rolecall_okta.simulator import Organisation, serve, state_of

pytestmark = pytest.mark.xdist_group("live org")  # it is recorded once

ROOT = Path(__file__).parents[2]
RECORDED = "tests/plugins/okta_aws_federation/recorded"
TOKEN = "a-live-orgs-token"
PERSONAL = ["globex", "Hank", "Scorpio", "jdoe", "E-778899", "Doom", "555 0199", "gmail", "127.0.0.1", TOKEN]


def globex():
    """An org whose people, directory and texts are somebody's own."""
    org = Organisation(subdomain="globex")
    directory = org.add_directory("corp.globex.test")
    app = org.add_aws_app(use_group_mapping=True, app_filter="okta, active_directory")
    private = {"employeeNumber": "E-778899", "department": "Doom", "secondEmail": "hank@gmail.com"}
    hank = org.add_user(
        "hank.scorpio@globex.test",
        first_name="Hank",
        last_name="Scorpio",
        profile=private | {"mobilePhone": "+1 555 0199"},
    )
    doe = org.add_user("jdoe", first_name="J", last_name="Doe")
    org.add_group(
        "aws_123456789012_Admin",
        members=[hank, doe],
        source=directory,
        description="Ask hank.scorpio@globex.test",
    )
    for person in (hank, doe):
        org.assign_user(app, person)
    return org, app


def run_tests(into, *arguments, **variables):
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("ROLECALL_RECORD")
    }
    finished = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            RECORDED,
            "-q",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:hypothesispytest",
            *arguments,
        ],
        cwd=ROOT,
        env=environment | {"ROLECALL_RECORD_INTO": str(into)} | variables,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return finished.returncode, finished.stdout + finished.stderr


def record(into, domain, app, **more):
    return run_tests(
        into,
        "--record-mode=rewrite",
        ROLECALL_RECORD_DOMAIN=domain,
        ROLECALL_RECORD_APP=app.id,
        ROLECALL_RECORD_TOKEN=TOKEN,
        **more,
    )


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """A folder with a recording of Globex, which is no longer there."""
    org, app = globex()
    into = tmp_path_factory.mktemp("live")
    with serve(org, {TOKEN: "read_only"}) as okta:
        code, said = record(into, okta.domain, app)
    assert code == 0, said
    return into


def test_a_sync_and_a_check_are_recorded_and_nothing_else(recording):
    assert sorted(path.name for path in recording.iterdir()) == [
        "test_a_check.expected.json",
        "test_a_check.yaml",
        "test_a_whole_sync.expected.json",
        "test_a_whole_sync.yaml",
    ]


@pytest.mark.parametrize("text", PERSONAL)
def test_nothing_tells_who_it_was(recording, text):
    found = [
        path.name for path in recording.iterdir() if text.lower() in path.read_text(encoding="ascii").lower()
    ]

    assert found == []


def test_what_decides_access_is_kept(recording):
    said = (recording / "test_a_whole_sync.yaml").read_text(encoding="ascii")

    assert "aws_123456789012_Admin" in said
    assert '"groupFilter"' in said


def test_the_recording_is_replayed_with_the_org_gone(recording):
    code, said = run_tests(recording, "-k", "live")

    assert code == 0, said
    assert "2 passed" in said


def test_a_recording_that_tells_something_else_than_was_expected_fails(recording, tmp_path):
    for path in recording.iterdir():
        changed = (
            path.read_text(encoding="ascii").replace("_Admin", "_Root") if path.suffix == ".yaml" else None
        )
        (tmp_path / path.name).write_text(changed or path.read_text(encoding="ascii"), encoding="ascii")

    code, said = run_tests(tmp_path, "-k", "live")

    assert code == 1
    assert "test_a_whole_sync" in said


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A folder with a recording of writes too, on a person and a group of Globex that are there for it."""
    org, app = globex()
    doe, group = org.user("jdoe"), org.add_group("rolecall-test")
    before = state_of(org)
    into = tmp_path_factory.mktemp("written")
    with serve(org, {TOKEN: "super"}) as okta:
        org.unassign_user(app, doe)
        code, said = record(
            into, okta.domain, app, ROLECALL_RECORD_PERSON=doe.id, ROLECALL_RECORD_GROUP=group.id
        )
        org.assign_user(app, doe)
    assert code == 0, said
    assert state_of(org) == before, "nothing is left of it"
    return into


def test_writes_are_recorded_where_there_is_somebody_to_write_on(written):
    assert sorted(path.stem for path in written.glob("*.yaml")) == [
        "test_a_check",
        "test_a_whole_sync",
        "test_what_is_given_is_taken_again",
    ]


@pytest.mark.parametrize("text", PERSONAL)
def test_no_write_tells_who_it_was(written, text):
    said = [path.read_text(encoding="ascii") for path in written.glob("test_what_*")]

    assert len(said) == 2
    assert not any(text.lower() in each.lower() for each in said)


def test_recorded_writes_are_replayed_with_the_org_gone(written):
    code, said = run_tests(written, "-k", "live")

    assert code == 0, said
    assert "3 passed" in said


def test_somebody_to_write_on_is_a_person_and_a_group(tmp_path):
    code, said = run_tests(
        tmp_path,
        "--record-mode=rewrite",
        ROLECALL_RECORD_DOMAIN="globex.example",
        ROLECALL_RECORD_APP="0oa1",
        ROLECALL_RECORD_TOKEN=TOKEN,
        ROLECALL_RECORD_PERSON="00u1",
    )

    assert code != 0
    assert "ROLECALL_RECORD_PERSON, ROLECALL_RECORD_GROUP" in said


def test_half_of_the_settings_are_refused_with_the_names_of_all(tmp_path):
    code, said = run_tests(tmp_path, "--record-mode=rewrite", ROLECALL_RECORD_DOMAIN="globex.example")

    assert code != 0
    assert "ROLECALL_RECORD_DOMAIN, ROLECALL_RECORD_APP, ROLECALL_RECORD_TOKEN" in said
    assert list(tmp_path.iterdir()) == []
