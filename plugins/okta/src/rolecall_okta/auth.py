"""Credentials, as ``httpx.Auth``: the client takes any, and knows no token itself."""

from collections.abc import Collection, Generator
from dataclasses import dataclass

import httpx

from rolecall import ConfigError, Secret


class SswsAuth(httpx.Auth):
    """An Okta API token."""

    def __init__(self, token: Secret) -> None:
        # The HTTP library quotes a header that it can't send in its error, so that is ruled out here.
        if not token.reveal() or not all("!" <= mark <= "~" for mark in token.reveal()):
            raise ConfigError(
                "the API token is empty, or holds blanks or characters that no token has",
                hint="store the token alone, as Okta showed it, without SSWS in front",
            )
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """See ``httpx.Auth``."""
        request.headers["Authorization"] = f"SSWS {self._token.reveal()}"
        yield request


@dataclass(frozen=True, slots=True)
class Scopes:
    """What an OAuth app asks to be allowed, and what it is.

    Attributes:
        asked: What this client asks for.
        granted: What Okta gave for it last; None before the first token.
    """

    asked: frozenset[str]
    granted: frozenset[str] | None = None


class AppCredential(httpx.Auth):
    """An OAuth app's, whose rights are scopes; ``oauth`` says how it works.

    Attributes:
        client_id: The app's.
        reading: Scopes of the token that reads go with.
        writing: Scopes of the token that writes go with; it isn't asked for before the first.
    """

    def __init__(self, client_id: str, reading: Collection[str], writing: Collection[str]) -> None:
        self.client_id = client_id
        self.reading = Scopes(frozenset(reading))
        self.writing = Scopes(frozenset(reading) | frozenset(writing))


class TokenRefused(Exception):
    """The token endpoint gave an OAuth app no token; ``refusals`` puts it into words."""

    def __init__(self, response: httpx.Response, body: bytes, scopes: Collection[str]) -> None:
        super().__init__("no token")
        self.response = response
        self.body = body
        self.scopes = frozenset(scopes)
