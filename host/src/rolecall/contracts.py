"""What the hooks' arguments and results are made of; ``hookspecs`` says who gives and takes them."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

import marshmallow as ma

from rolecall.models import EntitlementRef, Finding, Identity, ListRead, Ref, Resource, ResourceType


@dataclass(frozen=True, slots=True)
class SetupQuestion:
    """One setting that ``rolecall init`` asks for, or takes from a flag.

    Attributes:
        setting: The setting's key in the connector's table.
        flag: The command-line flag, such as ``--domain``. For a secret, ``--token`` stands for the
            three flags ``--token-env``, ``--token-file`` and ``--token-keyring``.
        prompt: What to ask on a terminal.
        choices: True when ``rolecall_setup_choices`` can list values to pick from.
    """

    setting: str
    flag: str
    prompt: str
    choices: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """One value to pick from, and how to show it."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class ConnectorKind:
    """What a plugin offers: a kind of connector, of which any number may be configured.

    Attributes:
        id: Lower-case word, unique among installed plugins: ``kind = "…"`` in the configuration.
        display_name: For people.
        settings: Marshmallow schema of the kind's own settings; ``unknown`` must be RAISE. What its
            ``load`` returns is handed to ``rolecall_open``. Secrets are ``rolecall.SecretField``.
        resource_types: Every type that its connectors may yield.
        setup: What ``rolecall init`` asks for, in order.
        credential_help: How to make a least-privilege credential, printed by ``rolecall init``.
        credential_settings: Names of the settings that say whose credential is used: what the host's key
            ``write_credential`` may hold instead of them.
    """

    id: str
    display_name: str
    settings: type[ma.Schema]
    resource_types: tuple[ResourceType, ...]
    setup: tuple[SetupQuestion, ...] = ()
    credential_help: str = ""
    credential_settings: tuple[str, ...] = ()


class Secret:
    """A secret value that no repr, log or traceback shows; ``reveal()`` gives the text."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The secret itself; hand it on to the library that needs it and nowhere else."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(…)"


@dataclass(frozen=True, slots=True)
class ConnectorContext:
    """What a connector is opened with.

    Attributes:
        name: The connector's name in the configuration.
        kind: Id of its kind.
        settings: What the kind's settings schema loaded.
        secrets: Setting name → secret, for each SecretField that is set.
        observer: Told of every request and every wait, while the connector is open.
        source: The connector's identity source, as its published run holds it; None without one, or
            where it has no published run yet.
        wanted: Resources of group types that connectors which name this one as their identity source
            hold in their published runs: whose members are asked for.
    """

    name: str
    kind: str
    settings: object
    secrets: Mapping[str, Secret]
    observer: "Observer"
    source: "IdentitySource | None" = None
    wanted: frozenset[Ref] = frozenset()


class Observer(Protocol):
    """Told what a connector does on the network; the host counts it and shows it as progress."""

    def requested(self, what: str) -> None:
        """One request is about to be sent; ``what`` is its method and path, for the log."""

    def waiting(self, seconds: float, why: str) -> None:
        """The connector is about to wait for ``seconds``, for the reason given."""


@dataclass(frozen=True, slots=True)
class SourceChanges:
    """What differs between two published runs of an identity source.

    Attributes:
        resources: Those that came, went or changed.
        entitlements: Those that came or went, and those any of whose grants came, went or changed: each with
            those whose grants they were.
    """

    resources: frozenset[Ref]
    entitlements: Mapping[EntitlementRef, frozenset[Ref]]


class IdentitySource(Protocol):
    """One published run of another connector: its people, groups and memberships, read from the store.

    Everything is of that one run, whatever is published meanwhile.

    Attributes:
        connector: The source's name.
        run_id: The run that is read.
        finished_at: When that run ended.
    """

    @property
    def connector(self) -> str: ...

    @property
    def run_id(self) -> int: ...

    @property
    def finished_at(self) -> datetime: ...

    def covers(self, resource_type: str) -> bool:
        """Whether the run lists every resource of a type: its connector said of none that it doesn't."""

    def resources(self, resource_type: str) -> Iterator[Resource]:
        """Every resource of a type, by id."""

    def find(self, refs: Collection[Ref]) -> Iterator[Resource]:
        """Those of these resources that the run holds, in any order."""

    def holders(
        self, entitlements: Collection[EntitlementRef]
    ) -> Iterator[tuple[EntitlementRef, Sequence[Ref]]]:
        """Who holds each of these entitlements; one that the run doesn't hold is left out.

        A group whose ``member`` entitlement is given here is complete: who isn't named isn't in it.
        """

    def changes_since(self, run_id: int) -> SourceChanges | None:
        """What changed from an earlier run to this one; None where that run isn't kept any more."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a connector left behind in its last published run, for the next one to go on from.

    Attributes:
        data: The connector's own bytes; the host doesn't look inside.
        run_id: The run that left it: what the store holds of the connector is the state of this run.
        full_run_id: The last run that read everything: this one, or an earlier one.
        full_at: When that run ended.
        source_run_id: The run of the identity source that ``run_id`` read, or None.
    """

    data: bytes
    run_id: int
    full_run_id: int
    full_at: datetime
    source_run_id: int | None = None


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a run will cost, as far as it can be told.

    Attributes:
        requests: How many in all.
        seconds: How long they will take within the rate limits.
        share: The share of the limits that the run may use, 0 to 1; None where nothing limits it.
        buckets: Family of paths → requests that count there.
        basis: One sentence: what it is worked out from.
        at_least: True while what the run has to read is still being counted: it will be no less.
    """

    requests: int
    seconds: float
    share: float | None = None
    buckets: Mapping[str, int] = field(default_factory=dict)
    basis: str = ""
    at_least: bool = False


class SyncRun(Protocol):
    """Where a connector reports on the run it is part of. Every method returns at once."""

    def found(self, finding: Finding) -> None:
        """Record something odd; the same finding again is recorded once."""

    def read(self, reading: ListRead) -> None:
        """Record one list that was read whole, for the completeness statement."""

    def identified(self, identity: Identity) -> None:
        """Record whose credential the run uses."""

    def log(self, message: str) -> None:
        """Add a line to the connector's log."""

    def progress(self, what: str, done: int, total: int | None = None) -> None:
        """Say how far the reading is, for people at a terminal."""

    def partial(self, resource_type: str, why: str) -> None:
        """Say that the run doesn't list every resource of a type, and why, as half a sentence."""

    def forecast(self, forecast: Forecast) -> None:
        """Say what the run will cost; a later word replaces an earlier one."""

    def counted(self, resource: Ref, listed: int, expected: int) -> None:
        """Say that a list about one resource is shorter than the provider's own count of it, twice read."""


