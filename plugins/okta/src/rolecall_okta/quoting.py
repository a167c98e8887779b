"""How an org's replies are quoted in messages: the one way for anything that the server sent.

Its texts are hostile: they are cut, put on one line and escaped. A server can also send back the
credential that it was sent, in whatever it says; that is cut out first.
"""

import re

import httpx

from rolecall_okta.text import ENOUGH, shown

SIGNED = re.compile(r"\beyJ[\w-]{10,}\.[\w-]+(?:\.[\w-]*)?", re.IGNORECASE)
"""A JSON web token: access tokens are such, and what an OAuth app proves itself with."""


class Quoting:
    """Quotes the replies to one sender's calls.

    Attributes:
        host: Where the calls go, for the head of each message.
        scheme: That of the latest credential: ``SSWS``, ``Bearer``, ``DPoP``, or empty before the first.
    """

    def __init__(self, host: str) -> None:
        self.host = host
        self.scheme = ""
        self._credentials: set[str] = set()

    def sent(self, request: httpx.Request) -> None:
        """Take note of the credential that goes out with a request."""
        scheme, _, credential = request.headers.get("authorization", "").rpartition(" ")
        if credential:
            self.scheme = scheme
            self._credentials.add(credential)

    def quoted(self, text: str, limit: int = ENOUGH) -> str:
        """The text without any credential, and fit to be shown."""
        return shown(self.without_credential(text), limit)

    def without_credential(self, text: str) -> str:
        """The text as it is, apart from every credential in it; hosts lose their case on the way."""
        text = SIGNED.sub("…", text)
        for credential in self._credentials:
            text = re.sub(re.escape(credential), "…", text, flags=re.IGNORECASE)
        return text
