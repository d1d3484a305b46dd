"""Do the figures of a run hold the thresholds of its suites? Pure: a result to verdicts.

A percentile that its sample cannot carry, and figures of different origins in one statistic, give
no verdict: such a threshold is unmeasured, never passed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from glmbench.measure.stats import min_samples, percentile
from glmbench.problems import shortened
from glmbench.results.cases import counts, group_cases
from glmbench.results.model import GateResult
from glmbench.results.statistics import has_failed
from glmbench.suites.bounds import BoundError
from glmbench.suites.thresholds import DURATIONS, SHARES, parse_threshold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from glmbench.cassettes.verdict import Verdict
    from glmbench.measure.observation import TimingSource
    from glmbench.results.model import GateStatus, RunResult, TrialResult
    from glmbench.suites.bounds import Bound
    from glmbench.suites.thresholds import Metric, Threshold, When

# Where the figures of a trial come from; without a timing, or after an edit, they are nobody's.
_KINDS: dict[TimingSource, When] = {"live": "live", "consumer": "live", "recorded": "replay"}


def judge_thresholds(
    thresholds: Iterable[tuple[str, Threshold]], result: RunResult
) -> tuple[GateResult, ...]:
    """Judge the thresholds, each with the name of its suite, in their order."""
    mode = result.environment.get("mode", "replay")
    gates = []
    for suite, threshold in thresholds:
        trials = [trial for trial in result.trials if trial.suite == suite]
        run = _run_of(mode, trials)
        gates.append(_judge(suite, threshold, _chosen(threshold, trials), run))
    return tuple(gates)


def _run_of(mode: str | None, trials: Iterable[TrialResult]) -> When:
    """Say what kind of run a suite had; where the suites of a run differ, its trials know."""
    if mode is None:
        asked = {trial.cassette.verdict for trial in trials if trial.cassette} & {*_ASKED}
        return "live" if asked else "replay"
    return "replay" if mode == "replay" else "live"


_ASKED: tuple[Verdict, ...] = ("LIVE", "RECORDED")


def judge_again(result: RunResult) -> tuple[GateResult, ...]:
    """Judge the thresholds of a result once more, as after trials were added.

    Raises:
        BoundError: a text in it is no threshold.
    """
    return judge_thresholds([(gate.suite, _read(gate)) for gate in result.gates], result)


_STATISTIC = re.compile(r"p[1-9][0-9]?|min|max|rate")


def _read(gate: GateResult) -> Threshold:
    """Read what a result file has, which nobody has checked yet; raises BoundError."""
    threshold = parse_threshold(gate.text)
    if not _STATISTIC.fullmatch(threshold.statistic):
        raise BoundError(f'"{shortened(threshold.statistic)}" is no statistic')
    if _is_rate(threshold) != (threshold.metric in SHARES):
        raise BoundError(f'"{threshold.metric}" has no {threshold.statistic}')
    return replace(threshold, tag=gate.tag, when=gate.when, severity=gate.severity)


def unsupported(threshold: Threshold, n: int) -> str | None:
    """Say why a selection of `n` trials can never support the threshold; None when it can."""
    p = threshold.percentile
    if p is None or n >= min_samples(p):
        return None
    return f"p{p} needs a sample of at least {min_samples(p)}, and the selection has {n}"


# --- one threshold --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sample:
    """A statistic and the size of its sample; where there is none, `note` says why."""

    n: int
    value: float | None = None
    note: str = ""


def _chosen(threshold: Threshold, trials: Iterable[TrialResult]) -> list[TrialResult]:
    """Choose the trials that were run and that the threshold speaks of."""
    tag = threshold.tag
    return [trial for trial in trials if counts(trial) and (tag is None or tag in trial.tags)]


def _judge(
    suite: str, threshold: Threshold, trials: Sequence[TrialResult], run: When
) -> GateResult:
    wanted: When = threshold.when or "live"
    sample = _Sample(n=0, note=_IGNORED[wanted])
    status: GateStatus = "ignored"
    if wanted in _kinds(threshold, trials, run):
        sample = _rate(threshold, trials) if _is_rate(threshold) else _figure(threshold, trials)
        status = _verdict(threshold.bound, sample.value)
    return GateResult(
        suite=suite,
        text=threshold.text,
        status=status,
        got=_got(threshold.metric, sample.value),
        n=sample.n,
        severity=threshold.severity,
        note=sample.note,
        tag=threshold.tag,
        when=threshold.when,
    )


_IGNORED: dict[When, str] = {
    "live": "gates live figures only, and these are recorded",
    "replay": "gates recorded figures only, and these are live",
}


def _is_rate(threshold: Threshold) -> bool:
    return threshold.statistic == "rate"


def _kinds(threshold: Threshold, trials: Iterable[TrialResult], run: When) -> set[When]:
    """Say what the run has to judge: while recording, some figures may be of old recordings."""
    if run == "replay" or _is_rate(threshold):
        return {run}
    return {kind for trial in trials if (kind := _kind(trial))} or {run}


def _kind(trial: TrialResult) -> When | None:
    """Say where the trial's figures come from; None when they belong in no statistic.

    Those of a fault are not the service's, a reused connection saves what a fresh one costs, and
    what failed half-way took neither its time nor all of it.
    """
    if trial.fault is not None or trial.timing.connection_reused or has_failed(trial):
        return None
    return _KINDS.get(trial.timing.source)


def _verdict(bound: Bound, value: float | None) -> GateStatus:
    if value is None:
        return "unmeasured"
    return "passed" if bound.holds(value) else "failed"


def _got(metric: Metric, value: float | None) -> str:
    if value is None:
        return ""
    # To the microsecond: rounded, "2.00s" would fail "< 2s" and "<= 2s" alike.
    shown = f"{value:.6f}".rstrip("0").rstrip(".")
    unit = "s" if metric in DURATIONS else "%" if metric in SHARES else ""
    return shown + unit


# --- rates ----------------------------------------------------------------------------------


def _rate(threshold: Threshold, trials: Sequence[TrialResult]) -> _Sample:
    verdicts = _COUNTED[threshold.metric](trials)
    if not verdicts:
        return _Sample(n=0, note="nothing was counted")
    return _Sample(n=len(verdicts), value=100 * sum(verdicts) / len(verdicts))


def _finish_reasons_ok(trials: Iterable[TrialResult]) -> list[bool]:
    """Compare finish reasons where one is expected; None stands for an end in an exception."""
    return [
        trial.finish_reason in trial.expected_finish_reason
        for trial in trials
        if trial.expected_finish_reason is not None
    ]


def _flaky(trials: Iterable[TrialResult]) -> list[bool]:
    """Ask cases, not trials: a single trial is never flaky."""
    return [case.status == "flaky" for case in group_cases(trials)]


_COUNTED: Mapping[Metric, Callable[[Sequence[TrialResult]], list[bool]]] = {
    "passed": lambda trials: [trial.status == "passed" for trial in trials],
    "error": lambda trials: [trial.status == "error" for trial in trials],
    "finish_reason_ok": _finish_reasons_ok,
    "flaky": _flaky,
}


# --- figures --------------------------------------------------------------------------------


def _figure(threshold: Threshold, trials: Iterable[TrialResult]) -> _Sample:
    measure, wanted = _MEASURED[threshold.metric], threshold.when or "live"
    measured = [
        (_source(threshold.metric, trial), value)
        for trial in trials
        if _kind(trial) == wanted and (value := measure(trial)) is not None
    ]
    values = [value for _, value in measured]
    if not values:
        return _Sample(n=0, note="nothing was measured")
    if len({source for source, _ in measured}) > 1:
        return _Sample(n=len(values), note="figures of different sources share no statistic")
    p = threshold.percentile
    if p is None:
        return _Sample(n=len(values), value=(min if threshold.statistic == "min" else max)(values))
    note = "" if len(values) >= min_samples(p) else f"p{p} needs at least {min_samples(p)} values"
    return _Sample(n=len(values), value=percentile(values, p), note=note)


def _source(metric: Metric, trial: TrialResult) -> tuple[str | None, ...]:
    """Say whose figure it is: who stamped it, who answered, and who counted the tokens."""
    counted = trial.throughput.token_source if metric in _OF_TOKENS else None
    return trial.timing.source, trial.origin, counted


_OF_TOKENS: tuple[Metric, ...] = ("output_tokens", "decode_tps", "e2e_tps")

_MEASURED: Mapping[Metric, Callable[[TrialResult], float | None]] = {
    "ttfb": lambda trial: trial.timing.ttfb_s,
    "ttft": lambda trial: trial.timing.ttft_s,
    "ttfo": lambda trial: trial.timing.ttfo_s,
    "total": lambda trial: trial.timing.total_s,
    "max_gap": lambda trial: trial.timing.gap_max_s,
    "stalls": lambda trial: trial.timing.stalls,
    "output_tokens": lambda trial: trial.throughput.output_tokens,
    "decode_tps": lambda trial: trial.throughput.decode_tps,
    "e2e_tps": lambda trial: trial.throughput.e2e_tps,
    "chars_ps": lambda trial: trial.throughput.chars_ps,
}
