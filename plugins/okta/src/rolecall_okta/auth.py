"""Credentials, as ``httpx.Auth``: the client takes any, and knows no token itself."""

from collections.abc import Generator

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
