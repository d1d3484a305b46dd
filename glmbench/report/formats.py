"""What the formats of tables demand of a text in them: room, and other signs for their own. Pure.

Every text comes from a suite or a service: it must stay a text, whatever the table is pasted into.
"""

from __future__ import annotations

import html
import re
from functools import cache

import tabulate as tabulate_module
from tabulate import tabulate
from wcwidth import wcswidth

# tabulate widens every column by this much beyond its head, which costs a fifth of the line.
tabulate_module.MIN_PADDING = 0

# These would take a text for markup. Nothing of ours is markup, so the ones that escape will do.
_SAFE = {"unsafehtml": "html", "latex_raw": "latex"}

# For a program or another document, not for the eye: no width is too much.
_PASTED = frozenset(
    {
        "asciidoc",
        "github",
        "html",
        "jira",
        "latex",
        "latex_booktabs",
        "latex_longtable",
        "mediawiki",
        "moinmoin",
        "orgtbl",
        "pipe",
        "rst",
        "textile",
        "tsv",
        "youtrack",
    }
)
# tabulate itself escapes for HTML and LaTeX. Blanks part the cells of tsv, and there are no tabs.
_UNCHANGED = frozenset({"html", "latex", "latex_booktabs", "latex_longtable", "tsv"})


def safe_format(table_format: str) -> str:
    """Return the format that draws the same and takes no text for markup."""
    return _SAFE.get(table_format, table_format)


def is_pasted(table_format: str) -> bool:
    """Tell whether a table of this format goes elsewhere and has no width to keep."""
    return safe_format(table_format) in _PASTED


@cache
def frame_width(table_format: str, columns: int) -> int:
    """Count the terminal cells of a line that do not belong to the columns' texts."""
    row = ["x"] * columns
    drawn = tabulate([row], row, tablefmt=table_format, disable_numparse=True)
    return max(map(wcswidth, drawn.splitlines())) - columns


def escape_cell(text: str, table_format: str) -> str:
    """Write a text so that it is the same text where the table is shown."""
    if not is_pasted(table_format) or safe_format(table_format) in _UNCHANGED:
        return text
    if table_format == "rst":
        return re.sub(r"[\\*`|_<>\[\]]", r"\\\g<0>", text)
    if table_format == "orgtbl":
        return text.replace("|", r"\vert{}")
    # Character references: what all the others understand, even beside their own escapes.
    return re.sub(r"[&<>|`{\[\]!]", lambda sign: f"&#{ord(sign[0])};", text)


def escape_words(text: str, table_format: str) -> str:
    """Write what stands between the tables so that a browser takes none of it for markup."""
    return html.escape(text, quote=False) if safe_format(table_format) == "html" else text
