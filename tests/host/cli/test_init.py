"""``init`` writes a configuration that works, from flags or from answers, and never over another."""

import os
import pty
import stat
import subprocess
import sys
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolecall.cli.config_file import add_connector
from rolecall.secrets import SecretRef

FLAGS = ["--name", "lab-one", "--site", "lab.acme.example", "--token-env", "LAB_TOKEN"]


@pytest.fixture
def empty(workspace):
    (workspace / "rolecall.toml").unlink()
    (workspace / "accounts.csv").unlink()
    return workspace


def test_flags_make_a_private_file_that_works(empty, rolecall):
    result = rolecall("init", *FLAGS)

    file = empty / "rolecall.toml"
    assert result.code == 0
    assert "Ask the lab for a token." in result.out.decode()
    assert "rolecall check lab-one" in result.out.decode()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert rolecall("sync", "-o", "json").json["runs"][0]["status"] == "published"


def test_the_result_is_an_object_when_asked_for(empty, rolecall):
    result = rolecall("init", *FLAGS, "-o", "json")

    assert result.json == {"path": str(empty / "rolecall.toml"), "connector": "lab-one", "kind": "lab"}


def test_a_connector_can_share_the_people_of_another(empty, rolecall):
    rolecall("init", *FLAGS)

    second = ["--name", "lab-two", *FLAGS[2:], "--identity-source"]
    unknown = rolecall("init", *second, "lab-three", "-o", "json")
    known = rolecall("init", *second, "lab-one")

    assert (unknown.code, known.code) == (2, 0)
    assert unknown.error["hint"] == "configured: lab-one"
    runs = rolecall("sync", "-o", "json").json["runs"]
    assert [(run["connector"], run["status"]) for run in runs] == [
        ("lab-one", "published"),
        ("lab-two", "published"),
    ]
    assert runs[1]["source"]["connector"] == "lab-one"


def test_missing_flags_are_all_named_without_a_terminal(empty, rolecall):
    result = rolecall("init", "-o", "json", "--kind", "lab")

    assert result.code == 2
    assert result.error["message"] == "Missing: --name, --site, --token-env|--token-file|--token-keyring."
    assert not (empty / "rolecall.toml").exists()


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        pytest.param([*FLAGS, "--token-file", "x"], "exclude each other", id="two places"),
        pytest.param([*FLAGS[2:], "--name", "Lab One"], "can't be a connector's name", id="bad name"),
        pytest.param([*FLAGS, "--kind", "other"], "No plugin offers", id="unknown kind"),
        pytest.param([*FLAGS, "--site", "NO!"], "lab-one.site: must be a host name", id="bad setting"),
    ],
)
def test_wrong_flags_write_nothing(empty, rolecall, flags, reason):
    result = rolecall("init", "-o", "json", *flags)

    assert result.code == 2
    assert reason in result.error["message"]
    assert not (empty / "rolecall.toml").exists()


def test_a_connector_is_added_to_a_file_and_the_rest_stays(workspace, rolecall):
    before = (workspace / "rolecall.toml").read_text()

    result = rolecall("init", "--name", "lab-two", *FLAGS[2:])

    after = (workspace / "rolecall.toml").read_text()
    assert result.code == 0
    assert after.startswith(before.rstrip())
    assert [row["name"] for row in rolecall("connectors", "list").json] == ["lab-one", "lab-two"]


def test_an_existing_connector_is_never_changed(workspace, rolecall):
    before = (workspace / "rolecall.toml").read_text()

    result = rolecall("init", "-o", "json", *FLAGS)

    assert result.code == 2
    assert "already" in result.error["message"]
    assert (workspace / "rolecall.toml").read_text() == before


def test_the_file_is_written_where_the_option_says(empty, rolecall, tmp_path):
    path = tmp_path / "elsewhere.toml"

    assert rolecall("init", *FLAGS, "--config", path).code == 0
    assert "lab-one" in tomllib.loads(path.read_text())["connectors"]


def test_a_terminal_is_asked_and_shown_what_there_is_to_pick(empty, site):
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "rolecall", "init", "--kind", "lab", "--site", "lab.acme.example"],
        stdin=follower,
        stdout=subprocess.PIPE,
        stderr=follower,
        env={**os.environ, "PYTHONPATH": str(site)},
    )
    os.close(follower)
    os.write(leader, b"lab-one\nnot a variable!\nLAB_TOKEN\n1\n")
    out, _ = process.communicate(timeout=60)
    asked = os.read(leader, 65536)
    os.close(leader)

    table = tomllib.loads((empty / "rolecall.toml").read_text())["connectors"]["lab-one"]
    assert process.returncode == 0
    assert b"1. Fine, at lab.acme.example" in asked
    assert b"neither a variable's name" in asked
    assert (table["token"], table["mood"]) == ({"env": "LAB_TOKEN"}, "fine")
    assert b"Wrote connector lab-one" in out


@given(
    value=st.text(st.characters(exclude_categories=("Cs",))),
    secret=st.text(st.characters(exclude_categories=("Cs",)), min_size=1),
)
def test_whatever_is_written_reads_back(tmp_path_factory, value, secret):
    path = tmp_path_factory.mktemp("work") / "rolecall.toml"

    add_connector(path, "a.b", "lab", {"site": value, "token": SecretRef("file", secret), "deep": True})
    add_connector(path, "c", "lab", {})

    connectors = tomllib.loads(path.read_text(encoding="utf-8"))["connectors"]
    assert connectors["a.b"]["site"] == value
    assert connectors["a.b"]["token"] == {"file": secret}
    assert connectors["a.b"]["deep"] is True
    assert connectors["c"]["kind"] == "lab"
