"""The part of a suite's JSON Schema that describes `expect`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from glmbench.parts import FINISH_REASONS
from glmbench.suites.expect import LATENCY_METRICS, THROUGHPUT_METRICS, TOKEN_COUNTS
from glmbench.suites.expectations import ERROR_TYPES
from glmbench.suites.schemaparts import (
    boolean,
    choice,
    either,
    mapping,
    mapping_of,
    one_or_list,
    ref,
    text,
    texts,
    whole,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from glmbench.suites.schemaparts import Schema

_ANY: Schema = {"const": "any", "description": "Drops what is inherited here."}


def expect_definitions() -> Mapping[str, Schema]:
    """Build what stands under `$defs` for `expect`."""
    everything = mapping("expect", "What the answer must show.", _or_any(_expect()))
    nothing = {"const": "none", "description": "Nothing is expected, not even `stop`."}
    return {
        "expect": either(nothing, everything),
        "seconds": text('A bound of a duration: "< 3s", ">= 500ms" or "1s..4s".'),
        "number": text('A bound of a number: "< 3", ">= 15" or "1..4".'),
    }


def _or_any(properties: Mapping[str, Schema]) -> Mapping[str, Schema]:
    """Let every key take the word `any` as well."""
    return {key: either(_ANY, schema) for key, schema in properties.items()}


def _group(title: str, description: str, properties: Mapping[str, Schema]) -> Schema:
    return {**mapping(title, description, _or_any(properties)), "minProperties": 1}


def _expect() -> Mapping[str, Schema]:
    reason = {"enum": [*FINISH_REASONS, None]}
    return {
        "finish_reason": {
            "description": "The reasons that will do; null is an answer that ends in an error.",
            **one_or_list(reason),
        },
        "native_finish_reason": texts("The reasons that will do, as the service says them."),
        "text": _group("text", "What the visible text must be.", _text()),
        "reasoning": _group("reasoning", "What the reasoning must be.", _text()),
        "json": _group("json", "What the visible text must be as JSON.", _json()),
        "error": either(_error_type(), _group("error", "The error that must end it.", _error())),
        "tool_calls": _tool_calls(),
        "latency": _group("latency", "How long things take.", _bounds(LATENCY_METRICS, "seconds")),
        "throughput": _group(
            "throughput", "How fast it comes.", _bounds(THROUGHPUT_METRICS, "number")
        ),
        "tokens": _group("tokens", "How many tokens.", _bounds(TOKEN_COUNTS, "number")),
        "stream": _group("stream", "What the event stream must be like.", _stream()),
        "python": texts("Functions that judge the answer: package.module:function."),
    }


def _text() -> Mapping[str, Schema]:
    return {
        "equals": text("The whole text."),
        "contains": texts("All of them occur."),
        "contains_any": texts("One of them occurs."),
        "contains_all": texts("All of them occur."),
        "not_contains": texts("None of them occurs."),
        "starts_with": text("It starts so."),
        "ends_with": text("It ends so."),
        "matches": text("A pattern that is found in it."),
        "not_matches": text("A pattern that is not found in it."),
        "min_length": whole("At least so many characters.", least=0),
        "max_length": whole("At most so many characters.", least=0),
    }


def _json() -> Mapping[str, Schema]:
    places = mapping_of("Values by their places: $.city.", {})
    return {
        "schema": {"type": "object", "description": "A JSON Schema that it must fit."},
        "at": {**places, "minProperties": 1, "propertyNames": {"pattern": r"^\$"}},
    }


def _error_type() -> Schema:
    short = [name.removesuffix("Error") for name in ERROR_TYPES]
    return choice(
        "The type of the error; Error at its end may be left out.", [*short, *ERROR_TYPES]
    )


def _error() -> Mapping[str, Schema]:
    return {
        "type": _error_type(),
        "status": {"type": "integer", "description": "The HTTP status."},
        "code": {"type": ["string", "integer"], "description": "The service's own code."},
        "message": text("A text that occurs in its message."),
    }


def _tool_calls() -> Schema:
    call = mapping(
        "a tool call",
        "One call.",
        {"name": text("The function."), "arguments": mapping_of("Its arguments.", {})},
        required=("name",),
    )
    return {
        "type": "array",
        "items": either(text("The function."), call),
        "description": "The calls in their order; [] when none may come.",
    }


def _bounds(metrics: Iterable[str], kind: str) -> Mapping[str, Schema]:
    return {metric: ref("number" if metric == "stalls" else kind) for metric in metrics}


def _stream() -> Mapping[str, Schema]:
    return {
        "well_formed": boolean("Whether every event could be read."),
        "events": ref("number"),
        "reads": ref("number"),
        "deltas_equal_final": boolean("Whether the pieces give the final text."),
    }
