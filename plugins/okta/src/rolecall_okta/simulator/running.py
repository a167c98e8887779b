"""Running a simulator: in a thread of this process, or in a process of its own."""

import asyncio
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from rolecall_okta.simulator.clock import Clock
from rolecall_okta.simulator.limits import Limits
from rolecall_okta.simulator.organisation import Organisation
from rolecall_okta.simulator.permissions import Token
from rolecall_okta.simulator.server import Simulator
from rolecall_okta.simulator.service_apps import ServiceApp

_GRACE = 0.2


@contextmanager
def serve(
    org: Organisation,
    tokens: Mapping[str, str | Token] | None = None,
    *,
    latency: float = 0.0,
    enforce_limits: bool = False,
    limit_scale: float = 1.0,
    limit_window: float = 60.0,
    concurrency: int = 75,
    page_size_cap: int | None = None,
    public_url: str | None = None,
    search_lag: float | None = None,
    log_lag: float | None = None,
    log_retention: float | None = None,
    clock: Callable[[], float] | None = None,
    control: bool = False,
    clients: Iterable[ServiceApp] = (),
    host: str = "127.0.0.1",
    port: int = 0,
) -> Iterator[Simulator]:
    """Serve an org over real HTTP from a thread of this process; it stops at the end of the block.

    Args:
        org: May be changed meanwhile; from now on its changes carry the time of day.
        tokens: Token texts and what each may do: a profile's name (``permissions.PROFILES``) or a
            ``Token``. Without it there is one, ``super-token``.
        latency: Seconds before each answer.
        enforce_limits: Refuse with 429 what is over a limit; otherwise limits only show in headers.
        limit_scale: Multiplies every rate limit.
        limit_window: Seconds that a rate limit counts.
        concurrency: Requests at one time, where limits are enforced.
        page_size_cap: Items in a page at most, however many are asked for: a few people then make pages.
        public_url: The org's URL in links and bodies, instead of the address it listens on.
        search_lag: Seconds that what ``search`` and ``filter`` find of users and groups lies behind;
            not given, this and the next two stay as the org has them.
        log_lag: Seconds until an event can be read in the System Log.
        log_retention: Seconds that the System Log keeps an event.
        clock: Tells the seconds since 1970 that everything here goes by: dates, limits, tokens, the log.
            Without it, a ``Clock``, which can be put forward.
        control: Also answer under ``/simulator/`` (see ``control``).
        clients: Service apps, which get access tokens at ``/oauth2/v1/token``.
        host: The address to listen on.
        port: 0 for any that is free; ``domain`` of the simulator says which.

    Raises:
        Exception: At the end, what went wrong inside the simulator itself.
    """
    clock = clock or Clock()
    limits = Limits(enforce_limits, limit_scale, window=limit_window, concurrency=concurrency, clock=clock)
    with listen(host, port) as listener:
        okta = Simulator(
            org,
            {"super-token": "super"} if tokens is None else tokens,
            domain=f"{host}:{listener.getsockname()[1]}",
            public_url=public_url,
            latency=latency,
            limits=limits,
            page_size_cap=page_size_cap,
            control=control,
            clients=clients,
        )
        if search_lag is not None:
            org.set_index_lag(search_lag)
        org.log.lag = org.log.lag if log_lag is None else log_lag
        org.log.retention = org.log.retention if log_retention is None else log_retention
        org.serve_times(clock)
        server = Server(okta)
        thread = threading.Thread(target=server.run_on, args=(listener,), name="okta-simulator", daemon=True)
        thread.start()
        try:
            server.ready.wait()
            yield okta
        finally:
            server.stop()
            thread.join()
    if okta.bugs:
        raise okta.bugs[0]


def listen(host: str, port: int) -> socket.socket:
    """A listening socket whose connections answer at once: asyncio sees no need to ask for that itself."""
    listener = socket.create_server((host, port), backlog=2048)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


@dataclass(frozen=True, slots=True)
class SimulatorProcess:
    """A simulator in another process."""

    domain: str
    pid: int


@contextmanager
def serve_in_process(*arguments: str) -> Iterator[SimulatorProcess]:
    """Run ``python -m rolecall_okta.simulator`` with these arguments; it is ended with the block."""
    command = [sys.executable, "-m", "rolecall_okta.simulator", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - ourselves
        try:
            line = process.stdout.readline() if process.stdout else ""
            said, _, domain = line.strip().rpartition(" ")
            if said != "listening on":
                msg = f"the simulator did not start; it said {line!r}"
                raise RuntimeError(msg)
            yield SimulatorProcess(domain, process.pid)
        finally:
            process.terminate()


class Server(uvicorn.Server):
    """uvicorn, but it starts and stops at once, and hands faults the connection."""

    def __init__(self, okta: Simulator) -> None:
        super().__init__(
            uvicorn.Config(
                okta,
                http=ConnectionInScope,
                ws="none",
                lifespan="off",
                log_config=None,
                log_level="critical",
                access_log=False,
                server_header=False,
                date_header=False,
                timeout_keep_alive=75,
            )
        )
        self.okta = okta
        self.ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def run_on(self, listener: socket.socket) -> None:
        """Serve until ``stop``, or until a signal where this is the main thread."""
        try:
            asyncio.run(self.serve(sockets=[listener]))
        finally:
            self.ready.set()  # whoever waits must not wait for a server that failed

    def stop(self) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.okta.closing.set)

    def handle_exit(self, sig: int, frame: Any) -> None:
        super().handle_exit(sig, frame)
        self.stop()

    async def main_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.ready.set()
        await self.okta.closing.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for each in sockets or []:
            each.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        tasks = set(self.server_state.tasks)
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=_GRACE)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)


class ConnectionInScope(HttpToolsProtocol):
    """Puts the transport into the ASGI scope, for faults that break the connection."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {"rolecall.transport": self.transport}  # type: ignore[dict-item]
