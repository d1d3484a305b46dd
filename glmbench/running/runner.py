"""Run the trials of a plan, one after the other; a failed trial is a row and the run goes on."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from glmbench.cassettes.tape import RecordingTape
from glmbench.cassettes.verdict import Finding
from glmbench.errors import CassetteDamagedError, CassetteError
from glmbench.measure.observation import Observation
from glmbench.measure.stats import summarize
from glmbench.results.model import RunResult, SuiteInfo, TrialResult
from glmbench.results.warnings import find_warnings
from glmbench.running.interruption import Interruption
from glmbench.running.keeping import keep
from glmbench.running.observe import as_failure
from glmbench.running.outcome import Outcome, make_outcome, make_skipped
from glmbench.running.stage import Settings, Stage, make_stage
from glmbench.running.take import Take, take

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from glmbench.running.plan import SuitePlan
    from glmbench.suites.expand import Trial


def run_suites(
    plans: Sequence[SuitePlan],
    settings: Settings,
    environment: dict[str, Any],
    on_trial: Callable[[TrialResult], None] = lambda _: None,
) -> RunResult:
    """Run every trial in order. Ctrl-C ends the run; what is finished is in the result."""
    outcomes: list[Outcome] = []
    too_old: dict[str, float] = {}
    with Interruption() as interruption:
        for stage in [make_stage(plan, settings, interruption) for plan in plans]:
            for trial in stage.plan.trials:
                outcome = _unless_interrupted(stage, trial)
                if outcome is None:
                    break
                outcomes.append(outcome)
                too_old |= _too_old(stage.plan, outcome)
                on_trial(outcome.result)
    trials = tuple(outcome.result for outcome in outcomes)
    return RunResult(
        suites=tuple(_suite_info(plan) for plan in plans),
        environment=environment,
        trials=trials,
        interrupted=interruption.requested,
        strict=settings.strict,
        warnings=find_warnings(trials, too_old),
        replay_lag=summarize(late for outcome in outcomes for late in outcome.offsets_s),
        details={o.result.full_id: o.detail for o in outcomes if o.detail is not None},
    )


def _suite_info(plan: SuitePlan) -> SuiteInfo:
    return SuiteInfo(
        name=plan.suite.name,
        path=plan.shown_path,
        provider=plan.provider_name,
        cases=len(plan.suite.cases),
    )


def _too_old(plan: SuitePlan, outcome: Outcome) -> dict[str, float]:
    """Return the age in seconds of a recording that is older than its suite wants it, by trial."""
    limit = plan.suite.cassettes.max_age_s if plan.suite.cassettes else None
    if limit is None or outcome.recorded_at is None:
        return {}
    age_s = (datetime.now(UTC) - outcome.recorded_at).total_seconds()
    return {outcome.result.full_id: age_s} if age_s > limit else {}


def _unless_interrupted(stage: Stage, trial: Trial) -> Outcome | None:
    try:
        outcome = None if stage.interrupted else run_trial(stage, trial)
    except asyncio.CancelledError:
        if not stage.interrupted:
            raise
        return None
    return None if stage.interrupted else outcome


def run_trial(stage: Stage, trial: Trial) -> Outcome:
    """Run one trial and judge it.

    Raises:
        asyncio.CancelledError: Ctrl-C came; nothing of the trial is kept.
    """
    if stage.settings.mode == "live" and trial.case.fault is not None:
        return make_skipped(stage, trial, "its fault needs a recording")
    try:
        tape = stage.open_tape(trial)
    except CassetteError as problem:
        damaged = isinstance(problem, CassetteDamagedError)
        finding = Finding(verdict="DAMAGED" if damaged else "STALE", reason=str(problem))
        nothing = Observation(source="none", failure=as_failure(problem))
        return make_outcome(stage, trial, Take(observation=nothing, finding=finding, error=problem))
    took = take(stage, trial, tape)
    if isinstance(tape, RecordingTape) and took.finding and took.finding.verdict == "RECORDED":
        return keep(stage, trial, tape, took)
    return make_outcome(stage, trial, took)
