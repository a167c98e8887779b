"""Tables for people: columns fitted to the terminal, long cells folded, rows streamed."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice, zip_longest

from rich.cells import cell_len, chop_cells
from rich.style import Style

from rolecall.output.sink import Sink

MEASURED_ROWS = 300
GAP = "  "
NARROWEST = 8
WORDY = 500
"""A longer cell is folded without regard to its words."""

_BOLD = Style(bold=True)
_STYLES = {
    word: Style(color=color)
    for color, words in {
        "green": ("Connected", "ok", "yes", "published", "unchanged"),
        "yellow": ("Syncing", "Not synced", "disabled", "unknown", "refused", "running", "medium"),
        "red": ("Error", "broken", "no", "failed", "high"),
    }.items()
    for word in words
}


def write_table(titles: Sequence[str], rows: Iterable[Sequence[str]], sink: Sink) -> int:
    """Write rows of text, already safe to show, under titles; widths come from the first few hundred.

    Returns:
        How many rows there were.
    """
    remaining = iter(rows)
    first = list(islice(remaining, MEASURED_ROWS))
    widths = _fit(_natural_widths(titles, first), sink.width)
    for line in _lines(titles, widths, sink, dict.fromkeys(titles, _BOLD)):
        sink.write_text(line)
    count = 0
    for row in chain(first, remaining):
        for line in _lines(row, widths, sink, _STYLES):
            sink.write_text(line)
        count += 1
        if count == MEASURED_ROWS:
            sink.flush()
    return count


def _natural_widths(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> list[int]:
    widths = [cell_len(title) for title in titles]
    for row in rows:
        for index, cell in enumerate(row):
            widths[index] = max(widths[index], cell_len(cell))
    return widths


def _fit(widths: list[int], available: int | None) -> list[int]:
    if available is None:
        return widths
    fitted = list(widths)
    surplus = sum(fitted) + len(GAP) * (len(fitted) - 1) - available
    while surplus > 0 and max(fitted) > NARROWEST:
        fitted[fitted.index(max(fitted))] -= 1
        surplus -= 1
    return fitted


def _lines(
    cells: Sequence[str], widths: Sequence[int], sink: Sink, styles: dict[str, Style]
) -> Iterator[str]:
    if not sink.styled and all(
        cell.isascii() and len(cell) <= width for cell, width in zip(cells, widths, strict=True)
    ):
        padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=True)]
        yield GAP.join(padded).rstrip() + "\n"
        return
    folded = [_folded(cell, width, sink) for cell, width in zip(cells, widths, strict=True)]
    for pieces in zip_longest(*folded, fillvalue=""):
        padded = []
        for cell, piece, width in zip(cells, pieces, widths, strict=True):
            blank = " " * max(0, width - cell_len(piece))
            shown = styles[cell].render(piece) if sink.styled and piece and cell in styles else piece
            padded.append(shown + blank)
        yield GAP.join(padded).rstrip() + "\n"


def _folded(cell: str, width: int, sink: Sink) -> list[str]:
    if sink.width is None or cell_len(cell) <= width:
        return [cell]
    if len(cell) > WORDY:
        return chop_cells(cell, width)
    pieces, rest = [], cell
    while cell_len(rest) > width:
        piece = chop_cells(rest, width)[0]
        at_word = piece if rest[len(piece)] == " " else piece[: piece.rfind(" ") + 1] or piece
        pieces.append(at_word.rstrip())
        rest = rest[len(at_word) :].lstrip()
    return [*pieces, rest]
