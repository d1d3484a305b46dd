"""What a turn must show, as plain data, after the defaults."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from glmbench.jsonpath import JsonPath
    from glmbench.parts import FinishReasonName
    from glmbench.suites.bounds import Bound

LatencyMetric: TypeAlias = Literal["ttft", "ttfo", "ttfb", "total", "max_gap", "stalls"]
LATENCY_METRICS: tuple[LatencyMetric, ...] = ("ttft", "ttfo", "ttfb", "total", "max_gap", "stalls")

ThroughputMetric: TypeAlias = Literal["decode_tps", "chars_ps"]
THROUGHPUT_METRICS: tuple[ThroughputMetric, ...] = ("decode_tps", "chars_ps")

TokenCount: TypeAlias = Literal["input", "output"]
TOKEN_COUNTS: tuple[TokenCount, ...] = ("input", "output")

Drop: TypeAlias = tuple[str, ...]
"""The way to what is inherited no more: `("text",)`, or `("latency", "ttft")`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextExpect:
    """What a text must be; lengths are in characters, `matches` is a pattern to search for.

    `contains` and `contains_all` are the same demand under two names.
    """

    equals: str | None = None
    contains: tuple[str, ...] = ()
    contains_any: tuple[str, ...] = ()
    contains_all: tuple[str, ...] = ()
    not_contains: tuple[str, ...] = ()
    starts_with: str | None = None
    ends_with: str | None = None
    matches: str | None = None
    not_matches: str | None = None
    min_length: int | None = None
    max_length: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonExpect:
    """What the visible text must be as JSON: fit a JSON Schema, hold these values."""

    schema: Mapping[str, Any] | None = None
    at: Mapping[JsonPath, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorExpect:
    """The provider error that must come; None means any. `type` is a full class name.

    `message` is looked for within the error's message.
    """

    type: str | None = None
    status: int | None = None
    code: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCallExpect:
    """One call; `arguments` None means any."""

    name: str
    arguments: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamExpect:
    """What the event stream itself must be like."""

    well_formed: bool | None = None
    events: Bound | None = None
    reads: Bound | None = None
    deltas_equal_final: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expect:
    """What a turn must show; an absent part is not checked.

    In `finish_reason`, None as an element stands for "no finish reason: the answer ends in an
    exception"; None as the whole means that the finish reason is not checked. `tool_calls` without
    an element: none may come. `python` holds import paths. `drops` is what an expectation takes
    out of the one that it lies over; a settled one has none.
    """

    finish_reason: tuple[FinishReasonName | None, ...] | None = None
    native_finish_reason: tuple[str, ...] = ()
    text: TextExpect = TextExpect()
    reasoning: TextExpect = TextExpect()
    json: JsonExpect = JsonExpect()
    error: ErrorExpect | None = None
    tool_calls: tuple[ToolCallExpect, ...] | None = None
    latency: Mapping[LatencyMetric, Bound] = field(default_factory=dict)
    throughput: Mapping[ThroughputMetric, Bound] = field(default_factory=dict)
    tokens: Mapping[TokenCount, Bound] = field(default_factory=dict)
    stream: StreamExpect = StreamExpect()
    python: tuple[str, ...] = ()
    drops: frozenset[Drop] = frozenset()
