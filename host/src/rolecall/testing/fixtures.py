"""The fixtures that ``rolecall.testing`` adds to pytest; each does nothing until a test asks for it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rolecall.testing.cassettes import unplayed
from rolecall.testing.offline import offline
from rolecall.testing.workspace import DEFAULT_STORE, Workspace


@pytest.fixture
def store_url() -> str:
    """URL of the store that the workspace uses: a file in it. Override the fixture to test on another one."""
    return DEFAULT_STORE


@pytest.fixture
def workspace(tmp_path: Path, store_url: str) -> Iterator[Workspace]:
    """A temporary workspace; what was started in it is stopped when the test ends."""
    folder = tmp_path / "workspace"
    folder.mkdir(mode=0o700)
    space = Workspace(folder, store_url)
    try:
        yield space
    finally:
        space.stop()


@pytest.fixture
def recording(request: pytest.FixtureRequest) -> bool:
    """Whether cassettes are recorded (``--record-mode=rewrite``) rather than replayed."""
    mode = request.getfixturevalue("record_mode")  # pytest-recording's
    return bool(mode != "none")


@pytest.fixture
def cassette(request: pytest.FixtureRequest, recording: bool) -> Iterator[Any]:
    """The test's cassette: replayed offline, to the last recording, and with nothing asked beyond it.

    For tests marked ``vcr``. Ask for it in ``pytestmark = pytest.mark.usefixtures("cassette")``.
    """
    vcr = request.getfixturevalue("vcr")  # pytest-recording's
    if vcr is None:
        pytest.fail("the fixture cassette needs the mark: @pytest.mark.vcr")
    if recording:
        yield vcr
        assert len(vcr), "nothing was recorded: does the client use a library that VCR.py knows?"
        return
    if not len(vcr):
        pytest.fail(f"there is no cassette {vcr.path}; record it with --record-mode=rewrite")
    with offline() as refused:
        yield vcr
    assert not refused, f"the test used the network: {', '.join(refused)}"
    left = unplayed(vcr)
    assert not left, f"{vcr.path} holds requests that the test no longer makes: {', '.join(left)}"
