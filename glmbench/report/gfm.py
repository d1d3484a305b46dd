"""The pieces of GitHub's Markdown: foreign texts as code, tables, lists and what is folded. Pure.

GitHub makes no link, no mention, no image and no HTML of what stands in code; escapes alone do not
keep it from that, because it looks for mentions and addresses in the text after they are gone.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from glmbench.report.escaping import one_line, passage
from glmbench.report.numbers import NOTHING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


FOLD_END = "</details>"


def fold(title: str, name: str = "") -> str:
    """Begin what a reader has to unfold; `FOLD_END` is the block that ends it.

    `name` is a foreign text. Until the first blank line this is HTML, where Markdown's signs mean
    nothing.
    """
    told = f": <code>{html.escape(one_line(name))}</code>" if name else ""
    return f"<details><summary>{title}{told}</summary>"


def code(text: str) -> str:
    """Write a text as a code span, whatever backticks it has; `-` where there is none."""
    text = one_line(text)
    if not text:
        return NOTHING
    fence = _fence(text, 1)
    # A blank at each end is taken off again, unless there is nothing else.
    padded = bool(text.strip(" ")) and (text[0] in "` " or text[-1] in "` ")
    pad = " " if padded else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def code_block(text: str) -> str:
    """Write a text as a code block with its lines."""
    text = passage(text)
    fence = _fence(text, 3)
    return f"{fence}text\n{text}\n{fence}"


def _fence(text: str, least: int) -> str:
    runs = [len(run) for run in re.findall("`+", text)]
    return "`" * max([least, *(run + 1 for run in runs)])


def table(head: Sequence[str], rows: Iterable[Sequence[str]], align: str) -> str:
    """Draw a table of cells that are Markdown; `align` has an `l` or `r` for each column."""
    rule = ["---:" if letter == "r" else "---" for letter in align]
    # The one sign that parts cells even in code, and the one escape that works there.
    cells = ([cell.replace("|", r"\|") for cell in row] for row in (head, rule, *rows))
    return "\n".join(f"| {' | '.join(row)} |" for row in cells)


def bullets(lines: Iterable[str]) -> str:
    """Write a list; an empty text when there is nothing in it."""
    return "\n".join(f"- {line}" for line in lines)


def join_blocks(blocks: Iterable[str]) -> str:
    """Put blocks together to a document."""
    return "\n\n".join(blocks) + "\n"
