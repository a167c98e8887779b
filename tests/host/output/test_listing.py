"""Rows are streamed faithfully as JSON, and safely as CSV and tables."""

import csv
import io
import json
import tracemalloc
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from rolecall.errors import RolecallError
from rolecall.output import Column, Format, Listing, Sink, encode_json, safe, write_listing

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=40)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=8,
)
PEOPLE = Listing(
    ("id", "name", "at", "ok", "via"),
    (Column("id", "ID"), Column("name", "NAME"), Column("ok", "OK")),
    cells={"via": ";".join},
)


def written(form, rows, listing=PEOPLE, **options):
    stream = io.BytesIO()
    with Sink(stream, **options) as sink:
        write_listing(listing, rows, form, sink)
    return stream.getvalue()


def csv_rows(data):
    return list(csv.reader(io.StringIO(data.decode(), newline="")))


@given(JSON_VALUES)
def test_json_keeps_every_value_as_it_is(value):
    assert json.loads(encode_json(value)) == value
    assert json.loads(encode_json(value, indent=True)) == value


@given(st.lists(st.dictionaries(st.sampled_from(PEOPLE.fields[:2]), ANY_TEXT), max_size=5))
def test_a_json_array_has_one_row_a_line_and_reads_back(rows):
    data = written(Format.JSON, rows)

    assert json.loads(data) == rows
    assert len(data.splitlines()) == (len(rows) + 2 if rows else 1)
    assert [json.loads(line) for line in written(Format.JSONL, rows).splitlines()] == rows


def test_times_are_rfc_3339_in_utc_even_beside_a_lone_surrogate():
    time = datetime(2026, 1, 31, 8, 0, tzinfo=UTC)

    assert json.loads(encode_json({"at": time}))["at"] == "2026-01-31T08:00:00Z"
    assert json.loads(encode_json({"at": time, "name": "\ud800"}))["at"] == "2026-01-31T08:00:00Z"


@given(ANY_TEXT)
def test_no_csv_cell_is_a_formula_or_holds_what_hides(text):
    header, row = csv_rows(written(Format.CSV, [{"id": "1", "name": text}]))

    cell = row[header.index("name")]
    assert not cell.startswith(tuple("=+-@\t\r"))
    assert cell.removeprefix("'") == safe(text).removeprefix("'")
    assert cell == safe(cell)


def test_csv_has_a_header_without_rows_and_ends_lines_as_the_standard_says():
    assert written(Format.CSV, []) == b"id,name,at,ok,via\r\n"


def test_csv_writes_nested_values_as_json_and_paths_as_text():
    row = {"id": 7, "name": {"a": ["x\u202e", None]}, "ok": True, "via": ["direct", "group:g1"]}

    _, cells = csv_rows(written(Format.CSV, [row]))

    assert cells == ["7", '{"a":["x\\u202e",null]}', "", "true", "direct;group:g1"]
    assert json.loads(cells[1]) == row["name"]


@given(ANY_TEXT, st.integers(20, 80))
def test_a_table_is_as_wide_as_the_terminal_and_loses_nothing(name, width):
    row = {"id": "00u1", "name": name, "ok": False}

    lines = written(Format.TABLE, [row], width=width).decode().splitlines()

    assert all(cell_len(line) <= width for line in lines)
    folded = "".join(line[6:] for line in lines[1:]).replace(" ", "")
    assert set(safe(name).replace(" ", "")) <= set(folded)


def test_a_table_on_a_terminal_that_knows_ascii_only_shows_escapes():
    data = written(Format.TABLE, [{"id": "1", "name": "Zoë"}], encoding="ascii")

    assert b"Zo\\xeb" in data


def test_colours_come_only_when_asked_for():
    rows = [{"id": "1", "name": "Error", "ok": True}]

    assert b"\x1b" not in written(Format.TABLE, rows)
    assert b"\x1b[31mError" in written(Format.TABLE, rows, styled=True)


@pytest.mark.parametrize("form", list(Format))
def test_a_long_list_is_streamed_in_flat_memory_with_its_first_row_at_once(form):
    stream = io.BytesIO()
    sizes = []

    def rows():
        for number in range(12_000):
            sizes.append(stream.tell())
            if stream.tell() > 500_000:
                stream.seek(0)
            yield {"id": f"00u{number:017d}", "name": "Ada Lovelace", "ok": True, "via": ["direct"]}

    tracemalloc.start()
    with Sink(stream) as sink:
        write_listing(PEOPLE, rows(), form, sink)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 2_000_000
    if form is not Format.TABLE:
        assert sizes[1] > 0


@pytest.mark.parametrize("form", [Format.JSON, Format.JSONL])
@given(ANY_TEXT)
def test_json_steers_no_terminal_and_is_read_back_as_it_was(form, text):
    encoded = written(form, [{"id": "1", "name": text}])

    shown = encoded.decode().replace("\n", "")
    assert not any(character in shown for character in "\x7f\x85\x9b\u2028\u2029\u202e\u2066\u200b\ufeff")
    rows = json.loads(encoded)
    assert (rows[0] if form is Format.JSON else rows)["name"] == text


def test_a_full_disk_is_named():
    with (
        open("/dev/full", "wb", buffering=0) as full,  # noqa: PTH123
        pytest.raises(RolecallError) as caught,
        Sink(full) as sink,
    ):
        sink.write(b"x")

    assert caught.value.code == "output_failed"
    assert "No space left" in caught.value.message
