"""The audit chain: what a record is hashed from, and how a chain is found to be broken.

Each record's hash covers the hash before it, its number and its body, so that none can be changed, left out,
put elsewhere or put in between without all later hashes changing; and those are kept by sinks outside.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

from rolecall.plan_json import time_text
from rolecall.plans import AuditHead

FIRST = "0" * 64
"""What the first record has for the hash before it."""

RESTORED = "restored"
"""Kind of the record that names records lost in a restore from a backup; see ``Restoration``."""

Flaw: TypeAlias = Literal["changed", "missing", "reordered", "truncated"]


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One record, as stored.

    Attributes:
        number: From 1 on, without gaps.
        kind: ``intended``, ``ended``, ``refused``, ``decided``, ``claimed``, ``observed``, ``override``,
            ``restored``, …
        body: Canonical JSON text of all that is told; ``at``, ``kind``, ``connector``, ``action`` and
            ``task`` stand in it too, and there they count.
        prev_hash: Hash of the record before it.
        hash: See ``record_hash``.
    """

    number: int
    at: datetime
    kind: str
    connector: str | None
    action: int | None
    task: int | None
    body: str
    prev_hash: str
    hash: str

    @property
    def facts(self) -> Mapping[str, Any]:
        """The body's JSON."""
        facts: Mapping[str, Any] = json.loads(self.body)
        return facts

    @property
    def head(self) -> AuditHead:
        """This record as the end of the chain."""
        return AuditHead(self.number, self.hash, self.at)


@dataclass(frozen=True, slots=True)
class Break:
    """The first place where a chain is broken.

    Attributes:
        number: Of the record concerned.
        flaw: ``changed``: it isn't what was written; ``missing``: it isn't there, and later ones are;
            ``reordered``: its number comes twice or too late; ``truncated``: a sink has seen it, and the
            chain ends before it.
        message: One sentence.
    """

    number: int
    flaw: Flaw
    message: str


@dataclass(frozen=True, slots=True)
class Restoration:
    """A record that says that the store was restored from a backup, and which records went by it.

    Attributes:
        record: Its number.
        after: Number of the last record that wasn't lost.
        lost: Heads that sinks had kept and the chain has no more: number and hash.
        by: Who put it on record.
    """

    record: int
    at: datetime
    after: int
    lost: frozenset[tuple[int, str]]
    by: str
    reason: str

    @property
    def newest(self) -> int:
        """Number of the last record that is known to be lost."""
        return max((number for number, _ in self.lost), default=self.after)


@dataclass(frozen=True, slots=True)
class Verification:
    """What came of recomputing a chain.

    Attributes:
        records: How many there are.
        head: Hash of the last one; ``FIRST`` where there is none.
        heads: How many heads of sinks it was held against.
        broken: The first break, or None.
        restorations: Those on record: heads that they name are no break.
        foreign: Heads that the chain lacks or has otherwise, and that no restoration names.
        after: Number of the last record before all of these.
        flawed: Whether the chain doesn't hold in itself, whatever sinks say.
        is_restored: Whether a restore from a backup explains them: the chain is whole, and of all that was
            added to it since, sinks have seen every record too. A chain that was written anew never is.
    """

    records: int
    head: str
    heads: int
    broken: Break | None
    restorations: tuple[Restoration, ...] = ()
    foreign: tuple[AuditHead, ...] = ()
    after: int = 0
    flawed: bool = False
    is_restored: bool = False

    @property
    def lost(self) -> frozenset[tuple[int, str]]:
        """Number and hash of every head that went by a restore."""
        return frozenset().union(*(each.lost for each in self.restorations))


def canonical(facts: Mapping[str, Any]) -> str:
    """One text for one value: keys sorted, no blanks, ASCII.

    Raises:
        TypeError, ValueError: It isn't JSON.
    """
    return json.dumps(facts, sort_keys=True, separators=(",", ":"), allow_nan=False)


def record_hash(prev_hash: str, number: int, body: str) -> str:
    """SHA-256 of the hash before, the number and the body, a line each; hex."""
    return hashlib.sha256(f"{prev_hash}\n{number}\n{body}".encode("utf-8", "surrogatepass")).hexdigest()


def next_record(
    before: AuditHead | None,
    kind: str,
    at: datetime,
    facts: Mapping[str, Any],
    *,
    connector: str | None = None,
    action: int | None = None,
    task: int | None = None,
) -> AuditRecord:
    """The record that follows the chain's head; None before the first."""
    number, prev_hash = (before.number + 1, before.hash) if before else (1, FIRST)
    named = {"at": time_text(at), "kind": kind, "connector": connector, "action": action, "task": task}
    body = canonical({**facts, **named})
    return AuditRecord(
        number, at, kind, connector, action, task, body, prev_hash, record_hash(prev_hash, number, body)
    )


