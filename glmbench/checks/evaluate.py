"""Does a turn show what was expected? Pure: an expectation and an observation to results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from glmbench.checks.endings import (
    check_error,
    check_finish_reason,
    check_native_finish_reason,
    expects,
)
from glmbench.checks.figures import check_latency, check_stream, check_throughput, check_tokens
from glmbench.checks.functions import check_function
from glmbench.checks.json_answer import check_json
from glmbench.checks.result import CheckResult, CheckStatus
from glmbench.checks.texts import check_text
from glmbench.checks.tool_calls import check_tool_calls

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from glmbench.measure.observation import Observation
    from glmbench.measure.timing import Throughput, Timing
    from glmbench.suites.expect import Expect, LatencyMetric

__all__ = ["CheckResult", "CheckStatus", "evaluate", "expects"]

# What has happened by the time a stream breaks, and is true whatever breaks it.
_FIRSTS: tuple[LatencyMetric, ...] = ("ttft", "ttfo", "ttfb")


def evaluate(
    expect: Expect,
    observation: Observation,
    timing: Timing,
    throughput: Throughput | None = None,
    functions: Mapping[str, Callable[[Observation], Any]] | None = None,
) -> tuple[CheckResult, ...]:
    """Judge what can be judged, in a fixed order.

    A turn that ended in an exception nobody expected is an error, not a failed check: then only
    the instants of what came first are judged, for everything else was cut short.
    `functions` holds what `expect.python` names, by import path.
    """
    failure = observation.failure
    results: list[CheckResult] = []
    if expect.error is not None and (failure is None or failure.expected_kind):
        results.append(check_error(expect.error, observation))
    if failure is not None and not expects(expect, failure):
        firsts = {metric: expect.latency[metric] for metric in _FIRSTS if metric in expect.latency}
        return (*results, *check_latency(firsts, timing))
    results += _check_answer(expect, observation)
    results += check_latency(expect.latency, timing)
    results += check_throughput(expect.throughput, throughput, timing)
    results += check_tokens(expect.tokens, observation)
    results += check_stream(expect.stream, observation, timing)
    for path in expect.python:
        results.append(check_function(path, (functions or {}).get(path), observation))
    return tuple(results)


def _check_answer(expect: Expect, observation: Observation) -> Iterator[CheckResult]:
    if expect.finish_reason is not None:
        yield check_finish_reason(expect.finish_reason, observation)
    if expect.native_finish_reason:
        yield check_native_finish_reason(expect.native_finish_reason, observation)
    yield from check_text("text", expect.text, observation.text)
    yield from check_text("reasoning", expect.reasoning, observation.reasoning)
    yield from check_json(expect.json, observation.text)
    if expect.tool_calls is not None:
        yield check_tool_calls(expect.tool_calls, observation)
