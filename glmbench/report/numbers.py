"""Number to text. Pure; every rule here has a row in a test table."""

from __future__ import annotations

NOTHING = "-"


def duration(seconds: float | None) -> str:
    """Show a duration with three digits that matter: `412 ms`, `1.24 s`, `2:05 min`."""
    if seconds is None:
        return NOTHING
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


def count(number: int, singular: str, plural: str | None = None) -> str:
    """Show a number with its noun: `1 trial`, `2 trials`."""
    return f"{number} {singular if number == 1 else plural or singular + 's'}"
