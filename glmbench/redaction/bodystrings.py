"""The strings of a body: one JSON text, JSON Lines, or the events of a stream. Pure.

It sorts them by what redaction does with them. It changes nothing.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, TypeVar

from glmbench.redaction.jsontext import string_leaves, string_values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from glmbench.redaction.jsontext import Leaf, Path

EVENT_STREAM = "text/event-stream"

# With one of these an escape of JSON or of a URL begins.
_ESCAPE_SIGN = re.compile(rb"[\\%+]")
_STREAM_BEGINS = re.compile(rb"(?:\xef\xbb\xbf)?[\r\n]*(?:data|event|id|retry)?:")
_DATA = re.compile(rb"(?:\A(?:\xef\xbb\xbf)?|[\r\n])data:([^\r\n]*)")


class BodyStrings:
    """The strings of a body, as ranges of their contents.

    Args:
        body: the whole body.
        kind: its content type without parameters, in lower case; "" when it is not known.
        is_secret: tells of a key whether its value is withheld.
    """

    def __init__(self, body: bytes, kind: str, is_secret: Callable[[str], bool]) -> None:
        # Indexes and offsets in arrays: as objects they would outweigh the body many times.
        self.starts = array("q")
        self.ends = array("q")
        self.named = array("q")
        """Values under the key of a credential."""
        self.fields: dict[Path, array[int]] = {}
        """All other values by their path: what one field says over the events of a stream."""
        self.keys: dict[bytes, array[int]] = {}
        """The keys by their content. A stream repeats the same few."""
        for index, leaf in enumerate(_leaves(body, kind)):
            self.starts.append(leaf.start)
            self.ends.append(leaf.end)
            if leaf.is_key:
                _listed(self.keys, body[leaf.start : leaf.end]).append(index)
            elif leaf.key is not None and is_secret(leaf.key):
                self.named.append(index)
            else:
                _listed(self.fields, leaf.path).append(index)

    def content(self, body: bytes, index: int) -> bytes:
        return body[self.starts[index] : self.ends[index]]

    def touched(self, start: int, end: int) -> range:
        """Return the indexes of the strings of which any byte is in a range."""
        return range(bisect_right(self.ends, start), bisect_left(self.starts, end))

    def gaps(self, body: bytes) -> Iterator[tuple[int, int]]:
        """Yield the ranges that are in no string and hold an escape, and the end of the body."""
        position = 0
        while sign := _ESCAPE_SIGN.search(body, position):
            index = bisect_right(self.starts, sign.start())
            before = self.ends[index - 1] if index else 0
            if sign.start() < before:
                position = before
                continue
            position = self.starts[index] if index < len(self.starts) else len(body)
            yield before, position
        last = self.ends[-1] if self.ends else 0
        if position <= last < len(body):
            yield last, len(body)


def field_texts(body: bytes, kind: str) -> Iterator[bytes]:
    """Yield what each field says over the events of a body, put together.

    For looking only: it says nothing of where a text stands, and is five times as fast.
    """
    fields: dict[Path, list[str]] = {}
    for start, end in _documents(body, kind):
        for path, text in string_values(body[start:end]):
            fields.setdefault(path, []).append(text)
    for texts in fields.values():
        yield "".join(texts).encode()


T = TypeVar("T")


def _listed(lists: dict[T, array[int]], key: T) -> array[int]:
    found = lists.get(key)
    if found is None:
        found = lists[key] = array("q")
    return found


def _leaves(body: bytes, kind: str) -> Iterator[Leaf]:
    for start, end in _documents(body, kind):
        yield from string_leaves(body, start, end)


def _documents(body: bytes, kind: str) -> Iterator[tuple[int, int]]:
    """Yield where the JSON of a body stands: the data of its events, or all of it."""
    if kind != EVENT_STREAM and not _STREAM_BEGINS.match(body):
        yield 0, len(body)
        return
    for line in _DATA.finditer(body):
        yield line.span(1)
