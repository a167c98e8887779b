"""Identity sources come before those who read them, and what is wrong with one is said."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolecall.sources import SourceSetting, in_order, source_findings, stale_sources
from rolecall.store.source import published_source
from tests.host.states import publish_state, state, user

NOW = datetime(2030, 1, 31, 8, tzinfo=UTC)
CHAIN = {"c": "b", "b": "a"}


@pytest.mark.parametrize(
    ("names", "order"),
    [
        pytest.param("cba", "abc", id="a chain"),
        pytest.param("ca", "ac", id="a chain with a link left out"),
        pytest.param("xcyb", "xbcy", id="others keep their place"),
        pytest.param("c", "c", id="a source that isn't named isn't added"),
    ],
)
def test_sources_come_first(names, order):
    assert in_order(names, CHAIN) == list(order)


@given(st.permutations("abcdef"), st.data())
def test_whatever_the_order_everything_comes_once_and_after_its_source(names, data):
    sources = {
        name: data.draw(st.sampled_from("abcdef"[:place]))
        for place, name in enumerate("abcdef")
        if place and data.draw(st.booleans())
    }

    ordered = in_order(names, sources)

    assert sorted(ordered) == sorted(names)
    assert all(ordered.index(source) < ordered.index(name) for name, source in sources.items())


def codes(found):
    return [(finding.code, finding.subject) for finding in found]


def test_a_source_without_a_run_is_missing(store):
    found = source_findings(SourceSetting("okta"), None, NOW, ())

    assert codes(found) == [("source_missing", "connector:okta")]


@pytest.mark.parametrize(
    ("age", "failed", "code"),
    [
        pytest.param(timedelta(hours=24), [], None, id="just young enough"),
        pytest.param(timedelta(hours=25), [], "source_stale", id="stale"),
        pytest.param(timedelta(hours=1), ["okta"], "source_failed", id="failed a moment ago"),
    ],
)
def test_a_source_that_is_old_or_failed_is_told(store, age, failed, code):
    publish_state(store, state([user("u1")]), "okta")
    source = published_source(store, "okta")

    found = source_findings(SourceSetting("okta"), source, source.finished_at + age, failed)

    assert [finding.code for finding in found] == ([code] if code else [])


def test_stale_sources_are_found_up_the_chain(store):
    publish_state(store, state([user("u1")]), "b")
    finished = published_source(store, "b").finished_at
    settings = {"c": SourceSetting("b"), "b": SourceSetting("a")}

    assert stale_sources(store, ["c"], settings, finished) == ["a"]
    assert stale_sources(store, ["c"], settings, finished + timedelta(hours=25)) == ["b", "a"]
    assert stale_sources(store, ["c"], {"c": SourceSetting("b")}, finished) == []