def verify(records: Iterable[AuditRecord], heads: Iterable[AuditHead] = ()) -> Verification:
    """Recompute a chain, and hold it against the heads that sinks have kept.

    Args:
        records: All of them, by number.
        heads: From every sink that can be read back, in any order.
    """
    kept = sorted(heads, key=lambda head: (head.number, head.hash))
    seen: dict[int, str] = {}
    restorations: list[Restoration] = []
    wanted = {head.number for head in kept}
    number, last, flaw = 0, FIRST, None
    for record in records:
        flaw = flaw or _flaw(record, number + 1, last)
        number, last = record.number, record.hash
        if number in wanted:
            seen[number] = last
        if record.kind == RESTORED and (restoration := _restoration(record)) is not None:
            restorations.append(restoration)
    explained = frozenset().union(*(each.lost for each in restorations))
    foreign = tuple(
        head
        for head in kept
        if seen.get(head.number) != head.hash and (head.number, head.hash) not in explained
    )
    after = min([number, *(head.number - 1 for head in foreign)])
    known = {(head.number, head.hash) for head in kept}
    witnessed = all((n, seen.get(n)) in known for n in range(after + 1, number + 1))
    return Verification(
        number,
        last,
        len(kept),
        _earlier(flaw, _unlike(foreign, seen, number)),
        tuple(restorations),
        foreign,
        after,
        flaw is not None,
        flaw is None and bool(foreign) and witnessed,
    )


def restored_facts(
    told: Verification, actor: Mapping[str, Any], reason: str, found: object, *, beyond_doubt: bool
) -> dict[str, Any]:
    """The body of the record that says that a store was restored.

    Args:
        told: With the foreign heads: those are named as lost.
        actor: JSON: who says so.
        reason: Why, as given.
        found: JSON: what reconciling with the provider found.
        beyond_doubt: Whether nothing shows that it was anything else.
    """
    return {
        "after": told.after,
        "lost": sorted({(head.number, head.hash) for head in told.foreign}),
        "actor": actor,
        "reason": reason,
        "beyond_doubt": beyond_doubt,
        "found": found,
    }


def _restoration(record: AuditRecord) -> Restoration | None:
    """What a record says of a restore; None where it can't be true: only what came after can be lost."""
    try:
        facts = record.facts
        after = int(facts["after"])
        lost = frozenset((int(number), str(digest)) for number, digest in facts["lost"])
        by, reason = str(facts["actor"]["name"]), str(facts["reason"])
    except (ValueError, KeyError, TypeError):
        return None
    if not after < record.number or any(number <= after for number, _ in lost):
        return None
    return Restoration(record.number, record.at, after, lost, by, reason)


def _flaw(record: AuditRecord, expected: int, last: str) -> Break | None:
    number = record.number
    if number > expected:
        return Break(expected, "missing", f"Record {expected} is missing: {number} follows {expected - 1}.")
    if number < expected:
        return Break(number, "reordered", f"Record {number} comes after {expected - 1}.")
    if record.prev_hash != last:
        return Break(number, "changed", f"Record {number} doesn't follow from the record before it.")
    if record.hash != record_hash(last, number, record.body):
        return Break(number, "changed", f"Record {number} isn't what was written: its hash doesn't fit.")
    if not _columns_agree(record):
        return Break(number, "changed", f"Record {number} is filed as something else than its body says.")
    return None


def _columns_agree(record: AuditRecord) -> bool:
    try:
        facts = record.facts
        return (
            facts["at"],
            facts["kind"],
            facts["connector"],
            facts["action"],
            facts["task"],
        ) == (time_text(record.at), record.kind, record.connector, record.action, record.task)
    except (ValueError, KeyError, TypeError):
        return False


def _unlike(foreign: Iterable[AuditHead], seen: Mapping[int, str], last: int) -> Break | None:
    for head in foreign:
        if head.number > last:
            return Break(
                head.number,
                "truncated",
                f"Record {head.number} was seen by a sink, and the chain ends with {last}.",
            )
        if head.number not in seen:
            return Break(head.number, "missing", f"Record {head.number} is missing: a sink has seen it.")
        return Break(head.number, "changed", f"Record {head.number} isn't the one that a sink has seen.")
    return None


def _earlier(one: Break | None, other: Break | None) -> Break | None:
    both = [each for each in (one, other) if each]
    return min(both, key=lambda each: each.number, default=None)
