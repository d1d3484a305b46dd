"""Templates that do nothing but name values, without Jinja2: `Hello {{ name }}.` Pure.

Nearly every template is one of these, and compiling them is most of the time that a suite of
thousands takes to load. What comes out is what Jinja2 would make; whatever is not plainly so is
left to it.
"""

from __future__ import annotations

import keyword
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from glmbench.suites.sandbox import MAX_RENDERED
from glmbench.suites.templates import MAX_SOURCE

if TYPE_CHECKING:
    from collections.abc import Mapping

_PLACEHOLDER = re.compile(r"\{\{ *([A-Za-z_][A-Za-z0-9_]*) *\}\}")
_MARKERS = ("{{", "{%", "{#")
# These are not names, or not only names, in a template.
_RESERVED = frozenset(
    {*keyword.kwlist, "true", "false", "none", "range", "loop", "self", "super", "caller"}
)


def find_placeholders(source: str) -> tuple[str, ...] | None:
    """Find the names in a template; None when it does more than naming values."""
    pieces = _pieces(source)
    return None if pieces is None else pieces[1::2]


def fill_placeholders(source: str, values: Mapping[str, Any]) -> str | None:
    """Put texts and whole numbers in their places; None when that is not all there is to do."""
    pieces = _pieces(source)
    if pieces is None:
        return None
    filled = list(pieces)
    for index in range(1, len(pieces), 2):
        value = values.get(pieces[index])
        if type(value) is not str and type(value) is not int:
            return None
        filled[index] = str(value)
    text = "".join(filled)
    return text if len(text) <= MAX_RENDERED else None


@lru_cache(maxsize=64)
def _pieces(source: str) -> tuple[str, ...] | None:
    """Cut a template into text and names in turn; None when it is not made of these alone."""
    if len(source) > MAX_SOURCE:
        return None
    pieces = _PLACEHOLDER.split(source)
    for text in pieces[::2]:
        # A brace before the two would make other ones of them.
        if text.endswith("{") or any(marker in text for marker in _MARKERS):
            return None
    return None if _RESERVED.intersection(pieces[1::2]) else tuple(pieces)
