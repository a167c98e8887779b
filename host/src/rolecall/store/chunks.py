"""Many values in portions that one statement can name."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

from rolecall.models import Ref

Each = TypeVar("Each")

CHUNK = 500


def chunks(values: Iterable[Each]) -> Iterator[list[Each]]:
    """The values in their order, so many at once."""
    rest = iter(values)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk


def by_type(refs: Iterable[Ref]) -> Iterator[tuple[str, list[str]]]:
    """Ids of resources, each portion with the type that they are of."""
    grouped: defaultdict[str, list[str]] = defaultdict(list)
    for ref in refs:
        grouped[ref.type].append(ref.id)
    for kind, idents in grouped.items():
        for chunk in chunks(idents):
            yield kind, chunk
