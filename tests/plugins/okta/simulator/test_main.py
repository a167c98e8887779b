"""``python -m rolecall_okta.simulator`` in a process of its own."""

import json
import subprocess
import sys

import httpx
import pytest

from rolecall_okta.simulator import load_organisation, serve_in_process
from rolecall_okta.simulator.clients_file import load_clients
from tests.plugins.okta.simulator.service_client import ServiceClient, key, public_jwk


def run(*arguments):
    command = [sys.executable, "-m", "rolecall_okta.simulator", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_it_says_where_it_listens_and_serves_the_organisation_asked_for():
    with serve_in_process(
        "--generate", "people=20", "mode=single", "union=true", "--token", "t=read_only"
    ) as okta:
        base, headers = f"http://{okta.domain}/api/v1", {"Authorization": "SSWS t"}
        people = httpx.get(f"{base}/users?search=status+pr", headers=headers).json()
        app = httpx.get(f"{base}/apps", headers=headers).json()[0]["id"]
        schema = httpx.get(f"{base}/meta/schemas/apps/{app}/default", headers=headers).json()
        assert httpx.get(f"{base}/iam/roles", headers=headers).status_code == 403
    assert len(people) == 20
    assert schema["definitions"]["base"]["properties"]["samlRoles"]["union"] == "ENABLE"
    with pytest.raises(httpx.ConnectError):
        httpx.get(base)


def test_an_organisation_written_to_a_file_can_be_served(tmp_path):
    file = tmp_path / "org.json"
    assert run("--generate", "people=7", "--seed", 4, "--write-org", file).returncode == 0
    assert len(load_organisation(file).users) == 7
    with serve_in_process("--org", str(file), "--enforce-limits", "--limit-scale", "0.02") as okta:
        url, headers = f"http://{okta.domain}/api/v1/apps", {"Authorization": "SSWS super-token"}
        assert [httpx.get(url, headers=headers).status_code for _ in range(2)] == [200, 429]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--generate", "nothing=1"], "nothing"),
        (["--generate", "people=many"], "many"),
        (["--generate", "people"], "NAME=VALUE"),
        (["--generate", "pattern=odd"], "odd"),
        (["--token", "t=root"], "root"),
        (["--clients", "missing.json"], "missing.json"),
        (["--org", "missing.json"], "missing.json"),
        (["--org", "a", "--generate"], "not allowed"),
    ],
)
def test_arguments_that_cannot_be_used_are_named(arguments, named):
    ended = run(*arguments)
    assert ended.returncode == 2
    assert named in ended.stderr
    assert "Traceback" not in ended.stderr


def test_service_apps_of_a_file_get_access_tokens_and_can_be_changed(tmp_path):
    file = tmp_path / "clients.json"
    apps = [
        {"client_id": "0oaFile", "keys": [public_jwk(key())], "scopes": ["okta.users.read"], "dpop": False}
    ]
    file.write_text(json.dumps(apps))
    with serve_in_process("--clients", str(file), "--control") as okta:
        client = ServiceClient(okta, "0oaFile")
        client.token = client.ask("okta.users.read").json()["access_token"]
        control = f"http://{okta.domain}/simulator/client"
        assert client.call("GET", "/users", scheme="Bearer").json() == []
        httpx.post(control, json={"client_id": "0oaFile", "profile": "read_only"}).raise_for_status()
        assert client.call("GET", "/users", scheme="Bearer").json() != []
        for wrong, status in (
            ({"client_id": "0oaFile", "profile": "emperor"}, 400),
            ({"client_id": "0oaFile", "scopes": 7}, 400),
            ({"client_id": "0oaFile", "colour": "red"}, 400),
            ({"client_id": "0oaOther"}, 409),
        ):
            assert httpx.post(control, json=wrong).status_code == status


@pytest.mark.parametrize("written", ['[{"client_id": "a"}]', '{"a": 1}', "[", '[{"colour": 1}]', "[1]"])
def test_a_file_of_service_apps_of_another_form_is_refused(tmp_path, written):
    file = tmp_path / "clients.json"
    file.write_text(written)
    with pytest.raises(ValueError):  # noqa: PT011 - any of them
        load_clients(file)


def test_help_shows_examples():
    ended = run("--help")
    assert ended.returncode == 0
    assert "python -m rolecall_okta.simulator --org acme.json" in ended.stdout


def test_a_server_that_cannot_start_is_reported(tmp_path):
    with (
        pytest.raises(RuntimeError, match="did not start"),
        serve_in_process("--org", str(tmp_path / "none.json")),
    ):
        pass
