"""Run the trials of a plan, one after the other; a failed trial is a row and the run goes on.

In replay each trial has an event loop of its own whose clock is virtual, and the network is
sealed, so that no trial can influence another and every figure is the same run after run.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from glmbench.cassettes import virtual_time
from glmbench.cassettes.context import activate, open_tape, parse_timing
from glmbench.cassettes.seal import sealed
from glmbench.cassettes.tape import PlayingTape, RecordingTape, Tape
from glmbench.cassettes.verdict import Finding
from glmbench.checks.evaluate import evaluate
from glmbench.errors import (
    CassetteDamagedError,
    CassetteError,
    DeadlineExceededError,
    GlmbenchError,
    ProviderError,
    RecordingEndsError,
    VirtualTimeError,
)
from glmbench.measure.observation import Observation
from glmbench.measure.timing import measure_throughput, measure_timing
from glmbench.results.judge import judge
from glmbench.results.model import CassetteOutcome, ErrorOutcome, RunResult, SuiteInfo, TrialResult
from glmbench.running.foreign import as_part
from glmbench.running.interruption import Interruption
from glmbench.running.observe import Yielded, as_failure, observe

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from glmbench.cassettes.context import Mode
    from glmbench.running.plan import SuitePlan
    from glmbench.suites.expand import Trial


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to run: see `glmbench run --help`."""

    mode: Mode = "replay"
    timing: str = "recorded"
    connect_to: tuple[str, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A finished trial, and the text of a foreign exception, which is kept out of the result."""

    result: TrialResult
    detail: str | None = None


def run_suites(
    plans: Sequence[SuitePlan],
    settings: Settings,
    environment: dict[str, Any],
    on_trial: Callable[[TrialResult], None] = lambda _: None,
) -> RunResult:
    """Run every trial in order. Ctrl-C ends the run; what is finished is in the result."""
    results: list[TrialResult] = []
    details: dict[str, str] = {}
    with Interruption() as interruption:
        for plan, trial in [(each, trial) for each in plans for trial in each.trials]:
            outcome = _unless_interrupted(plan, trial, settings, interruption)
            if outcome is None:
                break
            results.append(outcome.result)
            if outcome.detail is not None:
                details[f"{plan.suite.name}/{outcome.result.id}"] = outcome.detail
            on_trial(outcome.result)
    return RunResult(
        suites=tuple(_suite_info(plan) for plan in plans),
        environment=environment,
        trials=tuple(results),
        interrupted=interruption.requested,
        details=details,
    )


def _suite_info(plan: SuitePlan) -> SuiteInfo:
    return SuiteInfo(
        name=plan.suite.name,
        path=plan.shown_path,
        provider=plan.provider_name,
        cases=len(plan.suite.cases),
    )


def _unless_interrupted(
    plan: SuitePlan, trial: Trial, settings: Settings, interruption: Interruption
) -> Outcome | None:
    try:
        outcome = run_trial(plan, trial, settings, interruption)
    except asyncio.CancelledError:
        if not interruption.requested:
            raise
        return None
    return None if interruption.requested else outcome


def run_trial(
    plan: SuitePlan, trial: Trial, settings: Settings, interruption: Interruption
) -> Outcome:
    """Run one trial and judge it.

    Raises:
        asyncio.CancelledError: Ctrl-C came; nothing of the trial is kept.
    """
    try:
        tape = _open_tape(plan, trial, settings)
    except CassetteDamagedError as damage:
        damaged = Finding(verdict="DAMAGED", reason=str(damage))
        nothing = Observation(source="none", failure=as_failure(damage))
        return _outcome(plan, trial, nothing, damaged, damage)
    yielded: list[Yielded] = []
    with sealed() if _is_replay(tape) else nullcontext() as seal:
        error = _attempt(plan, trial, tape, settings, yielded, interruption)
    failure = as_failure(error) if error is not None else None
    observation = observe(tape, yielded, failure)
    finding = _finding(tape, observation, error, seal.refused if seal else [])
    if tape is not None and finding is not None and finding.verdict == "RECORDED":
        finding = _saved(tape, finding, plan.cassette_name(trial))
    return _outcome(plan, trial, observation, finding, error)


def _saved(tape: Tape, finding: Finding, name: str) -> Finding:
    """Write the recording; one that cannot be written is a row, and the run goes on."""
    try:
        tape.save()
    except OSError as problem:
        reason = f"{name} could not be written: {problem.strerror or problem}."
        return Finding(verdict="MISS", reason=reason)
    except CassetteError as problem:
        return Finding(verdict="MISS", reason=str(problem))
    return finding


def _open_tape(plan: SuitePlan, trial: Trial, settings: Settings) -> Tape | None:
    """Open the trial's tape; there is none in replay where the suite has no cassettes."""
    path = plan.cassette_path(trial)
    if path is None:
        live = RecordingTape(None, connect_to=settings.connect_to)
        return None if settings.mode == "replay" else live
    return open_tape(
        path,
        settings.mode,
        name=plan.cassette_name(trial),
        speed=parse_timing(settings.timing),
        connect_to=settings.connect_to,
    )


def _is_replay(tape: Tape | None) -> bool:
    return tape is None or isinstance(tape, PlayingTape)


def _attempt(
    plan: SuitePlan,
    trial: Trial,
    tape: Tape | None,
    settings: Settings,
    yielded: list[Yielded],
    interruption: Interruption,
) -> BaseException | None:
    """Let the provider answer, on the loop that the mode asks for."""

    async def converse() -> None:
        with interruption.cancelling():
            await _converse(plan, trial, tape, yielded)

    virtual = _is_replay(tape) and settings.timing in {"recorded", "instant"}
    run = virtual_time.run if virtual else asyncio.run
    try:
        with activate(tape) if tape is not None else nullcontext():
            run(converse())
    # Whatever a provider raises is this trial's row; were SystemExit let through, a provider
    # could end the run with a code of its own. Ctrl-C is told by the interruption.
    except BaseException as error:
        if interruption.requested:
            raise
        return error
    return None


async def _converse(
    plan: SuitePlan, trial: Trial, tape: Tape | None, yielded: list[Yielded]
) -> None:
    started = time.perf_counter()
    limit = trial.case.timeout
    options = {**plan.suite.provider.kwargs, **trial.case.options}
    if _is_replay(tape):
        options = {**_placeholders(plan.provider), **options}
    messages = [dict(message) for message in trial.case.messages]
    deadline = asyncio.timeout(limit)
    try:
        async with deadline:
            parts = plan.provider.create_async_generator(trial.model, messages, **options)
            async with aclosing(parts):
                async for item in parts:
                    part = as_part(item)
                    if part is None:
                        continue
                    yielded.append(
                        Yielded(
                            part=part,
                            position=tape.position() if tape is not None else None,
                            consumer_us=round((time.perf_counter() - started) * 1e6),
                        )
                    )
    except TimeoutError:
        if not deadline.expired():
            raise
        message = f"the case's timeout of {limit:g} s passed"
        raise DeadlineExceededError(message) from None


def _placeholders(provider: Any) -> dict[str, str]:
    """Stand in for the provider's key: replay sends it to nobody, so CI needs no secret."""
    variables = getattr(provider, "api_key_variables", ())
    return {"api_key": f"[secret:{variables[0]}]"} if variables else {}


def _finding(
    tape: Tape | None,
    observation: Observation,
    error: BaseException | None,
    refused: list[str],
) -> Finding | None:
    """Ask the tape, and count what it cannot see: ways to the network that were tried.

    None: there is no tape, or the trial ended before it could ask it for anything.
    """
    if isinstance(error, RecordingEndsError):
        return Finding(verdict="STALE", reason=str(error))
    if refused:
        reason = f"{refused[0]} was refused: replay never goes to the network."
        return Finding(verdict="MISS", reason=reason)
    if tape is None:
        return None
    finding = tape.finding()
    if isinstance(error, DeadlineExceededError) and finding.verdict == "RECORDED":
        # What was cut off by our own deadline is no recording of anything.
        return Finding(verdict="LIVE", reason="Stopped by the case's timeout: nothing was saved.")
    failed_before_asking = error is not None and not observation.parts and not tape.asked
    return None if failed_before_asking and finding.verdict == "MISS" else finding


def _outcome(
    plan: SuitePlan,
    trial: Trial,
    observation: Observation,
    finding: Finding | None,
    error: BaseException | None,
) -> Outcome:
    expect = trial.case.expect
    timing = measure_timing(observation)
    checks = evaluate(expect, observation, timing)
    finish = observation.finish
    result = TrialResult(
        suite=plan.suite.name,
        case=trial.case.id,
        model=trial.model,
        repeat=trial.repeat,
        line=plan.lines[trial.case.id],
        status=judge(expect, observation.failure, checks, finding),
        expected_finish_reason=expect.finish_reason,
        finish_reason=finish.reason if finish else None,
        native_finish_reason=finish.native if finish else None,
        finish_message=finish.message if finish else None,
        rewritten=finish.rewritten if finish else None,
        dropped_chars=finish.dropped_chars if finish else 0,
        text=observation.text,
        reasoning=observation.reasoning,
        origin=observation.origin,
        timing=timing,
        throughput=measure_throughput(observation),
        checks=checks,
        cassette=_cassette_outcome(plan, trial, finding),
        error=_error_outcome(error),
    )
    detail = str(error) if error is not None and not _is_ours(error) else None
    return Outcome(result=result, detail=detail)


def _cassette_outcome(
    plan: SuitePlan, trial: Trial, finding: Finding | None
) -> CassetteOutcome | None:
    if finding is None:
        return None
    return CassetteOutcome(
        path=plan.cassette_name(trial), verdict=finding.verdict, reason=finding.reason
    )


def _is_ours(error: BaseException) -> bool:
    # A VirtualTimeError names tasks, whose numbers differ from run to run.
    return isinstance(error, GlmbenchError) and not isinstance(error, VirtualTimeError)


def _error_outcome(error: BaseException | None) -> ErrorOutcome | None:
    if error is None:
        return None
    if isinstance(error, ProviderError):
        return ErrorOutcome(
            type=type(error).__name__, message=error.message, status=error.status, code=error.code
        )
    return ErrorOutcome(type=type(error).__name__, message=str(error) if _is_ours(error) else "")
