"""What every plan is made with: the client, the settings, and one fresh reading of the org."""

from collections.abc import Sequence
from dataclasses import dataclass

from rolecall import Held, ProvisioningRequest, Ref
from rolecall_okta import (
    GroupNow,
    Membership,
    OktaClient,
    Rules,
    UserRow,
    lock_of,
    provider_of,
    read_group,
    read_membership,
    read_rules,
)
from rolecall_okta_aws_federation.config import Settings
from rolecall_okta_aws_federation.provisioning.fresh_reading import FreshReading


@dataclass(slots=True)
class Desk:
    """One plan being made.

    Attributes:
        reading: Nothing of it is older than the plan.
    """

    okta: OktaClient
    settings: Settings
    request: ProvisioningRequest
    reading: FreshReading
    _rules: Rules | None = None

    @property
    def provider(self) -> str:
        """The org, as the ledger calls it."""
        return provider_of(self.okta)

    @property
    def app_id(self) -> str:
        return self.reading.app.id

    @property
    def given(self) -> Sequence[Held]:
        """What Rolecall gave the principal, details included."""
        return (*self.request.made, *self.request.undo)

    def lock(self, *refs: Ref) -> list[str]:
        """Locks on these."""
        return [lock_of(self.provider, ref) for ref in refs]

    async def group(self, group_id: str) -> GroupNow | None:
        """A group as it is now; None where it is gone. The org's group rules are listed once for all."""
        if self._rules is None:
            self._rules = await read_rules(self.okta)
        by_agent = self.settings.directory_writes
        return await read_group(self.okta, group_id, directory_writes=by_agent, rules=self._rules)

    async def membership(self, group: GroupNow, person: UserRow) -> Membership:
        """The membership of a group of a person whose groups were read."""
        return await read_membership(self.okta, group, person, self.reading.held(person.id))
