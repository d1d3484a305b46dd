"""Nearest-rank statistics that refuse what the sample cannot carry. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def min_samples(p: int) -> int:
    """Say how many samples a percentile needs: from p50 up, at least one is expected above it.

    So p90 needs 10, p95 needs 20 and p99 needs 100; below, such a "percentile" is the maximum.
    """
    if not 1 <= p <= 99:
        raise ValueError(f"a percentile is between 1 and 99, not {p}")
    return -(-100 // (100 - p)) if p > 50 else 1


def percentile(values: Sequence[float], p: int) -> float | None:
    """Return the value of nearest rank, ceil(p/100 * n); None below `min_samples(p)`."""
    if len(values) < min_samples(p):
        return None
    rank = -(-p * len(values) // 100)
    return sorted(values)[rank - 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a table shows of one metric; `n` counts the values that were measured."""

    n: int
    min: float | None = None
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    max: float | None = None


def summarize(values: Iterable[float | None]) -> Summary:
    """Summarize the measured values; None ("never happened") is left out and not counted."""
    measured = sorted(value for value in values if value is not None)
    if not measured:
        return Summary(n=0)
    return Summary(
        n=len(measured),
        min=measured[0],
        p50=percentile(measured, 50),
        p95=percentile(measured, 95),
        p99=percentile(measured, 99),
        max=measured[-1],
    )
