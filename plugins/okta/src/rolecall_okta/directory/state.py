"""What a run knows when it is over, as far as the next one needs it to read only what changed.

It doesn't hold who is there: that is in the store. It holds what decides which lists must be read again.
"""

import json
import zlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from rolecall import Finding, Ref, Severity
from rolecall_okta.directory.config import Settings
from rolecall_okta.directory.roles import AdminRole, AdminRoles
from rolecall_okta.history import OVERLAP
from rolecall_okta.member_clocks import MemberClocks
from rolecall_okta.rows import GroupRow

FORMAT = 1


class UnreadableState(ValueError):
    """These bytes are no state of this release's."""


@dataclass(slots=True)
class State:
    """Patched by a run as it reads.

    Attributes:
        settings: Digest of the settings that decide what a run gives.
        owner: Id of whose credential it is; None where nobody stands behind it.
        begun: When the run's first reply came, by Okta's clock.
        position: Where the System Log is to be read on; None where it can't be read.
        deleted: Ids of people and groups that were deleted lately → when, in seconds since 1970.
        everyone: The group that holds everybody, or None where it isn't listed.
        listed: Groups whose members are in the store, without Everyone.
        declined: Groups that other connectors ask for, and that aren't in the org or not in scope.
        clocks: Of those groups that changed lately.
        short: Group → members listed, and counted by Okta, where the list is short.
        odd: Findings about single objects that hold until the object is read again.
        roles: Who holds admin roles; None where they aren't read.
        roles_refused: Okta's answer, where the credential may not read them.
    """

    settings: str
    owner: str | None
    begun: datetime
    position: str | None = None
    deleted: dict[str, float] = field(default_factory=dict)
    everyone: str | None = None
    listed: set[str] = field(default_factory=set)
    declined: set[str] = field(default_factory=set)
    clocks: MemberClocks = field(default_factory=MemberClocks)
    short: dict[str, tuple[int, int]] = field(default_factory=dict)
    odd: dict[Ref, Finding] = field(default_factory=dict)
    roles: AdminRoles | None = None
    roles_refused: str | None = None

    @property
    def since(self) -> datetime:
        """What changed after this is to be looked at by the next run."""
        return self.begun - OVERLAP

    def note(self, ref: Ref, oddity: Finding | None) -> None:
        """Keep what is odd about an object, or that nothing is any more."""
        if oddity is None:
            self.odd.pop(ref, None)
        else:
            self.odd[ref] = oddity

    def keep_members(
        self, group: GroupRow, begun: datetime | None, listed: int, missing_of: int | None
    ) -> None:
        """Take note that a group's members were read."""
        self.listed.add(group.id)
        self.clocks.take(group, begun)
        if missing_of is None:
            self.short.pop(group.id, None)
        else:
            self.short[group.id] = (listed, missing_of)

    def lose_members(self, group_id: str) -> None:
        """Forget a group's members: it is gone, or nobody asks for them any more."""
        self.listed.discard(group_id)
        self.clocks.forget(group_id)
        self.short.pop(group_id, None)

    def members_moved(self, group: GroupRow, since: datetime) -> bool:
        """Whether a group's members may have changed since they were read."""
        return group.id not in self.listed or self.clocks.moved(group, since)

    def newly_wanted(self, wanted: Collection[str]) -> set[str]:
        """Of the groups whose members are asked for, those that weren't looked for before."""
        return set(wanted) - self.listed - self.declined - {self.everyone}

    def forget_old(self) -> None:
        """Drop what lies so far back that the next run won't meet it."""
        oldest = self.since.timestamp()
        self.deleted = {each: at for each, at in self.deleted.items() if at >= oldest}
        self.clocks = self.clocks.after(self.since)


def digest(settings: Settings) -> str:
    """Settings that decide what a run gives, in short."""
    decisive = (
        settings.domain.netloc,
        sorted(settings.profile_fields.items()),
        sorted(settings.disabled_statuses),
        settings.scope.prefixes,
        settings.scope.types,
        settings.members,
        settings.admin_roles,
    )
    return sha256(repr(decisive).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def dumped(state: State) -> bytes:
    """The state as bytes, for ``loaded``."""
    roles = state.roles
    content = {
        "format": FORMAT,
        "settings": state.settings,
        "owner": state.owner,
        "begun": state.begun.timestamp(),
        "position": state.position,
        "deleted": state.deleted,
        "everyone": state.everyone,
        "listed": sorted(state.listed),
        "declined": sorted(state.declined),
        "clocks": state.clocks.plain(),
        "short": state.short,
        "odd": [[*ref, each.code, each.severity.value, each.message] for ref, each in state.odd.items()],
        "roles": None if roles is None else [[*ref, _plain(held)] for ref, held in roles.holders.items()],
        "labels": None if roles is None else roles.labels,
        "roles_refused": state.roles_refused,
    }
    return zlib.compress(json.dumps(content, separators=(",", ":")).encode("ascii"))


def loaded(data: bytes) -> State:
    """The state that ``dumped`` made these bytes of.

    Raises:
        UnreadableState: They are something else, or of another release.
    """
    try:
        content: dict[str, Any] = json.loads(zlib.decompress(data))
        if content["format"] != FORMAT:
            raise UnreadableState(f"format {content['format']}")
        return State(
            settings=content["settings"],
            owner=content["owner"],
            begun=datetime.fromtimestamp(content["begun"], UTC),
            position=content["position"],
            deleted=content["deleted"],
            everyone=content["everyone"],
            listed=set(content["listed"]),
            declined=set(content["declined"]),
            clocks=MemberClocks(content["clocks"]),
            short={group_id: (short[0], short[1]) for group_id, short in content["short"].items()},
            odd=dict(_odd(*each) for each in content["odd"]),
            roles=_roles(content["roles"], content["labels"]),
            roles_refused=content["roles_refused"],
        )
    except (zlib.error, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnreadableState(type(error).__name__) from error


def _plain(roles: Iterable[AdminRole]) -> list[list[str]]:
    return [[role.type, role.role_id, role.resource_set_id, role.label] for role in sorted(roles)]


def _roles(holders: list[Any] | None, labels: Mapping[str, str]) -> AdminRoles | None:
    if holders is None:
        return None
    return AdminRoles(
        {
            Ref(type_id, held_by): frozenset(AdminRole(*role) for role in held)
            for type_id, held_by, held in holders
        },
        labels,
    )


def _odd(type_id: str, ident: str, code: str, severity: str, message: str) -> tuple[Ref, Finding]:
    ref = Ref(type_id, ident)
    return ref, Finding(code, Severity(severity), message, str(ref))
