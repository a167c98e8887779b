"""The words of access: resource types, resources, entitlements, grants, and the findings of a run.

Connectors state facts in these; effective access is computed from them by the host alone. All are
frozen values. Ids are the provider's own strings and may hold any character.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import NamedTuple, TypeAlias

MEMBER = "member"
"""Slug of the entitlement that holders of a group have: a group's grants expand to its holders."""


class Trait(Enum):
    """What the host may take a resource type for, whatever the connector calls it."""

    USER = "user"
    """People's accounts. Profile keys ``login`` and ``email`` are understood by the command line."""
    GROUP = "group"
    """Groups whose ``member`` entitlement passes on what the group holds."""
    APP = "app"
    """Applications."""
    TARGET = "target"
    """What access is to: ``access`` has a row for each person and entitlement of such a resource."""


class Ref(NamedTuple):
    """Names one resource within a connector: ``Ref("group", "00g…")``, written ``group:00g…``.

    A ``:`` or ``%`` in the provider's id is written ``%3A``, ``%25``, so that text ids can be read back.
    """

    type: str
    id: str

    def __str__(self) -> str:
        return f"{self.type}:{self.id.replace('%', '%25').replace(':', '%3A')}"


class EntitlementRef(NamedTuple):
    """Names one entitlement within a connector, written ``account:123456789012:AdminRole``."""

    resource: Ref
    slug: str

    def __str__(self) -> str:
        return f"{self.resource}:{self.slug}"


class GrantRef(NamedTuple):
    """Names one grant within a connector: who holds what."""

    entitlement: EntitlementRef
    principal: Ref


@dataclass(frozen=True, slots=True)
class ResourceType:
    """A kind of thing that a connector knows, such as ``account``.

    Attributes:
        id: Lower-case word without ``:``, unique in the connector.
        display_name: For people, in the singular.
        trait: What the host may take it for, or None.
        provisions: Slugs of entitlements that the connector can grant and revoke; ``*`` is any slug.
    """

    id: str
    display_name: str
    trait: Trait | None = None
    provisions: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Resource:
    """One thing of a resource type, named by (type, id).

    Attributes:
        ref: Its type and the provider's id.
        display_name: The provider's name for it; hostile text.
        parent: The resource that it is part of, or None.
        status: The provider's status word as it is, or None.
        enabled: False when the provider lets nobody in through it as it stands: a suspended person,
            an inactive app. Access of a person who isn't enabled is shown as unable to sign in;
            a grant whose condition is on a resource that isn't enabled gives nothing.
        profile: Declared fields, JSON values only. Leave out what moves without meaning
            (last login): each change is a new version in the history.
    """

    ref: Ref
    display_name: str
    parent: Ref | None = None
    status: str | None = None
    enabled: bool = True
    profile: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entitlement:
    """Something that a resource offers to be held, named by (resource, slug).

    Attributes:
        ref: The resource and the slug; a slug may hold ``:``.
        display_name: The provider's name for it; hostile text.
        grantable_to: Resource types whose resources can hold it.
        profile: Further facts, JSON values only. The host shows ``role_arn`` in effective access.
    """

    ref: EntitlementRef
    display_name: str
    grantable_to: tuple[str, ...] = ()
    profile: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Grant:
    """The fact that a principal holds an entitlement. One per (entitlement, principal).

    Attributes:
        entitlement: What is held.
        principal: The user or group that holds it.
        expandable: True when the provider really passes it to every holder of the principal's
            ``member`` entitlement. Only for a principal that is a group.
        condition: An entitlement that a person must also hold, by a grant of their own, for this
            grant to count, or None.
        sources: ``()`` for a grant made on the principal itself. Otherwise the groups through
            which the provider resolved this person's grant: it isn't direct, and can't be revoked
            on the person. None when it came through a group but no group accounts for it.
    """

    entitlement: EntitlementRef
    principal: Ref
    expandable: bool = False
    condition: EntitlementRef | None = None
    sources: tuple[Ref, ...] | None = ()


@dataclass(frozen=True, slots=True)
class Gone:
    """Something that an incremental run no longer finds.

    With a resource go its entitlements and every grant of them or to it; with an entitlement its grants.
    What the published run doesn't hold may be named without harm.
    """

    what: Ref | EntitlementRef | GrantRef


@dataclass(frozen=True, slots=True)
class Regranted:
    """An entitlement whose holders an incremental run read whole.

    Its grants are those that the run yields, before or after this; every other one has ended.
    """

    entitlement: EntitlementRef


Change: TypeAlias = Resource | Entitlement | Grant | Gone | Regranted
"""What an incremental run yields: things as they are now, whether new or changed, and what ended."""


class EventTarget(NamedTuple):
    """What an event was about, in the provider's words: ``("User", "00u…", "Ada Lovelace")``."""

    type: str
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that the provider's log says happened: the history between two runs.

    Attributes:
        id: The provider's own, unique for ever; an event that comes again is kept once.
        at: When it happened, aware.
        kind: The provider's word, such as ``group.user_membership.add``.
        outcome: The provider's word, such as ``SUCCESS``, or None.
        actor: Who did it.
        targets: What it was about, in the provider's order.
        message: The provider's sentence; hostile text.
    """

    id: str
    at: datetime
    kind: str
    outcome: str | None = None
    actor: EventTarget | None = None
    targets: tuple[EventTarget, ...] = ()
    message: str = ""


class Severity(Enum):
    """How much a finding matters."""

    HIGH = "high"
    """Access is likely wrong, or wider than somebody means."""
    MEDIUM = "medium"
    """Something counts that was probably not meant, or doesn't count that was."""
    LOW = "low"
    """Worth tidying."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something odd that a run met: named, never silent, no reason to stop.

    Attributes:
        code: Stable snake_case word, such as ``default_role``.
        severity: How much it matters.
        message: One sentence for people; it may quote hostile text.
        subject: What it is about, as text: ``group:00g…``, or a setting's name.
        concerns: The entitlement that it bears on, where that isn't plain from the subject, or None:
            whoever asks about this entitlement is told.
    """

    code: str
    severity: Severity
    message: str
    subject: str
    concerns: EntitlementRef | None = None


@dataclass(frozen=True, slots=True)
class ListRead:
    """One list that a run read whole: a line of the run's completeness statement.

    Attributes:
        name: The list's path, with ids of one-per-object lists left as ``{id}``.
        filter: The narrowing sent to the provider, or None.
        pages: Pages read (requests that gave an answer).
        items: Items received.
        dropped: Reason → number of items left out for it.
        retries: Requests repeated.
        waited: Seconds spent waiting for the provider's limits and between attempts.
        note: What a reader must know to take the list for what it is, or None.
    """

    name: str
    filter: str | None = None
    pages: int = 0
    items: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)
    retries: int = 0
    waited: float = 0.0
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose credential a run used.

    Attributes:
        id: The provider's id, or None when it doesn't say.
        login: For people, or None.
        rights: What the provider says it may do, in the provider's words; None when unreadable.
    """

    id: str | None
    login: str | None
    rights: tuple[str, ...] | None = None
