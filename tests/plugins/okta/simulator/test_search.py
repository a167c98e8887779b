from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rolecall_okta.simulator.search import (
    APP_FILTER,
    GROUP_FILTER,
    GROUP_SEARCH,
    USER_FILTER,
    USER_SEARCH,
    BadExpression,
)

ADA = SimpleNamespace(
    id="00u1",
    status="ACTIVE",
    created="2026-01-01T00:00:00.000Z",
    last_updated="2026-02-01T00:00:00.000Z",
    profile={
        "login": "ada@acme.example",
        "firstName": "Ada",
        "nick": 'the "first"',
        "tags": ["red", "Blue"],
        "age": 36,
    },
)


@pytest.mark.parametrize(
    ("expression", "matches"),
    [
        ('status eq "ACTIVE"', True),
        ('status eq "active"', True),
        ('profile.login sw "ADA@"', True),
        ('profile.login co "acme"', True),
        ('profile.nick eq "the \\"first\\""', True),
        ("profile.nick pr", True),
        ("profile.missing pr", False),
        ('profile.tags eq "blue"', True),
        ("profile.age eq 36", True),
        ('lastUpdated gt "2026-01-15T00:00:00.000Z"', True),
        ('lastUpdated lt "2026-01-15T00:00:00.000Z"', False),
        ('status eq "STAGED" or profile.firstName eq "Ada" and id eq "00u1"', True),
        ('(status eq "STAGED" or profile.firstName eq "Ada") and id eq "00u2"', False),
        ('  ( ( id   EQ "00u1" ) )', True),
    ],
)
def test_search_matches(expression, matches):
    assert USER_SEARCH.predicate(expression)(ADA) is matches


def test_filter_values_are_case_sensitive():
    assert not USER_FILTER.predicate('status eq "active"')(ADA)


@pytest.mark.parametrize(
    ("dialect", "expression"),
    [
        pytest.param(USER_SEARCH, "", id="empty"),
        pytest.param(USER_SEARCH, 'status eq "ACTIVE', id="open quote"),
        pytest.param(USER_SEARCH, 'status eq "A" "B"', id="left over"),
        pytest.param(USER_SEARCH, '(status eq "A"', id="open bracket"),
        pytest.param(USER_SEARCH, "status eq", id="no value"),
        pytest.param(USER_SEARCH, 'status ne "A"', id="ne is not offered"),
        pytest.param(USER_SEARCH, 'profile.title co "x"', id="co only on names and addresses"),
        pytest.param(USER_SEARCH, 'nothing eq "x"', id="unknown attribute"),
        pytest.param(USER_FILTER, 'profile.login sw "a"', id="filter takes eq only"),
        pytest.param(USER_FILTER, 'profile.nick eq "a"', id="filter takes few attributes"),
        pytest.param(GROUP_FILTER, 'profile.name eq "a"', id="group filter has no profile"),
        pytest.param(GROUP_SEARCH, "profile.name sw 3", id="sw takes a text"),
        pytest.param(APP_FILTER, 'label eq "x"', id="apps have no label filter"),
    ],
)
def test_what_an_endpoint_does_not_offer_is_refused(dialect, expression):
    with pytest.raises(BadExpression):
        dialect.predicate(expression)


def test_source_id_finds_the_groups_an_app_masters(acme):
    test = GROUP_SEARCH.predicate(f'source.id eq "{acme.directory.id}"')
    assert [group for group in acme.org.groups if test(group)] == [acme.readers]


VALUES = st.text(alphabet='ab"\\ ()é', max_size=4)
COMPARISONS = st.tuples(
    st.sampled_from(["id", "status", "profile.x"]), st.sampled_from(["eq", "sw", "gt", "le"]), VALUES
)
TREES = st.recursive(
    COMPARISONS, lambda inner: st.tuples(inner, st.sampled_from(["and", "or"]), inner), max_leaves=6
)


def written(tree):
    left, operator, right = tree
    if isinstance(left, tuple):
        return f"({written(left)}) {operator} ({written(right)})"
    escaped = right.replace("\\", "\\\\").replace('"', '\\"')
    return f'{left} {operator} "{escaped}"'


def judged(tree, values):
    left, operator, right = tree
    if operator == "and":
        return judged(left, values) and judged(right, values)
    if operator == "or":
        return judged(left, values) or judged(right, values)
    value, wanted = values[left].lower(), right.lower()
    return {
        "eq": value == wanted,
        "sw": value.startswith(wanted),
        "gt": value > wanted,
        "le": value <= wanted,
    }[operator]


@settings(deadline=None)
@given(tree=TREES, values=st.fixed_dictionaries({"id": VALUES, "status": VALUES, "profile.x": VALUES}))
def test_an_expression_means_what_its_tree_means(tree, values):
    held = SimpleNamespace(id=values["id"], status=values["status"], profile={"x": values["profile.x"]})
    assert USER_SEARCH.predicate(written(tree))(held) is judged(tree, values)
