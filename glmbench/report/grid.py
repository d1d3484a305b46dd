"""Tables of text within the width of a terminal, wide characters included."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabulate import tabulate
from wcwidth import wcswidth

from glmbench.problems import printable
from glmbench.report.formats import (
    escape_cell,
    escape_words,
    frame_width,
    is_pasted,
    safe_format,
)
from glmbench.report.style import BOLD, PLAIN, Style, paint, paint_first_word

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

WIDTH = 80

# Names give way to figures, but not further than this.
MIN_NAME_WIDTH = 12

# What is pasted elsewhere is not cut; a line this long is nobody's name.
_ANY_WIDTH = 100_000


def draw_table(
    title: str,
    head: Sequence[str],
    rows: Iterable[Sequence[str]],
    align: str,
    style: Style = PLAIN,
) -> str:
    """Draw a table; `align` has a letter for each column.

    `l` and `r` are sides; `s` is a status, on the left and in its colour.
    """
    names = {"l": "left", "r": "right", "s": "left"}
    body = [
        [_cell(text, letter, style) for text, letter in zip(row, align, strict=True)]
        for row in rows
    ]
    # Numbers are texts already: tabulate's own parsing rewrites "1e5" and "007".
    drawn = tabulate(
        body,
        [escape_cell(text, style.table_format) for text in head],
        tablefmt=safe_format(style.table_format),
        disable_numparse=True,
        colalign=[names[letter] for letter in align],
    )
    title = escape_words(title, style.table_format)
    if is_pasted(style.table_format):
        # Most documents end a paragraph with an empty line: a table begins behind it.
        return f"{title}\n\n{drawn}"
    return f"{paint(title, BOLD, style)}\n{drawn}"


def with_words(table: str, lines: Sequence[str], style: Style = PLAIN) -> str:
    """Put lines below a table; where it is pasted, not so close that they are taken for rows."""
    gap = "\n\n" if is_pasted(style.table_format) else "\n"
    return gap.join([table, "\n".join(lines)] if lines else [table])


def _cell(text: str, letter: str, style: Style) -> str:
    text = escape_cell(text, style.table_format)
    if letter != "s" or is_pasted(style.table_format):
        return text
    # tabulate measures a text without its colours.
    return paint_first_word(text, style)


def room_beside(columns: Iterable[Sequence[str]], style: Style = PLAIN) -> int:
    """Return the width that is left for one more column beside these, heads included."""
    if is_pasted(style.table_format):
        return _ANY_WIDTH
    widths = _widths(columns)
    return WIDTH - sum(widths) - frame_width(style.table_format, len(widths) + 1)


def name_room(columns: Iterable[Sequence[str]], style: Style = PLAIN) -> int:
    """Return the width of a column of names beside these, which are figures."""
    return max(MIN_NAME_WIDTH, room_beside(columns, style))


def fits(columns: Iterable[Sequence[str]], style: Style = PLAIN) -> bool:
    """Tell whether a table of these columns, heads included, is as narrow as a terminal."""
    widths = _widths(columns)
    return (
        is_pasted(style.table_format)
        or sum(widths) + frame_width(style.table_format, len(widths)) <= WIDTH
    )


def _widths(columns: Iterable[Sequence[str]]) -> list[int]:
    return [max(map(wcswidth, column)) for column in columns]


def shorten(text: str, width: int) -> str:
    """Cut a text to a width in terminal cells, and escape what could steer the terminal."""
    text = printable(text)
    if wcswidth(text) <= width:
        return text
    # Every look measures the whole text, which may be an answer's.
    text = text[: 4 * max(width, 1)]
    while text and wcswidth(text) >= width:
        text = text[:-1]
    return f"{text}…"


def shorten_middle(text: str, width: int) -> str:
    """Cut a text like `shorten`, but in its middle: names of trials differ at their ends."""
    text = printable(text)
    if wcswidth(text) <= width:
        return text
    head = shorten(text, width // 2 + 1)
    tail = shorten(text[::-1], width - wcswidth(head) + 1)
    return head + tail[:-1][::-1]
