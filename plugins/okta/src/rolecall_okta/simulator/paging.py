"""Pages of a list: limits, opaque cursors, and the ``Link`` header lines that carry them.

A list is kept in the order of a key; a cursor names the key of the last item given out, so a page
costs a binary search however long the list is, and items that come or go meanwhile disturb nothing.
"""

import base64
import binascii
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from operator import attrgetter
from typing import Generic, TypeVar
from urllib.parse import quote_plus

from rolecall_okta.simulator.errors import OktaError

Item = TypeVar("Item")

SHOWN_IN_LINKS = (
    "since",
    "until",
    "after",
    "limit",
    "q",
    "filter",
    "search",
    "expand",
    "sortBy",
    "sortOrder",
    "fields",
    "includeNonDeleted",
)


@dataclass(frozen=True, slots=True)
class PageSize:
    """How many items one endpoint gives by default, at most and at least."""

    default: int
    maximum: int
    minimum: int = 1

    def of(self, query: Mapping[str, str]) -> int:
        """The limit that the query asks for; one out of bounds is refused."""
        asked = query.get("limit")
        if asked is None:
            return self.default
        limit = int(asked) if asked.isascii() and asked.isdigit() else 0
        if not self.minimum <= limit <= self.maximum:
            cause = f"limit: The limit must be between {self.minimum} and {self.maximum}."
            raise OktaError(400, "E0000001", "Api validation failed: RequestParams", [cause])
        return limit


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """Some items of a list, and the cursor of the next page if there is one."""

    items: Sequence[Item]
    next: str | None


def page(
    items: Sequence[Item],
    after: str | None,
    limit: int,
    *,
    scope: str,
    key: Callable[[Item], str] = attrgetter("id"),
    keep: Callable[[Item], bool] | None = None,
) -> Page[Item]:
    """The items after a cursor, out of a list in the order of ``key``; only those that ``keep`` admits.

    Raises:
        OktaError: The cursor is none of this list's (its ``scope``).
    """
    start = 0 if after is None else bisect_right(items, read_cursor(after, scope), key=key)
    if keep is None:
        chosen = items[start : start + limit]
        more = len(items) > start + limit
    else:
        found: list[Item] = []
        more = False
        for place in range(start, len(items)):
            if keep(items[place]):
                if len(found) == limit:
                    more = True
                    break
                found.append(items[place])
        chosen = found
    return Page(chosen, cursor(key(chosen[-1]), scope) if more else None)


def cursor(key: str, scope: str) -> str:
    """An opaque cursor: the key, bound to the list it belongs to."""
    raw = _mark(scope) + key.encode("utf-8", "surrogatepass")
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def read_cursor(text: str, scope: str) -> str:
    """The key in a cursor; one of another list, or none at all, is refused."""
    try:
        raw = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        key = raw[4:].decode("utf-8", "surrogatepass")
    except (UnicodeError, binascii.Error):
        raw, key = b"", ""
    if raw[:4] != _mark(scope) or not key:
        raise OktaError(400, "E0000029", "Invalid paging request.", ["Invalid cursor."])
    return key


def link_headers(
    url: str, query: Mapping[str, str], limit: int, following: str | None
) -> list[tuple[bytes, bytes]]:
    """One header line per link: ``self``, and ``next`` where there is more."""
    shown = {"limit": str(limit), **query}
    lines = [("self", _url(url, shown))]
    if following is not None:
        lines.append(("next", _url(url, {**shown, "after": following})))
    return [(b"link", f'<{target}>; rel="{rel}"'.encode("ascii")) for rel, target in lines]


def _url(url: str, query: Mapping[str, str]) -> str:
    shown = [
        f"{name}={quote_plus(query[name], errors='replace')}"
        for name in SHOWN_IN_LINKS
        if query.get(name, "false") != "false"
    ]
    return f"{url}?{'&'.join(shown)}"


def _mark(scope: str) -> bytes:
    return blake2b(scope.encode("utf-8", "surrogatepass"), digest_size=4).digest()
