"""The statistics of a run: only of figures that belong together. Pure.

Figures of different sources, of the emulator and a service, over fresh and reused connections, or
of different token counts are never in one statistic.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

# Not for type checkers only: the schema of results is made of these annotations.
from glmbench.measure.observation import Origin, TimingSource  # noqa: TC001 -- as said above
from glmbench.measure.stats import Summary as Distribution
from glmbench.measure.stats import summarize
from glmbench.measure.tokens import TokenSource  # noqa: TC001 -- as said above
from glmbench.results.cases import counts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from glmbench.results.model import TrialResult

Unit: TypeAlias = Literal["s", "per_s"]
Measure: TypeAlias = Callable[["TrialResult"], float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A figure of a trial; `title` is what tables call it.

    What is our own and not the service's is not adjusted for trials that failed.
    """

    name: str
    title: str
    unit: Unit
    measure: Measure
    is_our_own: bool = False


LATENCY = (
    Metric(name="ttfb", title="first byte", unit="s", measure=lambda t: t.timing.ttfb_s),
    Metric(name="ttft", title="first token (ttft)", unit="s", measure=lambda t: t.timing.ttft_s),
    Metric(name="ttfo", title="first output (ttfo)", unit="s", measure=lambda t: t.timing.ttfo_s),
    Metric(name="total", title="total", unit="s", measure=lambda t: t.timing.total_s),
    Metric(name="max_gap", title="longest gap", unit="s", measure=lambda t: t.timing.gap_max_s),
    Metric(
        name="client_lag",
        title="our own lag, median",
        unit="s",
        measure=lambda t: t.timing.client_lag_p50_s,
        is_our_own=True,
    ),
)
THROUGHPUT = (
    Metric(
        name="decode_tps",
        title="tokens/s while decoding",
        unit="per_s",
        measure=lambda t: t.throughput.decode_tps,
    ),
    Metric(
        name="e2e_tps",
        title="tokens/s end to end",
        unit="per_s",
        measure=lambda t: t.throughput.e2e_tps,
    ),
    Metric(
        name="chars_ps",
        title="characters/s",
        unit="per_s",
        measure=lambda t: t.throughput.chars_ps,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistic:
    """One metric over the trials of a group."""

    metric: str
    title: str
    unit: Unit
    values: Distribution


@dataclass(frozen=True, slots=True, kw_only=True)
class StatisticsGroup:
    """Trials whose figures belong together, and the metrics that were measured in any of them.

    `token_source` is None for latencies. `failed` counts the trials of the group that ended in an
    error that no case expected: in the adjusted percentiles they took for ever.
    """

    source: TimingSource
    origin: Origin | None
    connection_reused: bool
    token_source: TokenSource | None
    trials: int
    failed: int
    statistics: tuple[Statistic, ...]


def latency_statistics(trials: Sequence[TrialResult]) -> tuple[StatisticsGroup, ...]:
    """Sum up how long things took."""
    groups = _grouped(trials, lambda trial: (*_kind(trial), None))
    return tuple(
        group for key, own, failed in groups if (group := _group(key, own, failed, LATENCY))
    )


def throughput_statistics(trials: Sequence[TrialResult]) -> tuple[StatisticsGroup, ...]:
    """Sum up how fast text came. A trial that failed has no rate, and is counted as nothing."""
    groups = _grouped(trials, lambda trial: (*_kind(trial), trial.throughput.token_source))
    return tuple(group for key, own, _ in groups if (group := _group(key, own, 0, THROUGHPUT)))


_Key: TypeAlias = tuple["TimingSource", "Origin | None", bool, "TokenSource | None"]


def _kind(trial: TrialResult) -> tuple[TimingSource, Origin | None, bool]:
    return trial.timing.source, trial.origin, trial.timing.connection_reused


def _grouped(
    trials: Iterable[TrialResult], key_of: Callable[[TrialResult], _Key]
) -> list[tuple[_Key, list[TrialResult], int]]:
    """Group the trials that have a timing, and count those that failed beside them.

    What a fault was put into is in no group: its figures are those of the fault. What failed like
    nothing else, as before any answer came, is counted where most of the run is.
    """
    counted = [t for t in trials if t.fault is None and counts(t)]
    groups: dict[_Key, list[TrialResult]] = {}
    for trial in counted:
        if is_measured(trial):
            groups.setdefault(key_of(trial), []).append(trial)
    failures: Counter[_Key] = Counter()
    for trial in filter(has_failed, counted):
        key = key_of(trial)
        if groups:
            failures[key if key in groups else max(groups, key=lambda k: len(groups[k]))] += 1
    return [(key, groups[key], failures[key]) for key in sorted(groups, key=str)]


def is_measured(trial: TrialResult) -> bool:
    """Tell whether the figures of a trial belong in a statistic: stamped, whole, without fault."""
    return (
        trial.timing.source != "none"
        and trial.fault is None
        and counts(trial)
        and not has_failed(trial)
    )


def members_of(group: StatisticsGroup, trials: Iterable[TrialResult]) -> list[TrialResult]:
    """Find the trials whose latencies belong with those of a group, in its own run or another."""
    kind = (group.source, group.origin, group.connection_reused)
    return [trial for trial in trials if is_measured(trial) and _kind(trial) == kind]


def has_failed(trial: TrialResult) -> bool:
    """Tell whether a service or the way to it failed, not a recording and not an expectation.

    Of what was measured now the verdict only says that it was not kept.
    """
    measured_now = trial.timing.source in {"live", "consumer"}
    return (
        trial.status == "error"
        and trial.error is not None
        and (measured_now or not trial.cassette_failed)
    )


def _group(
    key: _Key, trials: Sequence[TrialResult], failed: int, metrics: Iterable[Metric]
) -> StatisticsGroup | None:
    source, origin, reused, token_source = key
    measured = [
        Statistic(
            metric=metric.name,
            title=metric.title,
            unit=metric.unit,
            values=summarize(map(metric.measure, trials), 0 if metric.is_our_own else failed),
        )
        for metric in metrics
    ]
    found = tuple(statistic for statistic in measured if statistic.values.n)
    if not found:
        return None
    return StatisticsGroup(
        source=source,
        origin=origin,
        connection_reused=reused,
        token_source=token_source,
        trials=len(trials) + failed,
        failed=failed,
        statistics=found,
    )
