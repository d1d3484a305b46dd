"""Are the values of one run larger than those of another, and by how much? By ranks. Pure.

A rank test asks nothing of the distribution, and one absurd value is only the largest. Everything
is two-sided and counted exactly or by a formula; nothing is drawn, so equal samples give equal
figures.
"""

from __future__ import annotations

import math
import struct
from bisect import bisect_left, bisect_right
from collections import Counter
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from glmbench.measure.intervals import critical_value, tail_of

if TYPE_CHECKING:
    from collections.abc import Sequence

# Up to this size of the smaller sample the normal approximation is too rough for a verdict.
_EXACT_UP_TO = 8

_SIGN = 1 << 63


@dataclass(frozen=True, slots=True, kw_only=True)
class RankTest:
    """What the test of Mann and Whitney says.

    `p` is how often chance alone parts the samples as far as this, in either direction.
    `statistic` counts the pairs in which head is above base, a tie being one half. `exact` tells
    whether `p` was counted out; otherwise it is the normal approximation.
    """

    p: float
    statistic: float
    exact: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """By how much head lies above base; no ends where the samples are too small for an interval."""

    value: float
    low: float | None
    high: float | None


def mann_whitney(base: Sequence[float], head: Sequence[float]) -> RankTest:
    """Test whether values of head tend to be above or below those of base.

    Exact when the smaller sample has at most 8 values and none occurs twice in the two samples;
    else the normal approximation, corrected for ties and for continuity. That correction can
    take a small sample with many ties below `smallest_p`: ask that first.

    Raises:
        ValueError: a sample is empty.
    """
    n, m = len(base), len(head)
    _check_sizes(n, m)
    statistic = _pairs_above(base, head)
    rarer = min(statistic, n * m - statistic)
    ties = _tie_term(base, head)
    if _is_exact(n, m, ties):
        return RankTest(p=_exact_p(n, m, int(rarer)), statistic=statistic, exact=True)
    return RankTest(p=_approximate_p(n, m, rarer, ties), statistic=statistic, exact=False)


def smallest_p(n: int, m: int) -> float:
    """Return the p of two samples of these sizes that do not overlap and have no ties.

    Where this is above the level that is asked for, no difference can be significant.

    Raises:
        ValueError: a sample is empty.
    """
    _check_sizes(n, m)
    return _exact_p(n, m, 0) if _is_exact(n, m, 0) else _approximate_p(n, m, 0, 0)


def shift(base: Sequence[float], head: Sequence[float], confidence: float = 0.95) -> Shift:
    """Estimate by how much head lies above base, after Hodges and Lehmann.

    The value is the median of all n * m differences of a head and a base value. The interval lies
    between the differences of rank k from either end, k being the largest whose tail in the
    distribution of the statistic is at most half of `1 - confidence`: exact where the test is,
    else approximate. That distribution is the one without ties; with them it is the wider one.

    Raises:
        ValueError: a sample is empty, or the confidence is not between 0 and 1.
    """
    n, m = len(base), len(head)
    _check_sizes(n, m)
    lows, highs = sorted(map(float, base)), sorted(map(float, head))
    pairs = n * m
    middle = [_nth_difference(lows, highs, rank) for rank in ((pairs + 1) // 2, pairs // 2 + 1)]
    value = sum(middle) / 2
    exact = _is_exact(n, m, _tie_term(base, head))
    k = _exact_edge(n, m, confidence) if exact else _approximate_edge(n, m, confidence)
    if k < 1:
        return Shift(value=value, low=None, high=None)
    return Shift(
        value=value,
        low=_nth_difference(lows, highs, k),
        high=_nth_difference(lows, highs, pairs + 1 - k),
    )


def _check_sizes(n: int, m: int) -> None:
    if n < 1 or m < 1:
        raise ValueError(f"to compare ranks takes values on both sides, not {n} and {m}")


def _is_exact(n: int, m: int, ties: int) -> bool:
    return min(n, m) <= _EXACT_UP_TO and ties == 0


def _pairs_above(base: Sequence[float], head: Sequence[float]) -> float:
    ordered = sorted(base)
    return sum(bisect_left(ordered, value) + bisect_right(ordered, value) for value in head) / 2


def _tie_term(base: Sequence[float], head: Sequence[float]) -> int:
    """Return the sum of t^3 - t over the values, each found t times; 0 without ties."""
    return sum(times**3 - times for times in Counter([*base, *head]).values())


def _exact_p(n: int, m: int, rarer: int) -> float:
    return min(1.0, 2 * sum(_arrangements(n, m, rarer)) / math.comb(n + m, n))


def _approximate_p(n: int, m: int, rarer: float, ties: int) -> float:
    deviation = _deviation(n, m, ties)
    if deviation == 0:
        return 1.0
    # A statistic has whole steps: half of one belongs to the value itself.
    z = (n * m / 2 - rarer - 0.5) / deviation
    return min(1.0, math.erfc(z / math.sqrt(2)))


def _deviation(n: int, m: int, ties: int) -> float:
    """Return the standard deviation of the statistic where both samples are of one kind."""
    both = n + m
    return math.sqrt(n * m * (both**3 - both - ties) / (12 * both * (both - 1)))


def _arrangements(n: int, m: int, up_to: int) -> list[int]:
    """Count the orders of n and m values that give the statistic 0, 1, ... `up_to`.

    They are the coefficients of the product over i = 1..n of (1 - q^(m+i)) / (1 - q^i), the
    Gaussian binomial coefficient; with n the smaller size that is the least work.
    """
    n, m = sorted((n, m))
    counts = [1] + [0] * up_to
    for i in range(1, n + 1):
        for u in range(up_to, m + i - 1, -1):
            counts[u] -= counts[u - m - i]
        for u in range(i, up_to + 1):
            counts[u] += counts[u - i]
    return counts


def _exact_edge(n: int, m: int, confidence: float) -> int:
    """Return the first value of the statistic whose lower tail is more than may be left out."""
    outside = tail_of(confidence) * math.comb(n + m, n)
    return bisect_right(list(accumulate(_arrangements(n, m, n * m // 2))), outside)


def _approximate_edge(n: int, m: int, confidence: float) -> int:
    return math.floor(n * m / 2 + 0.5 - critical_value(confidence) * _deviation(n, m, 0))


def _nth_difference(base: Sequence[float], head: Sequence[float], rank: int) -> float:
    """Return the difference of that rank; both samples are sorted.

    All differences of two samples of 2,000 would fill 100 MB. So we halve the floats between the
    smallest and the largest instead, which ends at the one after at most 64 steps.
    """
    low, high = _place(head[0] - base[-1]), _place(head[-1] - base[0])
    while low < high:
        middle = (low + high) // 2
        if _count_up_to(base, head, _float_at(middle)) < rank:
            low = middle + 1
        else:
            high = middle
    return _float_at(low)


def _count_up_to(base: Sequence[float], head: Sequence[float], limit: float) -> int:
    count = first = 0
    for value in head:
        while first < len(base) and value - base[first] > limit:
            first += 1
        count += len(base) - first
    return count


def _place(value: float) -> int:
    """Return the place of a float among all floats; 0 is at 0."""
    (bits,) = struct.unpack("<Q", struct.pack("<d", value))
    return int(bits) if bits < _SIGN else _SIGN - int(bits)


def _float_at(place: int) -> float:
    bits = place if place >= 0 else _SIGN - place
    (value,) = struct.unpack("<d", struct.pack("<Q", bits))
    return float(value)
