"""Results made by hand."""

from __future__ import annotations

from dataclasses import fields

from glmbench.measure.timing import Throughput, Timing
from glmbench.results.model import CassetteOutcome, RunResult, SuiteInfo, TrialResult, TurnResult


def make_trial(*, status="passed", verdict="HIT", reason=None, **changes) -> TrialResult:
    usual = {
        "suite": "small",
        "case": "one",
        "model": "glm-4",
        "repeat": 1,
        "line": 5,
        "status": status,
        "expected_finish_reason": ("stop",),
        "finish_reason": "stop",
        "native_finish_reason": "finish",
        "finish_message": None,
        "rewritten": None,
        "dropped_chars": 0,
        "text": "Hello",
        "reasoning": "",
        "origin": "live",
        "timing": Timing(
            source="recorded", ttfb_s=0.1, ttft_s=0.25, ttfo_s=0.25, total_s=1.5, gap_max_s=0.04
        ),
        "throughput": Throughput(
            token_source="estimate",
            output_tokens=40,
            output_chars=100,
            decode_tps=32.0,
            e2e_tps=26.7,
            chars_ps=80.0,
        ),
        "checks": (),
        "cassette": CassetteOutcome(path="c/one@glm-4@1.yaml", verdict=verdict, reason=reason),
        "error": None,
    }
    return TrialResult(**{**usual, **changes})


def make_result(trials, *, environment=None, **changes) -> RunResult:
    suites = tuple(
        SuiteInfo(name=name, path=f"{name}.yaml", provider="chatglm", cases=1)
        for name in dict.fromkeys(["small", *(trial.suite for trial in trials)])
    )
    return RunResult(suites=suites, environment=environment or {}, trials=tuple(trials), **changes)


def make_turn(**changes) -> TurnResult:
    """Make a turn that is like the trial of `make_trial`."""
    trial = make_trial()
    usual = {
        field.name: getattr(trial, field.name)
        for field in fields(TurnResult)
        if hasattr(trial, field.name)
    }
    return TurnResult(**{**usual, **changes})
