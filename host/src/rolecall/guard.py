"""What keeps a run from being published that lost too much: the provider's counts, a second look, a breaker.

A provider answers a narrowed credential, or a list that broke off, by a shorter list and not by an error.
The three guards are independent; docs/decisions/0018 says why each is there.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from rolecall.connectors import OpenConnector
from rolecall.errors import PluginError, Refused
from rolecall.journal import Journal
from rolecall.models import Ref
from rolecall.store.comparison import Comparison, Loss
from rolecall.store.engine import Store
from rolecall.store.losses import gone_of, sample_gone
from rolecall.store.reports import Counted
from rolecall.store.runs import past_losses, resolve_at
from rolecall.store.staging import Staging

SMALL_SHRINK = 10
"""So many grants of a type may always go, and so many entries of a type's lists be missing in a first run."""
UNUSUAL = 0.05
"""Share of a type; a run that loses as much is asked about."""
FIRST_SHORT = 0.2
"""Share of a type's entries that the lists of a first run may lack against the provider's own counts."""
SAMPLE = 20
"""Of so many lost things of a type at most the provider is asked one by one."""


@dataclass(frozen=True, slots=True)
class ShrinkGuard:
    """How much may vanish in one run before it is refused.

    Attributes:
        max_shrink: Share of a resource type's grants, 0 to 1.
        accepted: Resource types whose shrinking was announced; True is all of them.
    """

    max_shrink: float = 0.2
    accepted: Collection[str] | Literal[True] = ()

    def accepts(self, resource_type: str) -> bool:
        """Whether the shrinking of a type was announced."""
        return self.accepted is True or resource_type in self.accepted


async def examine(
    store: Store,
    staged: Staging,
    compared: Comparison,
    guard: ShrinkGuard,
    connector: OpenConnector,
    journal: Journal,
) -> None:
    """Let a run pass, or refuse it: its counts, then its unusual losses, then its losses at large.

    Raises:
        Refused: ``totals_disagree``, ``list_short`` or ``shrink_refused``; what was lost, and how to go on.
        PluginError: The connector's answers don't fit the questions.
        ProviderError: The connector couldn't ask.
    """
    name = staged.connector
    worse = grown(journal.short.values(), {} if compared.first else _lacked_before(store, name))
    lost = gone_of(staged, [each.resource for each in worse]) if worse else {}
    check_counts(name, worse, lost, compared, guard)
    if not compared.first:
        history = past_losses(store, name) if staged.mode == "full" else None
        for loss in unusual(compared.losses, history, guard):
            await _look_again(name, loss, staged, connector, journal)
    check_shrink(name, compared, guard)


def grown(counts: Iterable[Counted], lacked: Mapping[str, int]) -> list[Counted]:
    """Those lists that lack more than in the last published run, in which so many entries ``lacked``.

    A count that is wrong for good, such as one that includes people who have left, isn't held against
    every run.
    """
    return [each for each in counts if each.expected - each.listed > lacked.get(str(each.resource), 0)]


def check_counts(
    connector: str,
    short: Sequence[Counted],
    lost: Mapping[Ref, tuple[int, int]],
    compared: Comparison,
    guard: ShrinkGuard,
) -> None:
    """Refuse a run whose lists are shorter than the provider's own counts of them.

    Args:
        connector: Its name.
        short: The lists that are.
        lost: Of each of their resources, how many grants would go, and how many there are.
        compared: The run against the published state.
        guard: What was announced.

    Raises:
        Refused: ``totals_disagree``.
    """
    missing: dict[str, int] = {}
    for each in short:
        if not guard.accepts(each.resource.type):
            kind = each.resource.type
            missing[kind] = missing.get(kind, 0) + each.expected - each.listed
    refused = []
    for kind, lacking in sorted(missing.items()):
        whole = compared.totals[kind].grants + lacking
        if compared.first:
            much = lacking > SMALL_SHRINK and lacking > FIRST_SHORT * whole
        else:
            much = lacking >= UNUSUAL * whole
        if much:
            refused.append(f"{lacking} of {whole} grants of type {kind} are missing from its lists")
    for resource, (gone, current) in sorted(lost.items()):
        if resource.type in missing and gone and gone >= UNUSUAL * current:
            refused.append(f"the list of {resource} lost {gone} of {current} and is shorter than its count")
    if refused:
        raise Refused(
            f"This run of {connector} disagrees with the provider's own counts: {_few(refused)}; "
            "it was not published.",
            hint=_go_on(connector, missing),
            code="totals_disagree",
        )


