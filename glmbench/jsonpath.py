"""Paths into plain JSON data: `$.a.b`, `$.list[0]`, `$.list[*].id`, `$["odd.key"]`. Pure.

The part of JSONPath (RFC 9535) that names places; no filters, no slices, no descent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

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


def find_values(document: Any, path: JsonPath) -> list[Any]:
    """Return what is at the path, in the order of the document: nothing, or with `[*]` several."""
    found = [document]
    for step in path.steps:
        found = [inner for value in found for inner in _below(value, step)]
    return found


def _below(value: Any, step: Step) -> list[Any]:
    if isinstance(value, dict) and isinstance(step, str):
        return [value[step]] if step in value else []
    if isinstance(value, list) and not isinstance(step, str):
        return value if step is None else value[step : step + 1]
    return []


def without(document: Any, paths: tuple[JsonPath, ...]) -> Any:
    """Return the document without what is at the paths; the document itself stays as it is.

    All at once: left out one after the other, the second of two items of a list would be another.
    """
    if any(not path.steps for path in paths):
        # The whole document: nothing of it counts.
        return None
    return _without(document, [path.steps for path in paths])


def _without(value: Any, paths: list[tuple[Step, ...]]) -> Any:
    if not paths:
        return value
    if isinstance(value, dict):
        return dict(_left(value.items(), paths))
    if isinstance(value, list):
        return [item for _, item in _left(enumerate(value), paths)]
    return value


def _left(
    items: Iterable[tuple[str | int, Any]], paths: list[tuple[Step, ...]]
) -> Iterator[tuple[str | int, Any]]:
    """Yield the items that no path ends at, each without what paths name inside it."""
    for step, item in items:
        inside = [
            rest
            for first, *rest in paths
            if first == step or (first is None and isinstance(step, int))
        ]
        if [] not in inside:
            yield step, _without(item, [tuple(rest) for rest in inside])
