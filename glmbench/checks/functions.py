"""Checks that somebody wrote as a Python function: called, and what they return is judged.

Nothing is imported here; what is imported is decided, and problems are told, before the run.
"""

from __future__ import annotations

import math
from types import CoroutineType
from typing import TYPE_CHECKING, Any

from glmbench.checks.result import judged, on_one_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from glmbench.checks.result import CheckResult
    from glmbench.measure.observation import Observation

# A score is of the kind that graders give, from 0 to 1; half of it is a pass.
PASSING_SCORE = 0.5

_CONTRACT = "return a bool, a score from 0 to 1, or (verdict, reason)"


def check_function(
    path: str, function: Callable[[Observation], Any] | None, observation: Observation
) -> CheckResult:
    """Call a function with the turn; None is one that was never imported."""
    passed, got = _called(function, observation)
    return judged("python", passed=passed, expected=on_one_line(path), got=on_one_line(got, 200))


def _called(
    function: Callable[[Observation], Any] | None, observation: Observation
) -> tuple[bool, str]:
    if function is None:
        return False, "this function was not imported"
    try:
        returned = function(observation)
    except Exception as error:  # noqa: BLE001 -- somebody else's code: its fault is a failed check
        message = str(error)
        return False, f"{type(error).__name__}: {message}" if message else type(error).__name__
    return _judged(returned)


def _judged(returned: Any) -> tuple[bool, str]:
    if isinstance(returned, tuple) and len(returned) == 2 and isinstance(returned[1], str):
        (passed, got), reason = _judged_alone(returned[0]), returned[1]
        return passed, f"{got}: {reason}" if reason else got
    return _judged_alone(returned)


def _judged_alone(returned: Any) -> tuple[bool, str]:
    if isinstance(returned, bool):
        return returned, str(returned).lower()
    if isinstance(returned, int | float):
        if math.isnan(returned) or not 0 <= returned <= 1:
            return False, f"{returned}, which is no score: {_CONTRACT}"
        return returned >= PASSING_SCORE, f"{returned:g}"
    if isinstance(returned, CoroutineType):
        # Or Python warns of it, at some later time and in another place.
        returned.close()
        return False, f"a coroutine, and nobody awaits it: {_CONTRACT}"
    return False, f"{type(returned).__name__}: {_CONTRACT}"
