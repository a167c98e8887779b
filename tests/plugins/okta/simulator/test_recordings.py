"""Replies against real recorded ones: every key and JSON type that Okta shows is in ours."""

import json
import re
from urllib.parse import urlsplit

import pytest

from rolecall_okta.simulator import ServiceApp
from rolecall_okta.simulator.faults import TooManyRequests
from tests.plugins.okta.simulator.service_client import ServiceClient, key, public_jwk

NOT_SERVED = re.compile(r"/meta/schemas/user/|/agentPools|/blocks$|/oauth2/")
"""Nobody here reads the schema of people, agents, blocks or (before OAuth) tokens."""

KEYS_OF_OTHER_APPS = {
    "settings.app.*",  # each app of the catalog has settings of its own; AWS's stand in test_rendering
    "settings.extendedProperties",  # of 2020; not in 2025
    "credentials.scheme",  # password apps only
    "credentials.revealPassword",
    "credentials.signing.kid",  # ours has it; some recorded apps do not sign
    "_links.appLinks.*",
    "visibility.appLinks.*",
}
HEADERS_WITHOUT_MEANING_HERE = {
    "accept-ch",
    "connection",
    "content-disposition",
    "content-encoding",
    "content-security-policy",
    "content-security-policy-report-only",
    "p3p",
    "public-key-pins-report-only",
    "referrer-policy",
    "report-to",
    "set-cookie",
    "transfer-encoding",
    "vary",
}
IDS = {"00u": "bob", "00g": "admins", "0oa": "app"}


def kind(value):
    return (
        "number" if isinstance(value, (int, float)) and not isinstance(value, bool) else type(value).__name__
    )


def missing(recorded, ours, path=""):
    """Where ours lacks a key of the recorded value, or has it with another type; null goes with any."""
    allowed = {path, re.sub(r"[^.]+$", "*", path)} & KEYS_OF_OTHER_APPS
    if recorded is None or allowed:
        return
    if kind(recorded) != kind(ours):
        yield f"{path}: {kind(recorded)} recorded, {kind(ours)} here"
    elif isinstance(recorded, dict):
        for key, value in recorded.items():
            inner = f"{path}.{key}" if path else key
            if key in ours:
                if ours[key] is not None:
                    yield from missing(value, ours[key], inner)
            elif not ({inner, f"{path}.*"} & KEYS_OF_OTHER_APPS):
                yield f"{inner}: recorded, not here"
    elif isinstance(recorded, list) and recorded:
        yield from missing(recorded[0], ours[0] if ours else None, path)


def named(headers):
    """Header values by lower-case name, each a list."""
    return {
        name.lower(): [str(value) for value in (values if isinstance(values, list) else [values])]
        for name, values in headers.items()
    }


@pytest.fixture
def readings(recordings):
    """The recorded GETs of what is served: (where, path and query, response)."""
    found = []
    for name, request, response in recordings:
        url = urlsplit(request["uri"])
        if request["method"] == "GET" and not NOT_SERVED.search(url.path):
            found.append((f"{name} {request['uri']}", f"{url.path}?{url.query}".rstrip("?"), response))
    assert len(found) > 25
    return found


@pytest.fixture
def translated(acme):
    """A recorded path with the ids of our own people, groups and apps in it."""

    def translate(path):
        for prefix, name in IDS.items():
            path = re.sub(rf"(?<=/){prefix}\w{{17}}", getattr(acme, name).id, path)
        path = re.sub(r"(?<=/users/)[^/?]+@example\.com", "bob@acme.example", path)
        path = re.sub(r"(?<=[?&]q=)[\w-]+", "aws", path)
        return re.sub(r"after=\w+&", "", path)

    return translate


def test_every_recorded_key_and_type_is_in_our_replies(call, readings, translated, acme):
    acme.org.assign_user(acme.app, acme.bob, saml_roles=[])
    problems, compared = [], 0
    for where, path, response in readings:
        if response["status"]["code"] != 200:
            continue
        ours = call(f"http://{call('/org').url.netloc.decode()}{translated(path)}")
        if ours.status_code != 200:
            problems.append(f"{where}: {ours.status_code} here")
            continue
        recorded = json.loads(response["body"]["string"])
        problems += [f"{where}: {problem}" for problem in missing(recorded, ours.json())]
        compared += 1
    assert problems == []
    assert compared > 20


def test_link_headers_have_the_recorded_form(call, readings, translated):
    problems = []
    for where, path, response in readings:
        recorded = named(response["headers"]).get("link")
        if recorded is None:
            continue
        ours = call(f"http://{call('/org').url.netloc.decode()}{translated(path)}").headers.get_list("link")
        problems += [
            f"{where}: {line}"
            for line in (*recorded, *ours)
            if not re.fullmatch(r'<https?://[^/>]+/api/v1/[^>]*>; rel="(self|next)"', line)
        ]
        for line in recorded:
            if 'rel="self"' in line and "after=" not in line:
                target = urlsplit(line[1 : line.index(">")])
                expected = translated(f"{target.path}?{target.query}".rstrip("?"))
                if not any(f'{expected}>; rel="self"' in each for each in ours):
                    problems.append(f"{where}: {expected} recorded, {ours} here")
    assert problems == []


