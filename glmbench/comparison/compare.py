"""Two results to one comparison: cases that are in both, by suite, case and model. Pure.

It does not depend on the order of trials. What is in one of the results only, or was skipped there,
is listed and is no regression.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from glmbench.comparison.endings import compare_content, count_endings
from glmbench.comparison.model import VERDICTS, Comparison, Pair, correctness
from glmbench.comparison.samples import COMPARED, sample_of
from glmbench.comparison.verdicts import Figures, judge
from glmbench.results.cases import counts, group_cases

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from glmbench.comparison.model import Change, Verdict
    from glmbench.results.cases import CaseResult
    from glmbench.results.model import RunResult, TrialResult
    from glmbench.results.statistics import Unit

Key: TypeAlias = tuple[str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Repeats:
    """What one result has of a pair: only trials that were run to their end."""

    case: CaseResult
    trials: Sequence[TrialResult]
    place: int


def compare(base: RunResult, head: RunResult) -> Comparison:
    """Compare what is in both results, and list what is in one of them only."""
    before, after = _repeats(base), _repeats(head)
    both = _ordered({key: after[key] for key in before.keys() & after.keys()})
    figures = [list(_figures(before[key], after[key])) for key in both]
    judged = judge([each for own in figures for each in own])
    changes = iter(judged.changes)
    pairs = tuple(
        _pair(before[key], after[key], tuple(next(changes) for _ in own))
        for key, own in zip(both, figures, strict=True)
    )
    return Comparison(
        pairs=pairs,
        only_base=_missing(before, after, head, "head"),
        only_head=_missing(after, before, base, "base"),
        notes=tuple(_notes(base, head, figures)),
        regressions=_said(pairs, "regressed"),
        improvements=_said(pairs, "improved"),
        tested=judged.tested,
    )


# --- pairing --------------------------------------------------------------------------------


def _repeats(result: RunResult) -> dict[Key, _Repeats]:
    trials: dict[Key, list[TrialResult]] = {}
    for trial in sorted(result.trials, key=lambda trial: trial.repeat):
        if counts(trial):
            trials.setdefault((trial.suite, trial.case, trial.model), []).append(trial)
    cases = {(case.suite, case.case, case.model): case for case in group_cases(result.trials)}
    return {
        key: _Repeats(case=cases[key], trials=own, place=min(trial.place for trial in own))
        for key, own in trials.items()
    }


def _ordered(repeats: Mapping[Key, _Repeats]) -> list[Key]:
    """Order by the place in the suite, whatever was run first."""
    return sorted(repeats, key=lambda key: (key[0], repeats[key].place, key))


def _missing(
    own: Mapping[Key, _Repeats], others: Mapping[Key, _Repeats], other: RunResult, side: str
) -> tuple[str, ...]:
    listed = {(trial.suite, trial.case, trial.model) for trial in other.trials}
    missing = _ordered({key: own[key] for key in own.keys() - others.keys()})
    return tuple(_name(key) + (f" (not run in {side})" if key in listed else "") for key in missing)


def _name(key: Key) -> str:
    suite, case, model = key
    return f"{suite}/{case}@{model}"


# --- one pair -------------------------------------------------------------------------------


def _figures(base: _Repeats, head: _Repeats) -> Iterator[Figures]:
    for metric in COMPARED:
        figures = Figures(
            metric=metric, base=sample_of(metric, base.trials), head=sample_of(metric, head.trials)
        )
        if figures.base.values or figures.head.values:
            yield figures


def _pair(base: _Repeats, head: _Repeats, changes: tuple[Change, ...]) -> Pair:
    content, content_note = compare_content(base.trials, head.trials)
    verdicts = {
        correctness(base.case.status, head.case.status),
        *(change.verdict for change in changes),
    }
    return Pair(
        suite=head.case.suite,
        case=head.case.case,
        model=head.case.model,
        changes=changes,
        base_passed=base.case.passed,
        base_trials=base.case.trials,
        head_passed=head.case.passed,
        head_trials=head.case.trials,
        base_status=base.case.status,
        head_status=head.case.status,
        base_finish=count_endings(base.trials),
        head_finish=count_endings(head.trials),
        content=content,
        content_note=content_note,
        verdict=next(verdict for verdict in VERDICTS if verdict in verdicts),
    )


# --- words ----------------------------------------------------------------------------------


def _said(pairs: Sequence[Pair], verdict: Verdict) -> tuple[str, ...]:
    """Say for every pair what has this verdict: first its status, then its figures."""
    return tuple(
        f"{pair.name}: {words}" for pair in pairs for words in _said_of_pair(pair, verdict)
    )


def _said_of_pair(pair: Pair, verdict: Verdict) -> Iterator[str]:
    if pair.correctness == verdict:
        before = f"passed {pair.base_passed} of {pair.base_trials}"
        yield f"{before}, now {pair.head_passed} of {pair.head_trials}"
    for change in pair.changes:
        if change.verdict == verdict:
            yield _said_of_change(change)


def _said_of_change(change: Change) -> str:
    share = "" if change.relative is None else f" ({change.relative:+.0%})"
    before, after = (_shown(value, change.unit) for value in (change.base, change.head))
    return f"{change.title} {before}, now {after}{share}"


def _shown(value: float | None, unit: Unit) -> str:
    assert value is not None, "what has no median has no verdict that counts"
    if unit == "per_s":
        return f"{value:.1f}"
    return f"{value:.2f} s" if value >= 0.9995 else f"{1000 * value:.3g} ms"


# --- what to know about the two -------------------------------------------------------------

# Settings and circumstances under which figures are others.
_CIRCUMSTANCES = ("platform", "event_loop", "concurrency", "profile", "fault", "reframe")


def _notes(base: RunResult, head: RunResult, figures: Sequence[Sequence[Figures]]) -> Iterator[str]:
    for side, result in (("base", base), ("head", head)):
        if result.interrupted:
            yield f"{side} was interrupted, and what it had not run yet is not compared"
    for name in _CIRCUMSTANCES:
        before, after = base.environment.get(name), head.environment.get(name)
        if before != after:
            yield f"{name} differs: {_or_none(before)} in base, {_or_none(after)} in head"
    kinds = {
        words
        for own in figures
        for each in own
        for kind in each.base.kinds | each.head.kinds
        for words in kind
    }
    if "recorded figures" in kinds:
        yield (
            "recorded figures were not measured now: they change with the recordings, or with how "
            "the provider hands on what it reads"
        )
    if "figures of the emulator" in kinds:
        yield "figures of the emulator are the delays of a script, not those of a service"


def _or_none(value: object) -> str:
    return "none" if value is None else str(value)
