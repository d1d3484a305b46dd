"""From seconds to places on a drawing, and the marks below it. Pure.

Places are percents with two decimals: browsers take them as they are, at any width.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# Where the largest value is this many times the smallest, most would be one spot on a linear scale.
LOGARITHMIC_FROM = 20
MOST_MARKS = 7
# Instants are whole microseconds.
LEAST = 1e-6

_STEPS = (1, 2, 5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A value written below a drawing; `anchor` keeps the words within it."""

    at: str
    words: str
    anchor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """A scale from `low` to `high`, in seconds."""

    low: float
    high: float
    logarithmic: bool = False

    def share(self, seconds: float) -> float:
        """Say how far along the scale a value is, from 0 to 1."""
        if self.logarithmic:
            ratio = math.log(max(seconds, self.low) / self.low) / math.log(self.high / self.low)
        else:
            ratio = (seconds - self.low) / (self.high - self.low)
        return min(1.0, max(0.0, ratio))

    def place(self, seconds: float) -> str:
        return percent(self.share(seconds))

    @property
    def marks(self) -> tuple[Mark, ...]:
        values = _logarithmic_marks(self) if self.logarithmic else _linear_marks(self)
        return tuple(_mark(value, self.share(value)) for value in values)


def percent(share: float) -> str:
    return f"{share * 100:.2f}%"


def axis_from_zero(high: float) -> Axis:
    """Make the axis of a stream: from time zero to its end."""
    return Axis(low=0, high=max(high, LEAST))


def axis_of(values: Sequence[float]) -> Axis:
    """Choose an axis on which the values can be told apart, with round ends."""
    high = max(values, default=0)
    if high <= LEAST:
        return axis_from_zero(LEAST)
    low = min(value for value in values if value >= LEAST)
    if high / low >= LOGARITHMIC_FROM:
        return Axis(low=_round_down(low), high=_round_up(high), logarithmic=True)
    step = _linear_step(high)
    return Axis(low=0, high=math.ceil(high / step - 1e-9) * step)


def _round_down(value: float) -> float:
    return max(round_value for round_value in _round_values(value) if round_value <= value)


def _round_up(value: float) -> float:
    return min(round_value for round_value in _round_values(value) if round_value >= value)


def _round_values(value: float) -> list[float]:
    """List 1, 2 and 5 times the powers of ten around a value."""
    power = math.floor(math.log10(value))
    # Beyond these a float is infinite, or loses its digits.
    powers = (max(-306, min(each, 306)) for each in (power - 1, power, power + 1))
    return [step * 10.0**each for each in powers for step in _STEPS]


def _linear_step(high: float) -> float:
    return _round_up(high / 5)


def _linear_marks(axis: Axis) -> list[float]:
    step = _linear_step(axis.high)
    return [step * index for index in range(math.floor(axis.high / step + 1e-9) + 1)]


def _logarithmic_marks(axis: Axis) -> list[float]:
    choices = [_marks_at(axis, steps) for steps in (_STEPS, (1, 3), (1,))]
    return next((marks for marks in choices if len(marks) <= MOST_MARKS), choices[-1])


def _marks_at(axis: Axis, steps: tuple[int, ...]) -> list[float]:
    powers = range(math.floor(math.log10(axis.low)), math.ceil(math.log10(axis.high)) + 1)
    values = [step * 10.0**power for power in powers for step in steps]
    # What is a hair outside by rounding is an end of the axis.
    return [value for value in values if axis.low * 0.999 <= value <= axis.high * 1.001]


def _mark(seconds: float, share: float) -> Mark:
    anchor = "start" if share < 0.05 else "end" if share > 0.93 else "middle"
    return Mark(at=percent(share), words=round_duration(seconds), anchor=anchor)


def round_duration(seconds: float) -> str:
    """Show a round duration without digits that say nothing: `50 ms`, `1.5 s`."""
    if seconds == 0:
        return "0"
    if seconds < 0.9995:
        return f"{round(seconds * 1000, 3):g} ms"
    return f"{round(seconds, 3):g} s" if seconds < 120 else f"{round(seconds / 60, 2):g} min"