@dataclass(frozen=True, slots=True)
class Capability:
    """Whether this credential can do one thing, and how we know.

    Attributes:
        name: One of the five of the capability table, or the connector's own.
        allowed: ``unknown`` where nothing harmless proves either.
        evidence: The call and its answer, or the right that was read.
    """

    name: str
    allowed: Literal["yes", "no", "unknown"]
    evidence: str


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that keeps a connector from working, or from working safely.

    Attributes:
        code: Stable snake_case word.
        message: One sentence; it may quote hostile text.
        hint: What to do about it, or None.
        fatal: False for what a sync works in spite of, such as rights that nothing needs.
    """

    code: str
    message: str
    hint: str | None = None
    fatal: bool = True


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What ``rolecall check`` measured.

    Attributes:
        app: Facts about the application that the connector is for, JSON values, or None.
        principal: Whose credential it is.
        features: Feature → JSON value: settings of the provider that decide what a sync gives.
        capabilities: In the order of the capability table.
        problems: None of them is fatal when a sync would work.
    """

    app: Mapping[str, object] | None
    principal: Identity | None
    features: Mapping[str, object]
    capabilities: Sequence[Capability]
    problems: Sequence[Problem] = ()


@dataclass(frozen=True, slots=True)
class AccessPath:
    """One grant that bears on the question why a person has an entitlement.

    Attributes:
        principal: The person, or a group.
        principal_name: Its display name.
        holds: The principal is the person, or a group that the person is known to be in.
        counts: The host counts it as a path.
        expandable: See ``Grant``.
        sources: See ``Grant``.
    """

    principal: Ref
    principal_name: str
    holds: bool
    counts: bool
    expandable: bool
    sources: tuple[Ref, ...] | None


@dataclass(frozen=True, slots=True)
class AccessQuestion:
    """Why does this person have, or not have, this entitlement? Facts of one published run.

    Attributes:
        person: The person's resource id, with ``person_name`` and ``person_status``.
        enabled: Whether the person can sign in.
        entitlement: What is asked about; it may not exist in the run.
        exists: Whether it does.
        paths: Every grant of it to the person or to any group.
        met: Conditions of those grants that the person meets → sources of the grant by which (see ``Grant``).
        unmet: Conditions of those grants that the person doesn't meet.
        apps: Profiles of the connector's resources with trait APP, by id.
        findings: The run's findings about the person, the groups named in paths, the settings, or
            the entitlement.
    """

    person: Ref
    person_name: str
    person_status: str | None
    enabled: bool
    entitlement: EntitlementRef
    exists: bool
    paths: tuple[AccessPath, ...]
    met: Mapping[EntitlementRef, tuple[Ref, ...] | None]
    unmet: tuple[EntitlementRef, ...]
    apps: Mapping[str, Mapping[str, object]]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """A connector's words for an access question.

    Attributes:
        settings: The provider's settings that decided, JSON values.
        reasons: Sentences, most decisive first.
        changes: What would have to change for the answer to be the other one.
    """

    settings: Mapping[str, object] = field(default_factory=dict)
    reasons: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SyncOutcome:
    """How a sync run ended, as broadcast to every plugin.

    Attributes:
        status: ``unchanged`` is a published run that brought nothing new.
        added: Grants that it began.
        removed: Grants that it ended.
    """

    connector: str
    run_id: int
    status: Literal["published", "unchanged", "failed", "refused"]
    added: int = 0
    removed: int = 0
    error: str | None = None
