"""Paths into plain JSON data: `$.a.b`, `$.list[0]`, `$.list[*].id`, `$["odd.key"]`. Pure.

The part of JSONPath (RFC 9535) that names places; no filters, no slices, no descent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, TypeAlias

Step: TypeAlias = str | int | None
"""A key, an index, or None for every item of a list."""

_STEP = re.compile(
    r"""\.(?P<name>[^.\[\]"'\s]+)|\[(?P<index>\d{1,9})\]|\[(?P<all>\*)\]|\["(?P<quoted>[^"]*)"\]"""
)


class PathError(ValueError):
    """The text is no path."""


@dataclass(frozen=True, slots=True)
class JsonPath:
    """A place, or with `[*]` several places, in a JSON document."""

    text: str
    steps: tuple[Step, ...]


def parse_path(text: str) -> JsonPath:
    """Parse a path.

    Raises:
        PathError: the text is none; the message shows where reading stopped.
    """
    if not text.startswith("$"):
        raise PathError(f'the path "{text}" does not start with "$"')
    steps: list[Step] = []
    position = 1
    while position < len(text):
        match = _STEP.match(text, position)
        if match is None:
            raise PathError(f'the path "{text}" cannot be read from "{text[position:]}" on')
        name = match["name"] if match["name"] is not None else match["quoted"]
        index = int(match["index"]) if match["index"] else None
        steps.append(index if name is None else name)
        position = match.end()
    return JsonPath(text, tuple(steps))


def without(document: Any, paths: tuple[JsonPath, ...]) -> Any:
    """Return the document without what is at the paths; the document itself stays as it is."""
    for path in paths:
        document = _without(document, path.steps)
    return document


def _without(value: Any, steps: tuple[Step, ...]) -> Any:
    if not steps:
        # The whole document: nothing of it counts.
        return None
    step, *rest = steps
    if isinstance(value, dict) and isinstance(step, str) and step in value:
        changed = dict(value)
        if rest:
            changed[step] = _without(value[step], tuple(rest))
        else:
            del changed[step]
        return changed
    if isinstance(value, list) and not isinstance(step, str):
        return _without_items(value, step, tuple(rest))
    return value


def _without_items(items: list[Any], step: int | None, rest: tuple[Step, ...]) -> list[Any]:
    if rest:
        return [
            _without(item, rest) if step is None or step == index else item
            for index, item in enumerate(items)
        ]
    return [item for index, item in enumerate(items) if step is not None and step != index]
