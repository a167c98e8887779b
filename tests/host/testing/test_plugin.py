"""The pytest plugin in somebody else's project: recording, replaying, and keeping out of the way."""

import gzip
import os
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from textwrap import dedent
from threading import Thread

import pytest
import yaml

from rolecall.testing import leaks_in
from tests.host.plugin_samples import install

pytest_plugins = ["pytester"]
pytestmark = pytest.mark.xdist_group("pytest plugin")  # its fixtures are made once

QUICKLY = ["-p", "no:cacheprovider", "-p", "no:hypothesispytest"]
LAMPS = """
import httpx
import marshmallow as ma
import rolecall
from rolecall import Ref, Resource, hookimpl

PERSON = rolecall.ResourceType("person", "Person", rolecall.Trait.USER)

class Settings(ma.Schema):
    class Meta:
        unknown = ma.RAISE
    url = ma.fields.String(required=True)
    key = rolecall.SecretField()

@hookimpl
def rolecall_connector_kinds():
    return [rolecall.ConnectorKind("lamps", "Lamps", Settings, (PERSON,))]

@hookimpl
async def rolecall_open(context):
    return Lamps(context)

class Lamps:
    def __init__(self, context):
        self.context = context
    @hookimpl
    async def rolecall_sync_resources(self, resource_type, run):
        url = self.context.settings["url"] + "/people"
        key = {"Authorization": "Bearer " + self.context.secrets["key"].reveal()}
        async with httpx.AsyncClient(headers=key) as client:
            while url:
                page = await client.get(url)
                yield [Resource(Ref("person", each["id"]), each["mail"]) for each in page.json()]
                url = page.links.get("next", {}).get("url")
    @hookimpl
    async def rolecall_sync_entitlements(self, resource_type, run):
        yield []
    @hookimpl
    async def rolecall_sync_grants(self, resource_type, run):
        yield []
"""
CONFTEST = """
    import os
    import pytest
    from rolecall.testing import CassettePolicy

    ADDRESS = "https://lamps.example"

    @pytest.fixture
    def address(recording):
        return os.environ["LAMPS"] if recording else ADDRESS

    @pytest.fixture
    def vcr_config(address):
        return CassettePolicy(address, ADDRESS).vcr_config()
"""
TESTS = """
    import socket
    import pytest
    from rolecall.testing import collect

    pytestmark = [pytest.mark.vcr, pytest.mark.usefixtures("cassette")]

    @pytest.mark.asyncio
    async def test_people(address):
        settings = {"url": address, "key": {"env": "KEY"}}
        found = await collect("lamps", settings, {"key": "open-sesame-17"})
        assert len(found.resources) == 3
"""
OTHERS = """

    test_people_again = test_people

    @pytest.mark.asyncio
    async def test_people_and_more(address):
        await test_people(address)
        try:
            socket.create_connection(("127.0.0.1", 9))
        except Exception:
            pass

    def test_never_recorded():
        pass
"""


