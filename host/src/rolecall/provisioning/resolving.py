"""What a person means by the words of a command, as the last run knows it: an entitlement, a principal.

Names are looked up in the newest published run of the connector, and people and groups in that of its
identity source too. Nothing is asked of the provider; ``names_now`` does that.
"""

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rolecall.access import find_people
from rolecall.accounts import Accounts
from rolecall.config import ConnectorConfig
from rolecall.contracts import ConnectorKind
from rolecall.errors import Refused, UsageError
from rolecall.ids import parse_entitlement, parse_ref
from rolecall.models import EntitlementRef, Ref, ResourceType, Trait
from rolecall.store.engine import Store
from rolecall.store.naming import Offered, offered_by, resource_ids, resources_named
from rolecall.store.runs import RunRecord, resolve_at

MANY = 10
"""So many candidates are named in a message; scripts get all."""


@dataclass(frozen=True, slots=True)
class Names:
    """Where the names of one connector are looked up.

    Attributes:
        run: Its newest published run; None before the first one: then ids are taken as they are given.
        source: The newest published run of its identity source, or None.
    """

    store: Store
    accounts: Accounts
    connector: ConnectorConfig
    kind: ConnectorKind
    run: RunRecord | None
    source: RunRecord | None

    def types(self, trait: Trait) -> list[str]:
        """The connector's resource types with this trait."""
        return [each.id for each in self.kind.resource_types if each.trait is trait]

    def group_types(self) -> dict[str, ResourceType]:
        """The connector's resource types of groups, by id."""
        return {each.id: each for each in self.kind.resource_types if each.trait is Trait.GROUP}

    @property
    def as_of(self) -> str:
        """What the names are known from, for messages."""
        return f"run {self.run.id} of {self.connector.name}" if self.run else self.connector.name


def names_of(store: Store, accounts: Accounts, connector: ConnectorConfig, kind: ConnectorKind) -> Names:
    """Where this connector's names are looked up."""
    source = connector.identity_source
    return Names(
        store,
        accounts,
        connector,
        kind,
        _newest(store, connector.name),
        _newest(store, source) if source else None,
    )


def find_entitlement(names: Names, text: str) -> EntitlementRef:
    """The entitlement that is meant by ``account:ACCOUNT:ROLE``, ``group:GROUP:member``, ``app:ID:assigned``.

    An account may be given by its name in the accounts file, a group by its name where it is unique, and a
    role by its ARN.

    Raises:
        UsageError: The text isn't of that form.
        Refused: The connector holds no such entitlement, or the text names several.
    """
    given = parse_entitlement(text)
    kind = _type_of(names, given.resource.type, text)
    found = _offered(names, kind, text, given)
    if found.slug not in kind.provisions and "*" not in kind.provisions:
        able = [each.id for each in names.kind.resource_types if each.provisions]
        raise Refused(
            f"{names.connector.name} can't grant or revoke {found}.",
            hint=f"it provisions entitlements of: {', '.join(able) or 'nothing'}",
            code="not_provisionable",
        )
    return found


def find_principal(names: Names, text: str) -> Ref | str:
    """The user or group that is meant by a reference, a login, an e-mail address or a group's name.

    Returns:
        The reference; or the text itself where no run knows it, for the connector to ask the provider.

    Raises:
        Refused: It names several.
    """
    if is_reference(names, text):
        return parse_ref(text)
    found = dict(_principals_named(names, text))
    if len(found) > 1:
        raise _ambiguous(text, "principals", found)
    return next(iter(found)) if found else text


def is_reference(names: Names, text: str) -> bool:
    """Whether a principal is given by its id."""
    prefix, _, ident = text.partition(":")
    return bool(ident) and prefix in (*names.types(Trait.USER), *names.types(Trait.GROUP))


def find_via(names: Names, text: str) -> Ref:
    """The group, or the person, that ``--via`` names.

    Raises:
        Refused: Nobody, or several.
    """
    found = find_principal(names, text)
    if isinstance(found, str):
        raise Refused(
            f"--via {text}: {names.as_of} holds no such group.",
            hint="write group:ID, as the refused revocation lists it",
            code="unknown_via",
        )
    return found


def _newest(store: Store, connector: str) -> RunRecord | None:
    try:
        return resolve_at(store, connector, None)
    except UsageError:
        return None


def _type_of(names: Names, ident: str, text: str) -> ResourceType:
    known = {each.id: each for each in names.kind.resource_types}
    if ident not in known:
        raise Refused(
            f"'{text}' names no entitlement of {names.connector.name}: it has no resource type {ident}.",
            hint=f"its resource types: {', '.join(known)}",
            code="unknown_entitlement",
        )
    return known[ident]


