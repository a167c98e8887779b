"""Finds in a cassette what must not be in one."""

import re
from collections.abc import Iterable, Mapping

from rolecall.testing.scrubbing import MAIL, PUBLIC_HOSTS, URL

LEAKS = {
    "a token": re.compile(
        r"\b(?:SSWS|Bearer)\s+[\w.~+/-]{6,}|\bDPoP\s+[\w.~+/-]{16,}|\beyJ[\w-]{10,}\.[\w-]{10,}"
        r"|-----BEGIN [A-Z ]*PRIVATE KEY|\bA(?:KIA|SIA)[0-9A-Z]{16}\b",
        re.IGNORECASE,
    ),
    "a header that carries secrets": re.compile(
        r"^\s*[\"']?(?:proxy-)?(?:authorization|cookie|set-cookie)[\"']?\s*:", re.IGNORECASE | re.MULTILINE
    ),
    "a secret setting": re.compile(
        r"[\"'](?:secretKey|secretKeyEnc|accessKey|client_secret|password)[\"']:\s*[\"'][^\"']", re.IGNORECASE
    ),
    "an app's token or assertion": re.compile(
        r"[\"']?\b(?:access_token|client_assertion|refresh_token)\b[\"']?\s*[:=]\s*[\"']?(?!scrubbed\b)[^\"'\s&]",
        re.IGNORECASE,
    ),
    "a real mail address": MAIL,
}


def leaks_in(
    text: str,
    public_hosts: Iterable[str] = PUBLIC_HOSTS,
    more: Mapping[str, re.Pattern[str]] | None = None,
) -> list[str]:
    """What a cassette's text holds that must not be shown, each with the place where it was found.

    Args:
        text: The file's.
        public_hosts: Hosts, besides those that end in ``.example``, that may be named.
        more: Further patterns that must not be found, and what to call them: a provider's own tokens.
    """
    found = [
        f"{name}: {_place(text, match)}"
        for name, pattern in {**LEAKS, **(more or {})}.items()
        for match in pattern.finditer(text)
    ]
    public = frozenset(public_hosts)
    return found + [
        f"a real host: {_place(text, url)}" for url in URL.finditer(text) if _is_real(url, public)
    ]


def _is_real(url: re.Match[str], public: frozenset[str]) -> bool:
    host = url["host"].lower()
    return host not in public and not host.partition(":")[0].endswith(".example")


def _place(text: str, match: re.Match[str]) -> str:
    """The line's number and the match's beginning: enough to find it, too little to leak it again."""
    return f"line {text.count(chr(10), 0, match.start()) + 1}, {match[0].strip()[:12]!r}"
