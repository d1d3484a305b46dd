"""Readers of what stands in one group of `expect`, such as `text` or `latency`.

A group's value keeps apart what it says and which inherited keys it drops with `any`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeVar

from glmbench import errors
from glmbench.jsonpath import JsonPath, PathError, parse_path
from glmbench.problems import printable, shortened
from glmbench.suites.bounds import Bound, BoundError, parse_bound
from glmbench.suites.expect import (
    LATENCY_METRICS,
    THROUGHPUT_METRICS,
    TOKEN_COUNTS,
    ErrorExpect,
    JsonExpect,
    StreamExpect,
    TextExpect,
    ToolCallExpect,
)
from glmbench.suites.jsonschemas import schema_problems
from glmbench.suites.nodes import (
    Keys,
    integer,
    one_or_list,
    plain_mapping,
    text,
    text_matching,
    word,
)
from glmbench.suites.patterns import PatternError, compile_pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from glmbench.suites.nodes import Node, Reader

T = TypeVar("T")


class Skip(Enum):
    """What a check can be instead of its own value."""

    ANY = "any"


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What was read of a group: its data, and its keys with `any`."""

    said: Any
    dropped: frozenset[str] = frozenset()


_SUFFIX = "Error"
ERROR_TYPES: tuple[str, ...] = tuple(
    name
    for name, value in vars(errors).items()
    if isinstance(value, type) and issubclass(value, errors.ProviderError)
)


def or_any(reader: Reader[T]) -> Reader[T | Skip]:
    """Make a reader that takes the word `any` as well."""

    def read(node: Node) -> T | Skip:
        return Skip.ANY if node.value == Skip.ANY.value else reader(node)

    return read


def read_keys(
    node: Node, what: str, readers: Mapping[str, Reader[Any]]
) -> tuple[dict[str, Any], frozenset[str]]:
    """Read a mapping: the values that it gives, and the keys that it drops with `any`."""
    with Keys(node, what) as keys:
        read = {key: keys.find(key, or_any(reader)) for key, reader in readers.items()}
    dropped = frozenset(key for key, value in read.items() if value is Skip.ANY)
    given = {key: value for key, value in read.items() if value is not None and key not in dropped}
    return given, dropped


def _group(
    what: str, make: Callable[..., Any], readers: Mapping[str, Reader[Any]], hint: str | None = None
) -> Reader[Group]:
    """Make a reader of a group; one that says nothing is a problem."""

    def read(node: Node) -> Group:
        given, dropped = read_keys(node, what, readers)
        if node.value == {}:
            node.report(f'"{what}" is empty', hint or f"known here: {', '.join(readers)}")
        return Group(said=make(**given), dropped=dropped)

    return read


# --- text and reasoning ---------------------------------------------------------------------


def _pattern(node: Node) -> str:
    pattern = text(node)
    try:
        compile_pattern(pattern)
    except PatternError as error:
        node.report(f"not a valid pattern: {error}")
    return pattern


def _length(node: Node) -> int:
    length = integer(node)
    if length < 0:
        node.report(f"{node.label} is negative")
    return length


_TEXT_READERS: Mapping[str, Reader[Any]] = {
    "equals": text,
    "contains": one_or_list(text),
    "contains_any": one_or_list(text),
    "contains_all": one_or_list(text),
    "not_contains": one_or_list(text),
    "starts_with": text,
    "ends_with": text,
    "matches": _pattern,
    "not_matches": _pattern,
    "min_length": _length,
    "max_length": _length,
}


def text_group(what: str) -> Reader[Group]:
    """Make a reader of `text` or `reasoning`."""
    read_group = _group(what, TextExpect, _TEXT_READERS)

    def read(node: Node) -> Group:
        group = read_group(node)
        low, high = group.said.min_length, group.said.max_length
        if low is not None and high is not None and low > high:
            message = f"no text has at least {low} and at most {high} characters"
            node.child("min_length").report(message, '"min_length" is the smaller one', key=True)
        return group

    return read


# --- json -----------------------------------------------------------------------------------


