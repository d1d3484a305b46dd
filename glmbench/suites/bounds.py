"""Durations and bounds as people write them: "500ms", "< 3s", ">= 15", "1s..4s". Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_UNITS = {"ms": Fraction(1, 1000), "s": Fraction(1), "min": Fraction(60)}
_AGE_UNITS = {"h": Fraction(3600), "d": Fraction(86400), "w": Fraction(7 * 86400)}
# Twelve digits hold 30,000 years in seconds; more is a slip, and would overflow a float.
_EXAMPLES = (500, 3, 2)
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
    return _quantity(text.strip(), _UNITS)


def parse_age(text: str) -> float:
    """Parse `12h`, `90d` or `4w` into seconds; raises BoundError."""
    return _quantity(text.strip(), _AGE_UNITS)


def parse_bound(text: str, *, duration: bool) -> Bound:
    """Parse a comparison or an inclusive range, with units exactly when it bounds a duration.

    Raises BoundError.
    """
    text = text.strip()
    units = _UNITS if duration else None
    if comparison := _COMPARISON.fullmatch(text):
        value = _quantity(comparison[2], units)
        strict = "=" not in comparison[1]
        if comparison[1].startswith("<"):
            return Bound(text=text, high=value, high_strict=strict)
        return Bound(text=text, low=value, low_strict=strict)
    low_text, dots, high_text = text.partition("..")
    if not dots:
        example = "< 3s" if duration else ">= 15"
        raise BoundError(f'"{text}" is no bound', f'write "{example}" or a range')
    low = _quantity(low_text.strip(), units)
    high = _quantity(high_text.strip(), units)
    if low > high:
        raise BoundError(f'the range "{text}" is empty', "the smaller end comes first")
    return Bound(text=text, low=low, high=high)


def _quantity(text: str, units: Mapping[str, Fraction] | None) -> float:
    """Read a number with one of the units, or without one where there are none."""
    match = _QUANTITY.fullmatch(text)
    if match is None:
        if units is None:
            raise BoundError(f'"{text}" is no number')
        raise BoundError(f'"{text}" is no duration', f"write {_examples(units)}")
    number, unit = Fraction(match[1]), match[2]
    if units is None:
        if unit:
            raise BoundError(f'"{text}" has a unit where a plain number is expected')
        return float(number)
    if not unit:
        smaller, usual, *_ = units
        hint = f'write "{text}{usual}" or "{text}{smaller}"'
        raise BoundError(f'the duration "{text}" has no unit', hint)
    if unit not in units:
        *names, last = units
        hint = f"the units are {', '.join(names)} and {last}"
        raise BoundError(f'"{unit}" is no unit of time', hint)
    # Exact until here, so that "102ms" is the same float as a measured 102,000 us.
    return float(number * units[unit])


def _examples(units: Mapping[str, Fraction]) -> str:
    *examples, last = (f'"{number}{unit}"' for number, unit in zip(_EXAMPLES, units, strict=True))
    return f"{', '.join(examples)} or {last}"
