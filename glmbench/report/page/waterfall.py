"""One turn's reads over time, as a drawing: a tick for each read, the axis for the gaps. Pure.

Text goes up from the axis, reasoning goes down, and what brought neither is a short mark on it, so
that no colour is needed to tell them apart.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from glmbench.report.numbers import count, duration
from glmbench.report.page.axis import Axis, axis_from_zero, percent
from glmbench.results.timeline import TimelineRead, read_timeline

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from glmbench.results.model import TurnResult

# A stream with more reads is drawn up to here: beyond, ticks are one surface and the list is long.
MOST_READS = 2_000

# Of the drawing that is stretched to the width of the page.
UNITS = 10_000
UP, DOWN, MARK = 34, 22, 5
TOP = 4

_US = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A stretch of the axis."""

    at: str
    width: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Waterfall:
    """What a template draws; paths are in `UNITS` across and pixels down."""

    axis: Axis
    span_us: int
    baseline: int
    height: int
    text: str
    reasoning: str
    silent: str
    waiting: Band | None
    longest_gap: Band | None
    end: str | None
    words: str
    reads: tuple[TimelineRead, ...]
    left_out: int
    stamped: bool
    """Whether these are instants at which the provider yielded, and no reads."""

    @property
    def listed(self) -> str:
        return count(len(self.reads), "instant" if self.stamped else "read")


def draw_waterfall(turn: TurnResult) -> Waterfall | None:
    """Draw a turn; None when nothing of it was stamped."""
    whole = read_timeline(turn.timeline, turn.text, turn.reasoning)
    if not whole:
        return None
    end_us = round((turn.timing.total_s or 0) * _US)
    span_us = max(end_us, whole[-1].at_us, 1)
    reads = whole[:MOST_READS]
    axis = axis_from_zero(span_us / _US)
    down = DOWN if any(read.reasoning for read in whole) else MARK
    first = next((read for read in whole if brought_content(read)), None)
    return Waterfall(
        axis=axis,
        span_us=span_us,
        baseline=TOP + UP,
        height=TOP + UP + down,
        text=_ticks(reads, [len(read.text) for read in reads], span_us, -UP),
        reasoning=_ticks(reads, [len(read.reasoning) for read in reads], span_us, down),
        silent=_marks(reads, span_us),
        waiting=Band(at="0%", width=axis.place(first.at_us / _US)) if first else None,
        longest_gap=_longest_gap(whole, span_us),
        end=axis.place(end_us / _US) if end_us else None,
        words=_words(turn, whole),
        reads=reads,
        left_out=len(whole) - len(reads),
        stamped=turn.timing.source == "consumer",
    )


def brought_content(read: TimelineRead) -> bool:
    return bool(read.text or read.reasoning)


def content_gaps(reads: Iterable[TimelineRead]) -> list[tuple[int, int]]:
    """List the gaps between reads that brought text or reasoning, as pairs of instants."""
    instants = [read.at_us for read in reads if brought_content(read)]
    return list(pairwise(instants))


def _ticks(reads: Sequence[TimelineRead], sizes: Sequence[int], span_us: int, room: int) -> str:
    """Draw a tick per read that brought characters; the square root keeps the small ones seen."""
    largest = max(sizes, default=0)
    pieces = []
    for read, size in zip(reads, sizes, strict=True):
        if size:
            length = max(MARK, round(abs(room) * math.sqrt(size / largest)))
            pieces.append(f"M{_x(read, span_us)} {TOP + UP}v{length if room > 0 else -length}")
    return "".join(pieces)


def _marks(reads: Iterable[TimelineRead], span_us: int) -> str:
    top = TOP + UP - MARK // 2
    silent = (read for read in reads if not brought_content(read))
    return "".join(f"M{_x(read, span_us)} {top}v{MARK}" for read in silent)


def _x(read: TimelineRead, span_us: int) -> int:
    return read.at_us * UNITS // span_us


def _longest_gap(reads: Iterable[TimelineRead], span_us: int) -> Band | None:
    gaps = content_gaps(reads)
    if not gaps:
        return None
    start, stop = max(gaps, key=lambda gap: gap[1] - gap[0])
    return Band(at=percent(start / span_us), width=percent((stop - start) / span_us))


def _words(turn: TurnResult, reads: Sequence[TimelineRead]) -> str:
    """Say the drawing in words, for those who do not see it."""
    timing = turn.timing
    what = "instant" if timing.source == "consumer" else "read"
    facts = [count(len(reads), what)]
    if timing.ttft_s is not None:
        facts.append(f"first token at {duration(timing.ttft_s)}")
    if timing.gap_max_s is not None:
        facts.append(f"longest gap {duration(timing.gap_max_s)}")
    if timing.total_s is not None:
        facts.append(f"end at {duration(timing.total_s)}")
    return ", ".join(facts)
