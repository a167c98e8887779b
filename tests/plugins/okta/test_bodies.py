"""The body of a reply over a real socket: compression, size, and an end that doesn't come."""

import asyncio
import gzip
import tracemalloc
import zlib

import pytest

from rolecall import BadPayload
from rolecall_okta import OktaClient, bodies
from tests.plugins.okta.conftest import FakeClock
from tests.plugins.okta.responder import Responder, answer

ADA = b'{"id": "00u1"}'
MIB = 1 << 20


def packed(body: bytes, coding: str = "gzip", status: int = 200) -> bytes:
    return answer(body, status=status, headers=[("Content-Encoding", coding)])


def test_largest_body_is_32_mib() -> None:
    assert bodies.LARGEST_BODY == 32 * MIB


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(answer(ADA), id="not at all"),
        pytest.param(packed(ADA, "identity"), id="identity"),
        pytest.param(packed(gzip.compress(ADA)), id="gzip"),
        pytest.param(packed(gzip.compress(ADA), " GZIP "), id="in capitals"),
        pytest.param(packed(gzip.compress(b" " * 3 * MIB + ADA)), id="much from little"),
    ],
)
async def test_body_is_read_however_it_may_be_packed(
    okta: OktaClient, server: Responder, reply: bytes
) -> None:
    server.answers = [reply]
    assert (await okta.me()).id == "00u1"


async def test_compressed_body_in_many_pieces_is_put_together(okta: OktaClient, server: Responder) -> None:
    async def piecemeal(writer: asyncio.StreamWriter) -> None:
        reply = packed(gzip.compress(ADA))
        for at in range(len(reply)):
            writer.write(reply[at : at + 1])
            await writer.drain()
            await asyncio.sleep(0)

    server.answers = [piecemeal]
    assert (await okta.me()).id == "00u1"


@pytest.mark.parametrize("coding", ["gzip, gzip", "gzip,identity", "deflate", "br", "zstd", "\x1b[31m"])
async def test_compression_that_was_not_asked_for_is_refused(
    okta: OktaClient, server: Responder, coding: str
) -> None:
    server.answers = [packed(ADA, coding)]
    with pytest.raises(BadPayload, match="compression that wasn't asked for"):
        await okta.me()
    assert len(server.requests) == 1


async def test_two_headers_of_compression_are_not_taken_for_one(okta: OktaClient, server: Responder) -> None:
    twice = gzip.compress(gzip.compress(ADA))
    server.answers = [answer(twice, headers=[("Content-Encoding", "gzip")] * 2)]
    with pytest.raises(BadPayload, match="compression that wasn't asked for"):
        await okta.me()


def bomb(mebibytes: int) -> bytes:
    packer = zlib.compressobj(wbits=bodies.GZIP)
    return b"".join(packer.compress(bytes(MIB)) for _ in range(mebibytes)) + packer.flush()


@pytest.mark.parametrize(
    ("reply", "wrong"),
    [
        pytest.param(packed(bomb(256)), "over 32 MiB", id="once"),
        pytest.param(packed(gzip.compress(bomb(256)), "gzip, gzip"), "compression", id="twice"),
    ],
)
async def test_bomb_is_refused_before_it_fills_the_memory(
    okta: OktaClient, server: Responder, reply: bytes, wrong: str
) -> None:
    server.answers = [reply]
    tracemalloc.start()
    try:
        with pytest.raises(BadPayload, match=wrong):
            await okta.me()
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * bodies.LARGEST_BODY


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
async def test_answer_over_the_largest_size_is_refused_and_one_of_that_size_is_not(
    monkeypatch: pytest.MonkeyPatch, okta: OktaClient, server: Responder, pack: type[bytes]
) -> None:
    monkeypatch.setattr(bodies, "LARGEST_BODY", MIB)
    coding = "identity" if pack is bytes else "gzip"
    fits = ADA.ljust(MIB)
    server.answers = [packed(pack(fits), coding), packed(pack(fits + b" "), coding)]
    assert (await okta.me()).id == "00u1"
    with pytest.raises(BadPayload, match="over 1 MiB"):
        await okta.me()


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"{}", id="not compressed"),
        pytest.param(gzip.compress(ADA)[:-1], id="check sum cut off"),
        pytest.param(gzip.compress(ADA)[:15], id="content cut off"),
        pytest.param(gzip.compress(ADA)[:5], id="header cut off"),
        pytest.param(gzip.compress(ADA)[:-8] + bytes(8), id="wrong check sum"),
        pytest.param(gzip.compress(ADA) + b"more", id="something after the end"),
    ],
)
async def test_compressed_body_that_is_broken_is_refused(
    okta: OktaClient, server: Responder, body: bytes
) -> None:
    server.answers = [packed(body)]
    with pytest.raises(BadPayload, match="the compressed answer can't be unpacked"):
        await okta.me()
    assert len(server.requests) == 1


async def test_empty_body_is_empty_whatever_its_compression(okta: OktaClient, server: Responder) -> None:
    server.answers = [packed(b"")]
    with pytest.raises(BadPayload, match="the answer is empty"):
        await okta.me()


async def test_connection_that_breaks_within_a_compressed_body_is_tried_again(
    okta: OktaClient, server: Responder, clock: FakeClock
) -> None:
    async def cut(writer: asyncio.StreamWriter) -> None:
        writer.write(packed(gzip.compress(ADA))[:-4])
        await writer.drain()
        writer.close()

    server.answers = [cut, packed(gzip.compress(ADA))]
    assert (await okta.me()).id == "00u1"
    assert clock.slept == [0.5]
