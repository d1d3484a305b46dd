"""The tool calls that came, in their order, against those that must come. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from glmbench.checks.json_values import is_same, shown
from glmbench.checks.result import judged, on_one_line
from glmbench.parts import ToolCalls

if TYPE_CHECKING:
    from collections.abc import Mapping

    from glmbench.checks.result import CheckResult
    from glmbench.measure.observation import Observation
    from glmbench.suites.expect import ToolCallExpect

_LINE = 120


def check_tool_calls(expected: tuple[ToolCallExpect, ...], observation: Observation) -> CheckResult:
    """Judge names, order and, where they are named, arguments; the lists must be equally long."""
    calls = [
        call
        for stamped in observation.parts
        if isinstance(stamped.part, ToolCalls)
        for call in stamped.part.calls
    ]
    passed = len(calls) == len(expected) and all(map(_is_the_one, expected, calls))
    return judged(
        "tool_calls",
        passed=passed,
        expected=_listed([_shown(call.name, call.arguments) for call in expected]),
        got=_listed([_shown(_name(call), _arguments(call)) for call in calls]),
    )


def _is_the_one(expected: ToolCallExpect, call: Mapping[str, Any]) -> bool:
    if expected.name != _name(call):
        return False
    return expected.arguments is None or is_same(expected.arguments, _arguments(call))


def _function(call: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what holds name and arguments: the `function` of a call, or the call itself."""
    function = call.get("function")
    return function if isinstance(function, dict) else call


def _name(call: Mapping[str, Any]) -> str:
    name = _function(call).get("name") or call.get("type")
    return name if isinstance(name, str) else "?"


def _arguments(call: Mapping[str, Any]) -> Any:
    """Return the arguments parsed; as they came when they are no JSON."""
    written = _function(call).get("arguments")
    if not isinstance(written, str):
        return written
    try:
        return json.loads(written)
    except (ValueError, RecursionError):
        return written


def _shown(name: str, arguments: Any) -> str:
    return name if arguments is None else f"{name}({shown(arguments)})"


def _listed(calls: list[str]) -> str:
    return on_one_line(", ".join(calls), _LINE) if calls else "no tool call"
