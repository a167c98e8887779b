"""What people at a terminal see of a run, on standard error; nothing in a pipe or with ``-q``."""

import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from rich.console import Console
from rich.status import Status
from rich.text import Text

from rolecall.cli.session import Session
from rolecall.config import ConnectorConfig
from rolecall.contracts import ConnectorContext, Forecast
from rolecall.durations import duration_text
from rolecall.errors import RolecallError
from rolecall.output import safe

RATE_WINDOW = 30.0
"""Seconds over which the rate of requests is measured."""
MEANINGFUL = 3.0
"""Seconds; a rate over less says nothing."""


class TerminalProgress:
    """One line that says which connector is read, how far it is, how fast, and what it waits for.

    Implements the engine's ``Progress`` and, for commands that open a connector without a run, ``Observer``.
    """

    def __init__(self, session: Session, status: Status | None) -> None:
        self._session = session
        self._status = status
        self._connector = ""
        self._requests = 0
        self._began = time.monotonic()
        self._sent: deque[float] = deque()
        self._lists: dict[str, str] = {}
        self._forecast: Forecast | None = None
        self._wait = ""

    def started(self, connector: str) -> None:
        """A connector is opened."""
        self._connector, self._requests, self._wait = connector, 0, ""
        self._began, self._forecast = time.monotonic(), None
        self._sent.clear()
        self._lists.clear()
        self._show()

    def requested(self, what: int | str) -> None:
        """So many requests were sent, or one more, named."""
        self._requests = what if isinstance(what, int) else self._requests + 1
        self._sent.append(time.monotonic())
        self._wait = ""
        self._show()

    def waiting(self, seconds: float, why: str) -> None:
        """The connector waits."""
        self._wait = f"waiting {seconds:.0f} s: {why}"
        self._show()

    def progress(self, what: str, done: int, total: int | None = None) -> None:
        """A list was read so far."""
        self._lists[what] = f"{what} {done}" + (f"/{total}" if total is not None else "")
        self._show()

    def forecast(self, forecast: Forecast) -> None:
        """The run will cost so much; the newest word counts."""
        self._forecast = forecast
        self._show()

    def logged(self, level: str, message: str) -> None:
        """A line was added to the connector's log; ``-v`` shows it."""
        if self._session.verbosity and (level != "debug" or self._session.verbosity > 1):
            line = safe(f"{self._connector} {level}: {message}")
            if self._status is None:
                self._session.note(line)
            else:
                self._status.console.print(Text(line))

    def finished(self, connector: str) -> None:
        """The run has ended."""
        self._lists.clear()
        self._forecast = None
        self._wait = f"{connector} done"
        self._show()

    def _show(self) -> None:
        if self._status is None:
            return
        now = time.monotonic()
        parts = [
            self._connector,
            self._sent_so_far(),
            self._rate(now),
            self._left(now),
            *self._lists.values(),
            self._wait,
        ]
        self._status.update(Text(safe(" · ".join(part for part in parts if part))))

    def _sent_so_far(self) -> str:
        if self._forecast is None or self._requests > self._forecast.requests:
            return f"{self._requests} requests"
        bound = "at least" if self._forecast.at_least else "about"
        return f"{self._requests} of {bound} {self._forecast.requests} requests"

    def _rate(self, now: float) -> str:
        while self._sent and now - self._sent[0] > RATE_WINDOW:
            self._sent.popleft()
        measured = min(now - self._began, RATE_WINDOW)
        return f"{len(self._sent) * 60 / measured:.0f} a minute" if measured >= MEANINGFUL else ""

    def _left(self, now: float) -> str:
        if self._forecast is None or self._forecast.at_least:
            return ""
        left = self._forecast.seconds - (now - self._began)
        return f"about {duration_text(timedelta(seconds=left))} left" if left > 0 else ""


@contextmanager
def shown_progress(session: Session, title: str) -> Iterator[TerminalProgress]:
    """Progress for the time of a long piece of work."""
    if not session.shows_progress:
        yield TerminalProgress(session, None)
        return
    console = Console(stderr=True, no_color=not session.styled(True), highlight=False)
    with console.status(Text(safe(title))) as status:
        yield TerminalProgress(session, status)


@contextmanager
def watched(session: Session, connector: ConnectorConfig, title: str) -> Iterator[ConnectorContext]:
    """What a connector is opened with to ask its provider, shown meanwhile; errors tell whose they are.

    Args:
        session: Of the command.
        connector: With its secrets.
        title: What is done, for people.
    """
    with shown_progress(session, title) as show:
        show.started(connector.name)
        try:
            yield ConnectorContext(
                connector.name, connector.kind, connector.settings, connector.secrets, show
            )
        except RolecallError as error:
            error.connector = connector.name
            raise
