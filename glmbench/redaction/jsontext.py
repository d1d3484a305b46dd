"""Where the strings are in a JSON text, byte for byte. Pure.

For what changes a string and nothing else of a text. It is no parser: it yields what it can read,
so that a document that was cut off still shows its strings, and it converts no values.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import msgspec

from glmbench.redaction.escapes import View, unescaped

if TYPE_CHECKING:
    from collections.abc import Iterator

Path: TypeAlias = tuple[str | int, ...]

# A path only tells fields apart. A text nested without end must not cost its depth squared.
MAX_STEPS = 64

_TOKEN = re.compile(
    rb"[ \t\r\n]*+"
    rb'(?:"((?:[^"\\]++|\\.)*+)("?)|([][{},:])|(-?\d[\d.eE+-]*+|true|false|null))',
    re.DOTALL,
)
_STRING, _PUNCTUATION = 2, 3


class Leaf(NamedTuple):
    """One string: the range of its content between the quotes, and where it belongs.

    `key` is the key that a value has in its object, None for anything else. `is_key` marks the
    string that is a key itself. (A tuple because a body has a million of them.)
    """

    path: Path
    start: int
    end: int
    key: str | None
    is_key: bool

    def view(self, data: bytes) -> View:
        """Return the value as UTF-8, with the way back to the content."""
        return unescaped(View(data[self.start : self.end]))

    def value(self, data: bytes) -> str:
        return self.view(data).data.decode("utf-8", "replace")


def string_leaves(data: bytes, start: int, end: int) -> Iterator[Leaf]:
    """Yield the strings of the JSON documents between two offsets, in their order.

    Stops where the text is no JSON any more. A string that the end cuts off is the last one.
    """
    place = _Place()
    position = start
    while token := _TOKEN.match(data, position, end):
        position = token.end()
        if token.lastindex == _STRING:
            is_key = place.expected == "key"
            if not is_key and place.expected != "value":
                return
            first, last = token.span(1)
            if not token[2]:
                last = position = end
            if is_key:
                place.name(_text(data[first:last]))
            yield Leaf(place.path(), first, last, None if is_key else place.key(), is_key)
            if not is_key:
                place.value_ended()
        elif token.lastindex == _PUNCTUATION:
            if not place.take(token[3]):
                return
        elif not place.take(b""):
            return


def string_values(data: bytes) -> list[tuple[Path, str]]:
    """List the values that are strings, with their paths; the order is no promise.

    Of a text that is no JSON, or cut off, those that can be read.
    """
    try:
        document = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        leaves = string_leaves(data, 0, len(data))
        return [(leaf.path, leaf.value(data)) for leaf in leaves if not leaf.is_key]
    return _strings_in(document)


def _strings_in(document: Any) -> list[tuple[Path, str]]:
    # Without recursion: nesting is a stranger's choice.
    found: list[tuple[Path, str]] = []
    waiting: list[tuple[Path, Any]] = [((), document)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, str):
            found.append((path, value))
        elif isinstance(value, dict):
            waiting += [((*path, key), item) for key, item in value.items()]
        elif isinstance(value, list):
            waiting += [((*path, index), item) for index, item in enumerate(value)]
    return found


@lru_cache(maxsize=1024)
def _text(raw: bytes) -> str:
    return unescaped(View(raw)).data.decode("utf-8", "replace")


class _Place:
    """Where the scanner stands: the objects and lists that are open, and what may come next."""

    __slots__ = ("_open", "_steps", "expected")

    def __init__(self) -> None:
        self.expected = "value"
        self._open: list[bytes] = []
        self._steps: list[str | int] = []

    def path(self) -> Path:
        return tuple(self._steps[:MAX_STEPS])

    def key(self) -> str | None:
        step = self._steps[-1] if self._steps else None
        return step if isinstance(step, str) else None

    def name(self, key: str) -> None:
        self._steps[-1] = key
        self.expected = "colon"

    def value_ended(self) -> None:
        # After a whole document another one may follow, as in JSON Lines.
        self.expected = "comma" if self._open else "value"

    def take(self, token: bytes) -> bool:
        """Step over punctuation, or over a number or word (b""); False where none may stand."""
        if token in {b"{", b"[", b""}:
            if self.expected != "value":
                return False
            if token:
                self._enter(token)
            else:
                self.value_ended()
            return True
        if token == b":":
            fits = self.expected == "colon"
            self.expected = "value"
            return fits
        return self._next() if token == b"," else self._leave(token)

    def _enter(self, bracket: bytes) -> None:
        self._open.append(bracket)
        self._steps.append("" if bracket == b"{" else 0)
        self.expected = "key" if bracket == b"{" else "value"

    def _next(self) -> bool:
        if self.expected != "comma":
            return False
        step = self._steps[-1]
        self.expected = "key" if isinstance(step, str) else "value"
        if isinstance(step, int):
            self._steps[-1] = step + 1
        return True

    def _leave(self, bracket: bytes) -> bool:
        opened, before = (b"{", "key") if bracket == b"}" else (b"[", "value")
        if self._open[-1:] != [opened] or self.expected not in {"comma", before}:
            return False
        self._open.pop()
        self._steps.pop()
        self.value_ended()
        return True
