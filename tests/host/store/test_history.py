"""Whatever runs are published one after the other, each can be read back as it was."""

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rolecall import GrantRef
from rolecall.store import queries
from tests.host.states import State, fail_state, idents, publish_state, states

NAMES = st.lists(idents, min_size=1, max_size=2, unique=True)
CONNECTORS = ("aws", "other")


@st.composite
def histories(draw):
    """Runs one after the other: a connector, a state, and whether the run succeeds."""
    names = draw(NAMES)
    run = st.tuples(st.sampled_from(CONNECTORS), states(names), st.sampled_from([True, True, True, False]))
    return draw(st.lists(run, min_size=1, max_size=5))


def told(state, connector):
    """What the queries must give for a state, in any order."""
    resources = [
        {
            "connector": connector,
            "type": each.ref.type,
            "id": each.ref.id,
            "display_name": each.display_name,
            "parent": each.parent and str(each.parent),
            "status": each.status,
            "profile": each.profile,
        }
        for each in state.resources
    ]
    entitlements = [
        {
            "connector": connector,
            "id": str(each.ref),
            "resource_type": each.ref.resource.type,
            "resource_id": each.ref.resource.id,
            "slug": each.ref.slug,
            "display_name": each.display_name,
            "grantable_to": list(each.grantable_to),
        }
        for each in state.entitlements
    ]
    grants = [
        {
            "connector": connector,
            "id": f"{each.entitlement}:{each.principal}",
            "entitlement_id": str(each.entitlement),
            "principal_type": each.principal.type,
            "principal_id": each.principal.id,
            "expandable": each.expandable,
            "condition": each.condition and str(each.condition),
            "sources": None if each.sources is None else sorted(str(ref) for ref in each.sources),
        }
        for each in state.grants
    ]
    return [in_order(rows) for rows in (resources, entitlements, grants)]


def read(store, run):
    rows = queries.resources(store, run), queries.entitlements(store, run), queries.grants(store, run)
    return [in_order(each) for each in rows]


def pairs(state):
    return {GrantRef(each.entitlement, each.principal) for each in state.grants}


def in_order(rows):
    return sorted(json.dumps(row, sort_keys=True) for row in rows)


def version_count(store):
    with store.reading() as connection:
        return [
            connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()
            for table in ("resource_version", "entitlement_version", "grant_version")
        ]


@settings(
    deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(histories())
def test_every_published_run_reads_back_as_it_was_and_counts_the_pairs_it_changed(new_store, history):
    with new_store() as store:
        published, current = [], {}
        for connector, state, succeeds in history:
            before = version_count(store)
            if not succeeds:
                fail_state(store, state, connector)
                assert version_count(store) == before
                continue
            run = publish_state(store, state, connector)
            was = current.get(connector, State())
            if run.status == "unchanged":
                assert told(was, connector) == told(state, connector)
                assert version_count(store) == before
            assert (run.added, run.removed) == (
                len(pairs(state) - pairs(was)),
                len(pairs(was) - pairs(state)),
            )
            current[connector] = state
            published.append((connector, state, run))
        for connector, state, run in published:
            assert read(store, run) == told(state, connector)


@settings(deadline=None, max_examples=15)
@given(NAMES.flatmap(states))
def test_publishing_the_same_again_is_unchanged_and_writes_nothing(new_store, state):
    with new_store() as store:
        publish_state(store, state)
        before = version_count(store)
        again = publish_state(store, state)
        assert (again.status, again.added, again.removed) == ("unchanged", 0, 0)
        assert version_count(store) == before


@settings(deadline=None, max_examples=15)
@given(NAMES.flatmap(states))
def test_rows_of_one_type_are_those_of_all_that_have_it(new_store, state):
    with new_store() as store:
        run = publish_state(store, state)
        for kind in ("user", "group", "account"):
            assert list(queries.resources(store, run, kind)) == [
                row for row in queries.resources(store, run) if row["type"] == kind
            ]
            assert list(queries.entitlements(store, run, kind)) == [
                row for row in queries.entitlements(store, run) if row["resource_type"] == kind
            ]
            assert list(queries.grants(store, run, kind)) == [
                row for row in queries.grants(store, run) if row["entitlement_id"].startswith(f"{kind}:")
            ]
