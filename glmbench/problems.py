"""Something wrong at a place in a file, and how a terminal shows it. Pure."""

from __future__ import annotations

import difflib
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a file; both count from 1, columns in characters."""

    line: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong with a file. Line 0 means the file as a whole (it is missing, say)."""

    file: str
    line: int
    column: int
    message: str
    hint: str | None = None
    source_line: str | None = None

    def __lt__(self, other: Problem) -> bool:
        return self._place < other._place

    @property
    def _place(self) -> tuple[str, int, int, str, str]:
        return self.file, self.line, self.column, self.message, self.hint or ""

    def __str__(self) -> str:
        place = f":{self.line}:{self.column}" if self.line else ""
        return f"{printable(self.file)}{place}: {printable(self.message)}"

    def render(self) -> str:
        """Show the place and the message, the line with a caret under the place, and the hint."""
        gutter = " " * len(str(self.line))
        lines = [str(self)]
        if self.line and self.source_line is not None:
            before, after = _excerpt(self.source_line, self.column)
            lines.append(f" {self.line} | {before}{after}".rstrip())
            lines.append(f" {gutter} | {' ' * _width(before)}^")
        if self.hint is not None:
            lines.append(f" {gutter} = hint: {printable(self.hint)}")
        return "\n".join(lines)


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """Word a hint that names the nearest known word; None when none is near."""
    near = nearest(word, known)
    return f'did you mean "{near}"?' if near else None


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Find the known word that a slip of the pen may have meant."""
    by_folded = {name.casefold(): name for name in known}
    near = difflib.get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[near[0]] if near else None


def shortened(text: str, length: int = 60) -> str:
    """Cut a word from a file to what a message can hold."""
    return text if len(text) <= length else text[: length - 1] + "…"


def printable(text: str) -> str:
    """Put the text on one line and escape what could steer a terminal."""
    if text.isprintable():
        return text
    return "".join(char if _is_visible(char) else _escaped(char) for char in text)


def _is_visible(char: str) -> bool:
    return char.isprintable() or unicodedata.category(char) == "Zs"


def _escaped(char: str) -> str:
    return " " if char == "\t" else char.encode("unicode_escape").decode("ascii")


def _excerpt(line: str, column: int) -> tuple[str, str]:
    """Cut the line at the column, both sides short enough for a terminal."""
    before, after = line[: column - 1], line[column - 1 :]
    if len(before) > 60:
        before = "…" + before[-59:]
    after = shortened(after, 100 - len(before))
    return printable(before), printable(after)


def _width(text: str) -> int:
    """Count terminal cells: two for wide East Asian characters, none for combining marks."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )


def whole_text(text: str) -> str:
    """Escape what no encoding can hold, such as bytes of a file name that are not UTF-8."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
