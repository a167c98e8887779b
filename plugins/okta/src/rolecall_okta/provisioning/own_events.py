"""Whether an event of the System Log was brought about with this client's credential."""

from dataclasses import dataclass

from rolecall_okta.answers import unless_refused
from rolecall_okta.client import OktaClient
from rolecall_okta.rows import JsonObject, RowError


@dataclass(frozen=True, slots=True)
class Credential:
    """What is known of the credential.

    Attributes:
        client_id: Of an OAuth app, or None.
        owner: Id of the person whose API token it is, or None.
        tokens: Ids of all tokens of that person; None where Okta doesn't tell.
    """

    client_id: str | None = None
    owner: str | None = None
    tokens: frozenset[str] | None = None

    def did(self, actor: str | None, token: str | None) -> bool | None:
        """Whether it did what an actor did with a token; None where that can't be told.

        Args:
            actor: The actor's id in the event.
            token: The token that the event names, or None.
        """
        if self.client_id is not None:
            return actor == self.client_id
        if self.owner is None:
            return None
        if actor != self.owner:
            return False
        alone = token is not None and self.tokens == frozenset({token})
        return True if alone else None  # another token of theirs may have been ours once


@dataclass(frozen=True, slots=True)
class TokenRow:
    """An API token, without the token.

    Attributes:
        id: Its record's id.
        user_id: Whose it is, or None.
    """

    id: str
    user_id: str | None


def token_row(item: JsonObject) -> TokenRow:
    """One of ``GET /api/v1/api-tokens``."""
    identity, owner = item.get("id"), item.get("userId")
    if not isinstance(identity, str) or not identity:
        raise RowError("has no id")
    return TokenRow(identity, owner if isinstance(owner, str) else None)


async def read_credential(okta: OktaClient) -> Credential:
    """Ask whose credential the client has; of an OAuth app that is known."""
    if okta.client_id is not None:
        return Credential(okta.client_id)
    owner = await unless_refused(okta.me())
    if owner is None:
        return Credential()
    return Credential(owner=owner.id, tokens=await unless_refused(_tokens_of(okta, owner.id)))


async def _tokens_of(okta: OktaClient, user_id: str) -> frozenset[str]:
    tokens = [row async for page in okta.pages("/api/v1/api-tokens", {}, token_row) for row in page]
    return frozenset(row.id for row in tokens if row.user_id == user_id)
