"""Number to text. Pure; every rule here has a row in a test table."""

from __future__ import annotations

import math

NOTHING = "-"
NEVER = "never"


def duration(seconds: float | None) -> str:
    """Show a duration with three digits that matter: `412 ms`, `1.24 s`, `2:05 min`.

    Infinity, which is what an answer took that failed, is `never`.
    """
    if seconds is None:
        return NOTHING
    if math.isinf(seconds):
        return NEVER
    milliseconds = seconds * 1000
    if milliseconds < 1:
        return f"{milliseconds:.2f} ms"
    if milliseconds < 10:
        return f"{milliseconds:.1f} ms"
    if milliseconds < 999.5:
        return f"{milliseconds:.0f} ms"
    if seconds < 9.995:
        return f"{seconds:.2f} s"
    if seconds < 99.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d} min"


def rate(per_second: float | None) -> str:
    """Show a rate without its unit, which stands in the head of the column."""
    if per_second is None:
        return NOTHING
    if per_second < 10:
        return f"{per_second:.2f}"
    return f"{per_second:.1f}" if per_second < 1000 else f"{per_second:.0f}"


# By the unit of a statistic.
SHOWN = {"s": duration, "per_s": rate}


def span(low: str, high: str) -> str:
    """Join two figures to a span and say their unit once: `313–333 ms`, `980 ms–1.20 s`."""
    if low == high:
        return low
    low_figure, _, low_unit = low.partition(" ")
    return f"{low_figure if low_unit == high.partition(' ')[2] else low}–{high}"


def percent(share: float) -> str:
    """Show a share without its sign, which stands beside it."""
    return f"{share * 100:.0f}"


def change_percent(share: float) -> str:
    """Show a change as whole percents with their sign, which 0 has not: `+24`, `-3`, `0`."""
    percents = round(share * 100)
    return f"{percents:+d}" if percents else "0"


def probability(p: float | None) -> str:
    """Show the p of a test with three decimals."""
    if p is None:
        return NOTHING
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def count(number: int, singular: str, plural: str | None = None) -> str:
    """Show a number with its noun: `1 trial`, `2 trials`."""
    return f"{number} {singular if number == 1 else plural or singular + 's'}"