def unusual(
    losses: Iterable[Loss], history: Mapping[tuple[str, str], int] | None, guard: ShrinkGuard
) -> list[Loss]:
    """The losses worth a second look: a twentieth of a type, or over twice its largest loss so far.

    Args:
        losses: What the run would end.
        history: The largest losses so far, by what and type; None of an incremental run, which ends little
            by little what a full run would end at once.
        guard: What was announced.
    """

    def is_unusual(loss: Loss) -> bool:
        much = loss.gone >= UNUSUAL * loss.current
        return much or (history is not None and loss.gone > 2 * history.get((loss.what, loss.type), 0))

    return [loss for loss in losses if is_unusual(loss) and not guard.accepts(loss.type)]


def check_shrink(connector: str, compared: Comparison, guard: ShrinkGuard) -> None:
    """Refuse a run in which too many grants of a type would go; a first run has none that could.

    Raises:
        Refused: ``shrink_refused``.
    """
    refused = {
        loss.type: f"{loss.gone} of {loss.current} grants of type {loss.type}"
        for loss in compared.losses
        if loss.what == "grants"
        and loss.gone > SMALL_SHRINK
        and loss.gone > guard.max_shrink * loss.current
        and not guard.accepts(loss.type)
    }
    if refused:
        raise Refused(
            f"This run of {connector} would end {' and '.join(refused.values())}, "
            f"more than {guard.max_shrink:.0%}; it was not published.",
            hint="a credential with a narrower scope reads shorter lists; if the access is really gone: "
            f"rolecall sync {connector} {_accept(refused)}",
            code="shrink_refused",
        )


async def _look_again(
    name: str, loss: Loss, staged: Staging, connector: OpenConnector, journal: Journal
) -> None:
    suspects = sample_gone(staged, loss, SAMPLE)
    answers = await connector.confirm(suspects, journal)
    if len(answers) != len(suspects) or any(answer not in (True, False, None) for answer in answers):
        raise PluginError(
            f"Connector {name} answered {answers!r:.200} when asked whether {len(suspects)} things are there."
        )
    there = sum(answer is True for answer in answers)
    gone = sum(answer is False for answer in answers)
    journal.log(
        f"{loss.gone} of {loss.current} {loss.what} of type {loss.type} are no longer listed; asked about "
        f"{len(suspects)} of them: {gone} are gone, {there} still there, "
        f"of {len(suspects) - there - gone} it can't be told"
    )
    if there:
        raise Refused(
            f"This run of {name} no longer lists {loss.gone} of {loss.current} {loss.what} of type "
            f"{loss.type}, but {there} of {len(suspects)} asked about are still there: a list came back "
            "short; it was not published.",
            hint=_go_on(name, [loss.type]),
            code="list_short",
        )


def _lacked_before(store: Store, connector: str) -> Mapping[str, int]:
    counted = resolve_at(store, connector, None).completeness.get("counted", ())
    return {each["resource"]: each["expected"] - each["listed"] for each in counted}


def _few(reasons: Sequence[str]) -> str:
    shown, more = reasons[:3], len(reasons) - 3
    return "; ".join(shown) + (f"; and {more} more" if more > 0 else "")


def _go_on(connector: str, kinds: Collection[str]) -> str:
    return f"sync again; if it stays and is right: rolecall sync {connector} {_accept(kinds)}"


def _accept(kinds: Collection[str]) -> str:
    return " ".join(f"--accept-shrink={kind}" for kind in kinds)
