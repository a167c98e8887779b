"""What resources and entitlements have in common: both are staged, compared and kept in the same way."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Table, or_

from rolecall.store import staging_tables as staging
from rolecall.store import tables


@dataclass(frozen=True, slots=True)
class Versioned:
    """Where things of one sort stand.

    Attributes:
        staged: What a run says, by ``key``; those not ``stated`` are only named.
        version: What held when.
        gone: What a run says is gone, by ``key``.
        ended: What would end, once it was compared.
        facts: Column of ``version`` → column of ``staged``.
    """

    staged: Table
    version: Table
    gone: Table
    ended: Table
    facts: Mapping[str, str]

    @property
    def differs(self) -> ColumnElement[bool]:
        """Whether a staged row states other facts than a version row."""
        return or_(
            *(
                self.staged.c[given].is_distinct_from(self.version.c[name])
                for name, given in self.facts.items()
            )
        )


RESOURCES = Versioned(
    staging.resource,
    tables.resource_version,
    staging.gone_resource,
    staging.ended_resource,
    {
        "display_name": "display_name",
        "parent_id": "parent_key",
        "status": "status",
        "enabled": "enabled",
        "profile": "profile",
    },
)
ENTITLEMENTS = Versioned(
    staging.entitlement,
    tables.entitlement_version,
    staging.gone_entitlement,
    staging.ended_entitlement,
    {name: name for name in ("display_name", "grantable_to", "profile")},
)
