"""The lists that a run read, and what was left out of each: lines of its completeness statement."""

from collections import Counter, defaultdict
from collections.abc import Container, Sequence
from dataclasses import replace
from typing import TypeVar

from rolecall import ListRead, SyncRun
from rolecall_okta.ledger import ReadLedger
from rolecall_okta.members import HasId

PEOPLE = "/api/v1/users"
GROUPS = "/api/v1/groups"
DELETED = "deleted, by the System Log"
OUT_OF_SCOPE = "not in scope"

Row = TypeVar("Row", bound=HasId)


class Lists:
    """Collects lists as the client reports them."""

    def __init__(self) -> None:
        self._ledger = ReadLedger()
        self._left_out: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def add(self, reading: ListRead) -> None:
        """Take a list that the client read whole."""
        self._ledger.add(reading)

    def without(self, deleted: Container[str], name: str, rows: Sequence[Row]) -> list[Row]:
        """The rows of a page but those deleted, whom Okta's lists still show for a while."""
        left = [row for row in rows if row.id not in deleted]
        self._left_out[name][DELETED] += len(rows) - len(left)
        return left

    def leave_out(self, name: str, reason: str) -> None:
        """Count one item of a list that is left out."""
        self._left_out[name][reason] += 1

    def report(self, run: SyncRun) -> None:
        """Tell the run of every list."""
        for reading in self._ledger:
            dropped = dict(Counter(reading.dropped) + self._left_out[reading.name])
            run.read(replace(reading, dropped=dropped))
