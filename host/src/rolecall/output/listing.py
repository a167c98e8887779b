"""A list of rows, declared once: its JSON keys, its table, and how a cell reads as text."""

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rolecall.output.encoding import encode_json, encode_json_text, rfc3339
from rolecall.output.safe_text import safe
from rolecall.output.sink import Format, Sink
from rolecall.output.table import write_table

Row = Mapping[str, object]
CSV_PIECE = 16 * 1024
FORMULA_STARTS = frozenset("=+-@\t\r\n＝＋－＠")  # noqa: RUF001 - spreadsheets take the wide forms too


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table: which key of the row, under which title."""

    key: str
    title: str


@dataclass(frozen=True, slots=True)
class Listing:
    """What a list command prints.

    Attributes:
        fields: The JSON keys of a row, in order; also the columns of CSV.
        columns: What the table shows.
        cells: Key → how its value reads as text, where that isn't plain.
        table_cells: The same where a table, for people, says it otherwise than CSV.
    """

    fields: tuple[str, ...]
    columns: tuple[Column, ...]
    cells: Mapping[str, Callable[[Any], str]] = field(default_factory=dict)
    table_cells: Mapping[str, Callable[[Any], str]] = field(default_factory=dict)


def write_listing(listing: Listing, rows: Iterable[Row], form: Format, sink: Sink) -> int:
    """Stream rows in the format asked for; nothing is held but one row (a table: its first few hundred).

    Returns:
        How many rows there were.
    """
    match form:
        case Format.JSON:
            return _write_json(rows, sink)
        case Format.JSONL:
            return _write_jsonl(rows, sink)
        case Format.CSV:
            return _write_csv(listing, rows, sink)
        case Format.TABLE:
            cells = (
                [_table_cell(listing, column.key, row.get(column.key)) for column in listing.columns]
                for row in rows
            )
            return write_table([column.title for column in listing.columns], cells, sink)


def write_object(value: object, form: Format, sink: Sink) -> None:
    """Write one JSON value, on one line for ``jsonl`` and indented otherwise."""
    sink.write(encode_json(value, indent=form is not Format.JSONL) + b"\n")


def guarded(text: str) -> str:
    """The text with what spreadsheets take for a formula turned into text by a leading apostrophe."""
    return f"'{text}" if text[:1] in FORMULA_STARTS else text


def _write_json(rows: Iterable[Row], sink: Sink) -> int:
    count = 0
    for row in rows:
        sink.write((b",\n" if count else b"[\n") + encode_json(row))
        count += 1
        if count == 1:
            sink.flush()
    sink.write(b"\n]\n" if count else b"[]\n")
    return count


def _write_jsonl(rows: Iterable[Row], sink: Sink) -> int:
    count = 0
    for row in rows:
        sink.write(encode_json(row) + b"\n")
        count += 1
        if count == 1:
            sink.flush()
    return count


def _write_csv(listing: Listing, rows: Iterable[Row], sink: Sink) -> int:
    lines = io.StringIO(newline="")
    writer = csv.writer(lines)
    writer.writerow(listing.fields)
    count = 0
    for row in rows:
        writer.writerow([_csv_cell(listing, key, row.get(key)) for key in listing.fields])
        count += 1
        if count == 1 or lines.tell() > CSV_PIECE:
            _hand_on(lines, sink)
            if count == 1:
                sink.flush()
    _hand_on(lines, sink)
    return count


def _hand_on(lines: io.StringIO, sink: Sink) -> None:
    sink.write(lines.getvalue().encode())
    lines.seek(0)
    lines.truncate()


def _csv_cell(listing: Listing, key: str, value: object) -> str:
    if type(value) is str:  # the quick way for nearly every cell
        text = value if value.isascii() and value.isprintable() else safe(value)
        return f"'{text}" if value[:1] in FORMULA_STARTS else text
    if value is None:
        return ""
    if isinstance(value, int | float):
        return str(value).lower()
    if isinstance(value, list | tuple) and key not in listing.cells:
        return safe(encode_json_text(value))
    return guarded(_text(listing, key, value))


def _table_cell(listing: Listing, key: str, value: object) -> str:
    if key in listing.table_cells:
        return safe(listing.table_cells[key](value))
    if isinstance(value, datetime) and key not in listing.cells:
        return rfc3339(value.replace(microsecond=0))
    return _text(listing, key, value)


def _text(listing: Listing, key: str, value: object) -> str:
    if key in listing.cells:
        return safe(listing.cells[key](value))
    return safe(_plain_text(value))


def _plain_text(value: object) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    if isinstance(value, list | tuple | Mapping):
        return encode_json_text(value)
    return str(value)
