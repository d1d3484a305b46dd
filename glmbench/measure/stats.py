"""Nearest-rank statistics that refuse what the sample cannot carry. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from glmbench.measure.intervals import check_percentile, quantile_interval

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def min_samples(p: int) -> int:
    """Say how many samples a percentile needs: from p50 up, at least one is expected above it.

    So p90 needs 10, p95 needs 20 and p99 needs 100; below, such a "percentile" is the maximum.
    """
    check_percentile(p)
    return -(-100 // (100 - p)) if p > 50 else 1


def percentile(values: Sequence[float], p: int) -> float | None:
    """Return the value of nearest rank, ceil(p/100 * n); None below `min_samples(p)`."""
    if len(values) < min_samples(p):
        return None
    rank = -(-p * len(values) // 100)
    return sorted(values)[rank - 1]


def adjusted_percentile(values: Sequence[float], failed: int, p: int) -> float | None:
    """Return the percentile with each failed trial as an infinitely large value.

    What failed never came, so a service that drops its slow answers does not look fast.
    `math.inf` says that the rank falls among the failed.
    """
    return percentile([*values, *[math.inf] * failed], p)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a table shows of one metric; `n` counts the values that were measured.

    `p50_low` and `p50_high` are the 95 % interval of the median, from 6 values up. Only the
    adjusted percentiles count the `failed`, and without any there are none.
    """

    n: int
    failed: int = 0
    min: float | None = None
    p50: float | None = None
    p50_low: float | None = None
    p50_high: float | None = None
    p95: float | None = None
    p99: float | None = None
    max: float | None = None
    adjusted_p50: float | None = None
    adjusted_p95: float | None = None
    adjusted_p99: float | None = None


def summarize(values: Iterable[float | None], failed: int = 0) -> Summary:
    """Summarize the measured values; None ("never happened") is left out and not counted."""
    measured = sorted(value for value in values if value is not None)
    median = quantile_interval(measured, 50)

    def adjusted(p: int) -> float | None:
        return adjusted_percentile(measured, failed, p) if failed else None

    return Summary(
        n=len(measured),
        failed=failed,
        min=min(measured, default=None),
        p50=percentile(measured, 50),
        p50_low=median.low if median else None,
        p50_high=median.high if median else None,
        p95=percentile(measured, 95),
        p99=percentile(measured, 99),
        max=max(measured, default=None),
        adjusted_p50=adjusted(50),
        adjusted_p95=adjusted(95),
        adjusted_p99=adjusted(99),
    )
