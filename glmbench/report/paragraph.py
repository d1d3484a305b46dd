"""Text in lines of a width in terminal cells. textwrap counts characters, and 你 takes two cells.

Pure. Lines break at blanks, and inside of what is longer than a line by itself.
"""

from __future__ import annotations

from wcwidth import wcswidth, wcwidth

from glmbench.problems import printable
from glmbench.report.grid import WIDTH


def fill(text: str, *, first: str = "", rest: str = "", width: int = WIDTH) -> str:
    """Wrap a text, escape what could steer the terminal, and indent its first and other lines."""
    lines = []
    line, begun = first, False
    for word in printable(text).split():
        for piece in _pieces(word, width - max(wcswidth(first), wcswidth(rest))):
            glue = " " if begun and piece[1] else ""
            if begun and wcswidth(line + glue + piece[0]) > width:
                lines.append(line)
                line, glue = rest, ""
            line, begun = line + glue + piece[0], True
    return "\n".join([*lines, line])


def _pieces(word: str, room: int) -> list[tuple[str, bool]]:
    """Cut a word to what fits on a line; the flag says whether a blank belongs before the piece."""
    pieces = [""]
    for char in word:
        if wcswidth(pieces[-1]) + wcwidth(char) > room:
            pieces.append("")
        pieces[-1] += char
    return [(piece, index == 0) for index, piece in enumerate(pieces)]
