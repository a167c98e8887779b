"""Okta's System Log: what happened in an org, in the order in which it was stored.

An event is *published* when the thing happens and *persisted* ``lag`` seconds later; only then can
it be read, and from then its retention counts.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from heapq import heappop, heappush
from random import Random
from threading import Lock, local
from typing import Final
from uuid import UUID

from rolecall_okta.simulator.objects import App, Group, GroupRule, User
from rolecall_okta.simulator.raw_json import JsonObject

RETENTION: Final = 90 * 86_400.0
"""Seconds that Okta keeps an event."""

_MESSAGES: Final = {
    "group.user_membership.add": "Add user to group membership",
    "group.user_membership.remove": "Remove user from group membership",
    "group.lifecycle.create": "Create Okta group",
    "group.lifecycle.delete": "Delete Okta group",
    "group.profile.update": "Update Okta group",
    "group.privilege.grant": "Grant group privilege",
    "group.privilege.revoke": "Revoke group privilege",
    "group.application_assignment.add": "Assign app to group",
    "group.application_assignment.remove": "Remove app from group",
    "group.application_assignment.update": "Update app assignment of group",
    "application.user_membership.add": "Add user to application membership",
    "application.user_membership.remove": "Remove user's application membership",
    "application.user_membership.update": "Update user's application membership",
    "application.user_membership.change_username": "Change user's application username",
    "application.lifecycle.create": "Create application",
    "application.lifecycle.update": "Update application",
    "application.lifecycle.delete": "Delete application",
    "application.lifecycle.activate": "Activate application",
    "application.lifecycle.deactivate": "Deactivate application",
    "user.lifecycle.create": "Create Okta user",
    "user.lifecycle.activate": "Activate Okta user",
    "user.lifecycle.deactivate": "Deactivate Okta user",
    "user.lifecycle.suspend": "Suspend Okta user",
    "user.lifecycle.unsuspend": "Unsuspend Okta user",
    "user.lifecycle.delete.initiated": "Delete Okta user initiated",
    "user.lifecycle.delete.completed": "Delete Okta user completed",
    "user.account.update_profile": "Update user profile for Okta",
    "user.account.privilege.grant": "Grant user privilege",
    "user.account.privilege.revoke": "Revoke user privilege",
    "iam.resourceset.bindings.add": "Add role assignment",
    "iam.resourceset.bindings.delete": "Delete role assignment",
    "system.import.complete": "Complete user import",
    "group.user_membership.rule.add_exclusion": "Exclude user from group rule",
}


@dataclass(frozen=True, slots=True)
class LogEvent:
    """One event; times are in seconds since 1970."""

    type: str
    published: float
    persisted: float
    body: JsonObject
    """As the API shows it."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Who makes the changes of now, and by what: a request, or a job of Okta's own."""

    actor: JsonObject
    transaction: str | None = None
    """The request's id; without one, each transaction has an id of its own."""
    kind: str = "WEB"
    detail: JsonObject = field(default_factory=dict)
    debug: JsonObject = field(default_factory=dict)


OKTA_ITSELF: Final = Origin(
    {
        "id": "00usystemprincipal5d7",
        "type": "SystemPrincipal",
        "alternateId": "system@okta.example",
        "displayName": "Okta System",
        "detailEntry": None,
    },
    kind="JOB",
)


class _Now(local):
    """Of the thread that changes the org."""

    origin: Origin | None = None
    transaction: str | None = None


