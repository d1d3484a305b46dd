"""Trials as a page shows them: a row for each, and the details of those it has room for. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from glmbench.report.endings import expected_ending, got_ending
from glmbench.report.failures import alike, command_of
from glmbench.report.numbers import NOTHING
from glmbench.report.page.axis import axis_from_zero, percent
from glmbench.report.page.waterfall import Waterfall, draw_waterfall
from glmbench.results.model import TurnResult

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from glmbench.checks.result import CheckResult
    from glmbench.results.model import RunResult, TrialResult

# A page of some megabytes still opens at once on a phone. A read costs about a hundred bytes, a
# trial without its reads about two thousand.
MOST_READS = 20_000
MOST_DETAILS = 500
MOST_CHARACTERS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A text from a service, and how many characters of it are left out."""

    text: str
    left_out: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnView:
    """A turn, or a trial that has none; `number` is None where there is but one."""

    number: int | None
    result: TurnResult | TrialResult
    waterfall: Waterfall | None
    text: Passage
    reasoning: Passage
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialView:
    """A trial; `anchor` is None and nothing is drawn where its details are left out."""

    trial: TrialResult
    name: str
    place: str
    expected: str
    got: str
    as_expected: bool
    command: str
    error: str
    anchor: str | None = None
    waiting: str | None = None
    streaming: str | None = None
    turns: tuple[TurnView, ...] = ()

    @property
    def unmet(self) -> tuple[tuple[int | None, CheckResult], ...]:
        """The checks that did not pass, with the number of their turn."""
        return tuple(
            (turn.number, check)
            for turn in self.turns
            for check in turn.result.checks
            if check.status != "passed"
        )


def is_troubled(trial: TrialResult) -> bool:
    return trial.status not in {"passed", "skipped"}


def view_trials(result: RunResult) -> tuple[TrialView, ...]:
    """View all trials, in the order of the result."""
    several = len({trial.suite for trial in result.trials}) > 1
    detailed = _choose_detailed(result.trials)
    # The slowest tenth would flatten all others.
    totals = sorted(t.timing.total_s for t in result.trials if t.timing.total_s is not None)
    longest = totals[(len(totals) - 1) * 9 // 10] if totals else 0
    return tuple(
        _view(trial, result, number, longest, several=several, detailed=number in detailed)
        for number, trial in enumerate(result.trials, start=1)
    )


def group_failures(
    views: Iterable[TrialView], result: RunResult
) -> tuple[tuple[TrialView, ...], ...]:
    """Put the trials together that failed alike, those with their details first."""
    by_id = {view.trial.full_id: view for view in views}
    groups = ([by_id[trial.full_id] for trial in group] for group in alike(result.trials, result))
    return tuple(tuple(sorted(group, key=lambda view: not view.anchor)) for group in groups)


def _choose_detailed(trials: Sequence[TrialResult]) -> frozenset[int]:
    """Choose the trials of which there is more than a row, by their numbers.

    All where there is room for all; else those that did not pass and then the slowest.
    """
    reads = {number: _count_reads(trial) for number, trial in enumerate(trials, start=1)}
    if len(trials) <= MOST_DETAILS and sum(reads.values()) <= MOST_READS:
        return frozenset(reads)
    chosen: set[int] = set()
    room = MOST_READS
    for number in sorted(reads, key=lambda number: (*_urgency(trials[number - 1]), number)):
        if len(chosen) < MOST_DETAILS and reads[number] <= room:
            chosen.add(number)
            room -= reads[number]
    return frozenset(chosen)


def _urgency(trial: TrialResult) -> tuple[bool, float]:
    return not is_troubled(trial), -(trial.timing.total_s or 0)


def _count_reads(trial: TrialResult) -> int:
    return sum(turn.timeline.reads.count("/") // 4 for turn in trial.turns)


def _view(
    trial: TrialResult,
    result: RunResult,
    number: int,
    longest: float,
    *,
    several: bool,
    detailed: bool,
) -> TrialView:
    suite = next(suite for suite in result.suites if suite.name == trial.suite)
    waiting, streaming = _bar(trial, longest)
    return TrialView(
        trial=trial,
        name=trial.full_id if several else trial.id,
        place=f"{suite.path}:{trial.line}",
        expected=expected_ending(trial),
        got=got_ending(trial),
        as_expected=_ended_as_expected(trial),
        # It looks at all trials: thousands of rows do without.
        command=command_of(trial, suite, result) if detailed else "",
        error=_trial_error(trial, result.details),
        anchor=f"t{number}" if detailed else None,
        waiting=waiting,
        streaming=streaming,
        turns=tuple(_turns(trial, result.details, drawn=detailed)),
    )


def _turns(trial: TrialResult, details: dict[str, str], *, drawn: bool) -> Iterable[TurnView]:
    turns: Sequence[TurnResult | TrialResult] = trial.turns or (trial,)
    for number, turn in enumerate(turns, start=1):
        yield TurnView(
            number=number if len(turns) > 1 else None,
            result=turn,
            waterfall=draw_waterfall(turn) if drawn and isinstance(turn, TurnResult) else None,
            text=_passage(turn.text),
            reasoning=_passage(turn.reasoning),
            error=_error_words(turn, details.get(trial.full_id, "")),
        )


def _passage(text: str) -> Passage:
    return Passage(text=text[:MOST_CHARACTERS], left_out=max(0, len(text) - MOST_CHARACTERS))


def _bar(trial: TrialResult, longest: float) -> tuple[str | None, str | None]:
    """Draw how long a trial waited for its first token, and how long the rest took."""
    first, total = trial.timing.ttft_s, trial.timing.total_s
    if total is None:
        return None, None
    axis = axis_from_zero(longest)
    until = axis.share(first if first is not None else total)
    return percent(until), percent(max(0.0, axis.share(total) - until))


def _error_words(turn: TurnResult | TrialResult, detail: str) -> str:
    if turn.error is None:
        return ""
    said = turn.error.message or detail
    return f"{turn.error.type}: {said}" if said else turn.error.type


def _trial_error(trial: TrialResult, details: dict[str, str]) -> str:
    """Word the error of a trial, unless a case expected it or its cassette says the same."""
    if trial.error is None or trial.status != "error":
        return ""
    said_by_the_tape = trial.cassette is not None and trial.error.message == trial.cassette.reason
    return "" if said_by_the_tape else _error_words(trial, details.get(trial.full_id, ""))


def _ended_as_expected(trial: TrialResult) -> bool:
    expected = expected_ending(trial)
    if trial.status in {"passed", "unmeasured"} or expected == got_ending(trial):
        return True
    return expected == NOTHING and trial.error is None