class People(BaseHTTPRequestHandler):
    """Three people on two pages, a cookie, and names that nobody else should read."""

    def do_GET(self):
        origin = f"http://{self.headers['Host']}"
        second = "page=2" in self.path
        people = ["cyd@lamps.test"] if second else ["ada@lamps.test", "bob@lamps.test"]
        rows = [
            f'{{"id": "{mail[:3]}", "mail": "{mail}", "self": "{origin}/people/{mail[:3]}"}}'
            for mail in people
        ]
        body = gzip.compress(f"[{', '.join(rows)}]".encode())
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Set-Cookie", "session=abc")
        self.send_header("X-Secret", "hidden-key")
        if not second:
            self.send_header("Link", f'<{origin}/people?page=2>; rel="next"')
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="module")
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), People) as http:
        thread = Thread(target=http.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """An author's project, with the lamps' connector installed."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "site").mkdir()
    install(folder / "site", "acme-lamps", LAMPS)
    (folder / "conftest.py").write_text(dedent(CONFTEST))
    (folder / "test_lamps.py").write_text(dedent(TESTS))
    return folder


@pytest.fixture(scope="module")
def recorded(project, server):
    """The project after recording."""
    code, said = run(project, "--record-mode=rewrite", LAMPS=server)
    assert code == 0, said
    return project


@pytest.fixture(scope="module")
def replays(recorded):
    """What each test said on replay: the one recorded, and others whose cassettes don't fit them."""
    (recorded / "test_others.py").write_text(dedent(TESTS) + dedent(OTHERS))
    (recorded / "test_unmarked.py").write_text("def test_it(cassette): pass")
    cassette = yaml.safe_load(cassette_of(recorded).read_text())
    first, second = cassette["interactions"]
    unused = {**first, "request": {**first["request"], "uri": "https://lamps.example/old"}}
    for name, interactions in (
        ("test_people", [first, second, unused]),
        ("test_people_again", [first]),
        ("test_people_and_more", [first, second]),
    ):
        path = recorded / "cassettes" / "test_others" / f"{name}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(yaml.safe_dump({"version": 1, "interactions": interactions}))
    said = run(recorded)[1]
    return said[said.index("short test summary info") :]


def run(folder, *arguments, **variables):
    """Run the tests in a folder: the exit code, and what was printed."""
    finished = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rA", *QUICKLY, *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder / "site"), "COLUMNS": "1000"} | variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return finished.returncode, finished.stdout + finished.stderr


def cassette_of(project):
    return project / "cassettes" / "test_lamps" / "test_people.yaml"


def test_a_connector_is_recorded_once_and_replayed_without_a_network(replays):
    assert "PASSED test_lamps.py::test_people\n" in replays
    assert "ERROR test_lamps.py" not in replays


def test_a_cassette_keeps_no_secret_no_person_and_no_address(recorded):
    text = cassette_of(recorded).read_text()

    assert leaks_in(text) == []
    for secret in ("open-sesame-17", "session=abc", "hidden-key", "lamps.test", "127.0.0.1"):
        assert secret not in text


def test_links_and_bodies_name_the_recorded_address(recorded):
    interactions = yaml.safe_load(cassette_of(recorded).read_text())["interactions"]

    assert [made["request"]["uri"] for made in interactions] == [
        "https://lamps.example/people",
        "https://lamps.example/people?page=2",
    ]
    assert interactions[0]["response"]["headers"]["link"] == [
        '<https://lamps.example/people?page=2>; rel="next"'
    ]
    assert "https://lamps.example/people/ada" in interactions[0]["response"]["body"]["string"]


def test_recording_the_same_answers_again_gives_the_same_file(recorded, server):
    first = cassette_of(recorded).read_text()

    code, said = run(recorded, "--record-mode=rewrite", "test_lamps.py", LAMPS=server)

    assert code == 0, said
    assert _undated(cassette_of(recorded).read_text()) == _undated(first)


@pytest.mark.parametrize(
    ("test", "why"),
    [
        pytest.param(
            "ERROR test_others.py::test_people",
            "holds requests that the test no longer makes: GET https://lamps.example/old",
            id="a recording that is no longer used",
        ),
        pytest.param(
            "FAILED test_others.py::test_people_again",
            "CannotOverwriteExistingCassetteException",
            id="a request outside the recording",
        ),
        pytest.param(
            "ERROR test_others.py::test_people_and_more",
            "the test used the network: getaddrinfo 127.0.0.1",
            id="a way round the cassette, even a hidden one",
        ),
        pytest.param(
            "ERROR test_others.py::test_never_recorded",
            "test_never_recorded.yaml; record it with --record-mode=rewrite",
            id="a cassette that is not there",
        ),
        pytest.param(
            "ERROR test_unmarked.py::test_it",
            "the fixture cassette needs the mark: @pytest.mark.vcr",
            id="a test without the mark",
        ),
    ],
)
def test_a_replay_fails_and_says_why(replays, test, why):
    (line,) = [line for line in replays.splitlines() if line.startswith(f"{test} - ")]

    assert why in line


def test_a_recording_of_nothing_fails(pytester):
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.vcr
        def test_people(cassette):
            pass
        """
    )

    code, said = run(pytester.path, "--record-mode=rewrite", LAMPS="http://127.0.0.1:9")

    assert code != 0
    assert "nothing was recorded" in said


def test_a_project_that_records_in_its_own_way_is_left_alone(pytester, server):
    pytester.makepyfile(
        f"""
        import httpx
        import pytest

        @pytest.mark.vcr
        def test_plain():
            assert httpx.get("{server}/people", headers={{"X-Own": "kept"}}).status_code == 200
        """
    )

    assert run(pytester.path, "--record-mode=once")[0] == 0

    (cassette,) = pytester.path.rglob("*.yaml")
    text = cassette.read_text().lower()
    assert all(kept in text for kept in ("x-own", "session=abc", server, "content-encoding"))


def test_the_plugin_loads_where_nothing_is_recorded_with(pytester):
    pytester.makepyfile(
        hide="import sys; sys.modules.update(dict.fromkeys(['vcr', 'pytest_recording', 'yaml']))"
    )
    pytester.makepyfile(
        """
        def test_workspace(workspace):
            assert workspace.rolecall("--version").code == 0
        """
    )

    code, said = run(pytester.path, "-p", "hide", "-p", "no:recording", PYTHONPATH=str(pytester.path))

    assert code == 0, said


def test_loading_the_plugin_does_not_load_the_engine(pytester):
    pytester.makepyfile(
        """
        import sys

        def test_modules():
            assert "rolecall.testing" in sys.modules
            assert not {"sqlalchemy", "alembic", "vcr.cassette", "yaml"} & set(sys.modules)
        """
    )

    code, said = run(pytester.path)

    assert code == 0, said


def _undated(text):
    lines = text.splitlines()
    return [line for before, line in zip(["", *lines], lines, strict=False) if before.strip() != "date:"]
