"""Real receivers on real sockets: one that speaks HTTP, and one that speaks SMTP."""

import asyncio
import base64
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class Received:
    """One request, as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class HttpReceiver:
    """Answers each request with the next of ``answers``, (status, body), and the last one for ever."""

    answers: list[tuple[int, bytes]] = field(default_factory=lambda: [(200, b"")])
    headers: str = ""
    delay: float = 0.0
    requests: list[Received] = field(default_factory=list)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    port: int = 0

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/hook"

    async def serve(self, reader, writer):
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            line, *lines = head.rstrip().split("\r\n")
            headers = {name.lower(): value for name, value in (each.split(": ", 1) for each in lines)}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            method, path, _version = line.split(" ")
            self.requests.append(Received(method, path, headers, body))
            self.asked.set()
            await asyncio.sleep(self.delay)
            status, answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            writer.write(
                f"HTTP/1.1 {status} Answer\r\nContent-Length: {len(answer)}\r\n{self.headers}"
                "Connection: close\r\n\r\n".encode()
                + answer
            )
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@dataclass
class Mailed:
    """One message, as it was handed over."""

    sender: str
    recipients: list[str]
    text: bytes
    secure: bool
    login: tuple[str, str] | None


@dataclass
class SmtpReceiver:
    """A mail server that keeps what it takes.

    Attributes:
        tls: Given: STARTTLS is offered, and log-in only after it.
        refuse: A command's beginning → the answer to it.
    """

    tls: object = None
    refuse: dict[str, str] = field(default_factory=dict)
    password: str = "hunter2"
    taken: str = "250 taken"
    messages: list[Mailed] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    port: int = 0

    async def serve(self, reader, writer):
        try:
            await self._talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _talk(self, reader, writer):
        talk = _Talk()
        await _say(writer, "220 mail.acme.example")
        while line := (await reader.readline()).decode().rstrip("\r\n"):
            self.commands.append(line)
            verb = line.split(" ")[0].upper()
            refusal = next(
                (said for begin, said in self.refuse.items() if line.upper().startswith(begin)), ""
            )
            if refusal or verb == "QUIT":
                await _say(writer, refusal or "221 bye")
            elif verb == "STARTTLS":
                await _say(writer, "220 go ahead")
                await writer.start_tls(self.tls)
                talk.secure = True
            elif verb == "DATA":
                await _say(writer, "354 go on")
                text = (await reader.readuntil(b"\r\n.\r\n"))[:-3]
                self.messages.append(Mailed(talk.sender, talk.recipients, text, talk.secure, talk.login))
                await _say(writer, self.taken)
            else:
                await _say(writer, self._answer(verb, line, talk))

    def _answer(self, verb, line, talk):
        if verb == "EHLO":
            return "250 STARTTLS" if self.tls and not talk.secure else "250 AUTH PLAIN"
        if verb == "AUTH":
            _, user, password = base64.b64decode(line.split(" ")[2]).decode().split("\0")
            talk.login = (user, password)
            return "235 welcome" if password == self.password else "535 no"
        if verb == "MAIL":
            talk.sender = line.split("<")[1].split(">")[0]
        if verb == "RCPT":
            talk.recipients.append(line.split("<")[1].split(">")[0])
        return "250 ok"


@dataclass
class _Talk:
    secure: bool = False
    login: tuple[str, str] | None = None
    sender: str = ""
    recipients: list[str] = field(default_factory=list)


async def _say(writer, text):
    # EHLO's answer needs a first line of its own: smtplib takes that for the greeting.
    lines = ["250-mail.acme.example", text] if text in ("250 STARTTLS", "250 AUTH PLAIN") else [text]
    writer.write("".join(f"{line}\r\n" for line in lines).encode())
    await writer.drain()


@asynccontextmanager
async def listening(receiver, ssl=None):
    """Let a receiver serve a port of this machine."""
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0, ssl=ssl)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        await server.wait_closed()
