"""Is it another figure, or chance? Samples to verdicts, all of a comparison at once. Pure.

A suite of a hundred cases is hundreds of tests, of which one in twenty would be significant by
chance. So the p are corrected after Holm: with no change at all, the probability of as much as one
false verdict in the whole comparison is at most `ALPHA`. Samples that are too small to be
significant after that correction are not tested and cost the others nothing (Tarone's argument:
which they are follows from their sizes alone).
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

from glmbench.comparison.model import Change, share_of
from glmbench.comparison.samples import obstacle
from glmbench.measure.ranktest import mann_whitney, shift, smallest_p
from glmbench.measure.stats import percentile

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from glmbench.comparison.model import Verdict
    from glmbench.comparison.samples import Sample
    from glmbench.measure.ranktest import Shift
    from glmbench.results.statistics import Metric, Unit

ALPHA = 0.05
# What is smaller than either nobody feels, however significant it is: with enough repeats a
# millisecond is.
RELATIVE_SIZE = 0.10
ABSOLUTE_SIZE: Mapping[Unit, float] = {"s": 0.010, "per_s": 1.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One metric of one pair, not yet judged."""

    metric: Metric
    base: Sample
    head: Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The changes in the order of the figures, and how many of them were tested."""

    changes: tuple[Change, ...]
    tested: int


def judge(figures: Sequence[Figures]) -> Judged:
    """Give each figure its verdict, corrected for all that are compared with it."""
    sizes = {
        index: (len(each.base.values), len(each.head.values))
        for index, each in enumerate(figures)
        if not obstacle(each.base, each.head)
    }
    tested = _testable({index: smallest_p(*size) for index, size in sizes.items()})
    corrected = _holm({index: _p(figures[index]) for index in tested})
    changes = tuple(
        _change(each, corrected.get(index), compared=len(sizes))
        for index, each in enumerate(figures)
    )
    return Judged(changes=changes, tested=len(tested))


# --- the correction -------------------------------------------------------------------------


def _testable(least: Mapping[int, float]) -> list[int]:
    """Choose what can be significant when corrected for what is chosen.

    After Tarone: the smallest number k such that at most k comparisons can reach ALPHA / k.
    """
    ordered = sorted(least.values())
    k = next(k for k in count(1) if bisect_right(ordered, ALPHA / k) <= k)
    return [index for index, p in least.items() if p <= ALPHA / k]


def _holm(p: Mapping[int, float]) -> dict[int, float]:
    """Multiply the smallest p by their number, the next by one less, and so on, never falling."""
    corrected: dict[int, float] = {}
    highest = 0.0
    for rank, index in enumerate(sorted(p, key=lambda index: p[index])):
        highest = max(highest, min(1.0, p[index] * (len(p) - rank)))
        corrected[index] = highest
    return corrected


def _p(figures: Figures) -> float:
    base, head = figures.base.values, figures.head.values
    # With many ties the approximation falls below what samples of these sizes can show.
    return max(mann_whitney(base, head).p, smallest_p(len(base), len(head)))


# --- one figure -----------------------------------------------------------------------------


def _change(figures: Figures, p: float | None, *, compared: int) -> Change:
    metric, base, head = figures.metric, figures.base, figures.head
    note = obstacle(base, head)
    median = _median(base)
    moved = None if note else shift(base.values, head.values)
    verdict: Verdict = "cannot tell"
    if moved is not None:
        if base.values == head.values:
            verdict = "no change"
        elif p is None:
            note = _too_few(len(base.values), len(head.values), compared)
        else:
            verdict = _verdict(metric.unit, median or 0.0, moved, p)
    return Change(
        metric=metric.name,
        title=metric.title,
        unit=metric.unit,
        n_base=len(base.values),
        n_head=len(head.values),
        base=median,
        head=_median(head),
        shift=moved.value if moved else None,
        low=moved.low if moved else None,
        high=moved.high if moved else None,
        relative=share_of(moved.value if moved else None, median),
        p=p,
        verdict=verdict,
        note=note,
    )


def _median(sample: Sample) -> float | None:
    """Return the median; None too where the values belong in no statistic."""
    return percentile(sample.values, 50) if len(sample.kinds) == 1 else None


def _too_few(n: int, m: int, compared: int) -> str:
    """Say so, and how many repeats on both sides would do, if every case had as many.

    More than there are: the approximation beyond small samples needs some repeats more.
    """
    needed = next(r for r in count(min(n, m) + 1) if smallest_p(r, r) <= ALPHA / compared)
    among = f" among {compared} comparisons" if compared > 1 else ""
    return f"cannot be significant with n = {n} and {m}{among}; {needed} repeats could"


def _verdict(unit: Unit, median: float, moved: Shift, p: float) -> Verdict:
    size = max(RELATIVE_SIZE * median, ABSOLUTE_SIZE[unit])
    if p <= ALPHA:
        if abs(moved.value) < size:
            return "no change"
        # Of durations more is worse, of rates less.
        return "regressed" if (moved.value > 0) == (unit == "s") else "improved"
    return "no change" if _within(size, (moved.low, moved.high)) else "within noise"


def _within(size: float, ends: Iterable[float | None]) -> bool:
    return all(end is not None and abs(end) < size for end in ends)
