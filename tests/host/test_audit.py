"""A chain of audit records shows every change to it: of a body, of a column, of the order, of its end."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolecall.audit import FIRST, AuditRecord, canonical, next_record, record_hash, verify
from tests.host.states import hostile_text, json_values

START = datetime(2026, 1, 1, tzinfo=UTC)


def chain_of(*bodies):
    records, head = [], None
    for n, facts in enumerate(bodies):
        record = next_record(
            head, "ended", START + timedelta(seconds=n), facts, connector="aws", action=n, task=None
        )
        records.append(record)
        head = record.head
    return records


chains = st.lists(st.dictionaries(hostile_text, json_values, max_size=3), min_size=1, max_size=6).map(
    lambda bodies: chain_of(*bodies)
)
chains_of_two = st.lists(st.just({"a": 1}), min_size=2, max_size=6).map(lambda bodies: chain_of(*bodies))


def test_an_empty_chain_is_whole():
    told = verify([])
    assert (told.records, told.head, told.heads, told.broken) == (0, FIRST, 0, None)


@given(chains)
def test_a_chain_as_written_is_whole_and_every_head_of_it_is_its_own(records):
    told = verify(records, [record.head for record in records])
    assert (told.records, told.head, told.heads) == (len(records), records[-1].hash, len(records))
    assert told.broken is None


@given(chains, st.data())
def test_a_changed_field_is_found_where_it_is(records, data):
    n = data.draw(st.integers(0, len(records) - 1))
    changed = data.draw(
        st.sampled_from(
            [
                {"body": records[n].body.replace('"ended"', '"refused"')},
                {"body": records[n].body + " "},
                {"kind": "refused"},
                {"connector": None},
                {"action": 77},
                {"task": 1},
                {"at": records[n].at + timedelta(microseconds=1)},
                {"prev_hash": "f" * 64},
                {"hash": "f" * 64},
            ]
        )
    )
    forged = [*records[:n], replace(records[n], **changed), *records[n + 1 :]]
    broken = verify(forged).broken
    assert (broken.number, broken.flaw) == (n + 1, "changed")


@given(chains, st.data())
def test_a_body_changed_with_its_hash_is_found_at_the_next_record_or_by_a_sink(records, data):
    n = data.draw(st.integers(0, len(records) - 1))
    body = canonical({**records[n].facts, "reason": "another"})
    told = replace(records[n], body=body, hash=record_hash(records[n].prev_hash, n + 1, body))
    forged = [*records[:n], told, *records[n + 1 :]]
    broken = verify(forged, [records[n].head]).broken
    assert (broken.number, broken.flaw) == (n + 1, "changed")
    if n + 1 < len(records):
        assert verify(forged).broken.number == n + 2


@given(chains, st.data())
def test_a_record_left_out_is_found(records, data):
    n = data.draw(st.integers(0, len(records) - 1))
    rest = [*records[:n], *records[n + 1 :]]
    broken = verify(rest, [records[-1].head]).broken
    last = n == len(records) - 1
    assert broken.flaw == ("truncated" if last else "missing")
    assert broken.number == n + 1


@given(chains_of_two, st.data())
def test_two_records_that_changed_places_are_found(records, data):
    n = data.draw(st.integers(0, len(records) - 2))
    swapped = [*records[:n], records[n + 1], records[n], *records[n + 2 :]]
    assert verify(swapped).broken is not None
    numbered = [replace(record, number=at + 1) for at, record in enumerate(swapped)]
    assert verify(numbered).broken.number == n + 1


@given(chains)
def test_a_record_told_twice_is_found(records):
    broken = verify([*records, records[-1]]).broken
    assert (broken.number, broken.flaw) == (len(records), "reordered")


@given(chains, json_values)
def test_a_record_appended_without_the_hash_before_it_is_found(records, value):
    body = canonical({"value": value})
    number = len(records) + 1
    forged = AuditRecord(
        number, START, "ended", None, None, None, body, FIRST, record_hash(FIRST, number, body)
    )
    assert verify([*records, forged]).broken.number == number


@given(chains)
def test_a_chain_written_anew_from_its_first_record_is_told_by_a_sink(records):
    anew = chain_of(*({**record.facts, "reason": "another"} for record in records))
    assert verify(anew).broken is None
    assert verify(anew, [records[0].head]).broken.number == 1


def test_the_first_break_is_the_one_that_is_told():
    records = chain_of({}, {}, {}, {})
    forged = [records[0], replace(records[1], body="{}"), records[2]]
    assert verify(forged, [records[3].head]).broken.number == 2
    assert verify(records[:2], [records[3].head, records[2].head]).broken.number == 3


def test_a_body_that_is_not_json_is_a_break_and_no_crash():
    body = "not json"
    record = AuditRecord(1, START, "ended", None, None, None, body, FIRST, record_hash(FIRST, 1, body))
    assert verify([record]).broken.flaw == "changed"
    assert verify([replace(record, body="[]", hash=record_hash(FIRST, 1, "[]"))]).broken.flaw == "changed"


@given(st.dictionaries(hostile_text, json_values, max_size=4))
def test_equal_facts_have_one_text_whatever_their_order(facts):
    backwards = dict(reversed(facts.items()))
    assert canonical(facts) == canonical(backwards)
    assert canonical(facts).isascii()


def test_what_json_has_no_form_for_is_refused():
    with pytest.raises(ValueError, match="JSON"):
        canonical({"n": float("nan")})
