"""What provisioning is made of: a request, the plan for it, what the plan rests on, and what came of it.

A plan is data. It is shown, stored with the audit record, and is what is carried out. Everything here is a
frozen value; ``provisioning_hookspecs`` says who gives and takes it. JSON values only where JSON is said.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, Protocol, TypeAlias

from rolecall.models import EntitlementRef, Ref

Operation: TypeAlias = Literal["grant", "revoke"]
Route: TypeAlias = Literal["api", "directory", "handoff"]
Json: TypeAlias = object
"""A value that JSON can hold: None, bool, int, float, str, and lists and string-keyed mappings of these."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acted, and how we know.

    Attributes:
        name: Login or e-mail address; the operating system's name for an operator who gave none;
            ``rolecall`` for the service acting on its own.
        assurance: ``oidc`` (signed in at the org), ``operator_asserted`` (someone at the shell said so),
            ``system`` (an expiry or a retry, of which the record names the cause).
        subject: The org's id of the person, for ``oidc``.
        auth_time: When they signed in, for ``oidc``.
        methods: How they signed in, for ``oidc``.
        operator: Operating system's user and host, for ``operator_asserted``.
    """

    name: str
    assurance: Literal["oidc", "operator_asserted", "system"]
    subject: str | None = None
    auth_time: datetime | None = None
    methods: tuple[str, ...] = ()
    operator: str | None = None


SYSTEM = Actor("rolecall", "system")
"""The service acting on its own: an expiry, a retry."""


@dataclass(frozen=True, slots=True)
class PrincipalNow:
    """A user or group as the provider has it now.

    Attributes:
        name: Display name; hostile text.
        login: For people, or None.
        email: For people, or None.
        status: The provider's word, or None.
        enabled: False when the provider lets them do nothing as it stands.
    """

    ref: Ref
    name: str
    login: str | None = None
    email: str | None = None
    status: str | None = None
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Held:
    """One thing that a principal has in the provider: what the ledger's reasons attach to.

    Two connectors to one org give equal values for the same thing.

    Attributes:
        provider: The org, such as ``acme.okta.com``, in one spelling.
        object: What it is on: ``group:00g…``, ``app:0oa…``.
        principal: Who has it.
        mechanism: How: ``member``, ``assigned``, ``role:AdminRole``.
        detail: JSON for the connector that wrote it: what its inverse needs to know. Not compared.
    """

    provider: str
    object: Ref
    principal: Ref
    mechanism: str
    detail: Mapping[str, Json] = field(default_factory=dict, compare=False, hash=False)


@dataclass(frozen=True, slots=True)
class ProvisioningRequest:
    """What shall be so afterwards.

    Attributes:
        operation: To give, or to take away.
        entitlement: What.
        principal: Who; a login or an e-mail address, exact, where no published run names them.
        via: For a revocation: the one path to end, such as ``group:00g…``; None for all that can be ended on
            the principal.
        undo: For a revocation by the ledger: exactly these things, which Rolecall gave and for which no
            reason is left. The plan is their recorded inverse: names are not looked up again. Else empty.
        made: What the ledger says Rolecall gave the principal and still holds, by whichever connector,
            ``undo`` included. It may be in other orgs: compare ``Held.provider``.
        accept: Codes of effects that whoever asks accepts, such as ``others_lose``; see ``Refused.accept``.
    """

    operation: Operation
    entitlement: EntitlementRef
    principal: Ref | str
    via: Ref | None = None
    undo: tuple[Held, ...] = ()
    made: tuple[Held, ...] = ()
    accept: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class HandOff:
    """What a person outside must do, in words that they can work by.

    Attributes:
        system: Where: ``Active Directory``, or the label of the app that masters the group.
        change: To put the person in, or take them out.
        group: The group.
        group_names: What the other system calls it: ``name``, ``dn``, ``samAccountName``, …
        person: The person.
        person_names: ``login``, ``samAccountName``, …
        effect: One sentence: what the change gives or takes.
        command: Ready for the directory's own tool, each hostile part quoted for it; empty without one.
    """

    system: str
    change: Literal["add", "remove"]
    group: Ref
    group_names: Mapping[str, str]
    person: Ref
    person_names: Mapping[str, str]
    effect: str
    command: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One change of a plan: one call, or one hand-off.

    Attributes:
        action: Stable snake_case word, such as ``add_group_member``.
        route: Who makes the change.
        effect: One sentence for people.
        method: HTTP method of the exact call; None for a hand-off.
        path: Its path, without host and with its query, if any; None for a hand-off.
        body: Its JSON body, or None.
        gives: What the principal has afterwards.
        takes: What it no longer has.
        expects: JSON: what was so when the plan was made, and must be so still just before the call.
        handoff: For a hand-off.
    """

    action: str
    route: Route
    effect: str
    method: str | None = None
    path: str | None = None
    body: Json = None
    gives: tuple[Held, ...] = ()
    takes: tuple[Held, ...] = ()
    expects: Mapping[str, Json] = field(default_factory=dict)
    handoff: HandOff | None = None


