"""What a plugin yields, checked against its hooks' contract and made into rows of the staging tables."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NoReturn

from rolecall.errors import PluginError
from rolecall.models import (
    Entitlement,
    EntitlementRef,
    Event,
    EventTarget,
    Grant,
    Ref,
    Resource,
    ResourceType,
    Trait,
)
from rolecall.store.columns import dump_json, encode_text, instant_text

Row = tuple[object, ...]


class StagedRows:
    """Numbers what a run holds, and makes rows of database values, in the order of the tables' columns.

    Every method raises PluginError, which names the thing that doesn't fit.

    Attributes:
        resources: Number of each resource that the run holds so far; of an awaited parent too.
        entitlements: Number of each entitlement that the run holds so far.
        awaited: Parent that didn't come yet → a child.
        numbers: Where numbers come from, rising.
    """

    def __init__(
        self, connector: str, resource_types: Sequence[ResourceType], numbers: Iterator[int]
    ) -> None:
        self.connector = connector
        self.types = {declared.id: declared for declared in resource_types}
        self.resources: dict[Ref, int] = {}
        self.entitlements: dict[EntitlementRef, int] = {}
        self.awaited: dict[Ref, Ref] = {}
        self.numbers = numbers

    def check_resource(self, given: Resource) -> Ref:
        """What it is named, once it is clear that it is a resource of a declared type."""
        if not isinstance(given, Resource):
            self.refuse(f"{given!r:.200} among its resources isn't a Resource")
        self.check_ref(given.ref, "resource")
        return given.ref

    def check_entitlement(self, given: Entitlement) -> EntitlementRef:
        """What it is named, once it is clear that it is an entitlement of a declared type."""
        if not isinstance(given, Entitlement):
            self.refuse(f"{given!r:.200} among its entitlements isn't an Entitlement")
        self.check_entitlement_ref(given.ref)
        return given.ref

    def resource_row(self, given: Resource) -> Row:
        """A row of a resource whose name was checked; a parent may come later."""
        ref, parent = given.ref, given.parent
        self.awaited.pop(ref, None)
        n = self.number(ref)
        if parent is not None and parent not in self.resources:
            self.check_ref(parent, f"parent of {ref}")
            self.awaited[parent] = ref
        return (
            n,
            ref.type,
            encode_text(ref.id),
            self._text(given.display_name, f"display name of {ref}"),
            None if parent is None else self.number(parent),
            None if given.status is None else self._text(given.status, f"status of {ref}"),
            self._flag(given.enabled, f"enabled of {ref}"),
            self._profile(given.profile, ref),
            True,
            None,
            None,
        )

    def entitlement_row(self, given: Entitlement) -> Row:
        """A row of an entitlement whose name was checked."""
        ref = given.ref
        resource_n = self.resources.get(ref.resource)
        if resource_n is None:
            self.refuse(f"{ref} is an entitlement of a resource that the run doesn't hold")
        for holder in given.grantable_to:
            if holder not in self.types:
                self.refuse(f"{ref} is grantable to the undeclared resource type {holder!r}")
        n = self.entitlements.get(ref)
        if n is None:
            n = self.entitlements[ref] = next(self.numbers)
        return (
            n,
            resource_n,
            encode_text(ref.slug),
            self._text(given.display_name, f"display name of {ref}"),
            dump_json(sorted(given.grantable_to)),
            self._profile(given.profile, ref),
            True,
            None,
        )

    def grant_row(self, given: Grant, of: str | None = None) -> Row:
        """A row of a grant, where given: of an entitlement of this resource type."""
        try:
            entitlement_n = self.entitlements[given.entitlement]
            principal_n = self.resources[given.principal]
            condition_n = None if given.condition is None else self.entitlements[given.condition]
            expandable = given.expandable
            sources = None if given.sources is None else self._sources(given.sources)
            of_type = given.entitlement.resource.type
        except (KeyError, TypeError, AttributeError):
            self._refuse_grant(given)
        if of is not None and of_type != of:
            self.refuse(f"a grant of {given.entitlement} was yielded among grants of type {of}")
        if expandable is not False:
            self._check_expandable(given)
        return next(self.numbers), entitlement_n, principal_n, expandable, condition_n, sources, False

    def event_row(self, given: Event) -> Row:
        """A row of an event."""
        if not isinstance(given, Event):
            self.refuse(f"{given!r:.200} among its events isn't an Event")
        what = f"event {given.id!r:.200}"
        if not isinstance(given.id, str) or not given.id:
            self.refuse(f"{what} has no id")
        if not isinstance(given.at, datetime) or given.at.tzinfo is None:
            self.refuse(f"the time of {what} isn't an aware time but {given.at!r:.200}")
        return (
            next(self.numbers),
            encode_text(given.id),
            instant_text(given.at),
            self._text(given.kind, f"kind of {what}"),
            None if given.outcome is None else self._text(given.outcome, f"outcome of {what}"),
            None if given.actor is None else dump_json(self._target(given.actor, what)),
            dump_json([self._target(target, what) for target in given.targets]),
            self._text(given.message, f"message of {what}"),
        )

    def number(self, ref: Ref) -> int:
        """The number of a resource, which gets one where it has none."""
        n = self.resources.get(ref)
        if n is None:
            n = self.resources[ref] = next(self.numbers)
        return n

    def check_complete(self) -> None:
        """Refuse a parent that never came."""
        for parent, child in self.awaited.items():
            self.refuse(f"{child} has the parent {parent}, which the run doesn't hold")

    def check_ref(self, ref: object, what: str) -> None:
        """Refuse what isn't the reference of a resource of a declared type."""
        if not (isinstance(ref, Ref) and isinstance(ref.type, str) and isinstance(ref.id, str) and ref.id):
            self.refuse(f"{ref!r:.200}, a {what}, isn't a reference, which has a type and an id")
        if ref.type not in self.types:
            self.refuse(f"{ref}, a {what}, is of an undeclared resource type")

    def check_entitlement_ref(self, ref: object) -> None:
        """Refuse what isn't the reference of an entitlement of a declared type."""
        if not isinstance(ref, EntitlementRef) or not isinstance(ref.slug, str) or not ref.slug:
            self.refuse(f"{ref!r:.200} isn't the reference of an entitlement, which has a slug")
        self.check_ref(ref.resource, "resource of an entitlement")

    def refuse(self, reason: str) -> NoReturn:
        """Raise what says so."""
        raise PluginError(
            f"Connector {self.connector} yielded what can't be stored: {reason}.",
            hint="this is a bug of the connector's plugin; the last published run stands",
        )

    def _sources(self, sources: Sequence[Ref]) -> str:
        """One text for one set of sources; KeyError where one isn't known."""
        if not sources:
            return "[]"
        return dump_json(sorted({str(ref) for ref in sources if self.resources[ref]}))

    def _refuse_grant(self, given: object) -> NoReturn:
        if not isinstance(given, Grant):
            self.refuse(f"{given!r:.200} among its grants isn't a Grant")
        if not isinstance(given.entitlement, EntitlementRef) or not isinstance(given.principal, Ref):
            self.refuse(f"{given!r:.200} isn't made of references")
        what = f"the grant of {given.entitlement} to {given.principal}"
        if given.entitlement not in self.entitlements:
            self.refuse(f"{what} is of an entitlement that the run doesn't hold")
        if given.principal not in self.resources:
            self.refuse(f"{what} is to a principal that the run doesn't hold")
        if given.condition is not None and given.condition not in self.entitlements:
            self.refuse(f"{what} has the condition {given.condition}, which the run doesn't hold")
        self.refuse(f"{what} has the sources {given.sources!r:.200}, not all of which the run holds")

    def _check_expandable(self, given: Grant) -> None:
        what = f"the grant of {given.entitlement} to {given.principal}"
        self._flag(given.expandable, f"expandable of {what}")
        if self.types[given.principal.type].trait is not Trait.GROUP:
            self.refuse(f"{what} is expandable, but its principal isn't of a group type")

    def _text(self, value: object, what: str) -> str:
        if not isinstance(value, str):
            self.refuse(f"the {what} isn't text but {value!r:.200}")
        return encode_text(value)

    def _flag(self, value: object, what: str) -> bool:
        if not isinstance(value, bool):
            self.refuse(f"{what} is neither True nor False but {value!r:.200}")
        return value

    def _profile(self, profile: Mapping[str, object], ref: Ref | EntitlementRef) -> str:
        try:
            return dump_json(dict(profile))
        except (TypeError, ValueError, RecursionError) as error:
            self.refuse(f"the profile of {ref} isn't made of JSON values: {error}")

    def _target(self, target: EventTarget, what: str) -> list[str]:
        if not isinstance(target, EventTarget) or not all(isinstance(part, str) for part in target):
            self.refuse(f"{target!r:.200}, which {what} names, isn't an EventTarget of three texts")
        return list(target)
