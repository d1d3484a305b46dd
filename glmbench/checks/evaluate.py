"""Does a turn show what was expected? Pure: an expectation and an observation to verdicts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from glmbench.checks.excerpts import first_difference, nearest, quoted
from glmbench.problems import printable, shortened
from glmbench.suites.patterns import DEADLINE_S, PatternTimeoutError, find_match

if TYPE_CHECKING:
    from collections.abc import Iterator

    from glmbench.measure.observation import Failure, Observation
    from glmbench.measure.timing import Timing
    from glmbench.suites.bounds import Bound
    from glmbench.suites.expect import ErrorExpect, Expect, LatencyMetric, TextExpect

CheckStatus: TypeAlias = Literal["passed", "failed", "unmeasured"]

# The class at the root of the tree: naming it expects any provider error.
_ANY_ERROR = "ProviderError"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """One verdict; `expected` and `got` are one line each, for a person.

    `note` is the timing source of a latency check when it is not this run's own measurement.
    """

    name: str
    status: CheckStatus
    expected: str
    got: str
    note: str | None = None


def evaluate(expect: Expect, observation: Observation, timing: Timing) -> tuple[CheckResult, ...]:
    """Judge what can be judged, in a fixed order.

    A turn that ended in an exception nobody expected is an error, not a failed check: then
    neither its text, which was cut short, nor its finish reason, nor its total is judged.
    """
    failure = observation.failure
    results: list[CheckResult] = []
    if expect.error is not None and (failure is None or failure.expected_kind):
        results.append(_check_error(expect.error, observation))
    unexpected = failure is not None and not expects(expect, failure)
    if not unexpected:
        if expect.finish_reason is not None:
            results.append(_check_finish_reason(expect.finish_reason, observation))
        results.extend(_check_text(expect.text, observation.text))
    for metric, bound in expect.latency.items():
        if metric == "ttft" or not unexpected:
            results.append(_check_latency(metric, bound, timing))
    return tuple(results)


def expects(expect: Expect, failure: Failure) -> bool:
    """Say whether a failure is what the suite asked for, by `error` or by a null finish reason."""
    if not failure.expected_kind:
        return False
    if expect.error is not None:
        return _matches(expect.error, failure)
    return expect.finish_reason is not None and None in expect.finish_reason


# --- the checks -----------------------------------------------------------------------------


def _check_error(error: ErrorExpect, observation: Observation) -> CheckResult:
    failure = observation.failure
    passed = failure is not None and _matches(error, failure)
    got = f"no error, {_finish(observation)}" if failure is None else _described(failure)
    return _result("error", passed=passed, expected=_wanted(error), got=got)


def _matches(error: ErrorExpect, failure: Failure) -> bool:
    return (
        error.type in {None, _ANY_ERROR, failure.type}
        and error.status in {None, failure.status}
        and error.code in {None, failure.code}
        and (error.message is None or error.message in failure.message)
    )


def _check_finish_reason(reasons: tuple[str | None, ...], observation: Observation) -> CheckResult:
    finish = observation.finish
    return _result(
        "finish_reason",
        passed=(finish.reason if finish else None) in reasons,
        expected=" or ".join("none (an error)" if word is None else word for word in reasons),
        got=_finish(observation),
    )


def _check_text(expect: TextExpect, text: str) -> Iterator[CheckResult]:
    for needle in expect.contains:
        at = text.find(needle)
        yield _result(
            "text.contains",
            passed=at >= 0,
            expected=quoted(needle),
            got=quoted(text, around=at if at >= 0 else nearest(needle, text)),
        )
    if expect.equals is not None:
        at = first_difference(expect.equals, text)
        yield _result(
            "text.equals",
            passed=expect.equals == text,
            expected=quoted(expect.equals, around=at),
            got=quoted(text, around=at),
        )
    if expect.matches is not None:
        yield _check_matches(expect.matches, text)


def _check_matches(pattern: str, text: str) -> CheckResult:
    try:
        span = find_match(pattern, text, deadline_s=DEADLINE_S)
    except PatternTimeoutError as error:
        got = f"the pattern gave {error} on {len(text)} characters"
        return _result("text.matches", passed=False, expected=_on_one_line(pattern), got=got)
    return _result(
        "text.matches",
        passed=span is not None,
        expected=_on_one_line(pattern),
        got=quoted(text, around=span[0] if span else 0),
    )


def _check_latency(metric: LatencyMetric, bound: Bound, timing: Timing) -> CheckResult:
    name = f"latency.{metric}"
    seconds = timing.ttft_s if metric == "ttft" else timing.total_s
    if seconds is None:
        got = "no timing" if timing.source == "none" else "never happened"
        return CheckResult(name=name, status="unmeasured", expected=bound.text, got=got)
    return CheckResult(
        name=name,
        status="passed" if bound.holds(seconds) else "failed",
        expected=bound.text,
        got=_exact_seconds(seconds),
        note=timing.source if timing.source in {"recorded", "edited"} else None,
    )


# --- words ----------------------------------------------------------------------------------


def _result(name: str, *, passed: bool, expected: str, got: str) -> CheckResult:
    status: CheckStatus = "passed" if passed else "failed"
    return CheckResult(name=name, status=status, expected=expected, got=got)


def _finish(observation: Observation) -> str:
    finish = observation.finish
    if finish is None:
        return "none (an error)" if observation.failure else "none"
    if finish.native in {None, finish.reason}:
        return finish.reason
    return f"{finish.reason} ({_on_one_line(str(finish.native))})"


def _wanted(error: ErrorExpect) -> str:
    details = [
        f"status {error.status}" if error.status is not None else "",
        f"code {error.code}" if error.code is not None else "",
        f"message with {quoted(error.message)}" if error.message is not None else "",
    ]
    return ", ".join([error.type or "an error", *(detail for detail in details if detail)])


def _described(failure: Failure) -> str:
    details = [
        f"status {failure.status}" if failure.status is not None else "",
        f"code {failure.code}" if failure.code is not None else "",
        quoted(failure.message) if failure.message else "",
    ]
    return ", ".join([failure.type, *(detail for detail in details if detail)])


def _on_one_line(text: str) -> str:
    return printable(shortened(text, 80))


def _exact_seconds(seconds: float) -> str:
    # To the microsecond: rounded, "3.000 s" would fail "< 3s" and "<= 3s" alike.
    return f"{seconds:.6f}".rstrip("0").rstrip(".") + "s"
