"""How an answer ended: its finish reason, or the error that was expected instead. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from glmbench.checks.excerpts import quoted
from glmbench.checks.result import judged, on_one_line

if TYPE_CHECKING:
    from glmbench.checks.result import CheckResult
    from glmbench.measure.observation import Failure, Observation
    from glmbench.suites.expect import ErrorExpect, Expect

# The class at the root of the tree: naming it expects any provider error.
_ANY_ERROR = "ProviderError"


def expects(expect: Expect, failure: Failure) -> bool:
    """Say whether a failure is what the suite asked for, by `error` or by a null finish reason."""
    if not failure.expected_kind:
        return False
    if expect.error is not None:
        return _matches(expect.error, failure)
    return expect.finish_reason is not None and None in expect.finish_reason


def check_error(error: ErrorExpect, observation: Observation) -> CheckResult:
    """Judge the error that ended the answer, or that none did."""
    failure = observation.failure
    passed = failure is not None and _matches(error, failure)
    got = f"no error, {_finish(observation)}" if failure is None else _described(failure)
    return judged("error", passed=passed, expected=_wanted(error), got=got)


def check_finish_reason(reasons: tuple[str | None, ...], observation: Observation) -> CheckResult:
    """Judge the normalised finish reason; None in the list is an answer without one."""
    finish = observation.finish
    return judged(
        "finish_reason",
        passed=(finish.reason if finish else None) in reasons,
        expected=" or ".join("none (an error)" if word is None else word for word in reasons),
        got=_finish(observation),
    )


def check_native_finish_reason(words: tuple[str, ...], observation: Observation) -> CheckResult:
    """Judge the service's own word for how it ended."""
    native = observation.finish.native if observation.finish else None
    return judged(
        "native_finish_reason",
        passed=native in words,
        expected=" or ".join(on_one_line(word) for word in words),
        got="none" if native is None else on_one_line(str(native)),
    )


def _matches(error: ErrorExpect, failure: Failure) -> bool:
    return (
        error.type in {None, _ANY_ERROR, failure.type}
        and error.status in {None, failure.status}
        and error.code in {None, failure.code}
        and (error.message is None or error.message in failure.message)
    )


def _finish(observation: Observation) -> str:
    finish = observation.finish
    if finish is None:
        return "none (an error)" if observation.failure else "none"
    if finish.native in {None, finish.reason}:
        return finish.reason
    return f"{finish.reason} ({on_one_line(str(finish.native))})"


def _wanted(error: ErrorExpect) -> str:
    details = [
        f"status {error.status}" if error.status is not None else "",
        f"code {on_one_line(error.code)}" if error.code is not None else "",
        f"message with {quoted(error.message)}" if error.message is not None else "",
    ]
    return ", ".join([error.type or "an error", *(detail for detail in details if detail)])


def _described(failure: Failure) -> str:
    details = [
        f"status {failure.status}" if failure.status is not None else "",
        f"code {on_one_line(failure.code)}" if failure.code is not None else "",
        quoted(failure.message) if failure.message else "",
    ]
    return ", ".join([failure.type, *(detail for detail in details if detail)])
