"""Columns give back what was put in, whatever it was."""

import pytest
from hypothesis import given
from sqlalchemy import Column, Integer, MetaData, Table, create_engine, insert, select

from rolecall.store.columns import FaithfulText, Json, decode_text, dump_json, encode_text, load_json
from tests.host.states import hostile_text, json_values


@given(hostile_text)
def test_any_text_comes_back_from_what_a_database_can_hold(text):
    stored = encode_text(text)
    assert "\x00" not in stored
    stored.encode("utf-8")
    assert decode_text(stored) == text


@given(hostile_text, hostile_text)
def test_different_texts_are_stored_differently(one, other):
    assert (encode_text(one) == encode_text(other)) == (one == other)


@given(json_values)
def test_any_json_value_comes_back_equal_and_of_the_same_types(value):
    assert repr(_in_order(load_json(dump_json(value)))) == repr(_in_order(value))


@given(json_values)
def test_equal_json_values_are_equal_texts(value):
    assert dump_json(_reversed(value)) == dump_json(value)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param({"when": object()}, id="an object"),
        pytest.param({1: "one", "two": 2}, id="keys of two types"),
        pytest.param({"n": float("nan") * 2**70, "big": 2**80}, id="not a number"),
    ],
)
def test_what_is_no_json_value_is_refused(value):
    with pytest.raises((TypeError, ValueError)):
        dump_json(value)


@given(hostile_text, json_values)
def test_a_real_database_gives_back_text_and_json(text, value):
    table = Table("t", MetaData(), Column("n", Integer), Column("text", FaithfulText), Column("json", Json))
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        table.create(connection)
        connection.execute(insert(table).values(n=1, text=text, json=value))
        found = connection.execute(select(table).where(table.c.text == text)).one()
    engine.dispose()
    assert (found.text, found.json) == (text, value)


def _in_order(value):
    if isinstance(value, dict):
        return {key: _in_order(value[key]) for key in sorted(value)}
    return [_in_order(each) for each in value] if isinstance(value, list) else value


def _reversed(value):
    if isinstance(value, dict):
        return {key: _reversed(value[key]) for key in reversed(value)}
    return [_reversed(each) for each in value] if isinstance(value, list) else value
