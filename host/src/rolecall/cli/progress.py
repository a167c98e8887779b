"""What people at a terminal see of a run, on standard error; nothing in a pipe or with ``-q``."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.status import Status
from rich.text import Text

from rolecall.cli.session import Session
from rolecall.output import safe


class TerminalProgress:
    """One line that says which connector is read, how far it is, and what it waits for.

    Implements the engine's ``Progress`` and, for commands that open a connector without a run, ``Observer``.
    """

    def __init__(self, session: Session, status: Status | None) -> None:
        self._session = session
        self._status = status
        self._connector = ""
        self._requests = 0
        self._lists: dict[str, str] = {}
        self._wait = ""

    def started(self, connector: str) -> None:
        """A connector is opened."""
        self._connector, self._requests, self._wait = connector, 0, ""
        self._lists.clear()
        self._show()

    def requested(self, what: int | str) -> None:
        """So many requests were sent, or one more, named."""
        self._requests = what if isinstance(what, int) else self._requests + 1
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

    def logged(self, level: str, message: str) -> None:
        """A line was added to the connector's log; ``-v`` shows it."""
        if self._session.verbosity and (level != "debug" or self._session.verbosity > 1):
            line = safe(f"{self._connector} {level}: {message}")
            if self._status is None:
                self._session.note(line)
            else:
                self._status.console.print(Text(line))

    def finished(self, connector: str) -> None:
        """The connector is done with."""
        self._lists.clear()
        self._wait = f"{connector} done"
        self._show()

    def _show(self) -> None:
        if self._status is None:
            return
        parts = [self._connector, f"{self._requests} requests", *self._lists.values(), self._wait]
        self._status.update(Text(safe(" · ".join(part for part in parts if part))))


@contextmanager
def shown_progress(session: Session, title: str) -> Iterator[TerminalProgress]:
    """Progress for the time of a long piece of work."""
    if not session.shows_progress:
        yield TerminalProgress(session, None)
        return
    console = Console(stderr=True, no_color=not session.styled(True), highlight=False)
    with console.status(Text(safe(title))) as status:
        yield TerminalProgress(session, status)
