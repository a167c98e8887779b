"""What every reading of a run goes through: the client, the run, and the run's completeness statement."""

from dataclasses import dataclass, field

from rolecall import Finding, Forecast, Identity, IdentitySource, ListRead, Ref, SyncRun
from rolecall_okta import OktaClient
from rolecall_okta_aws_federation.completeness import Completeness


@dataclass(slots=True)
class Reader:
    """One run's way to the org.

    Attributes:
        source: What people, groups and memberships are taken from as far as it holds them, or None.
        lost: Ids of groups that vanished during the run, and of people and groups that were deleted lately.
        owner: Id of whose credential it is; None where that isn't known, or nobody stands behind it.
    """

    okta: OktaClient
    run: SyncRun
    source: IdentitySource | None = None
    reads: Completeness = field(default_factory=Completeness)
    lost: set[str] = field(default_factory=set)
    owner: str | None = None

    def __post_init__(self) -> None:
        self.okta.on_list = self.reads.add


class NoRun:
    """The run of a reading that is none: nothing is told to anybody."""

    def found(self, finding: Finding) -> None: ...
    def read(self, reading: ListRead) -> None: ...
    def identified(self, identity: Identity) -> None: ...
    def log(self, message: str) -> None: ...
    def progress(self, what: str, done: int, total: int | None = None) -> None: ...
    def partial(self, resource_type: str, why: str) -> None: ...
    def forecast(self, forecast: Forecast) -> None: ...
    def counted(self, resource: Ref, listed: int, expected: int) -> None: ...
