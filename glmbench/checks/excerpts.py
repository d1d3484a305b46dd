"""How checks quote what they compared: on one line, short, around the place that matters. Pure."""

from __future__ import annotations

import json

from glmbench.problems import printable

LENGTH = 80


def quoted(text: str, around: int = 0) -> str:
    """Quote a text like JSON; a long one is cut to a window around the given index."""
    if len(text) > LENGTH:
        start = max(0, min(around - LENGTH // 2, len(text) - LENGTH))
        cut = text[start : start + LENGTH]
        text = ("…" if start else "") + cut + ("…" if start + LENGTH < len(text) else "")
    return printable(json.dumps(text, ensure_ascii=False))


def first_difference(left: str, right: str) -> int:
    """Return the index where two texts part; the length of the shorter one if it is a prefix."""
    for index, (a, b) in enumerate(zip(left, right, strict=False)):
        if a != b:
            return index
    return min(len(left), len(right))


def nearest(needle: str, text: str) -> int:
    """Return where the longest beginning of the needle stands in the text; 0 if none does."""
    found, low, high = 0, 0, len(needle)
    while low < high:
        middle = (low + high + 1) // 2
        at = text.find(needle[:middle])
        if at < 0:
            high = middle - 1
        else:
            found, low = at, middle
    return found
