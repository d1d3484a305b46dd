"""Durations and bounds as people write them: "500ms", "< 3s", ">= 15", "1s..4s". Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

_UNITS = {"ms": Fraction(1, 1000), "s": Fraction(1), "min": Fraction(60)}
# Twelve digits hold 30,000 years in seconds; more is a slip, and would overflow a float.
_NUMBER = r"[0-9]{1,12}(?:\.[0-9]{1,12})?"
_QUANTITY = re.compile(rf"({_NUMBER})\s*([^\W\d_]*)")
_COMPARISON = re.compile(r"(<=|>=|<|>)\s*(.+)")


class BoundError(ValueError):
    """The text is no duration or bound; the message says why, the hint what would be."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """An interval; `text` is how it was written, in seconds when it bounds a duration.

    None is open. A strict end does not belong to the interval.
    """

    text: str
    low: float | None = None
    high: float | None = None
    low_strict: bool = False
    high_strict: bool = False

    def holds(self, value: float) -> bool:
        above = self.low is None or value > self.low or (value == self.low and not self.low_strict)
        below = (
            self.high is None or value < self.high or (value == self.high and not self.high_strict)
        )
        return above and below


def parse_duration(text: str) -> float:
    """Parse `500ms`, `3s` or `2min` into seconds; raises BoundError."""
    return _quantity(text.strip(), duration=True)


def parse_bound(text: str, *, duration: bool) -> Bound:
    """Parse a comparison or an inclusive range, with units exactly when it bounds a duration.

    Raises BoundError.
    """
    text = text.strip()
    if comparison := _COMPARISON.fullmatch(text):
        value = _quantity(comparison[2], duration=duration)
        strict = "=" not in comparison[1]
        if comparison[1].startswith("<"):
            return Bound(text=text, high=value, high_strict=strict)
        return Bound(text=text, low=value, low_strict=strict)
    low_text, dots, high_text = text.partition("..")
    if not dots:
        example = "< 3s" if duration else ">= 15"
        raise BoundError(f'"{text}" is no bound', f'write "{example}" or a range')
    low = _quantity(low_text.strip(), duration=duration)
    high = _quantity(high_text.strip(), duration=duration)
    if low > high:
        raise BoundError(f'the range "{text}" is empty', "the smaller end comes first")
    return Bound(text=text, low=low, high=high)


def _quantity(text: str, *, duration: bool) -> float:
    match = _QUANTITY.fullmatch(text)
    if match is None:
        if duration:
            raise BoundError(f'"{text}" is no duration', 'write "500ms", "3s" or "2min"')
        raise BoundError(f'"{text}" is no number')
    number, unit = Fraction(match[1]), match[2]
    if not duration:
        if unit:
            raise BoundError(f'"{text}" has a unit where a plain number is expected')
        return float(number)
    if not unit:
        raise BoundError(f'the duration "{text}" has no unit', f'write "{text}s" or "{text}ms"')
    if unit not in _UNITS:
        raise BoundError(f'"{unit}" is no unit of time', "the units are ms, s and min")
    # Exact until here, so that "102ms" is the same float as a measured 102,000 us.
    return float(number * _UNITS[unit])
