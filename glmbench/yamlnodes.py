"""The nodes of a YAML document and the text they come from. Pure, no parser."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from glmbench.problems import Position, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable


class Source:
    """A named text and its lines."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text
        # Not str.splitlines(): no editor counts U+2028 or a form feed as a line.
        self._starts = [0, *(match.end() for match in re.finditer(r"\r\n?|\n", text))]
        self._shown: dict[int, str] = {}

    def position(self, offset: int) -> Position:
        line = bisect_right(self._starts, offset)
        return Position(line, offset - self._starts[line - 1] + 1)

    def problem(self, offset: int, message: str, hint: str | None = None) -> Problem:
        place = self.position(offset)
        return Problem(
            file=self.name,
            line=place.line,
            column=place.column,
            message=message,
            hint=hint,
            source_line=self._line(place.line),
        )

    def _line(self, line: int) -> str:
        # Kept, so that a thousand problems on one line of 16 MB hold that line once.
        if line not in self._shown:
            start = self._starts[line - 1]
            end = self._starts[line] if line < len(self._starts) else len(self.text)
            self._shown[line] = self.text[start:end].rstrip("\r\n")
        return self._shown[line]


class Node:
    """A value, where it starts, and what it costs when every alias in it is written out.

    `depth` counts the collections from here down, this one included.
    """

    __slots__ = ("depth", "size", "start", "value")

    def __init__(self, start: int, value: Any = None, depth: int = 0) -> None:
        self.start = start
        self.value = value
        self.size = 1
        self.depth = depth

    def enclose(self, children: Iterable[Node]) -> None:
        """Take over the children's cost; called once, when the collection ends."""
        for child in children:
            self.size += child.size
            self.depth = max(self.depth, child.depth + 1)


class Scalar(Node):
    """A scalar; `plain` is its text as written when it has neither quotes nor a tag."""

    __slots__ = ("plain",)

    def __init__(self, start: int, value: Any, plain: str | None = None) -> None:
        super().__init__(start, value)
        self.plain = plain


class Refused(Scalar):
    """Stands for what was reported already, so that it is not reported again."""


class List(Node):
    __slots__ = ("items",)

    def __init__(self, start: int) -> None:
        super().__init__(start, depth=1)
        self.items: list[Node] = []

    def close(self) -> None:
        self.enclose(self.items)
        self.value = [item.value for item in self.items]


@dataclass(frozen=True, slots=True)
class Key:
    """A key that waits for its value; without a name it was refused and its value is dropped."""

    start: int
    name: str | None = None
    merge: bool = False


class Map(Node):
    __slots__ = ("entries", "key", "merged")

    def __init__(self, start: int) -> None:
        super().__init__(start, depth=1)
        self.entries: dict[str, tuple[int, Node]] = {}
        self.merged: list[Map] | None = None
        self.key: Key | None = None

    def close(self) -> None:
        if self.merged:
            # YAML's merge rule: a key of the mapping itself wins, then the earlier source.
            entries: dict[str, tuple[int, Node]] = {}
            for source in reversed(self.merged):
                entries.update(source.entries)
            self.entries = entries | self.entries
        self.enclose(node for _, node in self.entries.values())
        self.value = {name: node.value for name, (_, node) in self.entries.items()}
