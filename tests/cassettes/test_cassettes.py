"""Every cassette can be shown to anyone: it names no credential, no real host and nobody real."""

import re
from pathlib import Path

import pytest

from rolecall.testing import leaks_in
from tests.plugins.okta.conversations import PUBLIC_HOSTS

ROOT = Path(__file__).parents[2]
CASSETTES = ROOT / "cassettes"
OKTAS_OWN = {
    "an API token": re.compile(r"(?<![\w-])00[\w-]{40}(?![\w-])"),
    "a real org": re.compile(r"[\w-]+\.(?:okta|oktapreview|okta-emea|okta-gov|okta-miltest)\.(?:com|mil)\b"),
    "an own mail service": re.compile(r"@(?:gmail|outlook|hotmail|icloud|proton)\b", re.IGNORECASE),
}


def files():
    return sorted(path for path in CASSETTES.rglob("*") if path.is_file())


def leaks(text):
    return leaks_in(text, PUBLIC_HOSTS, OKTAS_OWN)


@pytest.mark.parametrize(
    "path", [pytest.param(path, id=str(path.relative_to(CASSETTES))) for path in files()]
)
def test_a_cassette_holds_nothing_that_must_not_be_shown(path):
    assert leaks(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "planted",
    [
        pytest.param("      authorization:\n      - SSWS abcdefghij", id="authorization"),
        pytest.param("      Authorization: [x]", id="authorization in capitals"),
        pytest.param("      cookie:\n      - sid=1", id="cookie"),
        pytest.param("      set-cookie:\n      - JSESSIONID=1", id="set-cookie"),
        pytest.param("      string: SSWS 9s8d7f9s8d7f", id="token in a body"),
        pytest.param("      string: " + "00" + "aB3-" * 10, id="bare API token"),
        pytest.param("      string: eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIwMHUifQ.c2ln", id="JWT"),
        pytest.param('          "secretKey": "k3y"', id="AWS secret in the app's settings"),
        pytest.param("      string: AKIA" + "ABCDEFGHIJKLMNOP", id="AWS access key"),
        pytest.param("    uri: https://globex.okta.com/api/v1/groups", id="real host in a URI"),
        pytest.param(
            '      - <https://globex-admin.okta.com/api/v1/groups>; rel="next"', id="real host in a link"
        ),
        pytest.param(r'"href": "https:\/\/globex.test\/x"', id="real host with escaped slashes"),
        pytest.param("    uri: http://127.0.0.1:40123/api/v1/groups", id="loopback host"),
        pytest.param("fromURI=https%3A%2F%2Fglobex.test%2F", id="real host in a query"),
        pytest.param("https://acme.okta.example.evil.test/", id="host that only begins like ours"),
        pytest.param('          "label": "globex.okta.com"', id="bare host"),
        pytest.param('          "login": "hank@globex.test"', id="mail address"),
        pytest.param(
            "    uri: https://acme.okta.example/api/v1/users/hank%40globex.test", id="mail in a URI"
        ),
        pytest.param('          "email": "ada@acme.example.test"', id="mail that only begins like ours"),
    ],
)
def test_a_planted_leak_is_found(planted):
    cassette = files()[0].read_text(encoding="utf-8")

    assert leaks(f"{cassette}\n{planted}\n") != []


def test_everything_that_is_to_be_recorded_is():
    recorded = {str(path.parent.relative_to(CASSETTES)) for path in files()}

    assert recorded >= {
        "okta/test_recorded_directory",
        "okta/test_recorded_memberships",
        "okta/test_recorded_refused_memberships",
        "okta_aws_federation/test_recorded_sync",
        "okta_aws_federation/test_recorded_check",
        "okta_aws_federation/test_recorded_failures",
        "okta_aws_federation/test_recorded_grants",
        "okta_aws_federation/test_recorded_revocations",
        "okta_aws_federation/test_recorded_refusals",
    }


def test_a_refusal_by_a_plan_is_recorded_without_a_write():
    planned = [
        path for path in files() if path.stem.startswith(("test_what_cannot_be", "test_what_must_not"))
    ]
    writes = re.compile(r"^    method: (?!GET$)", re.MULTILINE)

    assert len(planned) > len({path.parent for path in planned}) > 1
    assert [path for path in planned if writes.search(path.read_text(encoding="utf-8"))] == []


def test_no_cassette_is_left_of_a_test_that_is_gone():
    tests = {path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py")}

    def makes(path):
        return f"def {path.stem.partition('[')[0]}(" in tests.get(path.parent.name, "")

    assert [path for path in files() if path.parent.name != "live" and not makes(path)] == []