@dataclass(frozen=True, slots=True)
class Effect:
    """What a plan changes for one person.

    Attributes:
        name: Login, or the display name of somebody without one.
        gains: Entitlements that the person has afterwards and hasn't now, by any path.
        loses: The other way round.
        can_sign_in: Whether the person can use them.
    """

    person: Ref
    name: str
    gains: tuple[EntitlementRef, ...] = ()
    loses: tuple[EntitlementRef, ...] = ()
    can_sign_in: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    """How a request would be carried out, worked out from a fresh read.

    Attributes:
        principal: Whom it is about, found.
        principal_name: Login, or the group's name.
        status: ``already_…`` has no steps: nothing needs to be written.
        steps: In order; those after a hand-off wait until it is seen done.
        effects: One for each person touched who gains or loses anything.
        rests_on: For a grant: everything in the provider that the access rests on once the plan is carried
            out, what was there before included. The ledger's reason attaches to each. For a revocation by
            the ledger: what of ``undo`` stays all the same, as somebody else's by now; it isn't waited for.
        meaning: JSON: what the entitlement meant at the provider when this was read: group ids and names,
            settings that decide. Two plans whose meanings differ are plans for different things.
        warnings: Sentences that whoever decides must read.
        locks: Names of what must not be written by two at once, such as ``acme.okta.com/user:00u…``.
        session_seconds: For a revocation: how long a session that began before may still live.
        elsewhere: Filled in by the host: what groups that the steps put somebody in, or take them out of,
            hold in other connectors by their last published runs: connector's name and entitlement.
    """

    operation: Operation
    entitlement: EntitlementRef
    principal: Ref
    principal_name: str
    status: Literal["planned", "already_granted", "already_revoked"] = "planned"
    steps: tuple[Step, ...] = ()
    effects: tuple[Effect, ...] = ()
    rests_on: tuple[Held, ...] = ()
    meaning: Mapping[str, Json] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    locks: tuple[str, ...] = ()
    session_seconds: int | None = None
    elsewhere: tuple[tuple[str, EntitlementRef], ...] = ()

    @property
    def gives(self) -> tuple[Held, ...]:
        """What all of its steps give."""
        return tuple(held for step in self.steps for held in step.gives)

    @property
    def takes(self) -> tuple[Held, ...]:
        """What all of its steps take."""
        return tuple(held for step in self.steps for held in step.takes)


class Writing(Protocol):
    """Where a connector says what it is doing to the provider. Each method returns when it is on disk.

    Attributes:
        patience: Seconds to wait for a read-back to show a write.
    """

    @property
    def patience(self) -> float: ...

    def begins(self, step: int, method: str, path: str) -> None:
        """A call of the plan's step with this index, from 0, is about to be sent."""

    def answered(self, step: int, status: int, request_id: str | None) -> None:
        """The provider answered it, whatever it said."""

    def ended(self, step: int, outcome: Literal["applied", "not_applied", "unknown"], why: str = "") -> None:
        """What is known of the step now; a later word replaces an earlier one."""

    def log(self, message: str) -> None:
        """Add a line to the action's log."""


@dataclass(frozen=True, slots=True)
class GrantOutcome:
    """What carrying out a plan did.

    Attributes:
        status: ``handed_off``: everything before the hand-off is applied, and nothing after it.
        verified: True when a later read showed the plan's whole effect.
        why: Half a sentence, where it isn't verified.
        step: Index of the step that was handed off, or None.
        handoff: What to do, where the step itself doesn't say it: a route that turned out to be closed.
    """

    status: Literal["applied", "already_granted", "already_revoked", "handed_off"]
    verified: bool
    why: str = ""
    step: int | None = None
    handoff: HandOff | None = None


