"""A small served organisation, and Okta's own words about its API where they are at hand."""

import json
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
import yaml

from rolecall_okta.simulator import Organisation, serve

SHARED = Path(__file__).parents[4].parent / "shared"


@lru_cache
def read_yaml(path):
    return yaml.load(path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


@pytest.fixture(scope="session")
def openapi():
    """Okta's OpenAPI description of the calls a connector needs."""
    path = SHARED / "okta-openapi" / "api-subset.yaml"
    if not path.exists():
        pytest.skip(
            "NOT CHECKED AGAINST THE SPEC: shared/okta-openapi is missing; put it beside the checkout"
        )
    return read_yaml(path)


@pytest.fixture(scope="session")
def recordings():
    """Every request and response of the recordings, as (file, request, response)."""
    folder = SHARED / "okta-recorded"
    if not folder.is_dir():
        pytest.skip(
            "NOT CHECKED AGAINST RECORDINGS: shared/okta-recorded is missing; put it beside the checkout"
        )
    return [
        (path.name, made["request"], made["response"])
        for path in sorted(folder.glob("*.yaml"))
        for made in read_yaml(path)["interactions"]
    ]


@pytest.fixture
def acme():
    """A small organisation with one of everything, and names for its parts."""
    org = Organisation(seed=3)
    ada = org.add_user("ada@acme.example", first_name="Ada", last_name="Lovelace")
    bob = org.add_user("bob@acme.example", status="STAGED")
    eve = org.add_user("eve@acme.example", status="DEPROVISIONED")
    directory = org.add_directory()
    admins = org.add_group("aws_123456789012_Admin", members=[ada, bob])
    readers = org.add_group("aws_123456789012_ReadOnly", members=[ada], source=directory)
    app = org.add_aws_app(roles=["Admin", "ReadOnly"], union=True)
    org.assign_group(app, admins, saml_roles=["Admin"])
    org.assign_group(app, readers, saml_roles=["ReadOnly"])
    org.assign_user(app, ada, saml_roles=["Own"], role="Fallback")
    rule = org.add_rule("Engineers", 'user.department=="Engineering"', [admins])
    org.add_admin_role(ada, "SUPER_ADMIN")
    org.add_admin_role(admins, "USER_ADMIN")
    org.add_custom_role(bob, "AWS viewer", ["okta.users.read"])
    return SimpleNamespace(
        org=org,
        ada=ada,
        bob=bob,
        eve=eve,
        directory=directory,
        admins=admins,
        readers=readers,
        app=app,
        rule=rule,
    )


class Clock:
    """Seconds since 1970; it moves when a test says so."""

    def __init__(self, now):
        self.now = now

    def __call__(self):
        return self.now

    def pass_by(self, seconds):
        self.now += seconds


@pytest.fixture
def clock():
    """It stands at 2026-03-01T12:00:00Z."""
    return Clock(datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp())


@pytest.fixture
def okta(acme):
    tokens = {
        "super-token": "super",
        "reader-token": "read_only",
        "provisioner-token": "read_only_app_group",
        "custom-token": "custom_read_only",
        "iam-token": "custom_iam_read",
        "powerless-token": "none",
    }
    with serve(acme.org, tokens) as simulator:
        yield simulator


@pytest.fixture
def call(okta):
    """Send a GET as the holder of a token; a path is below ``/api/v1``."""
    with httpx.Client(base_url=f"http://{okta.domain}", timeout=10) as client:

        def send(path, token="super-token", **options):
            url = path if path.startswith(("http", "/.")) else f"/api/v1{path}"
            return client.get(url, headers={"Authorization": f"SSWS {token}"}, **options)

        yield send


@pytest.fixture
def write(okta):
    """Send a POST, PUT, PATCH or DELETE as the holder of a token; a path is below ``/api/v1``."""
    with httpx.Client(base_url=f"http://{okta.domain}", timeout=10) as client:

        def send(method, path, body=None, token="super-token", **options):
            if body is not None:
                options["json"] = body
            headers = {"Authorization": f"SSWS {token}"}
            return client.request(method, f"/api/v1{path}", headers=headers, **options)

        yield send


@pytest.fixture
def refused():
    """What a refusal says: its status and Okta's code."""
    return lambda response: (response.status_code, response.json()["errorCode"])


@pytest.fixture
def every_page(call):
    """Follow ``next`` to the end, and give all items."""

    def read(path, **options):
        items = []
        while path is not None:
            response = call(path, **options)
            assert response.status_code == 200, response.text
            items += json.loads(response.content)
            path = response.links.get("next", {}).get("url")
        return items

    return read
