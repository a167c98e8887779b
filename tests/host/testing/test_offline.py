"""``offline`` lets nothing out, says what was tried, and leaves no trace."""

import asyncio
import socket

import httpx
import pytest

from rolecall.testing import offline
from rolecall.testing.offline import NetworkUsed


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


@pytest.mark.parametrize(
    "use",
    [
        pytest.param(lambda: socket.create_connection(("127.0.0.1", 9)), id="create_connection"),
        pytest.param(lambda: socket.socket().connect(("127.0.0.1", 9)), id="connect"),
        pytest.param(lambda: socket.socket().connect_ex(("127.0.0.1", 9)), id="connect_ex"),
        pytest.param(
            lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", 9)), id="sendto"
        ),
        pytest.param(lambda: socket.getaddrinfo("localhost", 80), id="getaddrinfo"),
        pytest.param(lambda: socket.gethostbyname("localhost"), id="gethostbyname"),
        pytest.param(lambda: httpx.get("http://127.0.0.1:9", trust_env=False), id="httpx"),
    ],
)
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_neither_loopback_nor_a_look_up_is_let_through(use):
    with offline() as refused, pytest.raises(NetworkUsed):
        use()

    assert len(refused) == 1


async def test_an_asynchronous_client_is_refused_too():
    with offline() as refused, pytest.raises(NetworkUsed, match="blocked while a cassette is replayed"):
        await asyncio.open_connection("127.0.0.1", 9)

    assert refused == ["connect ('127.0.0.1', 9)"]


def test_afterwards_the_network_is_what_it_was(listener):
    before = (socket.getaddrinfo, socket.socket.connect)
    with pytest.raises(ZeroDivisionError), offline():
        1 / 0  # noqa: B018 - any error

    assert (socket.getaddrinfo, socket.socket.connect) == before
    socket.create_connection(listener.getsockname()).close()


def test_event_loops_work_offline():
    with offline() as refused:
        assert asyncio.run(asyncio.sleep(0, "slept")) == "slept"

    assert refused == []
