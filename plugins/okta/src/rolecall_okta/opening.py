"""A client for the settings that every Okta connector has."""

from collections.abc import Collection

import httpx

from rolecall import ConfigError, ConnectorContext
from rolecall_okta.auth import SswsAuth
from rolecall_okta.client import OktaClient
from rolecall_okta.scopes import WRITE_DIRECTORIES
from rolecall_okta.sending import Timeouts
from rolecall_okta.settings import OrgSettings


def client_for(
    settings: OrgSettings,
    context: ConnectorContext,
    *,
    reading: Collection[str] = (),
    writing: Collection[str] = (),
) -> OktaClient:
    """The client of a connector that is being opened, with whichever credential it has; not entered yet.

    Args:
        settings: The connector's.
        context: Holds its secrets.
        reading: Scopes that an OAuth app needs to read.
        writing: Those that it needs to write; not asked for before the first write.

    Raises:
        ConfigError: The token or the key can't be one.
    """
    timeout = settings.request_timeout
    if settings.directory_writes:
        writing = {*writing, WRITE_DIRECTORIES}
    return OktaClient(
        settings.domain,
        _credential(settings, context, reading, writing),
        context.observer,
        timeouts=Timeouts(read=min(timeout, 30.0), request=timeout),
        concurrency=settings.concurrency,
        share=settings.rate_limit_share,
    )


def _credential(
    settings: OrgSettings, context: ConnectorContext, reading: Collection[str], writing: Collection[str]
) -> httpx.Auth:
    if settings.client_id is None:
        return SswsAuth(context.secrets["api_token"])
    from rolecall_okta.oauth import OAuthApp  # noqa: PLC0415 - most have a token, and cryptography is large
    from rolecall_okta.signing import signing_key  # noqa: PLC0415

    try:
        key = signing_key(context.secrets["private_key"], settings.key_id)
    except ConfigError as error:
        raise ConfigError(f"{context.name}: {error.message}", hint=error.hint) from None
    return OAuthApp(settings.domain, settings.client_id, key, reading=reading, writing=writing)
