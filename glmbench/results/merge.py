"""Several results of one run in parts, such as its shards, to one result. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from glmbench.errors import UsageError
from glmbench.measure.stats import Summary as Distribution
from glmbench.results.model import Caveat
from glmbench.results.warnings import find_warnings

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from glmbench.results.model import GateResult, RunResult, SuiteInfo, TrialResult

# Parts of one run agree in these, or their figures do not belong together.
_ALIKE = ("mode", "timing", "fault", "reframe")


def merge(named: Sequence[tuple[str, RunResult]]) -> RunResult:
    """Put the trials of results into one, in the order of their suites.

    The thresholds are those of all parts, as they were judged there: whoever merges judges again.

    Args:
        named: at least one result, each with what messages call it.

    Raises:
        UsageError: a trial is in two of them, they were run in different ways, or a shard is
            missing: what it found would be missing, too, and the rest may be green.
    """
    results = [result for _, result in named]
    if len(results) == 1:
        return results[0]
    _must_be_alike(named)
    _must_be_whole(named)
    suites = _suites(results)
    trials = _trials(named, [suite.name for suite in suites])
    return replace(
        results[0],
        suites=suites,
        environment=_environment(results),
        trials=trials,
        interrupted=any(result.interrupted for result in results),
        strict=any(result.strict for result in results),
        warnings=_warnings(results, trials),
        leaks=tuple(dict.fromkeys(leak for result in results for leak in result.leaks)),
        gates=_gates(results),
        replay_lag=_lag([result.replay_lag for result in results]),
        regressions=tuple(words for result in results for words in result.regressions),
        uncompared=any(result.uncompared for result in results),
        details={name: text for r in results for name, text in r.details.items()},
    )


def _must_be_alike(named: Sequence[tuple[str, RunResult]]) -> None:
    first_name, first = named[0]
    for name, result in named[1:]:
        for setting in _ALIKE:
            one, other = first.environment.get(setting), result.environment.get(setting)
            if one != other:
                raise UsageError(
                    f"{first_name} and {name} are no parts of one run: {setting} is "
                    f"{one or 'not set'} in one and {other or 'not set'} in the other"
                )


def _must_be_whole(named: Sequence[tuple[str, RunResult]]) -> None:
    """See that of the shards all are there; results without a shard are whole."""
    shards = {name: result.environment.get("shard") for name, result in named}
    dealt = {shard: name for name, shard in shards.items() if shard is not None}
    for shard, name in dealt.items():
        total = shard.partition("/")[2]
        for other, its in shards.items():
            if its is None or its.partition("/")[2] != total:
                raise UsageError(
                    f"{name} and {other} are no parts of one run: "
                    f"shard is {shard} in one and {its or 'not set'} in the other"
                )
        for part in (f"{number}/{total}" for number in range(1, int(total) + 1)):
            if part not in dealt:
                raise UsageError(f"the shard {part} is missing: {name} is {shard}")


def _suites(results: Iterable[RunResult]) -> tuple[SuiteInfo, ...]:
    suites: dict[str, SuiteInfo] = {}
    for result in results:
        for suite in result.suites:
            suites.setdefault(suite.name, suite)
    return tuple(suites.values())


def _trials(
    named: Sequence[tuple[str, RunResult]], suites: Sequence[str]
) -> tuple[TrialResult, ...]:
    owner: dict[str, str] = {}
    for name, result in named:
        for trial in result.trials:
            if trial.full_id in owner:
                other = owner[trial.full_id]
                raise UsageError(f"the trial {trial.full_id} is in {other} and in {name}")
            owner[trial.full_id] = name
    trials = [trial for _, result in named for trial in result.trials]
    return tuple(sorted(trials, key=lambda trial: (suites.index(trial.suite), trial.place)))


def _environment(results: Sequence[RunResult]) -> dict[str, Any]:
    """Keep what all have in common, the earliest start, and null for the rest."""
    first = results[0].environment
    starts = [start for r in results if (start := r.environment.get("started_at")) is not None]
    alike = {
        key: value if all(r.environment.get(key) == value for r in results) else None
        for key, value in first.items()
    }
    return {**alike, "started_at": min(starts)} if starts else alike


def _gates(results: Iterable[RunResult]) -> tuple[GateResult, ...]:
    gates: dict[tuple[object, ...], GateResult] = {}
    for result in results:
        for gate in result.gates:
            key = (gate.suite, gate.text, gate.tag, gate.when, gate.severity)
            gates.setdefault(key, gate)
    return tuple(gates.values())


def _warnings(results: Iterable[RunResult], trials: Sequence[TrialResult]) -> tuple[Caveat, ...]:
    """Warn of what all trials together show, and repeat what they do not show, such as ages."""
    others: dict[str, tuple[str, ...]] = {}
    for result in results:
        shown = find_warnings(result.trials, {})
        for caveat in result.warnings:
            if caveat not in shown:
                others[caveat.words] = (*others.get(caveat.words, ()), *caveat.trials)
    repeated = (Caveat(trials=names, words=words) for words, names in others.items())
    return (*find_warnings(trials, {}), *repeated)


def _lag(parts: Iterable[Distribution]) -> Distribution:
    """Put lags together as far as their ends go: of a median of medians nobody learns anything."""
    measured = [part for part in parts if part.n]
    if len(measured) < 2:
        return measured[0] if measured else Distribution(n=0)
    return Distribution(
        n=sum(part.n for part in measured),
        min=min((part.min for part in measured if part.min is not None), default=None),
        max=max((part.max for part in measured if part.max is not None), default=None),
    )
