"""Readers of durations in a suite: a number of seconds, or a text with a unit; at most a day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from glmbench.suites.bounds import BoundError, parse_duration

if TYPE_CHECKING:
    from glmbench.suites.nodes import Node

# Also the limit of the virtual clock; a longer wait is a slip in the unit.
MAX_DURATION_S = 24 * 3600


def read_duration(node: Node) -> float | None:
    """Read a duration that is longer than nothing, in seconds; None when it is none."""
    seconds = _seconds(node)
    if seconds is not None and not 0 < seconds <= MAX_DURATION_S:
        node.report(f"{node.label} must be longer than nothing and at most a day")
        return None
    return seconds


def read_wait(node: Node) -> float | None:
    """Read a duration that may be nothing, in seconds; None when it is none."""
    seconds = _seconds(node)
    if seconds is not None and not 0 <= seconds <= MAX_DURATION_S:
        node.report(f"{node.label} must be at least 0 and at most a day")
        return None
    return seconds


def _seconds(node: Node) -> float | None:
    """Read a duration to the microsecond, which is what tracks count in."""
    seconds = node.value
    if isinstance(seconds, str):
        try:
            seconds = parse_duration(seconds)
        except BoundError as error:
            node.report(str(error), error.hint)
            return None
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        node.expected("a duration", 'write "30s" or a number of seconds')
        return None
    # Beyond this a float need not hold it, and it is out of bounds anyway.
    return round(float(min(max(seconds, -1), MAX_DURATION_S + 1)), 6)
