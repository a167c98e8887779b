"""What a run leaves behind for the next one comes back as it was, whatever texts Okta has in it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolecall import Finding, Ref, Severity
from rolecall_okta import MemberClocks
from rolecall_okta.directory.roles import AdminRole, AdminRoles
from rolecall_okta.directory.state import State, UnreadableState, dumped, loaded
from rolecall_okta.rows import GroupRow

BEGUN = datetime(2026, 11, 24, 10, tzinfo=UTC)
texts = st.text(st.characters(codec=None), max_size=6)
refs = st.builds(Ref, st.sampled_from(["user", "group"]), texts)
roles = st.builds(AdminRole, texts, texts, texts, texts)


def odd(ref):
    return Finding("group_without_name", Severity.LOW, ref.id, str(ref))


states = st.builds(
    State,
    settings=texts,
    owner=st.none() | texts,
    begun=st.integers(0, 2**31).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
    position=st.none() | texts,
    deleted=st.dictionaries(texts, st.floats(0, 2e9)),
    everyone=st.none() | texts,
    listed=st.sets(texts),
    declined=st.sets(texts),
    clocks=st.builds(MemberClocks, st.dictionaries(texts, texts)),
    short=st.dictionaries(texts, st.tuples(st.integers(0, 9), st.integers(0, 9))),
    odd=st.lists(refs).map(lambda listed: {ref: odd(ref) for ref in listed}),
    roles=st.none()
    | st.builds(
        AdminRoles, st.dictionaries(refs, st.frozensets(roles, max_size=3)), st.dictionaries(texts, texts)
    ),
    roles_refused=st.none() | texts,
)


@given(states)
def test_a_state_comes_back_as_it_was(state):
    assert loaded(dumped(state)) == state


@given(st.binary(max_size=40))
def test_anything_else_is_unreadable(data):
    with pytest.raises(UnreadableState):
        loaded(data)


def group(moved):
    return GroupRow("00g1", "staff", None, None, None, 1, last_membership_updated=moved)


@pytest.mark.parametrize(
    ("moved", "now", "reads"),
    [
        pytest.param("2026-11-24T08:00:00.000Z", None, False, id="long before the last run"),
        pytest.param("2026-11-24T09:55:00.000Z", "2026-11-24T09:55:00.000Z", False, id="shortly before it"),
        pytest.param("2026-11-24T10:00:01.000Z", "2026-11-24T10:00:01.000Z", True, id="while it was read"),
        pytest.param("2026-11-24T10:00:00.000Z", "2026-11-24T10:00:00.000Z", True, id="just before, or not"),
        pytest.param("2026-11-24T09:55:00.000Z", "2026-11-24T09:57:00.000Z", True, id="moved since"),
        pytest.param("no time", None, True, id="no clock"),
        pytest.param(None, None, True, id="none at all"),
    ],
)
def test_members_are_read_again_where_they_may_have_moved(moved, now, reads):
    state = State("", None, BEGUN)
    state.keep_members(group(moved), BEGUN + timedelta(seconds=1), 1, None)

    again = group(now or moved)

    assert state.members_moved(again, state.since) == reads


def test_members_that_were_never_read_are_read():
    state = State("", None, BEGUN)

    assert state.members_moved(group("2020-01-01T00:00:00.000Z"), state.since)


def test_what_lies_far_back_is_forgotten():
    state = State("", None, BEGUN, deleted={"old": 0.0, "new": BEGUN.timestamp()})
    state.keep_members(group("2020-01-01T00:00:00.000Z"), BEGUN, 1, None)

    state.forget_old()

    assert list(state.deleted) == ["new"]
    assert state.clocks == MemberClocks()
    assert state.listed == {"00g1"}
