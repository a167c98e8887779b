"""The ``Link`` header: which reply is the next page, and whose it is."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote, urljoin, urlsplit

from rolecall_okta.domain import DEFAULT_PORTS

TARGET = re.compile(r"\s*,?\s*<([^<>]*)>")
PARAMETER = re.compile(r"""\s*;\s*([^\s=;,"<>]+)(?:\s*=\s*("(?:[^"\\]|\\.)*"|'[^']*'|[^\s;,"'<>]+))?""")


class LinkError(ValueError):
    """A link's target leads nowhere that http knows."""


@dataclass(frozen=True, slots=True)
class Link:
    """Where a link leads.

    Attributes:
        authority: Lower-case host, with the port unless it is a default one; empty when it has none.
        path: Decoded path.
        query: Encoded query.
    """

    authority: str
    path: str
    query: str


def next_target(headers: Iterable[str]) -> str | None:
    """The target of the first link with ``rel="next"``, of one or more header lines."""
    for header in headers:
        for target, relations in _links_in(header):
            if "next" in relations:
                return target
    return None


def resolved(target: str, called: str) -> Link:
    """The link, seen from the URL that was called.

    Raises:
        LinkError: It is no http address.
    """
    try:
        url = urlsplit(urljoin(called, target.strip()))
        host, port = url.hostname, url.port
    except ValueError:
        raise LinkError("no address") from None
    if url.scheme not in DEFAULT_PORTS or "@" in url.netloc or not host:
        raise LinkError("no http address")
    host = f"[{host}]" if ":" in host else host
    default = port is None or port in DEFAULT_PORTS.values()
    return Link(host if default else f"{host}:{port}", unquote(url.path), url.query)


def _links_in(header: str) -> Iterable[tuple[str, list[str]]]:
    position = 0
    while match := TARGET.match(header, position):
        target, position = match[1], match.end()
        relations: list[str] = []
        while parameter := PARAMETER.match(header, position):
            position = parameter.end()
            if parameter[1].lower() == "rel" and not relations:
                relations = (parameter[2] or "").strip("\"'").lower().split()
        yield target, relations
