"""Turns for the tests of checks, and what checks say of them."""

from __future__ import annotations

from glmbench.checks.evaluate import evaluate
from glmbench.measure.observation import Failure, Observation, StampedPart
from glmbench.measure.timing import Timing
from glmbench.parts import FinishReason

NO_TIMING = Timing(source="none")
QUOTA = Failure(
    type="QuotaExceededError",
    message="请登录后继续使用",
    status=200,
    code="500",
    expected_kind=True,
)


def turn(*parts, failure=None):
    return Observation(
        source="recorded",
        parts=tuple(StampedPart(at_us=1, part=part) for part in parts),
        failure=failure,
    )


def answer(text="Hello", reason="stop", native=None):
    return turn(text, FinishReason(reason, native))


def verdicts(expect, observation, timing=NO_TIMING, throughput=None, functions=None):
    return [
        (result.name, result.status, result.expected, result.got)
        for result in evaluate(expect, observation, timing, throughput, functions)
    ]
