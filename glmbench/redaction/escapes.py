"""Bytes as they read after unescaping, with the way back to where they stood. Pure.

It knows the escapes of JSON strings and of URLs, one inside the other too. It does not know what
is searched for, nor whether the bytes are JSON or a URL at all: it reads what looks like an escape.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

# JSON in a JSON string in a URL is the deepest that services have been seen to nest.
DEPTH = 3

_JSON_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb'|u[0-9a-fA-F]{4}|["\\/bfnrt])'
)
_URL_ESCAPE = re.compile(rb"%[0-9a-fA-F]{2}")
_SHORT = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t"}


class View:
    """Bytes read through an escaping of the bytes of another view.

    `folded` says that a `+` may stand for a blank here, as in forms.
    """

    __slots__ = ("_ends", "_escape", "_source", "_starts", "data", "folded")

    def __init__(
        self,
        data: bytes,
        source: View | None = None,
        escape: re.Pattern[bytes] | None = None,
        *,
        folded: bool = False,
    ) -> None:
        self.data = data
        self.folded = folded
        self._source = source
        self._escape = escape
        # Where each escape starts here and there, and where it ends here and there.
        self._starts: list[tuple[int, int]] | None = None
        self._ends: list[tuple[int, int]] = []

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """Return the range of the outermost bytes that reads as `start` to `end` here."""
        if self._source is None:
            return start, end
        if self._starts is None:
            self._starts = self._find_escapes()
        return self._source.origin(self._before(start), self._after(end))

    def _find_escapes(self) -> list[tuple[int, int]]:
        # Only what holds a secret comes here, so nothing is kept for all the other bytes.
        assert self._source is not None
        assert self._escape is not None
        starts = []
        shrunk = 0
        for match in self._escape.finditer(self._source.data):
            start, end = match.span()
            starts.append((start - shrunk, start))
            shrunk += end - start - len(_plain(match[0]))
            self._ends.append((end - shrunk, end))
        return starts

    def _before(self, position: int) -> int:
        assert self._starts is not None
        index = bisect_right(self._starts, position, key=lambda pair: pair[0]) - 1
        if index < 0:
            return position
        here, there = self._ends[index]
        return self._starts[index][1] if position < here else there + position - here

    def _after(self, position: int) -> int:
        assert self._starts is not None
        index = bisect_right(self._starts, position - 1, key=lambda pair: pair[0]) - 1
        if index < 0:
            return position
        here, there = self._ends[index]
        return there + max(0, position - here)


def _plain(escape: bytes) -> bytes:
    """Return the bytes that one escape stands for."""
    if escape[:1] == b"%":
        return bytes((int(escape[1:], 16),))
    if escape[1:2] != b"u":
        return _SHORT.get(escape[1:], escape[1:])
    units = bytes.fromhex(escape.replace(b"\\u", b"").decode("ascii"))
    return units.decode("utf-16-be", "surrogatepass").encode("utf-8", "surrogatepass")


def unescaped(view: View) -> View:
    """Read the content of a JSON string; without an escape it is the view itself."""
    if b"\\" not in view.data:
        return view
    try:
        # The quick way, for what is a string indeed: a long one would become a million pieces.
        plain = msgspec.json.decode(b'"%b"' % view.data, type=str).encode()
    except (msgspec.DecodeError, UnicodeError):
        plain = _JSON_ESCAPE.sub(lambda match: _plain(match[0]), view.data)
    return View(plain, view, _JSON_ESCAPE, folded=view.folded)


def _unquoted(view: View) -> View:
    if b"%" not in view.data and (view.folded or b"+" not in view.data):
        return view
    return View(unquote_to_bytes(view.data), view, _URL_ESCAPE, folded=True)


def views(data: bytes) -> Iterator[View]:
    """Yield every reading of the bytes, the plain one first."""
    waiting = [(View(data), DEPTH)]
    while waiting:
        view, depth = waiting.pop()
        yield view
        if depth:
            inner = (unescaped(view), _unquoted(view))
            waiting += [
                (each, depth - 1)
                for each in inner
                if each is not view and (each.folded > view.folded or each.data != view.data)
            ]
