"""Reports of many lists of one kind become one line."""

from rolecall import ListRead
from rolecall_okta import ReadLedger


def test_lists_of_one_name_and_filter_are_summed(ledger: ReadLedger) -> None:
    members = "/api/v1/groups/{id}/users"
    ledger.add(ListRead(members, None, 1, 10, {"repeated": 1}, 0, 0.5))
    ledger.add(ListRead("/api/v1/groups", "x", 2, 3))
    ledger.add(ListRead(members, None, 2, 20, {"repeated": 2, "unknown": 1}, 1, 1.0))
    assert list(ledger) == [
        ListRead(members, None, 3, 30, {"repeated": 3, "unknown": 1}, 1, 1.5),
        ListRead("/api/v1/groups", "x", 2, 3),
    ]


def test_lists_with_another_filter_or_note_stay_apart(ledger: ReadLedger) -> None:
    ledger.add(ListRead("/api/v1/groups", "a"))
    ledger.add(ListRead("/api/v1/groups", "b"))
    ledger.add(ListRead("/api/v1/groups", "a", note="partly"))
    assert len(list(ledger)) == 3
