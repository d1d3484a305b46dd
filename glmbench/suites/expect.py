"""What a turn must show, as plain data, after the defaults."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from glmbench.parts import FinishReasonName
    from glmbench.suites.bounds import Bound

LatencyMetric: TypeAlias = Literal["ttft", "total"]
LATENCY_METRICS: tuple[LatencyMetric, ...] = ("ttft", "total")


@dataclass(frozen=True, slots=True, kw_only=True)
class TextExpect:
    """What the visible text must be; `matches` is a pattern that is searched for."""

    contains: tuple[str, ...] = ()
    equals: str | None = None
    matches: str | None = None


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
class Expect:
    """What a turn must show; an absent part is not checked.

    In `finish_reason`, None as an element stands for "no finish reason: the answer ends in an
    exception"; None as the whole means that the finish reason is not checked.
    """

    finish_reason: tuple[FinishReasonName | None, ...] | None = None
    text: TextExpect = TextExpect()
    error: ErrorExpect | None = None
    latency: Mapping[LatencyMetric, Bound] = field(default_factory=dict)
