"""Intervals for quantiles and rates that assume no distribution of the values. Pure."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# Counts this much rarer than the likeliest one add nothing to a tail that a float can tell from 0.
_NEGLIGIBLE = 1e-30


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """Both ends belong to it."""

    low: float
    high: float


def check_percentile(p: int) -> None:
    """Refuse what is no percentile with a ValueError."""
    if not 1 <= p <= 99:
        raise ValueError(f"a percentile is between 1 and 99, not {p}")


def tail_of(confidence: float) -> float:
    """Return the probability that a two-sided interval leaves out on each side."""
    # 1 - 0.9 is a little less than 0.1, which would refuse a tail of exactly 1 in 20.
    tail = round((1 - confidence) / 2, 15)
    if not 0 < tail < 0.5:
        raise ValueError(f"a confidence is between 0 and 1, not {confidence}")
    return tail


def critical_value(confidence: float) -> float:
    """Return how many standard deviations about its mean hold that share of a normal variable."""
    # Only here: it pulls in fractions and decimal, which start-up would pay for.
    from statistics import NormalDist

    return -NormalDist().inv_cdf(tail_of(confidence))


def quantile_interval(values: Sequence[float], p: int, confidence: float = 0.95) -> Interval | None:
    """Return the two values between which the percentile of the population lies.

    The number of values below it is binomial, whatever their distribution. Each end is the
    innermost value that leaves at most half of `1 - confidence` outside, so both sides risk the
    same and the interval holds at least `confidence`. None where a side has no such value: the
    median needs 6 values for 95 %, p95 needs 72.
    """
    check_percentile(p)
    tail = tail_of(confidence)
    n = len(values)
    first, weights = _binomial(n, p)
    outside = tail * math.fsum(weights)
    low = first + bisect_right(list(accumulate(weights)), outside)
    last = first + len(weights) - 1
    high = last + 1 - bisect_right(list(accumulate(reversed(weights))), outside)
    if low < 1 or high > n:
        return None
    ordered = sorted(values)
    return Interval(low=ordered[low - 1], high=ordered[high - 1])


def wilson(successes: int, n: int, confidence: float = 0.95) -> Interval | None:
    """Return Wilson's score interval of a rate, without continuity correction; None for n = 0.

    Unlike the rate plus or minus its standard error it stays within 0 and 1 and has a width where
    all trials went the same way.
    """
    if not 0 <= successes <= n:
        raise ValueError(f"of {n} trials, {successes} cannot have succeeded")
    if n == 0:
        return None
    z = critical_value(confidence)
    # The upper end is the lower one of the failures, mirrored: 0 and 1 are then met exactly.
    return Interval(low=_wilson_low(successes, n, z), high=1 - _wilson_low(n - successes, n, z))


def _wilson_low(successes: int, n: int, z: float) -> float:
    spread = z * math.sqrt(successes * (n - successes) / n + z * z / 4)
    return max(0.0, (successes + z * z / 2 - spread) / (n + z * z))


def _binomial(n: int, p: int) -> tuple[int, list[float]]:
    """Return the lowest count that matters, and the weights from there on, the largest being 1.

    They are built outwards from the likeliest count: nothing underflows, and of 100,000 counts
    only some thousands are visited.
    """
    mode = (n + 1) * p // 100
    below: list[float] = []
    weight, count = 1.0, mode
    while count > 0 and weight > _NEGLIGIBLE:
        weight *= count * (100 - p) / ((n - count + 1) * p)
        below.append(weight)
        count -= 1
    first = count
    above: list[float] = []
    weight, count = 1.0, mode
    while count < n and weight > _NEGLIGIBLE:
        weight *= (n - count) * p / ((count + 1) * (100 - p))
        above.append(weight)
        count += 1
    return first, [*reversed(below), 1.0, *above]
