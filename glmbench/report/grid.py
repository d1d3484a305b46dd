"""Tables of text within the width of a terminal, wide characters included."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tabulate as tabulate_module
from tabulate import tabulate
from wcwidth import wcswidth

from glmbench.problems import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# tabulate widens every column by this much beyond its head, which costs a fifth of the line.
tabulate_module.MIN_PADDING = 0

WIDTH = 80
GAP = 2


def draw_table(title: str, head: Sequence[str], rows: Iterable[Sequence[str]], align: str) -> str:
    """Draw a table; `align` has an `l` or `r` for each column."""
    # Numbers are texts already: tabulate's own parsing rewrites "1e5" and "007".
    names = {"l": "left", "r": "right"}
    body = tabulate(
        list(rows),
        head,
        tablefmt="simple",
        disable_numparse=True,
        colalign=[names[letter] for letter in align],
    )
    return f"{title}\n{body}"


def room_beside(columns: Iterable[Sequence[str]]) -> int:
    """Return the width that is left for one more column beside these, heads included."""
    return WIDTH - sum(GAP + max(map(wcswidth, column)) for column in columns)


def shorten(text: str, width: int) -> str:
    """Cut a text to a width in terminal cells, and escape what could steer the terminal."""
    text = printable(text)
    if wcswidth(text) <= width:
        return text
    while wcswidth(text) >= width:
        text = text[:-1]
    return f"{text}…"
