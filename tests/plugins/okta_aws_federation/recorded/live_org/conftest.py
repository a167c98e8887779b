"""A live org, recorded at its own pace and scrubbed of its people; what it said then, a replay says too."""

import json

import pytest

from tests.plugins.okta.conversations import PassingTime
from tests.plugins.okta_aws_federation.recorded import live


@pytest.fixture
def org(recording):
    """The live org, or on replay the one that the cassettes name."""
    return live.org() if recording else live.recorded()


@pytest.fixture
def vcr_config(org):
    return org.policy().vcr_config()


@pytest.fixture(scope="module")
def vcr_cassette_dir():
    return str(live.folder())


@pytest.fixture
def passing_time(recording, monkeypatch):
    """A live org is really waited for."""
    return None if recording else PassingTime(monkeypatch)


@pytest.fixture
def expected(request, recording):
    """Compare with what was written beside the cassette; while recording, write it."""

    def compare(said):
        path = live.folder() / f"{request.node.name}.expected.json"
        if recording:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(said, indent=1) + "\n", encoding="ascii")
        assert said == json.loads(path.read_text(encoding="ascii"))

    return compare
