"""Proving that incremental runs give what full runs give: one provider, synced into two stores."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self

from rolecall import EntitlementRef, Finding, Ref
from rolecall.testing.rehearsal import NAME, UnderTest, Unwatched, job_of, raise_for, temporary_store

if TYPE_CHECKING:  # pytest loads this plugin in every project: the engine is imported by who uses it
    from rolecall.plugins import Plugins
    from rolecall.store import Store
    from rolecall.store.runs import RunRecord
    from rolecall.sync import SyncJob

SOURCE = "source-under-test"
TOLD = 20
"""So many differences are named."""

Mode = Literal["full", "incremental"]


@dataclass(frozen=True, slots=True)
class Seen:
    """What one check saw of the runs that it made.

    Attributes:
        mode: What the run on the incremental side was.
        status: How it ended: ``unchanged`` where nothing new was published.
        full_because: Why it read everything although it might have read only what changed, or None.
        requests: How many it sent.
        full_requests: How many the full run beside it sent.
        source_mode: The same of the source's run, None without a source.
        source_requests: How many the source's run on the incremental side sent.
        findings: What was found, the same on both sides.
    """

    mode: str
    status: str
    full_because: str | None
    requests: int
    full_requests: int
    source_mode: str | None
    source_requests: int
    findings: tuple[Finding, ...]


class Mirror:
    """A connector, perhaps with its identity source, synced into two stores: by changes, and always in full.

    Use it in ``async with``. Between two checks, change the provider. The guards let everything pass.
    """

    def __init__(
        self,
        connector: UnderTest,
        source: UnderTest | None = None,
        *,
        match: Literal["id", "login", "email"] = "id",
        alone: bool = False,
        plugins: "Plugins | None" = None,
    ) -> None:
        """Prepare the runs; nothing is read yet.

        Args:
            connector: What is proven.
            source: Its identity source, which is synced before it, and proven too.
            match: What people have in common on both sides.
            alone: On the full side the connector has no source, so that this is proven as well: with
                and without a source is the same.
            plugins: All installed ones, unless told otherwise.

        Raises:
            ConfigError: Settings don't fit their kind's schema.
            PluginError: No installed plugin offers the kind.
        """
        from rolecall.plugins import load_plugins  # noqa: PLC0415 - see above
        from rolecall.sources import SourceSetting  # noqa: PLC0415

        self._plugins = plugins or load_plugins()
        single = job_of(connector, self._plugins)
        self._by_changes = self._in_full = [single]
        if source is not None:
            first = replace(job_of(source, self._plugins, SOURCE), dependents=(NAME,))
            second = replace(single, source=SourceSetting(SOURCE, match))
            self._by_changes = [first, second]
            self._in_full = [single] if alone else [first, second]
        self._stores = ExitStack()
        self._checked = False

    async def __aenter__(self) -> Self:
        self._changing = self._stores.enter_context(temporary_store())
        self._full = self._stores.enter_context(temporary_store())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stores.close()

    async def check(self, mode: Mode | None = "incremental") -> Seen:
        """Sync both sides, and compare what they hold: resources, entitlements, grants, findings, totals.

        Args:
            mode: What the run on the incremental side must turn out to be, after the first; None: either.

        Raises:
            AssertionError: The sides differ, which is told; or the run was of another mode.
            RolecallError: A run failed, with the run's own code, message and hint.
        """
        changing = await self._sync(self._changing, self._by_changes, None)
        full = await self._sync(self._full, self._in_full, "full")
        run, beside = changing[NAME], full[NAME]
        because = run.completeness["full_because"]
        if self._checked and mode is not None:
            assert run.mode == mode, f"the run was {run.mode}, not {mode}: {because}"
        self._checked = True
        wrong = [
            line
            for name, of_full in full.items()
            for line in _differences(_held(self._changing, changing[name]), _held(self._full, of_full))
        ]
        more = [f"and {len(wrong) - TOLD} more"] if len(wrong) > TOLD else []
        assert not wrong, "\n".join([f"{run.mode} and full run differ:", *wrong[:TOLD], *more])
        source = changing.get(SOURCE)
        return Seen(
            run.mode,
            run.status,
            because,
            run.requests,
            beside.requests,
            source.mode if source else None,
            source.requests if source else 0,
            tuple(_findings(self._changing, run)),
        )

    async def _sync(self, store: "Store", jobs: "list[SyncJob]", mode: Mode | None) -> "dict[str, RunRecord]":
        from rolecall.guard import ShrinkGuard  # noqa: PLC0415 - see above
        from rolecall.sync import SyncRules, sync_connectors  # noqa: PLC0415

        rules = SyncRules(mode, guard=ShrinkGuard(accepted=True))
        runs = await sync_connectors(store, self._plugins, jobs, rules, Unwatched())
        for run in runs:
            raise_for(run)
        return {run.connector: run for run in runs}


def _held(store: "Store", run: "RunRecord") -> Mapping[str, object]:
    """What a run holds: what it is → how it is."""
    from rolecall.store.queries import grants  # noqa: PLC0415 - see above
    from rolecall.store.source import PublishedSource  # noqa: PLC0415

    totals = run.completeness["totals"]
    published = PublishedSource(store, run)
    held: dict[str, object] = {f"total of {kind}": total for kind, total in totals.items()}
    held |= {f"resource {each.ref}": each for kind in totals for each in published.resources(kind)}
    held |= {f"entitlement {ref}": facts for ref, facts in _entitlements(store, run)}
    held |= {f"grant {row['id']}": row for row in grants(store, run)}
    held |= {
        f"finding {each.code} about {each.subject}: {each.message}": each for each in _findings(store, run)
    }
    return held


def _entitlements(store: "Store", run: "RunRecord") -> Iterator[tuple[EntitlementRef, tuple[object, ...]]]:
    from sqlalchemy import select  # noqa: PLC0415 - see above

    from rolecall.store import tables  # noqa: PLC0415

    assert run.published is not None
    of, key, version = tables.resource_key.c, tables.entitlement_key.c, tables.entitlement_version.c
    query = (
        select(of.type, of.ext_id, key.slug, version.display_name, version.grantable_to, version.profile)
        .join_from(tables.entitlement_key, tables.resource_key)
        .join(tables.connector)
        .join(tables.entitlement_version, version.key_id == key.id)
        .where(
            tables.connector.c.name == run.connector,
            tables.held_at(tables.entitlement_version, run.published),
        )
    )
    with store.reading() as connection:
        for kind, ident, slug, *facts in connection.execute(query):
            yield EntitlementRef(Ref(kind, ident), slug), tuple(facts)


def _findings(store: "Store", run: "RunRecord") -> Iterable[Finding]:
    """What the connector found; what the host finds of its source is another matter."""
    from rolecall.store.runs import read_findings  # noqa: PLC0415 - see above

    return [each for each in read_findings(store, run.id) if not each.subject.startswith("connector:")]


def _differences(changing: Mapping[str, object], full: Mapping[str, object]) -> list[str]:
    lines = []
    for what in sorted({*changing, *full}):
        if what not in changing:
            lines.append(f"only the full run has {what}")
        elif what not in full:
            lines.append(f"only the other has {what}")
        elif changing[what] != full[what]:
            lines.append(f"{what} is {changing[what]!r:.300}, in the full run {full[what]!r:.300}")
    return lines
