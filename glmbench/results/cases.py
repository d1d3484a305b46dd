"""From trials to the state of each case: passed, flaky or failed. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from glmbench.results.model import TrialResult

CaseStatus: TypeAlias = Literal["passed", "flaky", "failed", "skipped"]

# Why a trial was not run after another one had failed: what schedules trials says so.
STOPPED_BY_A_FAILURE = "stopped by --fail-fast"
# How the reasons begin that say that the budget of a run was spent.
BUDGETS = ("max_requests of ", "max_time of ")


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """What the repeats of a case on one model came to.

    `passed` and `trials` count; trials that were skipped or interrupted are in neither. `min_pass`
    is how many must pass; None means all.
    """

    suite: str
    case: str
    model: str
    status: CaseStatus
    passed: int
    trials: int
    min_pass: int | None


def group_cases(trials: Iterable[TrialResult]) -> tuple[CaseResult, ...]:
    """Group the repeats of each case and model, in the order in which the cases first appear.

    Where a failure stopped the run no case is flaky: what was stopped for is not tolerated, or a
    run that left out most of its trials would pass.
    """
    groups: dict[tuple[str, str, str], list[TrialResult]] = {}
    stopped = False
    for trial in trials:
        stopped = stopped or trial.skipped == STOPPED_BY_A_FAILURE
        groups.setdefault((trial.suite, trial.case, trial.model), []).append(trial)
    return tuple(_case(repeats, stopped=stopped) for repeats in groups.values())


def counts(trial: TrialResult) -> bool:
    """Tell whether the trial was run to its end, whatever came of it."""
    return trial.status not in {"skipped", "interrupted"}


def _case(repeats: Sequence[TrialResult], *, stopped: bool) -> CaseResult:
    first = repeats[0]
    statuses = [trial.status for trial in repeats if counts(trial)]
    passed = statuses.count("passed")
    return CaseResult(
        suite=first.suite,
        case=first.case,
        model=first.model,
        status=_status(passed, len(statuses), None if stopped else first.min_pass),
        passed=passed,
        trials=len(statuses),
        min_pass=first.min_pass,
    )


def _status(passed: int, trials: int, min_pass: int | None) -> CaseStatus:
    if not trials:
        return "skipped"
    if passed == trials:
        return "passed"
    return "flaky" if min_pass is not None and passed >= min_pass else "failed"
