"""States of a provider for the tests of store and access: built by hand or drawn by hypothesis."""

import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from hypothesis import strategies as st

from rolecall import MEMBER, Entitlement, EntitlementRef, Grant, Ref, Resource, ResourceType, Trait
from rolecall.store import open_store
from rolecall.store.publish import publish
from rolecall.store.reports import RunReport
from rolecall.store.runs import fail_run, find_run, resolve_at, start_run
from rolecall.store.staging import open_staging

USER = ResourceType("user", "User", Trait.USER)
GROUP = ResourceType("group", "Group", Trait.GROUP)
APP = ResourceType("app", "App", Trait.APP)
ACCOUNT = ResourceType("account", "Account", Trait.TARGET)
TYPES = (USER, GROUP, APP, ACCOUNT)
NOTHING = RunReport(0, (), (), None, {})


@dataclass(frozen=True)
class State:
    """All that one run of a connector reads."""

    resources: tuple[Resource, ...] = ()
    entitlements: tuple[Entitlement, ...] = ()
    grants: tuple[Grant, ...] = ()


def user(ident, **facts):
    return Resource(Ref("user", ident), facts.pop("name", ident), **facts)


def group(ident, **facts):
    return Resource(Ref("group", ident), facts.pop("name", f"Group {ident}"), **facts)


def app(ident, **facts):
    return Resource(Ref("app", ident), ident, **facts)


def account(ident, **facts):
    return Resource(Ref("account", ident), ident, **facts)


def member(ident):
    return EntitlementRef(Ref("group", ident), MEMBER)


def assigned(ident):
    return EntitlementRef(Ref("app", ident), "assigned")


def role(account_id, name):
    return EntitlementRef(Ref("account", account_id), name)


def state(resources, roles=(), grants=()):
    """A state with ``member`` of each group, ``assigned`` of each app, and these roles."""
    offered = [member(each.ref.id) for each in resources if each.ref.type == "group"]
    offered += [assigned(each.ref.id) for each in resources if each.ref.type == "app"]
    entitlements = [Entitlement(ref, ref.slug, ("user", "group")) for ref in [*offered, *roles]]
    return State(tuple(resources), tuple(entitlements), tuple(grants))


def add_state(staging, content):
    for kind in TYPES:
        staging.add_resources(kind, [each for each in content.resources if each.ref.type == kind.id])
    for kind in TYPES:
        of_kind = [each for each in content.entitlements if each.ref.resource.type == kind.id]
        staging.add_entitlements(kind, of_kind)
    for kind in TYPES:
        of_kind = [each for each in content.grants if each.entitlement.resource.type == kind.id]
        staging.add_grants(kind, of_kind)


def publish_state(store, content, connector="aws", report=NOTHING, **given):
    """Run a whole sync of this content; gives the run's record."""
    run_id = start_run(store, connector, "sample", "full")
    with open_staging(store, run_id, connector, TYPES) as staging:
        add_state(staging, content)
        publish(staging, run_id, report, **given)
    return find_run(store, run_id)


def publish_changes(store, batches, connector="aws", report=NOTHING, checkpoint=b"", **given):
    """Run an incremental sync of these changes to the newest published run; gives the run's record."""
    base = resolve_at(store, connector, None)
    run_id = start_run(store, connector, "sample", "incremental")
    with open_staging(store, run_id, connector, TYPES) as staging:
        staging.begin_changes(base.id)
        for batch in batches:
            staging.add_changes(batch)
        publish(staging, run_id, report, checkpoint=checkpoint, **given)
    return find_run(store, run_id)


def fail_state(store, content, connector="aws"):
    """Run a sync that reads this content and then fails."""
    run_id = start_run(store, connector, "sample", "full")
    with open_staging(store, run_id, connector, TYPES) as staging:
        add_state(staging, content)
    fail_run(store, run_id, "failed", {"code": "error", "message": "it broke", "hint": None}, NOTHING)


@cache
def empty_store():
    """The file of a new store: quicker to write than the migrations are to run."""
    with tempfile.TemporaryDirectory() as folder:
        open_store("sqlite:///rolecall.db", Path(folder)).close()
        return (Path(folder) / "rolecall.db").read_bytes()


hostile_text = st.text(
    st.one_of(
        st.sampled_from("\x00\ud800\udfff\ufdd0:%\x1b\u202e\U0001f600éa0"),
        st.characters(exclude_categories=()),
    ),
    max_size=6,
)
idents = hostile_text.filter(bool)
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**80), 2**80)
    | st.floats(allow_nan=False, allow_infinity=False)
    | hostile_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(hostile_text, inner, max_size=3),
    max_leaves=5,
)


def _some(draw, values, **limits):
    return draw(st.lists(st.sampled_from(values), unique=True, **limits)) if values else []


@st.composite
def states(draw, names):
    """States over a few ids, so that states drawn one after the other overlap."""
    refs = [Ref(kind, ident) for kind in ("user", "group", "app", "account") for ident in names]
    held = _some(draw, refs, max_size=8)
    resources = [
        Resource(
            ref,
            draw(hostile_text),
            parent=draw(st.none() | st.sampled_from(held)),
            status=draw(st.none() | hostile_text),
            enabled=draw(st.booleans()),
            profile=draw(st.dictionaries(hostile_text, json_values, max_size=2)),
        )
        for ref in held
    ]
    slugs = [*draw(st.lists(idents, min_size=1, max_size=2, unique=True)), MEMBER]
    offered = _some(draw, [EntitlementRef(ref, slug) for ref in held for slug in slugs], max_size=6)
    kinds = st.lists(st.sampled_from(["group", "user"]), unique=True).map(sorted).map(tuple)
    entitlements = [
        Entitlement(
            ref, draw(hostile_text), draw(kinds), draw(st.dictionaries(hostile_text, json_values, max_size=1))
        )
        for ref in offered
    ]
    holders = [ref for ref in held if ref.type in {"user", "group"}]
    pairs = _some(draw, [(what, who) for what in offered for who in holders], max_size=12)
    grants = [draw(grants_of(what, who, held, offered)) for what, who in pairs]
    return State(tuple(resources), tuple(entitlements), tuple(grants))


@st.composite
def grants_of(draw, what, who, held, offered):
    groups = sorted(ref for ref in held if ref.type == "group")
    through = (
        st.lists(st.sampled_from(groups), max_size=3, unique=True).map(sorted).map(tuple)
        if groups
        else st.just(())
    )
    return Grant(
        what,
        who,
        expandable=who.type == "group" and draw(st.booleans()),
        condition=draw(st.none() | st.sampled_from(offered)),
        sources=draw(st.none() | through),
    )
