"""A client for the settings that every Okta connector has."""

from typing import Protocol

from rolecall import ConnectorContext
from rolecall_okta.auth import SswsAuth
from rolecall_okta.client import OktaClient
from rolecall_okta.domain import OktaDomain
from rolecall_okta.sending import Timeouts


class ClientSettings(Protocol):
    """What a connector's settings say of its client; ``request_timeout`` is in seconds."""

    @property
    def domain(self) -> OktaDomain: ...

    @property
    def request_timeout(self) -> float: ...

    @property
    def concurrency(self) -> int: ...

    @property
    def rate_limit_share(self) -> float: ...


def client_for(settings: ClientSettings, context: ConnectorContext) -> OktaClient:
    """The client of a connector that is being opened, with the secret ``api_token``; not entered yet.

    Raises:
        ConfigError: The token can't be one.
    """
    timeout = settings.request_timeout
    return OktaClient(
        settings.domain,
        SswsAuth(context.secrets["api_token"]),
        context.observer,
        timeouts=Timeouts(read=min(timeout, 30.0), request=timeout),
        concurrency=settings.concurrency,
        share=settings.rate_limit_share,
    )
