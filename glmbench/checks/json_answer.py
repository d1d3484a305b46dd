"""The visible text as JSON: does it fit a schema, does it hold these values? Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from glmbench.checks.json_values import NotJsonError, is_same, parse_json, shown
from glmbench.checks.result import judged, on_one_line
from glmbench.jsonpath import find_values
from glmbench.suites.jsonschemas import find_misfit
from glmbench.suites.patterns import PatternTimeoutError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from glmbench.checks.result import CheckResult
    from glmbench.jsonpath import JsonPath
    from glmbench.suites.expect import JsonExpect


def check_json(expect: JsonExpect, text: str) -> Iterator[CheckResult]:
    """Judge the text as JSON; what is none fails every check."""
    if expect.schema is None and not expect.at:
        return
    value, reason = _parsed(text)
    if expect.schema is not None:
        got = reason or _misfit(expect.schema, value)
        yield judged(
            "json.schema",
            passed=got is None,
            expected="JSON that fits the schema",
            got=got or on_one_line(shown(value)),
        )
    for path, wanted in expect.at.items():
        found = [] if reason else find_values(value, path)
        yield judged(
            "json.at",
            passed=bool(found) and all(is_same(wanted, one) for one in found),
            expected=on_one_line(f"{path.text} = {shown(wanted)}"),
            got=reason or _found(path, wanted, found),
        )


def _parsed(text: str) -> tuple[Any, str | None]:
    try:
        return parse_json(text), None
    except NotJsonError as error:
        return None, str(error)


def _misfit(schema: Mapping[str, Any], value: Any) -> str | None:
    try:
        misfit = find_misfit(schema, value)
    except PatternTimeoutError as error:
        return f"a pattern of the schema gave {error}"
    except RecursionError:
        return "the schema leads to itself without end, or the value is nested too deeply"
    return on_one_line(f"{misfit.place}: {misfit.reason}", 120) if misfit else None


def _found(path: JsonPath, wanted: Any, found: list[Any]) -> str:
    """Show the first value that differs; among several, say which one it is."""
    if not found:
        return "nothing there"
    differing = [index for index, one in enumerate(found) if not is_same(wanted, one)]
    if not differing or None not in path.steps:
        return on_one_line(shown(found[0]))
    which = f"value {differing[0] + 1} of {len(found)}: "
    return which + on_one_line(shown(found[differing[0]]))
