"""The figures of one metric on either side, and whether they may be compared at all. Pure.

Only figures of one kind are: of one timing source, one origin, over fresh or over reused
connections, and for rates by one way to count tokens.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from glmbench.results.statistics import LATENCY, THROUGHPUT, Metric, is_measured

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from glmbench.results.model import TrialResult

# Per metric of a service that a user feels: more would only be more comparisons to correct for.
COMPARED: tuple[Metric, ...] = tuple(
    metric for metric in (*LATENCY, *THROUGHPUT) if metric.name in {"ttft", "total", "decode_tps"}
)

Kind: TypeAlias = tuple[str, ...]
"""Whose figure it is: a word for each of `_WORDS`, of which the last is for rates only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Values in ascending order; of more than one kind, they belong in no statistic."""

    values: tuple[float, ...]
    kinds: frozenset[Kind]


def sample_of(metric: Metric, trials: Iterable[TrialResult]) -> Sample:
    """Take the figures that were measured, not of what failed or had a fault put into it."""
    measured = [
        (value, _kind(metric, trial))
        for trial in trials
        if is_measured(trial) and (value := metric.measure(trial)) is not None
    ]
    return Sample(
        values=tuple(sorted(value for value, _ in measured)),
        kinds=frozenset(kind for _, kind in measured),
    )


def obstacle(base: Sample, head: Sample) -> str:
    """Say why two samples cannot be compared; an empty text when they can."""
    sides = {"base": base, "head": head}
    for side, sample in sides.items():
        if not sample.values:
            return f"nothing was measured in {side}"
    for side, sample in sides.items():
        for words in _by_aspect(sample):
            if len(words) > 1:
                return f"{side} mixes {' and '.join(sorted(words))}"
    for before, after in zip(_by_aspect(base), _by_aspect(head), strict=True):
        if before != after:
            return f"{', '.join(before)} beside {', '.join(after)}"
    return ""


_SOURCES: Mapping[str, str] = {
    "live": "live figures",
    "recorded": "recorded figures",
    "edited": "figures of edited recordings",
    "consumer": "figures stamped by the consumer",
}
_ORIGINS: Mapping[str | None, str] = {
    "live": "figures of a service",
    "emulator": "figures of the emulator",
    "import": "imported figures",
    None: "figures of unknown origin",
}
_TOKENS: Mapping[str, str] = {
    "usage": "tokens counted by the service",
    "estimate": "estimated tokens",
    "none": "no tokens",
}


def _kind(metric: Metric, trial: TrialResult) -> Kind:
    timing = trial.timing
    connections = "reused connections" if timing.connection_reused else "fresh connections"
    tokens = _TOKENS[trial.throughput.token_source] if metric in THROUGHPUT else ""
    return _SOURCES[timing.source], _ORIGINS[trial.origin], connections, tokens


def _by_aspect(sample: Sample) -> list[set[str]]:
    return [set(words) for words in zip(*sample.kinds, strict=True)]