def test_every_recorded_header_with_a_meaning_is_in_our_replies(call, readings):
    ours = set(call("/users").headers)
    recorded = {name for _, _, response in readings for name in named(response["headers"])}
    assert recorded - HEADERS_WITHOUT_MEANING_HERE - ours == set()
    assert {"x-okta-request-id", "x-rate-limit-limit", "x-rate-limit-remaining", "x-rate-limit-reset"} <= ours


def bodies_of(recordings, code):
    return [
        json.loads(response["body"]["string"])
        for _, _, response in recordings
        if f'"{code}"' in str(response["body"]["string"])
    ]


@pytest.mark.parametrize(
    ("code", "path"),
    [
        pytest.param("E0000007", "/users/00usfgmn9xhwtA6f74x6", id="unknown person"),
        pytest.param("E0000029", "/apps?after=00u1testcursorvalue&limit=1", id="bad cursor"),
        pytest.param("E0000001", "/apps?expand=user/id,group/id", id="bad expand"),
    ],
)
def test_refusals_read_as_recorded(recordings, call, code, path):
    ours = call(path).json()
    assert re.fullmatch(r"oae[\w-]+", ours.pop("errorId"))
    texts = [{**body, "errorId": None} for body in bodies_of(recordings, code)]
    assert {**ours, "errorId": None} in texts


def test_a_rate_limit_refusal_reads_as_recorded(recordings, okta, call):
    (recorded,) = bodies_of(recordings, "E0000047")
    okta.faults.add("/groups", TooManyRequests())
    ours = call("/groups")
    assert {**ours.json(), "errorId": None} == {**recorded, "errorId": None}
    assert (ours.status_code, ours.headers["x-rate-limit-remaining"]) == (429, "0")


WRITTEN = re.compile(r"/api/v1/(groups/\w+/users/\w+|apps/\w+/(users|groups)(/\w+)?)$")


@pytest.fixture
def written(recordings):
    """The recorded writes of what is served: (what, path, response)."""
    found = []
    for _, request, response in recordings:
        path = urlsplit(request["uri"]).path
        if request["method"] != "GET" and WRITTEN.search(path):
            shape = re.sub(r"/00\w+|/0oa\w+", "/*", path.removeprefix("/api/v1"))
            found.append((f"{request['method']} {shape}", path.removeprefix("/api/v1"), response))
    assert len({what for what, _, _ in found}) == 7
    return found


def test_writes_are_answered_as_recorded(write, written, translated, acme):
    problems = []
    acme.bob.status = "ACTIVE"
    for what, path, response in written:
        acme.org.assign_group(acme.app, acme.admins)
        acme.org.assign_user(acme.app, acme.bob)
        if what == "POST /apps/*/users":
            acme.org.unassign_user(acme.app, acme.bob)
        elif what == "DELETE /apps/*/users/*":
            acme.org.unassign_group(acme.app, acme.admins)
        body = {"id": acme.bob.id} if what.startswith("POST") else None
        ours = write(what.partition(" ")[0], translated(path), body)
        recorded = response["body"]["string"]
        if (ours.status_code, bool(ours.content)) != (response["status"]["code"], bool(recorded)):
            problems.append(f"{what}: {ours.status_code} {ours.text} here")
        elif recorded:
            problems += [f"{what}: {each}" for each in missing(json.loads(recorded), ours.json())]
    assert problems == []


def test_token_requests_are_refused_and_answered_as_recorded(recordings, okta):
    okta.clients["0oaService"] = ServiceApp("0oaService", [public_jwk(key())], {"okta.users.read"})
    client = ServiceClient(okta, "0oaService")
    unproved = client.ask("okta.users.read")
    challenged = client.ask("okta.users.read", proof=client.proof("POST", client.token_url))
    nonce = challenged.headers["dpop-nonce"]
    proof = client.proof("POST", client.token_url, nonce=nonce)
    granted = client.ask("okta.users.read", proof=proof)
    assert "dpop-nonce" in granted.headers
    seen = {json.dumps(each.json(), sort_keys=True) for each in (unproved, challenged)}
    for _, request, response in recordings:
        if request["uri"].endswith("/oauth2/v1/token"):
            recorded = json.loads(response["body"]["string"])
            if response["status"]["code"] == 200:
                assert list(missing(recorded, granted.json())) == []
            else:
                assert json.dumps(recorded, sort_keys=True) in seen


def test_the_comparison_notices_a_missing_key_and_another_type():
    assert list(missing({"a": [{"b": 1, "c": None}]}, {"a": [{"b": 2, "c": 3}]})) == []
    assert list(missing({"a": [{"b": 1}]}, {"a": [{}]})) == ["a.b: recorded, not here"]
    assert list(missing({"a": 1}, {"a": "1"})) == ["a: number recorded, str here"]
