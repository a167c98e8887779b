"""Reads the body of a reply: unpacks it, and holds no more of it than an answer can sensibly have."""

import zlib
from typing import Protocol

import httpx

LARGEST_BODY = 32 * 1024 * 1024
LARGEST_SHORT_BODY = 256 * 1024
GZIP = 31
"""What zlib calls the format with gzip's header and check sum."""


class BodyError(ValueError):
    """The body can't be read; the text goes on from "GET acme.okta.com/api/v1/users: "."""


async def read_body(response: httpx.Response) -> bytes:
    """The whole body, unpacked.

    The HTTP library would unpack whatever a reply names, gzip within gzip too, before anybody could
    look at the size. So it hands over the bytes as they came, and they are unpacked as far as there is room.

    Raises:
        BodyError: It is too large, or in a compression that wasn't asked for or is broken.
        httpx.HTTPError: The connection broke.
    """
    unpacker = _unpacker(response.headers)
    body = bytearray()
    async for part in response.aiter_raw():
        body += unpacker.unpacked(part, LARGEST_BODY - len(body) + 1)
        if len(body) > LARGEST_BODY:
            raise BodyError(f"the answer is over {LARGEST_BODY >> 20} MiB")
    unpacker.finish()
    return bytes(body)


async def held_body(response: httpx.Response) -> bytes:
    """The whole body, unpacked, of a short answer; whoever reads it next finds it as it came.

    Raises:
        BodyError: It is too large, or can't be unpacked; it can't be read again then.
        httpx.HTTPError: The connection broke.
    """
    raw = bytearray()
    stream = response.stream
    assert isinstance(stream, httpx.AsyncByteStream)
    async for part in stream:
        raw += part
        if len(raw) > LARGEST_SHORT_BODY:
            break
    await stream.aclose()
    response.stream = httpx.ByteStream(bytes(raw))
    unpacker = _unpacker(response.headers)
    body = unpacker.unpacked(bytes(raw), LARGEST_SHORT_BODY + 1)
    if max(len(raw), len(body)) > LARGEST_SHORT_BODY:
        raise BodyError(f"the answer is over {LARGEST_SHORT_BODY >> 10} KiB")
    unpacker.finish()
    return body


async def drop_body(response: httpx.Response) -> None:
    """Leave the body unread: the request is going to be sent again."""
    stream = response.stream
    assert isinstance(stream, httpx.AsyncByteStream)
    await stream.aclose()
    response.stream = httpx.ByteStream(b"")


class _Unpacker(Protocol):
    def unpacked(self, part: bytes, room: int) -> bytes:
        """What the part holds, as far as there is room for it."""

    def finish(self) -> None:
        """Raise a BodyError if the end is missing."""


class _Plain:
    def unpacked(self, part: bytes, room: int) -> bytes:
        return part[:room]

    def finish(self) -> None:
        """Where it ends, the connection knows."""


class _Gzip:
    def __init__(self) -> None:
        self._stream = zlib.decompressobj(GZIP)
        self._begun = False

    def unpacked(self, part: bytes, room: int) -> bytes:
        self._begun = True
        try:
            content = self._stream.decompress(part, room)
        except zlib.error:
            raise _broken() from None
        if self._stream.unused_data:
            raise _broken()
        return content

    def finish(self) -> None:
        if self._begun and not self._stream.eof:
            raise _broken()


def _unpacker(headers: httpx.Headers) -> _Unpacker:
    coding = headers.get("content-encoding", "").strip().lower()
    if coding in {"", "identity"}:
        return _Plain()
    if coding == "gzip":
        return _Gzip()
    raise BodyError("the answer is in a compression that wasn't asked for")


def _broken() -> BodyError:
    return BodyError("the compressed answer can't be unpacked")
