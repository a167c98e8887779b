"""OAuth scopes of Okta's own API, such as ``okta.groups.read``."""

from collections.abc import Collection
from urllib.parse import urlsplit

from rolecall_okta.simulator.errors import OktaError, no_permission


def suffices(held: Collection[str], needed: str | None) -> bool:
    """Whether these scopes allow what takes that one; managing includes reading."""
    if needed is None:
        return False
    return needed in held or f"{needed.removesuffix('.read')}.manage" in held


def insufficient_scope(url: str, needed: str | None) -> OktaError:
    """Okta's refusal, which names the scope in a header."""
    scheme, host, path = urlsplit(url)[:3]
    refused = no_permission()
    challenge = (
        f'Bearer authorization_uri="{scheme}://{host}/oauth2/v1/authorize", realm="{scheme}://{host}", '
        f'scope="{needed or ""}", error="insufficient_scope", '
        f'error_description="The access token provided does not contain the required scopes.", '
        f'resource="{path}"'
    )
    refused.headers.append((b"www-authenticate", challenge.encode("latin-1", "replace")))
    return refused
