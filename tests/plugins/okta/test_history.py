"""What is read of the System Log since an earlier run, and when that can't prove that nothing is missing."""

from datetime import timedelta

import pytest

from rolecall import Event, FullRunNeeded, ProviderError
from rolecall_okta import EventRow, History, OktaClient, is_closed
from tests.plugins.okta.responder import Responder, answer, okta_error
from tests.plugins.okta.test_log import BEGAN, DATE, LOGS, at

OWNER = answer({"id": "00u1"}, headers=[DATE])
"""The reply to the call before the log's, which tells Okta's time."""


async def read(history: History) -> list[Event]:
    return [event async for events in history for event in events]


def nothing(row: EventRow) -> None:
    """What events mean is another's."""


async def test_without_an_earlier_run_the_last_minutes_are_read(okta: OktaClient, server: Responder) -> None:
    server.answers = [OWNER, at(server, ["e1"], "p1"), at(server, [], "p1")]
    await okta.me()
    history = History(okta, "x", nothing)

    assert [event.id for event in await read(history)] == ["e1"]

    assert "since=2026-11-24T09%3A50%3A00.000Z" in server.requests[1].target
    assert history.position == f"{LOGS}?after=p1&limit=1000"


async def test_what_okta_no_longer_keeps_is_not_asked_for(okta: OktaClient, server: Responder) -> None:
    server.answers = [OWNER, at(server, ["e1"], "p1"), at(server, [], "p1")]
    await okta.me()
    history = History(okta, "x", nothing, position=f"{LOGS}?after=p0", since=BEGAN - timedelta(days=200))

    with pytest.raises(FullRunNeeded, match="older than Okta keeps"):
        await read(history)

    assert "since=2026-08-27T10" in server.requests[1].target
    assert history.position == f"{LOGS}?after=p1&limit=1000"


async def test_a_lost_position_is_made_up_for_and_told_after_the_last_event(
    okta: OktaClient, server: Responder
) -> None:
    lost = okta_error(400, "E0000029")
    server.answers = [OWNER, lost, at(server, ["e1"], "p1"), at(server, [], "p1")]
    await okta.me()
    taken: list[str] = []
    history = History(okta, "x", lambda row: taken.append(row.uuid), position=f"{LOGS}?after=p0", since=BEGAN)

    with pytest.raises(FullRunNeeded, match="no longer knows"):
        await read(history)

    assert taken == ["e1"]
    assert history.position == f"{LOGS}?after=p1&limit=1000"


async def test_replies_that_tell_no_time_prove_nothing(okta: OktaClient) -> None:
    history = History(okta, "x", nothing)

    with pytest.raises(FullRunNeeded):
        await read(history)

    assert history.position is None


@pytest.mark.parametrize(
    ("status", "code", "closed"),
    [
        pytest.param(403, "E0000006", True, id="no right"),
        pytest.param(401, "E0000015", True, id="no such feature"),
        pytest.param(404, "E0000008", True, id="no such path"),
        pytest.param(400, "E0000053", True, id="the filter isn't taken"),
        pytest.param(401, "E0000011", False, id="the credential is dead"),
        pytest.param(403, None, False, id="a proxy's word"),
        pytest.param(500, "E0000009", False, id="no answer"),
    ],
)
def test_a_log_is_closed_to_this_credential_or_it_failed(status: int, code: str | None, closed: bool) -> None:
    assert is_closed(ProviderError("refused", status=status, provider_code=code)) == closed
