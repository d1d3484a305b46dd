"""How values lie on one axis, as dots where they are few and as bars where they are many. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from glmbench.measure.stats import percentile
from glmbench.report.numbers import count, duration
from glmbench.report.page.axis import Axis, axis_of, percent

if TYPE_CHECKING:
    from collections.abc import Sequence

# More dots than these are no longer seen one by one.
MOST_DOTS = 150
MOST_STACKED = 10
COLUMNS, BARS = 90, 48
DOT, BAR_HEIGHT, PADDING = 7, 56, 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A figure in seconds, and whose it is."""

    seconds: float
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    """One value."""

    x: str
    y: float
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """How many values there are in a stretch of the axis."""

    x: str
    width: str
    y: int
    height: int
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The values of one side; drawn in a box of its own `height`."""

    name: str
    n: int
    dots: tuple[Dot, ...]
    bars: tuple[Bar, ...]
    median: str | None
    height: int
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """Rows over one axis: those of the base, if any, above those of the head."""

    title: str
    axis: Axis
    rows: tuple[Row, ...]


def draw_plot(
    title: str, sides: Sequence[tuple[str, Sequence[Value]]], what: str = "value"
) -> Plot | None:
    """Draw the sides over one axis; None without a value."""
    known = [(name, values) for name, values in sides if values]
    if not known:
        return None
    axis = axis_of([value.seconds for _, values in known for value in values])
    rows = tuple(_row(name, values, axis, what) for name, values in known)
    return Plot(title=title, axis=axis, rows=rows)


def _row(name: str, values: Sequence[Value], axis: Axis, what: str) -> Row:
    ordered = sorted(values, key=lambda value: (value.seconds, value.name))
    columns = Counter(_column(value, axis, COLUMNS) for value in ordered)
    few = len(ordered) <= MOST_DOTS and max(columns.values()) <= MOST_STACKED
    height = max(columns.values()) * DOT + 2 * PADDING if few else BAR_HEIGHT + PADDING
    median = percentile([value.seconds for value in ordered], 50)
    return Row(
        name=name,
        n=len(ordered),
        dots=_dots(ordered, axis, height) if few else (),
        bars=() if few else _bars(ordered, axis, what),
        median=None if median is None else axis.place(median),
        height=height,
        words=_in_words([value.seconds for value in ordered], median, what),
    )


def _in_words(seconds: Sequence[float], median: float | None, what: str) -> str:
    if len(seconds) == 1:
        return f"{count(1, what)}: {duration(seconds[0])}"
    span = f"from {duration(seconds[0])} to {duration(seconds[-1])}"
    return f"{count(len(seconds), what)} {span}, median {duration(median)}"


def _column(value: Value, axis: Axis, columns: int) -> int:
    return min(columns - 1, int(axis.share(value.seconds) * columns))


def _dots(values: Sequence[Value], axis: Axis, height: int) -> tuple[Dot, ...]:
    """Stack the dots that would lie on each other."""
    stacked: Counter[int] = Counter()
    dots = []
    for value in values:
        column = _column(value, axis, COLUMNS)
        y = height - PADDING - DOT / 2 - stacked[column] * DOT
        words = f"{duration(value.seconds)}: {value.name}"
        dots.append(Dot(x=axis.place(value.seconds), y=y, words=words))
        stacked[column] += 1
    return tuple(dots)


def _bars(values: Sequence[Value], axis: Axis, what: str) -> tuple[Bar, ...]:
    columns: dict[int, list[float]] = {}
    for value in values:
        columns.setdefault(_column(value, axis, BARS), []).append(value.seconds)
    highest = max(map(len, columns.values()))
    bars = []
    for column, within in sorted(columns.items()):
        height = max(3, round(BAR_HEIGHT * len(within) / highest))
        words = f"{count(len(within), what)}: {duration(min(within))} to {duration(max(within))}"
        bars.append(
            Bar(
                x=percent(column / BARS),
                width=percent(0.88 / BARS),
                y=BAR_HEIGHT + PADDING - height,
                height=height,
                words=words,
            )
        )
    return tuple(bars)
