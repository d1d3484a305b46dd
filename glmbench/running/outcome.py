"""From what a trial showed to its row in the result: measured, checked, judged, and redacted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from glmbench.checks.evaluate import evaluate
from glmbench.errors import GlmbenchError, ProviderError, VirtualTimeError
from glmbench.measure.observation import Observation, StampedPart
from glmbench.measure.timing import measure_throughput, measure_timing
from glmbench.parts import FinishReason, Reasoning
from glmbench.results.journal import Outcome
from glmbench.results.judge import judge
from glmbench.results.model import CassetteOutcome, ErrorOutcome, TrialResult, TurnResult
from glmbench.results.timeline import make_timeline
from glmbench.running.take import Take, TurnTake

if TYPE_CHECKING:
    from collections.abc import Sequence

    from glmbench.cassettes.verdict import Finding
    from glmbench.redaction.redactor import Redactor
    from glmbench.results.model import Status
    from glmbench.running.stage import Stage
    from glmbench.suites.expand import Trial
    from glmbench.suites.expect import Expect


def make_outcome(stage: Stage, trial: Trial, take: Take) -> Outcome:
    """Make the row of a trial."""
    turns = [
        _turn(stage, said.expect, took, take.finding)
        for said, took in zip(trial.turns, take.turns, strict=False)
    ]
    first, origin = turns[0], take.turns[0].observation.origin
    own = {name: getattr(first, name) for name in _OF_FIRST_TURN}
    playback = stage.playback(trial)
    result = TrialResult(
        **_identity(stage, trial),
        **own,
        status=_status([turn.status for turn in turns]),
        origin=origin,
        fault=str(playback.fault) if take.edited and playback.fault else None,
        reframe=str(playback.reframe) if take.edited and playback.reframe else None,
        cassette=_cassette(stage, trial, take.finding),
        error=next((turn.error for turn in turns if turn.error is not None), None),
        turns=tuple(turns),
    )
    error = take.error
    detail = str(error) if error is not None and not _is_ours(error) else None
    return Outcome(
        result=result,
        detail=_said(detail, stage.redactor),
        recorded_at=take.recorded_at,
        offsets_s=take.offsets_s,
    )


# What a trial has in common with its turns, and takes from the first.
_OF_FIRST_TURN = (
    "expected_finish_reason",
    "finish_reason",
    "native_finish_reason",
    "finish_message",
    "rewritten",
    "dropped_chars",
    "text",
    "reasoning",
    "timing",
    "throughput",
    "checks",
)


def _identity(stage: Stage, trial: Trial) -> dict[str, Any]:
    return {
        "suite": stage.plan.suite.name,
        "case": trial.name,
        "model": trial.model,
        "repeat": trial.repeat,
        "line": stage.plan.lines[trial.case.id],
        "tags": trial.case.tags,
        "min_pass": trial.min_pass,
        "place": trial.place,
    }


def _status(turns: Sequence[Status]) -> Status:
    """Give a trial the worst of what its turns came to."""
    return next(status for status in ("error", "failed", "unmeasured", "passed") if status in turns)


def _turn(stage: Stage, expect: Expect, took: TurnTake, finding: Finding | None) -> TurnResult:
    redactor = stage.redactor
    timing = measure_timing(took.observation)
    throughput = measure_throughput(took.observation)
    observation = without_secrets(took.observation, redactor)
    checks = evaluate(expect, observation, timing, throughput, stage.plan.functions)
    finish = observation.finish
    return TurnResult(
        status=judge(expect, observation.failure, checks, finding),
        expected_finish_reason=expect.finish_reason,
        finish_reason=finish.reason if finish else None,
        native_finish_reason=finish.native if finish else None,
        finish_message=finish.message if finish else None,
        rewritten=finish.rewritten if finish else None,
        dropped_chars=finish.dropped_chars if finish else 0,
        text=observation.text,
        reasoning=observation.reasoning,
        timing=timing,
        throughput=throughput,
        checks=tuple(replace(c, expected=redactor.text(c.expected)) for c in checks),
        error=_error(took.error, redactor),
        attempts=took.attempts,
        waited_s=took.waited_s,
        timeline=make_timeline(observation),
    )


def make_skipped(stage: Stage, trial: Trial, reason: str) -> Outcome:
    """Make the row of a trial that was not run."""
    nothing = Take(turns=(TurnTake(observation=Observation(source="none")),), finding=None)
    result = make_outcome(stage, trial, nothing).result
    return Outcome(result=replace(result, status="skipped", checks=(), turns=(), skipped=reason))


def without_secrets(observation: Observation, redactor: Redactor) -> Observation:
    """Return an observation whose texts may be written.

    Where a text holds a secret its pieces are joined: the secret may lie across them.
    """
    failure = observation.failure
    if failure is not None:
        message, code = _said(failure.message, redactor), _said(failure.code, redactor)
        failure = replace(failure, message=message, code=code)
    parts = tuple(
        replace(stamped, part=_finish_without_secrets(stamped.part, redactor))
        if isinstance(stamped.part, FinishReason)
        else stamped
        for stamped in observation.parts
    )
    text = _answered(observation.text, redactor)
    if text != observation.text:
        others = tuple(stamped for stamped in parts if not isinstance(stamped.part, str))
        parts = (StampedPart(at_us=None, part=text), *others)
    reasoning = _answered(observation.reasoning, redactor)
    if reasoning != observation.reasoning:
        others = tuple(stamped for stamped in parts if not isinstance(stamped.part, Reasoning))
        parts = (StampedPart(at_us=None, part=Reasoning(reasoning)), *others)
    return replace(observation, failure=failure, parts=parts)


def _finish_without_secrets(finish: FinishReason, redactor: Redactor) -> FinishReason:
    return replace(
        finish,
        native=_said(finish.native, redactor),
        message=_said(finish.message, redactor),
        rewritten=None if finish.rewritten is None else _answered(finish.rewritten, redactor),
    )


def _answered(text: str, redactor: Redactor) -> str:
    """Return what a service answered without secrets; it may have broken off inside one."""
    return redactor.text(_whole_characters(text), unfinished=True)


T = TypeVar("T", str, str | None)


def _said(text: T, redactor: Redactor) -> T:
    """Return what a service or a program said about itself without secrets."""
    return redactor.message(_whole_characters(text)) if text else text


def _whole_characters(text: str) -> str:
    """Join the halves of characters, and replace what has no other half: JSON cannot hold it.

    A client that reads escapes itself passes on halves, as they came in two pieces.
    """
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _cassette(stage: Stage, trial: Trial, finding: Finding | None) -> CassetteOutcome | None:
    if finding is None:
        return None
    return CassetteOutcome(
        path=stage.plan.cassette_name(trial),
        verdict=finding.verdict,
        reason=stage.redactor.text(finding.reason) if finding.reason else finding.reason,
    )


def _is_ours(error: BaseException) -> bool:
    # A VirtualTimeError names tasks, whose numbers differ from run to run.
    return isinstance(error, GlmbenchError) and not isinstance(error, VirtualTimeError)


def _error(error: BaseException | None, redactor: Redactor) -> ErrorOutcome | None:
    if error is None:
        return None
    name = type(error).__name__
    if isinstance(error, ProviderError):
        message, code = _said(error.message, redactor), _said(error.code, redactor)
        return ErrorOutcome(type=name, message=message, status=error.status, code=code)
    return ErrorOutcome(type=name, message=_said(str(error), redactor) if _is_ours(error) else "")
