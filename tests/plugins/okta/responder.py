"""A hand-written HTTP server on a loopback port, for what no well-behaved server does."""

import asyncio
import json
import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

Answer = bytes | Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True)
class Seen:
    """A request as it arrived."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]


@dataclass
class Responder:
    """Gives its answers in order, or what ``respond`` says; keeps what it was asked."""

    answers: list[Answer] = field(default_factory=list)
    respond: Callable[[Seen], Answer] | None = None
    requests: list[Seen] = field(default_factory=list)
    connections: int = 0
    delay: float = 0.0
    greeting: bytes = b""
    port: int = 0

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def start(self, tls: ssl.SSLContext | None = None) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=tls)
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        writer.write(self.greeting)
        try:
            while not writer.is_closing():
                seen = _parsed(await reader.readuntil(b"\r\n\r\n"))
                body = await reader.readexactly(int(seen.headers.get("content-length", "0")))
                self.requests.append(replace(seen, body=body))
                await asyncio.sleep(self.delay)
                await self._answer(writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            self._tasks.discard(task)

    async def _answer(self, writer: asyncio.StreamWriter) -> None:
        if self.respond is not None:
            chosen = self.respond(self.requests[-1])
        else:
            chosen = self.answers.pop(0) if self.answers else answer({"unexpected": True}, status=418)
        if isinstance(chosen, bytes):
            writer.write(chosen)
            await writer.drain()
        else:
            await chosen(writer)


def answer(content: object, *, status: int = 200, headers: Iterable[tuple[str, str]] = ()) -> bytes:
    """A whole HTTP answer; content is JSON, unless it is bytes."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def okta_error(status: int, code: str, summary: str = "", headers: Iterable[tuple[str, str]] = ()) -> bytes:
    """An error as Okta words it."""
    return answer(
        {"errorCode": code, "errorSummary": summary, "errorCauses": []}, status=status, headers=headers
    )


async def reset(writer: asyncio.StreamWriter) -> None:
    """Break the connection off, without an answer."""
    writer.transport.abort()


async def reset_after_headers(writer: asyncio.StreamWriter) -> None:
    """Break it off in the middle of the body."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n[{")
    await writer.drain()
    writer.close()


async def stall(writer: asyncio.StreamWriter) -> None:
    """Never answer."""
    await asyncio.sleep(60)


async def drip(writer: asyncio.StreamWriter) -> None:
    """Send a byte now and then, for ever."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.02)


def _parsed(head: bytes) -> Seen:
    first, *rest = head.decode("latin-1").split("\r\n")
    method, target, _version = first.split(" ", 2)
    pairs = (line.split(": ", 1) for line in rest if line)
    return Seen(method, target, {name.lower(): value for name, value in pairs})
