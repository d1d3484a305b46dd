"""How a report looks in a terminal: the frames of its tables, how much it tells, colours. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# The words are written out because `--help` names them without loading tabulate; a test compares.
TABLE_FORMATS = (
    "asciidoc",
    "colon_grid",
    "double_grid",
    "double_outline",
    "fancy_grid",
    "fancy_outline",
    "github",
    "grid",
    "heavy_grid",
    "heavy_outline",
    "html",
    "jira",
    "latex",
    "latex_booktabs",
    "latex_longtable",
    "latex_raw",
    "mediawiki",
    "mixed_grid",
    "mixed_outline",
    "moinmoin",
    "orgtbl",
    "outline",
    "pipe",
    "plain",
    "presto",
    "pretty",
    "psql",
    "rounded_grid",
    "rounded_outline",
    "rst",
    "simple",
    "simple_grid",
    "simple_outline",
    "textile",
    "tsv",
    "unsafehtml",
    "youtrack",
)

BOLD, DIM, RED, GREEN, YELLOW, CYAN = "1", "2", "31", "32", "33", "36"

_COLOURS = {
    "passed": GREEN,
    "flaky": YELLOW,
    "failed": RED,
    "error": RED,
    "unmeasured": YELLOW,
    "skipped": DIM,
    "interrupted": YELLOW,
    "ignored": DIM,
    "miss": RED,
    "stale": RED,
    "unused": RED,
    "damaged": RED,
    "recorded": CYAN,
    "live": CYAN,
    "warning:": YELLOW,
    "regressed:": RED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """`table_format` is one of TABLE_FORMATS.

    With a `verbosity` below 0 only what is wrong is told, above 0 every check and every list.
    """

    table_format: str = "simple"
    verbosity: int = 0
    colour: bool = False

    @property
    def quiet(self) -> bool:
        return self.verbosity < 0

    @property
    def verbose(self) -> bool:
        return self.verbosity > 0


PLAIN = Style()

# So many names tell what a line is about; --verbose has them all.
FEW = 3


def some_of(names: Sequence[str], style: Style) -> str:
    """List names, or the first few of them and how many more there are."""
    shown = list(names if style.verbose else names[:FEW])
    if len(names) > len(shown):
        shown.append(f"and {len(names) - len(shown)} more")
    return ", ".join(shown)


def paint(text: str, code: str, style: Style) -> str:
    """Give a text a colour, or none where the style has none."""
    return f"\x1b[{code}m{text}\x1b[0m" if style.colour and text else text


def paint_first_word(text: str, style: Style) -> str:
    """Colour the first word of a text if it is one with a colour, such as a status."""
    word, blank, rest = text.partition(" ")
    code = _COLOURS.get(word.lower())
    return paint(word, code, style) + blank + rest if code else text