class SystemLog:
    """The events of one org. Every public attribute may be changed at any time."""

    def __init__(self, clock: Callable[[], float], seed: int = 0) -> None:
        self.lag: float | Callable[[str], float] = 0.0
        """Seconds from happening to being readable; a function is asked with the event's type."""
        self.retention = RETENTION
        self.loses: Callable[[str], bool] | None = None
        """Which types of event are lost for ever."""
        self.actor: JsonObject = {
            "id": "00uadministrator5d7",
            "type": "User",
            "alternateId": "admin@acme.example",
            "displayName": "Acme Administrator",
            "detailEntry": None,
        }
        self.generation = 0
        self._clock = clock
        self._seed = seed
        self._random = Random(seed)
        self._written = 0
        self._now = _Now()
        self._lock = Lock()
        self._waiting: list[tuple[float, int, LogEvent]] = []
        self._persisted: list[LogEvent] = []
        self._forgotten = 0

    @property
    def events(self) -> Sequence[LogEvent]:
        """All that can be read now, in the order of their persistence."""
        self._move_on()
        return self._persisted

    @property
    def forgotten(self) -> int:
        """Events that retention has dropped; positions count from the very first event."""
        self._move_on()
        return self._forgotten

    def forget_cursors(self) -> None:
        """Make every cursor given out so far invalid."""
        self.generation += 1

    def position_at(self, moment: float) -> int:
        """The position of the first event persisted at or after a time."""
        return self.forgotten + bisect_left(self._persisted, moment, key=lambda event: event.persisted)

    def write(self, event_type: str, targets: Sequence[JsonObject], debug: JsonObject | None = None) -> None:
        """An event that happens now; the order of its targets is as good as random, as Okta's is."""
        self._written += 1
        if self.loses is not None and self.loses(event_type):
            return
        now = self._clock()
        shuffled = list(targets)
        self._random.shuffle(shuffled)
        origin = self._now.origin or Origin(self.actor)
        body: JsonObject = {
            "actor": origin.actor,
            "client": {"userAgent": None, "zone": "null", "device": "Unknown", "id": None, "ipAddress": None},
            "device": None,
            "authenticationContext": {"authenticationStep": 0, "externalSessionId": "unknown"},
            "displayMessage": _MESSAGES.get(event_type, event_type),
            "eventType": event_type,
            "outcome": {"result": "SUCCESS", "reason": None},
            "published": timestamp(now, milliseconds=True),
            "securityContext": {},
            "severity": "INFO",
            "debugContext": {"debugData": {**origin.debug, **(debug or {})}},
            "legacyEventType": None,
            "transaction": {
                "type": origin.kind,
                "id": origin.transaction or self._now.transaction or self._id("transaction"),
                "detail": origin.detail,
            },
            "uuid": str(UUID(hex=self._id("event"))),
            "version": "0",
            "request": {"ipChain": []},
            "target": shuffled,
        }
        lag = self.lag(event_type) if callable(self.lag) else self.lag
        with self._lock:
            heappush(self._waiting, (now + lag, self._written, LogEvent(event_type, now, now + lag, body)))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Events written inside share one transaction."""
        outer = self._now.transaction
        self._now.transaction = outer or self._id(f"transaction of {self._written}")
        try:
            yield
        finally:
            self._now.transaction = outer

    @contextmanager
    def acting(self, origin: Origin) -> Iterator[None]:
        """Events that this thread writes inside tell of this origin."""
        outer, self._now.origin = self._now.origin, origin
        try:
            yield
        finally:
            self._now.origin = outer

    def by_itself(self) -> AbstractContextManager[None]:
        """Events that this thread writes inside tell of a job of Okta's own."""
        return self.acting(OKTA_ITSELF)

    def _move_on(self) -> None:
        now = self._clock()
        oldest = now - self.retention
        with self._lock:
            while self._waiting and self._waiting[0][0] <= now:
                self._persisted.append(heappop(self._waiting)[2])
            old = bisect_left(self._persisted, oldest, key=lambda event: event.persisted)
            del self._persisted[:old]
            self._forgotten += old

    def _id(self, kind: str) -> str:
        return blake2b(f"{self._seed}:{kind}:{self._written}".encode(), digest_size=16).hexdigest()


def timestamp(moment: float, *, milliseconds: bool = False) -> str:
    """Okta's form of a time; directory objects have whole seconds only."""
    text = datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{int(moment * 1000) % 1000:03d}Z" if milliseconds else f"{text}.000Z"


def user_target(user: User) -> JsonObject:
    profile = user.profile if isinstance(user.profile, dict) else {}
    name = f"{profile.get('firstName')} {profile.get('lastName')}"
    return _target(user.id, "User", user.login, name)


def group_target(group: Group) -> JsonObject:
    return _target(group.id, "UserGroup", "unknown", group.name)


def app_target(app: App) -> JsonObject:
    return _target(app.id, "AppInstance", app.label, app.label)


def app_user_target(app: App, user: User) -> JsonObject:
    """Its id is the app user's internal one (``0ua…``), which no other reply shows."""
    return {**user_target(user), "id": _inner_id("0ua", app.id, user.id), "type": "AppUser"}


def app_group_target(app: App, group: Group) -> JsonObject:
    return _target(_inner_id("0ga", app.id, group.id), "AppGroup", "unknown", group.name)


def rule_target(rule: GroupRule) -> JsonObject:
    return _target(rule.id, "GroupRule", "unknown", rule.name)


def role_target(label: str) -> JsonObject:
    return _target("unknown", "ROLE", "unknown", label)


def _target(target_id: str, kind: str, alternate: str | None, name: str | None) -> JsonObject:
    return {"id": target_id, "type": kind, "alternateId": alternate, "displayName": name, "detailEntry": None}


def _inner_id(prefix: str, *parts: str) -> str:
    return prefix + blake2b(":".join(parts).encode(), digest_size=7).hexdigest() + "5d7"
