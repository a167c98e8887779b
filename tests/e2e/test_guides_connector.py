"""The connector that the plugin author's guide makes step by step works, provisioning included."""

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.e2e.transcripts import ROOT

GUIDE = (ROOT / "docs" / "writing-a-connector.md").read_text(encoding="utf-8")
MODULES = re.compile(r"```python\n(# src/rolecall_codehost/(\w+\.py)\n.*?)```", re.DOTALL)
ENTRY_POINT = "[rolecall.plugins]\ncodehost = rolecall_codehost.plugin\n"
METADATA = "Metadata-Version: 2.1\nName: rolecall-codehost\nVersion: 0.1.0\n"
CHANGES = {  # what section 7 adds to the modules of the sections before it
    "connector.py": (
        ('"Team", Trait.GROUP)', '"Team", Trait.GROUP, provisions=frozenset({MEMBER}))'),
        ("class CodeHost:", "class CodeHost(Memberships):"),
        ("import httpx\n", "import httpx\n\nfrom rolecall_codehost.memberships import Memberships\n"),
    ),
    "plugin.py": (
        ("            setup=(", '            credential_settings=("token",),\n            setup=('),
    ),
}


class CodeHost(BaseHTTPRequestHandler):
    """Three lists, and who is in a team can be changed."""

    def do_GET(self):
        self.answer(200, json.dumps(self.server.lists[self.path.rpartition("/")[2]]).encode())

    def do_PUT(self):
        self.members.add(self.path.rpartition("/")[2])
        self.answer(204)

    def do_DELETE(self):
        self.members.discard(self.path.rpartition("/")[2])
        self.answer(204)

    @property
    def members(self):
        return Members(self.server.lists["teams"][0]["members"])

    def answer(self, status, body=b""):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Nothing: standard error is the test's."""


class Members:
    """A list that holds each once."""

    def __init__(self, listed):
        self.listed = listed

    def add(self, user):
        if user not in self.listed:
            self.listed.append(user)

    def discard(self, user):
        if user in self.listed:
            self.listed.remove(user)


@pytest.fixture
def lists():
    people = [("u1", "ada"), ("u2", "ben")]
    return {
        "users": [
            {
                "id": ident,
                "name": name.title(),
                "login": name,
                "email": f"{name}@acme.example",
                "state": "active",
                "seat": True,
            }
            for ident, name in people
        ],
        "teams": [{"id": "t1", "name": "core", "members": ["u1"]}],
        "repositories": [{"id": "r1", "name": "app", "access": [{"team": "t1", "level": "write"}]}],
    }


@pytest.fixture
def code_host(lists):
    server = ThreadingHTTPServer(("127.0.0.1", 0), CodeHost)
    server.lists = lists
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def configured(workspace, code_host, tmp_path_factory):
    folder = tmp_path_factory.mktemp("plugin")
    package, known = folder / "rolecall_codehost", folder / "rolecall_codehost-0.1.0.dist-info"
    package.mkdir()
    known.mkdir()
    (known / "METADATA").write_text(METADATA, encoding="utf-8")
    (known / "entry_points.txt").write_text(ENTRY_POINT, encoding="utf-8")
    for text, name in MODULES.findall(GUIDE):
        (package / name).write_text(with_provisioning(name, text), encoding="utf-8")
    workspace.configure(
        f'[plugins]\nallow = ["rolecall-codehost"]\n[connectors.code]\nkind = "codehost"\n'
        f'url = "{code_host}"\ntoken = {{ env = "CODE_TOKEN" }}\nprovisioning = "on"\n',
        CODE_TOKEN="good",
        PYTHONPATH=str(folder),
    )
    return workspace


def with_provisioning(module, text):
    for old, new in CHANGES.get(module, ()):
        assert old in text
        text = text.replace(old, new, 1)
    return text


def test_it_reads_grants_and_takes_away_again(configured, lists):
    synced = configured.rolecall("sync", "-o", "json")
    assert synced.code == 0, synced.err

    granted = configured.rolecall(
        "grant", "code", "team:t1:member", "ben", "--for", "1s", "--yes", "-o", "json"
    )
    assert granted.out, granted.err
    assert (granted.json["status"], granted.json["verified"]) == ("applied", True)
    assert lists["teams"][0]["members"] == ["u1", "u2"]

    again = configured.rolecall("grant", "code", "team:t1:member", "ada", "--yes", "-o", "json")
    assert again.json["status"] == "already_granted"

    threading.Event().wait(1)
    cycle = configured.rolecall("run", "--once", "--every", "0", "-o", "json")
    assert [(row["principal"], row["verified"]) for row in cycle.json["revoked"]] == [("user:u2", True)]
    assert lists["teams"][0]["members"] == ["u1"]

    revoked = configured.rolecall("revoke", "code", "team:t1:member", "ada", "--yes", "-o", "json")
    assert (revoked.json["status"], revoked.json["verified"]) == ("applied", True)
    assert lists["teams"][0]["members"] == []


def test_it_refuses_whom_the_provider_does_not_let_in(configured, lists):
    lists["users"][1]["state"] = "suspended"

    refused = configured.rolecall("grant", "code", "team:t1:member", "ben", "--yes", "-o", "json")

    assert (refused.code, refused.json["error"]["message"]) == (3, "'ben' is suspended.")
    assert lists["teams"][0]["members"] == ["u1"]
