"""One call to Okta's API, and the reply to it."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from importlib.metadata import version
from typing import Self
from urllib.parse import quote, urlencode

from rolecall import NotFound

USER_AGENT = f"rolecall-okta/{version('rolecall-okta')}"
SMALL_PAGE = 200
TIRING = ("/api/v1/groups", "/api/v1/logs")
"""Lists over which Okta is known to take too long."""
TOKEN_PATH = "/oauth2/v1/token"  # noqa: S105 - a path
LIMIT = re.compile(r"(?<![^&])limit=(\d{1,9})(?![^&])")


@dataclass(frozen=True, slots=True)
class Call:
    """A call as it is sent. A read may be repeated; a write only where it is certain that it wasn't done.

    Attributes:
        path: Encoded path.
        query: Encoded query without ``?``.
        authorised: Whether the credential goes with it.
        method: HTTP method.
        content: The JSON body, byte by byte; empty for none.
        elevated: Whether an OAuth app's scopes for writing go with it: with every write.
    """

    path: str
    query: str = ""
    authorised: bool = True
    method: str = "GET"
    content: bytes = b""
    elevated: bool = False

    @classmethod
    def written(cls, method: str, path: str, body: object = None, query: str = "") -> Self:
        """A call that writes; ``body`` is a JSON value, None for no body.

        What ``method``, ``path``, ``query`` and ``body`` of a call give is the same call again.
        """
        return cls(path, query, True, method, b"" if body is None else _json(body), elevated=True)

    @property
    def body(self) -> object:
        """The body as a JSON value; None without one."""
        return json.loads(self.content) if self.content else None

    @property
    def is_write(self) -> bool:
        """Whether it changes anything."""
        return self.method != "GET"

    @property
    def what(self) -> str:
        """Method and path, for people."""
        return f"{self.method} {self.path}"

    @property
    def target(self) -> str:
        """Path and query."""
        return f"{self.path}?{self.query}" if self.query else self.path

    def with_small_page(self) -> Self:
        """The same call for at most 200 items, where it is a list of groups, of members or of events."""
        if not self.path.startswith(TIRING):
            return self

        def smaller(limit: re.Match[str]) -> str:
            return f"limit={min(int(limit[1]), SMALL_PAGE)}"

        return replace(self, query=LIMIT.sub(smaller, self.query))


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer with a status of 2xx.

    Attributes:
        call: What was asked, as it was sent last.
        status: Its status.
        links: Its ``Link`` headers.
        request_id: What Okta's support asks for, or None.
        body: The decompressed body.
        date: Its ``Date``, aware, or None.
        retries: Attempts before this one.
        waited: Seconds waited for Okta's limits and between attempts.
    """

    call: Call
    status: int
    links: tuple[str, ...]
    request_id: str | None
    body: bytes
    date: datetime | None = None
    retries: int = 0
    waited: float = 0.0


@dataclass(frozen=True, slots=True)
class Written:
    """What Okta answered to a write that it has done.

    Attributes:
        call: What was sent.
        status: Its status.
        request_id: What Okta's support asks for, or None.
        body: The JSON value of the answer, or None.
        date: Its ``Date``, aware, or None.
    """

    call: Call
    status: int
    request_id: str | None
    body: object
    date: datetime | None


def path_of(template: str, *ids: str) -> str:
    """The template with each ``{id}`` replaced by an encoded id.

    Raises:
        NotFound: One can't be the id of anything, such as ``..``.
    """
    for each in ids:
        template = template.replace("{id}", _segment(each), 1)
    return template


def query_of(params: Mapping[str, str | int | None]) -> str:
    """The encoded query; parameters that are None are left out."""
    return urlencode({name: value for name, value in params.items() if value is not None}, quote_via=quote)


def literal(text: str) -> str:
    """The text as a quoted value in a ``filter`` or ``search`` expression."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _json(body: object) -> bytes:
    """In ASCII, so that half of a surrogate pair goes out as it came in."""
    return json.dumps(body, separators=(",", ":"), allow_nan=False).encode("ascii")


def _segment(each: str) -> str:
    if each in {"", ".", ".."}:
        raise NotFound(f"Okta has nothing with the id '{each}'", code="impossible_id")
    try:
        return quote(each, safe="")
    except UnicodeEncodeError:
        raise NotFound("Okta has nothing with an id that isn't Unicode", code="impossible_id") from None
