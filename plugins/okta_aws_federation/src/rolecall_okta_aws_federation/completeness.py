"""What was read and what was left out of it: the lines of the run's completeness statement."""

from collections import Counter, defaultdict
from dataclasses import replace

from rolecall import ListRead, SyncRun
from rolecall_okta import ReadLedger

_BY_ID = "id eq "


class Completeness:
    """Collects lists as the client reports them, with what this connector has to say about each."""

    def __init__(self) -> None:
        self._ledger = ReadLedger()
        self._notes: dict[tuple[str, str | None], str] = {}
        self._dropped: defaultdict[tuple[str, str | None], Counter[str]] = defaultdict(Counter)

    def add(self, reading: ListRead) -> None:
        """Take a list that the client read whole; a hundred ids in its filter are cut to what they are."""
        by_id = reading.filter is not None and reading.filter.startswith(_BY_ID)
        self._ledger.add(replace(reading, filter=f"{_BY_ID}…") if by_id else reading)

    def note(self, name: str, text: str, search: str | None = None) -> None:
        """Say what a reader must know of a list."""
        self._notes[name, search] = text

    def drop(self, name: str, reason: str, search: str | None = None) -> None:
        """Count one item that is left out."""
        self._dropped[name, search][reason] += 1

    def report(self, run: SyncRun) -> None:
        """Tell the run of every list."""
        for reading in self._ledger:
            key = (reading.name, reading.filter)
            dropped = dict(Counter(reading.dropped) + self._dropped[key])
            run.read(replace(reading, dropped=dropped, note=self._notes.get(key, reading.note)))