def _offered(names: Names, kind: ResourceType, text: str, given: EntitlementRef) -> EntitlementRef:
    if names.run is None:
        if kind.trait is Trait.TARGET:
            return EntitlementRef(_account(names, given.resource), given.slug)
        return given
    held: list[EntitlementRef] = []
    nearest: Mapping[Ref, Sequence[str]] = {}
    for resource, slug, offered in _readings(names, names.run, kind, text, given):
        slugs = [each.slug for each in offered if each.slug == slug] or [
            each.slug for each in offered if each.profile.get("role_arn") == slug
        ]
        held += [EntitlementRef(resource, each) for each in slugs]
        nearest = {**nearest, resource: [each.slug for each in offered]}
    if len(held) > 1:
        raise _ambiguous(text, "entitlements", dict.fromkeys(held, ""))
    if not held:
        raise _unknown(names, names.run, kind, text, given, nearest)
    return held[0]


def _readings(
    names: Names, run: RunRecord, kind: ResourceType, text: str, given: EntitlementRef
) -> Iterator[tuple[Ref, str, Sequence[Offered]]]:
    """What the text may mean: an id, or else a name, which may hold ``:``. Each with what it offers."""
    target = kind.trait is Trait.TARGET
    resource = _account(names, given.resource) if target else given.resource
    offered = offered_by(names.store, run, resource)
    yield resource, given.slug, offered
    if not target and not offered:
        name, _, slug = text.partition(":")[2].rpartition(":")
        for named in resources_named(names.store, run, [kind.id], name):
            yield named, slug, offered_by(names.store, run, named)


def _account(names: Names, given: Ref) -> Ref:
    try:
        return Ref(given.type, names.accounts.id_of(given.id))
    except UsageError as error:
        raise Refused(error.message, hint=error.hint, code="ambiguous_entitlement") from error


def _principals_named(names: Names, text: str) -> Iterator[tuple[Ref, str]]:
    """Whom the text names, each with who it is."""
    runs = [names.run] if names.run else []
    if names.source and names.connector.source_match == "id":  # elsewhere its ids are another system's
        runs.append(names.source)
    ours = {each.id for each in names.kind.resource_types}
    for run in runs:
        for person in find_people(names.store, run, text):
            if person.ref.type in ours:
                yield person.ref, person.login or person.display_name
        for group in resources_named(names.store, run, names.types(Trait.GROUP), text):
            yield group, text


def _ambiguous(text: str, noun: str, found: Mapping[Ref, str] | Mapping[EntitlementRef, str]) -> Refused:
    shown = [f"{each} ({name})" if name else str(each) for each, name in found.items()]
    return Refused(
        f"'{text}' names {len(found)} {noun}: {_some(shown)}.",
        hint="give the id of one",
        code=f"ambiguous_{noun[:-1]}",
        facts={"candidates": [str(each) for each in found]},
    )


def _unknown(
    names: Names,
    run: RunRecord,
    kind: ResourceType,
    text: str,
    given: EntitlementRef,
    offered: Mapping[Ref, Sequence[str]],
) -> Refused:
    there = {resource: slugs for resource, slugs in offered.items() if slugs}
    if there:
        resource, slugs = next(iter(there.items()))
        near = _near(given.slug, slugs)
        what = f"{resource} offers {_some(near)}" + (f" of {len(slugs)}" if len(near) < len(slugs) else "")
        candidates = [str(EntitlementRef(resource, slug)) for slug in near]
    else:
        idents = resource_ids(names.store, run, kind.id)
        near = _near(given.resource.id, idents)
        what = f"it holds {len(idents)} of type {kind.id}" + (f", such as {_some(near)}" if near else "")
        candidates = [str(Ref(kind.id, ident)) for ident in near]
    return Refused(
        f"Run {run.id} of {names.connector.name} holds no entitlement '{text}': {what}.",
        hint=f"check it against: rolecall entitlements --connector {names.connector.name} --type {kind.id}; "
        f"if it is new: rolecall sync {names.connector.name}",
        code="unknown_entitlement",
        accept="unknown_role" if kind.trait is Trait.TARGET else None,
        facts={"candidates": candidates},
    )


def _near(word: str, known: Sequence[str]) -> Sequence[str]:
    folded = {each.casefold(): each for each in known}
    near = difflib.get_close_matches(word.casefold(), list(folded), n=MANY)
    return [folded[each] for each in near] or known[:MANY]


def _some(words: Iterable[str]) -> str:
    listed = list(words)
    more = len(listed) - MANY
    return ", ".join(listed[:MANY]) + (f" and {more} more" if more > 0 else "")
