"""The last words of a report: counts, what weakens the run, what must not be published."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING

from glmbench.problems import printable
from glmbench.report.grid import WIDTH
from glmbench.report.numbers import count, duration
from glmbench.results.judge import summarize

if TYPE_CHECKING:
    from collections.abc import Sequence

    from glmbench.measure.stats import Summary as Distribution
    from glmbench.results.model import Caveat, RunResult, TrialResult


def render_closing(result: RunResult) -> str:
    """Draw the last words of a run: what was counted, and what weakens it."""
    summary = summarize(result)
    counted = [f"{n} {status}" for status, n in summary.statuses.items() if n]
    lines = [f"{count(summary.trials, 'trial')}: {', '.join(counted) or 'nothing was run'}"]
    recorded = [
        check
        for trial in result.trials
        for turn in trial.turns or (trial,)
        for check in turn.checks
        if check.name.startswith("latency.") and check.note == "recorded"
    ]
    if recorded:
        checks = count(len(recorded), "latency check")
        lines.append(f"{checks} judged as recorded: the recording was tested, not the service.")
    lines += _skipped(result.trials)
    lines += _edits(result.trials)
    lines += _replay_lag(result.replay_lag)
    several = len(result.suites) > 1
    lines += [_warning(warning, several=several) for warning in result.warnings]
    if result.strict and result.warnings:
        lines.append("--strict: warnings count as failures.")
    if result.interrupted:
        lines.append("Interrupted: what was finished is reported, the rest was not run.")
    leaks = [_leaks(result)] if result.leaks else []
    return "\n\n".join([*leaks, "\n".join(lines)])


def _warning(warning: Caveat, *, several: bool) -> str:
    names = [_without_suite(full_id, several=several) for full_id in warning.trials]
    return _folded(f"Warning: {_named(names)}: {warning.words}.")


def _without_suite(full_id: str, *, several: bool) -> str:
    return full_id if several else full_id.partition("/")[2]


def _folded(text: str) -> str:
    return fill(text, WIDTH, subsequent_indent="  ", break_on_hyphens=False)


def _leaks(result: RunResult) -> str:
    lines = [f"  {printable(leak.place)}: {printable(leak.words)}" for leak in result.leaks]
    advice = (
        "Do not publish these files. `glmbench cassette scan --fix` takes such things out of "
        "cassettes; what is no secret goes into the suite's secrets: {allow: [...]}."
    )
    return "\n".join(["This looks like credentials in what was written:", *lines, _folded(advice)])


def _skipped(trials: Sequence[TrialResult]) -> list[str]:
    """Say why trials were not run, a line for each reason."""
    reasons: dict[str, list[str]] = {}
    for trial in trials:
        if trial.skipped is not None:
            reasons.setdefault(trial.skipped, []).append(trial.id)
    return [_folded(f"Skipped: {_named(ids)}: {why}.") for why, ids in reasons.items()]


def _named(names: Sequence[str]) -> str:
    shown = [printable(name) for name in names[:3]]
    if len(names) > len(shown):
        shown.append(f"and {len(names) - len(shown)} more")
    return ", ".join(shown)


def _edits(trials: Sequence[TrialResult]) -> list[str]:
    """Say what was done to recordings: such a run tests the provider, not the recording."""
    reframed = sorted({trial.reframe for trial in trials if trial.reframe})
    return [f"Recordings were replayed in other chunks: --reframe {how}." for how in reframed]


def _replay_lag(lag: Distribution) -> list[str]:
    if lag.p50 is None:
        return []
    late = f"late by {duration(lag.p50)} (median), at most {duration(lag.max)}"
    where = "Replayed on the real clock"
    text = f"{where}: {count(lag.n, 'read')} came {late}. The figures are the recorded ones."
    return [_folded(text)]