def _schema(node: Node) -> Mapping[str, Any]:
    schema = plain_mapping(node)
    for path, reason in schema_problems(schema):
        place = node
        for step in path:
            place = place.child(step)
        place.report(f"not a JSON Schema: {printable(shortened(reason, 160))}")
    return schema


def _values_at(node: Node) -> dict[JsonPath, Any]:
    values: dict[JsonPath, Any] = {}
    for written, value in plain_mapping(node).items():
        try:
            values[parse_path(written)] = value
        except PathError as error:
            node.child(written).report(str(error), 'write "$.city" or "$.items[0].id"', key=True)
    if node.value == {}:
        node.report('"at" is empty', 'name at least one place: {"$.city": Beijing}')
    return values


json_group = _group("json", JsonExpect, {"schema": _schema, "at": _values_at})


# --- error ----------------------------------------------------------------------------------


def error_type(node: Node) -> str:
    """Read the name of a provider error; `Error` at its end may be left out."""
    if isinstance(node.value, str) and f"{node.value}{_SUFFIX}" in ERROR_TYPES:
        return f"{node.value}{_SUFFIX}"
    return word(node, ERROR_TYPES, "provider error", "")


def _code(node: Node) -> str:
    # Services send codes as numbers or as text; an observation holds text.
    if isinstance(node.value, int) and not isinstance(node.value, bool):
        return str(node.value)
    return text(node)


_error_mapping = _group(
    "error",
    ErrorExpect,
    {"type": error_type, "status": integer, "code": _code, "message": text},
    hint="name at least its type, status, code or message",
)


def error_group(node: Node) -> Group:
    """Read `error`: the name of a type, or what the error must be in a mapping."""
    if isinstance(node.value, str):
        return Group(said=ErrorExpect(type=error_type(node)))
    return _error_mapping(node)


# --- figures --------------------------------------------------------------------------------


def _bound(*, duration: bool) -> Reader[Bound | None]:
    def read(node: Node) -> Bound | None:
        if isinstance(node.value, int | float) and not isinstance(node.value, bool):
            unit, missing = ("s", " and in which unit") if duration else ("", "")
            hint = f'write "< {node.value}{unit}"'
            node.report(f"a limit says in which direction{missing}", hint)
            return None
        written = text(node)
        if not written:
            return None
        try:
            return parse_bound(written, duration=duration)
        except BoundError as error:
            node.report(str(error), error.hint)
            return None

    return read


def _yes_or_no(node: Node) -> bool:
    if not isinstance(node.value, bool):
        node.expected("true or false")
    return node.value is True


_SECONDS, _NUMBER = _bound(duration=True), _bound(duration=False)

latency_group = _group(
    "latency",
    dict,
    {metric: _NUMBER if metric == "stalls" else _SECONDS for metric in LATENCY_METRICS},
)
throughput_group = _group("throughput", dict, dict.fromkeys(THROUGHPUT_METRICS, _NUMBER))
tokens_group = _group("tokens", dict, dict.fromkeys(TOKEN_COUNTS, _NUMBER))
stream_group = _group(
    "stream",
    StreamExpect,
    {
        "well_formed": _yes_or_no,
        "events": _NUMBER,
        "reads": _NUMBER,
        "deltas_equal_final": _yes_or_no,
    },
)


# --- tool calls and functions ---------------------------------------------------------------


def tool_calls(node: Node) -> tuple[ToolCallExpect, ...]:
    """Read the calls in their order; an empty list says that none may come."""
    if not isinstance(node.value, list):
        node.expected("a list", 'write ["name"], or [] when none may come')
        return ()
    return tuple(_tool_call(node.child(index)) for index in range(len(node.value)))


def _tool_call(node: Node) -> ToolCallExpect:
    if isinstance(node.value, str):
        return ToolCallExpect(name=text(node))
    with Keys(node, "a tool call") as keys:
        return ToolCallExpect(
            name=keys.require("name", text, ""), arguments=keys.find("arguments", plain_mapping)
        )


_IMPORT = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*:[^\W\d]\w*(?:\.[^\W\d]\w*)*")

import_path = text_matching(_IMPORT, "import path", 'write "package.module:function"')
