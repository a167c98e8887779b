"""Sums up lists for the completeness statement: the members of 5,000 groups are one line, not 5,000."""

from collections import Counter
from collections.abc import Iterator

from rolecall import ListRead


class ReadLedger:
    """Collects what ``OktaClient`` reports; ``add`` is what to give it as ``on_list``."""

    def __init__(self) -> None:
        self._readings: dict[tuple[str, str | None, str | None], ListRead] = {}

    def add(self, reading: ListRead) -> None:
        """Count a list in with those of the same name, filter and note."""
        key = (reading.name, reading.filter, reading.note)
        known = self._readings.get(key)
        self._readings[key] = reading if known is None else _sum(known, reading)

    def __iter__(self) -> Iterator[ListRead]:
        return iter(self._readings.values())


def _sum(one: ListRead, other: ListRead) -> ListRead:
    return ListRead(
        name=one.name,
        filter=one.filter,
        pages=one.pages + other.pages,
        items=one.items + other.items,
        dropped=dict(Counter(one.dropped) + Counter(other.dropped)),
        retries=one.retries + other.retries,
        waited=one.waited + other.waited,
        note=one.note,
    )
