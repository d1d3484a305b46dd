"""What a page says of a whole run: what came of it, how it ended, how its figures lie. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from glmbench.report.numbers import count
from glmbench.report.outcomes import exit_words
from glmbench.report.page.distribution import Plot, Value, draw_plot
from glmbench.report.page.waterfall import content_gaps
from glmbench.report.sources import source_words
from glmbench.results.judge import Exit, decide, summarize
from glmbench.results.statistics import latency_statistics, members_of
from glmbench.results.timeline import read_timeline

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from glmbench.report.page.trials import TrialView
    from glmbench.results.model import RunResult, TrialResult
    from glmbench.results.statistics import StatisticsGroup

SYMBOLS = {
    "passed": "✓",
    "failed": "✕",
    "error": "!",
    "unmeasured": "?",
    "skipped": "–",
    "interrupted": "◼",
    "flaky": "~",
    "ignored": "–",
    "improved": "▲",
    "regressed": "▼",
    "no change": "=",
    "within noise": "≈",
    "cannot tell": "?",
}

HEADINGS = {
    Exit.OK: "Passed",
    Exit.FAILED: "Failed",
    Exit.GATE: "Gate broken",
    Exit.PROVIDER: "Provider failed",
    Exit.CASSETTE: "Recordings at fault",
    Exit.UNMEASURED: "Not measured",
    Exit.INTERRUPTED: "Interrupted",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What came of the run; `tone` chooses the colour beside the words."""

    heading: str
    sentence: str
    exit_code: int
    tone: str
    counts: tuple[tuple[str, int], ...]
    trials: str


def view_verdict(result: RunResult) -> Verdict:
    code, summary = decide(result), summarize(result)
    return Verdict(
        heading=HEADINGS[code],
        sentence=exit_words(result),
        exit_code=int(code),
        tone="passed" if code is Exit.OK else "unmeasured" if code in _UNDECIDED else "failed",
        counts=tuple((status, n) for status, n in summary.statuses.items() if n),
        trials=count(summary.trials, "trial"),
    )


_UNDECIDED = {Exit.UNMEASURED, Exit.INTERRUPTED}


def view_sources(result: RunResult) -> tuple[str, ...]:
    """Say of how many trials the figures come from where."""
    return tuple(
        f"{count(group.trials, 'trial')} {source_words(group)}"
        for group in latency_statistics(result.trials)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishMatrix:
    """How often each ending came where each was expected; `·` for never."""

    got: tuple[str, ...]
    rows: tuple[tuple[str, tuple[tuple[int, bool], ...]], ...]


def view_finishes(views: Sequence[TrialView]) -> FinishMatrix | None:
    """Count the endings of what was run, frequent ones first; the flag says "as expected"."""
    counted = [v for v in views if v.trial.status not in {"skipped", "interrupted"}]
    if not counted:
        return None
    pairs = Counter((view.expected, view.got) for view in counted)
    met = {(view.expected, view.got) for view in counted if view.as_expected}
    wanted = _frequent_first(view.expected for view in counted)
    came = _frequent_first(view.got for view in counted)
    return FinishMatrix(
        got=came,
        rows=tuple(
            (expected, tuple((pairs[expected, got], (expected, got) in met) for got in came))
            for expected in wanted
        ),
    )


def _frequent_first(words: Iterable[str]) -> tuple[str, ...]:
    counted = Counter(words)
    return tuple(sorted(counted, key=lambda word: (-counted[word], word)))


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyView:
    """A group of figures that belong together, in words, in numbers and drawn."""

    words: str
    group: StatisticsGroup
    plots: tuple[Plot, ...]


def view_latency(result: RunResult, base: RunResult | None) -> tuple[LatencyView, ...]:
    """View the latencies by where they come from, those of the base beside."""
    return tuple(
        LatencyView(words=source_words(group), group=group, plots=_plots(result, base, group))
        for group in latency_statistics(result.trials)
    )


def _plots(result: RunResult, base: RunResult | None, group: StatisticsGroup) -> tuple[Plot, ...]:
    sides = [("base", members_of(group, base.trials))] if base else []
    sides.append(("head" if base else "", members_of(group, result.trials)))
    first_tokens = [(name, list(_first_tokens(trials))) for name, trials in sides]
    gaps = [(name, list(_gaps(trials))) for name, trials in sides]
    plots = (
        draw_plot("Time to first token", first_tokens, "trial"),
        draw_plot("Gaps between reads", gaps, "gap"),
    )
    return tuple(plot for plot in plots if plot is not None)


def _first_tokens(trials: Sequence[TrialResult]) -> Iterator[Value]:
    for trial in trials:
        if trial.timing.ttft_s is not None:
            yield Value(seconds=trial.timing.ttft_s, name=trial.full_id)


def _gaps(trials: Sequence[TrialResult]) -> Iterator[Value]:
    """Yield the gaps of the first turns, whose figures are those of their trials."""
    for trial in trials:
        for turn in trial.turns[:1]:
            reads = read_timeline(turn.timeline, turn.text, turn.reasoning)
            for start, stop in content_gaps(reads):
                yield Value(seconds=(stop - start) / 1_000_000, name=trial.full_id)
