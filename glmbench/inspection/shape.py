"""The shape of a response body: which fields and types its frames have, whatever they say. Pure.

Two recordings of one prompt have other words and other times, but the same shape, as long as the
service speaks the same language. So values are left out, but those that tell kinds of frames apart.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import msgspec

from glmbench.errors import ProtocolError
from glmbench.problems import printable, shortened
from glmbench.wire.json_object import NOT_JSON
from glmbench.wire.sse import SseDecoder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

BodyKind: TypeAlias = Literal["events", "json", "other", "empty"]

# The words in these say what a frame or an item is. All other values are content.
KIND_KEYS = frozenset({"type", "status", "role", "object", "event", "finish_reason"})
# A service that puts content under one of these names shall not fill the shape with it.
VALUE_LENGTH = 40
# Deeper nesting is no frame of a chat; and a path needs an end.
MAX_DEPTH = 40

# How much of a path or a word a sentence shows.
SHOWN_LENGTH = 100

_KINDS: dict[BodyKind, str] = {
    "events": "an event stream",
    "json": "JSON",
    "other": "neither an event stream nor JSON",
    "empty": "empty",
}
_END_MARK = "[DONE]"
# A line that begins with a colon is a comment: its name is empty.
_FIELD = re.compile(rb"(?:^|(?<=[\r\n]))([\w-]{0,20}):")
_PLAIN_KEY = re.compile(r"[^\W\d]\w*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What is the same in every answer of one service.

    `fields` are the names of the event stream's fields, `events` the names of its events, `paths`
    pairs of a JSON path and a type found there, `values` pairs of a path and a word found there.
    """

    kind: BodyKind
    fields: frozenset[str] = frozenset()
    events: frozenset[str] = frozenset()
    paths: frozenset[tuple[str, str]] = frozenset()
    values: frozenset[tuple[str, str]] = frozenset()


def shape_of(body: bytes) -> Shape:
    """Take the shape of an event stream or of a JSON body; of any other there is just its kind."""
    if not body.strip():
        return Shape(kind="empty")
    try:
        documents = [msgspec.json.decode(body)]
    except NOT_JSON:
        return _shape_of_stream(body)
    paths, values = _collect(documents)
    return Shape(kind="json", paths=paths, values=values)


def _shape_of_stream(body: bytes) -> Shape:
    frames, events = _frames(body)
    if not events:
        return Shape(kind="other")
    paths, values = _collect(frames)
    return Shape(
        kind="events", fields=_field_names(body), events=events, paths=paths, values=values
    )


def _frames(body: bytes) -> tuple[list[Any], frozenset[str]]:
    """Return the data of all whole events and the names of the events.

    An event that was cut off by the end of the body has no shape: half of its keys are missing.
    """
    try:
        events = SseDecoder().feed(body)
    except ProtocolError:
        return [], frozenset()
    return [_parsed(event.data) for event in events], frozenset(event.event for event in events)


class _Text(str):
    """Data of an event that is not JSON."""

    __slots__ = ()


def _parsed(data: bytes) -> Any:
    try:
        return msgspec.json.decode(data)
    except NOT_JSON:
        return _Text(data.strip().decode("utf-8", "replace"))


def _field_names(body: bytes) -> frozenset[str]:
    names = _FIELD.findall(body.removeprefix(b"\xef\xbb\xbf"))
    return frozenset(name.decode() or "comment" for name in set(names))


def _collect(
    documents: Iterable[Any],
) -> tuple[frozenset[tuple[str, str]], frozenset[tuple[str, str]]]:
    paths: set[tuple[str, str]] = set()
    values: set[tuple[str, str]] = set()
    for document in documents:
        for path, key, value in _walk("$", "", document, MAX_DEPTH):
            paths.add((path, _type_name(value)))
            if _tells_a_kind(key, value):
                values.add((path, value))
    return frozenset(paths), frozenset(values)


def _walk(path: str, key: str, value: Any, depth: int) -> Iterator[tuple[str, str, Any]]:
    """Yield the path, the last key and the value of everything in a document, lists collapsed."""
    yield path, key, value
    if depth == 0:
        return
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _walk(path + _step(name), name, inner, depth - 1)
    elif isinstance(value, list):
        for inner in value:
            yield from _walk(f"{path}[]", "", inner, depth - 1)


def _step(name: str) -> str:
    if _PLAIN_KEY.fullmatch(name):
        return f".{name}"
    return f"[{json.dumps(name, ensure_ascii=False)}]"


def _type_name(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, _Text):
        return f'"{value}"' if value == _END_MARK else "text"
    names = {str: "string", int: "integer", float: "number"}
    names |= {dict: "object", list: "list", type(None): "null"}
    return names[type(value)]


def _tells_a_kind(key: str, value: Any) -> bool:
    return key in KIND_KEYS and isinstance(value, str) and len(value) <= VALUE_LENGTH


def differences(base: Shape, head: Shape) -> list[str]:
    """Say what the second shape has and the first has not, and the other way round."""
    if base.kind != head.kind:
        return [f"the body was {_KINDS[base.kind]}, is {_KINDS[head.kind]}"]
    return [
        *_set_differences("field", base.fields, head.fields),
        *_set_differences("event", base.events, head.events),
        *_path_differences(_types(base), _types(head)),
        *_value_differences(base, head),
    ]


def _set_differences(noun: str, base: frozenset[str], head: frozenset[str]) -> list[str]:
    gone = [f'the {noun} "{_shown(name)}" is gone' for name in sorted(base - head)]
    return gone + [f'the {noun} "{_shown(name)}" is new' for name in sorted(head - base)]


def _types(shape: Shape) -> dict[str, str]:
    """Map each path to the types found there, in words."""
    found: dict[str, list[str]] = {}
    for path, name in sorted(shape.paths):
        found.setdefault(path, []).append(name)
    return {path: " or ".join(names) for path, names in found.items()}


def _path_differences(base: dict[str, str], head: dict[str, str]) -> list[str]:
    sentences = []
    told: list[str] = []
    # Sorted, a path stands before those inside of it, which need no line of their own.
    for path in sorted({*base, *head}):
        if base.get(path) == head.get(path) or any(_is_inside(path, outer) for outer in told):
            continue
        if path not in head:
            told.append(path)
            sentences.append(f"{_shown(path)} is gone")
        elif path not in base:
            told.append(path)
            sentences.append(f"{_shown(path)} is new ({head[path]})")
        else:
            sentences.append(f"{_shown(path)} was {base[path]}, is {head[path]}")
    return sentences


def _is_inside(path: str, outer: str) -> bool:
    return path.startswith((f"{outer}.", f"{outer}["))


def _value_differences(base: Shape, head: Shape) -> list[str]:
    """Compare the words at paths that both have; a path that is gone or new says it already."""
    common = {path for path, _ in base.paths} & {path for path, _ in head.paths}
    gone = sorted(pair for pair in base.values - head.values if pair[0] in common)
    new = sorted(pair for pair in head.values - base.values if pair[0] in common)
    sentences = [f'{_shown(path)} no longer takes "{_shown(word)}"' for path, word in gone]
    return sentences + [
        f'{_shown(path)} takes "{_shown(word)}", which it did not' for path, word in new
    ]


def _shown(text: str) -> str:
    return printable(shortened(text, SHOWN_LENGTH))
