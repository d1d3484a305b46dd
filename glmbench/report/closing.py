"""The last words of a report: counts, what weakens the run, what must not be published."""

from __future__ import annotations

from typing import TYPE_CHECKING

from glmbench.problems import printable
from glmbench.report.casetables import checks_of
from glmbench.report.formats import escape_words
from glmbench.report.numbers import count, duration
from glmbench.report.paragraph import fill
from glmbench.report.style import PLAIN, Style, paint_first_word, some_of
from glmbench.report.verdicts import verdict_line
from glmbench.results.judge import summarize

if TYPE_CHECKING:
    from collections.abc import Sequence

    from glmbench.measure.stats import Summary as Distribution
    from glmbench.results.model import Leak, RunResult, TrialResult


def render_closing(result: RunResult, style: Style = PLAIN) -> str:
    """Draw the last words of a run: what was counted, and what weakens it.

    Quietly: the count, and what makes the run fail beside its trials and thresholds.
    """
    lines = [_counted(result)]
    if not style.quiet:
        lines += _notes(result, style)
    if not style.quiet or result.strict:
        lines += _warnings(result, style)
    if result.interrupted:
        lines.append("Interrupted: what was finished is reported, the rest was not run.")
        lines.append("`glmbench run --resume RESULT.json` goes on with a result that was written.")
    words = escape_words("\n".join(lines), style.table_format)
    colourful = "\n".join(paint_first_word(line, style) for line in words.splitlines())
    leaks = escape_words(_leaks(result.leaks), style.table_format) if result.leaks else ""
    return f"{leaks}\n\n{colourful}" if leaks else colourful


def render_regressions(regressions: Sequence[str], style: Style = PLAIN) -> str:
    """Say what became worse than the baseline."""
    lines = [fill(f"Regressed: {words}", rest="  ") for words in regressions]
    return "\n".join(
        paint_first_word(escape_words(line, style.table_format), style) for line in lines
    )


def _counted(result: RunResult) -> str:
    summary = summarize(result)
    counted = [f"{n} {status}" for status, n in summary.statuses.items() if n]
    return f"{count(summary.trials, 'trial')}: {', '.join(counted) or 'nothing was run'}"


def _notes(result: RunResult, style: Style) -> list[str]:
    """Say where the figures come from, what was not run and what was done to recordings."""
    notes = [] if style.verbose else [verdict_line(result.trials)]
    recorded = sum(
        check.name.startswith("latency.") and check.note == "recorded"
        for trial in result.trials
        for _, check in checks_of(trial)
    )
    if recorded:
        checks = count(recorded, "latency check")
        notes.append(f"{checks} judged as recorded: the recording was tested, not the service.")
    notes += _skipped(result.trials, style)
    # Such a run tests the provider, not the recording.
    reframed = sorted({trial.reframe for trial in result.trials if trial.reframe})
    notes += [f"Recordings were replayed in other chunks: --reframe {how}." for how in reframed]
    notes += _replay_lag(result.replay_lag)
    return [fill(note, rest="  ") for note in notes if note]


def _skipped(trials: Sequence[TrialResult], style: Style) -> list[str]:
    """Say why trials were not run, a line for each reason."""
    reasons: dict[str, list[str]] = {}
    for trial in trials:
        if trial.skipped is not None:
            reasons.setdefault(trial.skipped, []).append(trial.id)
    return [f"Skipped: {some_of(ids, style)}: {why}." for why, ids in reasons.items()]


def _replay_lag(lag: Distribution) -> list[str]:
    if lag.p50 is None:
        return []
    late = f"late by {duration(lag.p50)} (median), at most {duration(lag.max)}"
    where = "Replayed on the real clock"
    return [f"{where}: {count(lag.n, 'read')} came {late}. The figures are the recorded ones."]


def _warnings(result: RunResult, style: Style) -> list[str]:
    several = len(result.suites) > 1
    lines = []
    for warning in result.warnings:
        names = [name if several else name.partition("/")[2] for name in warning.trials]
        about = f"{some_of(names, style)}: " if names else ""
        words = f"Warning: {about}{warning.words}."
        lines.append(fill(words, rest="  "))
    if result.strict and result.warnings:
        lines.append("--strict: warnings count as failures.")
    return lines


def _leaks(leaks: Sequence[Leak]) -> str:
    lines = [f"  {printable(leak.place)}: {printable(leak.words)}" for leak in leaks]
    advice = (
        "Do not publish these files. `glmbench cassette scan --fix` takes such things out of "
        "cassettes; what is no secret goes into the suite's secrets: {allow: [...]}."
    )
    title = "This looks like credentials in what was written:"
    return "\n".join([title, *lines, fill(advice, rest="  ")])
