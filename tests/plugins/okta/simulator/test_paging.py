from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rolecall_okta.simulator.errors import OktaError
from rolecall_okta.simulator.paging import PageSize, cursor, link_headers, page

IDS = st.lists(st.text(min_size=1, max_size=6), unique=True, max_size=40).map(sorted)


def pages(items, limit, keep=None):
    after = None
    while True:
        found = page(items, after, limit, scope="/list", keep=keep)
        yield list(found.items)
        after = found.next
        if after is None:
            return


@settings(deadline=None)
@given(ids=IDS, limit=st.integers(1, 50))
def test_every_item_comes_exactly_once_whatever_the_page_size(ids, limit):
    items = [SimpleNamespace(id=each) for each in ids]
    read = list(pages(items, limit))
    assert [item.id for each in read for item in each] == ids
    assert all(len(each) == limit for each in read[:-1])
    assert len(read) == max(1, -(-len(ids) // limit))


@settings(deadline=None)
@given(ids=IDS, limit=st.integers(1, 5), kept=st.sets(st.integers(0, 39)))
def test_a_filtered_list_pages_over_what_it_keeps(ids, limit, kept):
    items = [SimpleNamespace(id=each, place=place) for place, each in enumerate(ids)]
    read = [item for each in pages(items, limit, lambda item: item.place in kept) for item in each]
    assert [item.place for item in read] == sorted(kept & set(range(len(ids))))


@settings(deadline=None)
@given(ids=IDS.filter(bool), data=st.data())
def test_items_deleted_between_pages_lose_no_other(ids, data):
    items = [SimpleNamespace(id=each) for each in ids]
    first = page(items, None, 2, scope="/list")
    gone = data.draw(st.sets(st.sampled_from(ids)))
    left = [item for item in items if item.id not in gone]
    rest = [] if first.next is None else page(left, first.next, 100, scope="/list").items
    seen = {item.id for item in [*first.items, *rest]}
    assert set(ids) - gone <= seen


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "00u1testcursorvalue",
        "ÿ",
        "a" * 41,
        cursor("00u1", "/another/list"),
        cursor("00u1", "/list")[:4],
    ],
)
def test_a_cursor_of_another_list_is_refused(text):
    with pytest.raises(OktaError) as refused:
        page([], text, 10, scope="/list")
    assert (refused.value.status, refused.value.code, refused.value.causes) == (
        400,
        "E0000029",
        ["Invalid cursor."],
    )


@pytest.mark.parametrize("limit", ["0", "19", "201", "-1", "x", "", "²", "1e2"])
def test_a_limit_out_of_bounds_is_refused(limit):
    with pytest.raises(OktaError) as refused:
        PageSize(20, 200, minimum=20).of({"limit": limit})
    assert refused.value.code == "E0000001"


def test_links_repeat_the_query_in_oktas_order():
    query = {"filter": 'status eq "ACTIVE"', "q": "a&b", "limit": "2", "after": "first", "unknown": "x"}
    rest = "limit=2&q=a%26b&filter=status+eq+%22ACTIVE%22"
    assert link_headers("http://okta/api/v1/apps", query, 2, "second") == [
        (b"link", f'<http://okta/api/v1/apps?after=first&{rest}>; rel="self"'.encode()),
        (b"link", f'<http://okta/api/v1/apps?after=second&{rest}>; rel="next"'.encode()),
    ]