@dataclass(frozen=True, slots=True)
class Removal:
    """One way to end an access that somebody has, and everything else that this would do.

    Attributes:
        via: The path that it ends, as ``--via`` takes it: a group; or the person, for what is direct.
        path: One sentence: how the access comes by this path.
        change: One sentence: what would be changed.
        route: Who makes the change.
        effects: Who gains and loses what, the person included.
        ends_access: Whether the person hasn't the access afterwards, by any path.
        given_back_by: Names of group rules that would give it back.
        refused: Why Rolecall can't make the change; empty when it can.
    """

    via: Ref
    path: str
    change: str
    route: Route
    effects: tuple[Effect, ...]
    ends_access: bool
    given_back_by: tuple[str, ...] = ()
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Twin:
    """A role, and the groups by which it can be had: for time-limited access one must be native.

    Attributes:
        groups: Groups that mean the role, each with who masters it: (ref, name, source); ``okta`` is native.
        create: Name that a native group would need, where there is none; empty where there is one.
    """

    entitlement: EntitlementRef
    groups: tuple[tuple[Ref, str, str], ...]
    create: str = ""


@dataclass(frozen=True, slots=True)
class WriteSeen:
    """One change that the provider's log tells of: somebody gave or took something.

    Attributes:
        id: The event's id, unique for ever.
        kind: The provider's word.
        outcome: The provider's word, or None.
        request_id: Of the call that did it, as ``Writing.answered`` was told, or None.
        actor: The provider's name for whoever did it.
        ours: Whether it was done with this connector's credentials; None where that can't be told.
        gives: Whether it gave; False when it took; None for a change of what is held.
        object: What it was on, or None.
        principal: To whom or from whom, or None.
    """

    id: str
    at: datetime
    kind: str
    outcome: str | None
    request_id: str | None
    actor: str
    ours: bool | None
    gives: bool | None
    object: Ref | None
    principal: Ref | None


@dataclass(frozen=True, slots=True)
class Action:
    """What somebody wants done by a connector: what policies judge, with the plan.

    Attributes:
        connector: Its name.
        kind: Id of its kind.
        reason: As given; may be empty.
        duration: How long the access shall last, for a grant that ends.
        dry_run: Nothing will be written.
        task: Number of the task that it carries out, or None.
        rule: Name of the rule by which it was requested and approved, or None.
        emergency: Granted before anybody approved.
        ticket: By which it is known elsewhere, or None.
    """

    connector: str
    kind: str
    actor: Actor
    request: ProvisioningRequest
    reason: str = ""
    duration: timedelta | None = None
    dry_run: bool = False
    task: int | None = None
    rule: str | None = None
    emergency: bool = False
    ticket: str | None = None


@dataclass(frozen=True, slots=True)
class ActionOutcome:
    """How an action ended, as broadcast to every plugin.

    Attributes:
        audit_id: Number of the audit record that tells it.
        status: As in the command line's JSON.
        error: One line, or None.
    """

    action: Action
    plan: Plan | None
    audit_id: int
    status: str
    verified: bool
    error: str | None = None


@dataclass(frozen=True, slots=True)
class AuditHead:
    """The end of the audit chain at some time: number and hash (hex SHA-256) of its last record."""

    number: int
    hash: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that people shall be told.

    Attributes:
        id: Unique for ever: receivers drop what they have had.
        kind: Stable snake_case word: ``request_waiting``, ``granted``, ``expiring``, ``revoked``,
            ``reopened``, ``handoff``, ``handoff_overdue``, ``handoff_withdrawn``, ``emergency``, ``failed``,
            ``connector_owner``.
        summary: One sentence; it may quote hostile text.
        facts: JSON facts, such as a hand-off's whole content.
        to: E-mail addresses of those concerned.
        task: Number of the task, or None.
    """

    id: str
    at: datetime
    kind: str
    connector: str
    summary: str
    facts: Mapping[str, Json] = field(default_factory=dict)
    to: tuple[str, ...] = ()
    task: int | None = None


@dataclass(frozen=True, slots=True)
class Recipe:
    """The smallest admin role and credential for a purpose, in the provider's words.

    Attributes:
        role: What to call the role.
        permissions: Each with why it is needed.
        resources: What the role is to be limited to, each with why.
        scopes: OAuth scopes for a service app.
        notes: What such a role can't do, and what else must be known.
    """

    role: str
    permissions: tuple[tuple[str, str], ...]
    resources: tuple[tuple[str, str], ...]
    scopes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
