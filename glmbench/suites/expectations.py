"""Readers of `expect`, and how an expectation of a case lies over the defaults."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, TypeVar

from glmbench import errors
from glmbench.parts import FINISH_REASONS
from glmbench.suites.bounds import Bound, BoundError, parse_bound
from glmbench.suites.expect import LATENCY_METRICS, ErrorExpect, Expect, TextExpect
from glmbench.suites.nodes import Keys, integer, one_or_list, text, word
from glmbench.suites.patterns import PatternError, compile_pattern

if TYPE_CHECKING:
    from glmbench.parts import FinishReasonName
    from glmbench.suites.expect import LatencyMetric
    from glmbench.suites.nodes import Node

Group = TypeVar("Group", TextExpect, ErrorExpect)

NOTHING = Expect()

_SUFFIX = "Error"
ERROR_TYPES: tuple[str, ...] = tuple(
    name
    for name, value in vars(errors).items()
    if isinstance(value, type) and issubclass(value, errors.ProviderError)
)


def read_expect(node: Node) -> Expect:
    """Read what one `expect` says itself, without defaults."""
    with Keys(node, "expect") as keys:
        expect = Expect(
            finish_reason=keys.find("finish_reason", one_or_list(_finish_reason)),
            text=keys.read("text", _text_expect, TextExpect()),
            error=keys.find("error", _error_expect),
            latency=keys.read("latency", _latency, {}),
        )
        reasons = expect.finish_reason
        if expect.error is not None and reasons is not None and None not in reasons:
            node.child("finish_reason").report(
                "an answer that ends in an error has no finish reason",
                'drop "finish_reason", or "error"',
                key=True,
            )
    return expect


def settle(own: Expect, defaults: Expect) -> Expect:
    """Lay a case's own expectation over the defaults and make the unsaid explicit.

    Keys merge one by one, within `text`, `error` and `latency` too. `error` and a finish reason
    exclude each other, so the one that the case names drops the other inherited one. What then
    says neither expects `stop`.
    """
    inherited = defaults
    if own.error is not None and own.finish_reason is None:
        inherited = replace(inherited, finish_reason=None)
    if own.error is None and own.finish_reason is not None and None not in own.finish_reason:
        inherited = replace(inherited, error=None)
    error = own.error or inherited.error
    if own.error is not None and inherited.error is not None:
        error = _over(own.error, inherited.error)
    reasons = own.finish_reason or inherited.finish_reason
    if reasons is None and error is None:
        reasons = ("stop",)
    return Expect(
        finish_reason=reasons,
        text=_over(own.text, inherited.text),
        error=error,
        latency={**inherited.latency, **own.latency},
    )


def _over(own: Group, inherited: Group) -> Group:
    given = {field.name: getattr(own, field.name) for field in fields(own)}
    return replace(
        inherited, **{name: value for name, value in given.items() if value not in {None, ()}}
    )


def _finish_reason(node: Node) -> FinishReasonName | None:
    if node.value is None:
        return None
    return word(node, FINISH_REASONS, "finish reason", "stop")


def _text_expect(node: Node) -> TextExpect:
    with Keys(node, "text") as keys:
        return TextExpect(
            contains=keys.read("contains", one_or_list(text), ()),
            equals=keys.find("equals", text),
            matches=keys.find("matches", _pattern),
        )


def _pattern(node: Node) -> str:
    pattern = text(node)
    try:
        compile_pattern(pattern)
    except PatternError as error:
        node.report(f"not a valid pattern: {error}")
    return pattern


def _error_expect(node: Node) -> ErrorExpect:
    if isinstance(node.value, str):
        return ErrorExpect(type=_error_type(node))
    with Keys(node, "error") as keys:
        expect = ErrorExpect(
            type=keys.find("type", _error_type),
            status=keys.find("status", integer),
            code=keys.find("code", _code),
            message=keys.find("message", text),
        )
    if node.value == {}:
        node.report('"error" is empty', "name at least its type, status, code or message")
    return expect


def _error_type(node: Node) -> str:
    if isinstance(node.value, str) and f"{node.value}{_SUFFIX}" in ERROR_TYPES:
        return f"{node.value}{_SUFFIX}"
    return word(node, ERROR_TYPES, "provider error", "")


def _code(node: Node) -> str:
    # Services send codes as numbers or as text; an observation holds text.
    if isinstance(node.value, int) and not isinstance(node.value, bool):
        return str(node.value)
    return text(node)


def _latency(node: Node) -> dict[LatencyMetric, Bound]:
    bounds: dict[LatencyMetric, Bound] = {}
    with Keys(node, "latency") as keys:
        for metric in LATENCY_METRICS:
            bound = keys.find(metric, _latency_bound)
            if bound is not None:
                bounds[metric] = bound
    return bounds


def _latency_bound(node: Node) -> Bound | None:
    if isinstance(node.value, int | float) and not isinstance(node.value, bool):
        node.report("a limit says in which direction and in which unit", f'write "< {node.value}s"')
        return None
    written = text(node)
    if not written:
        return None
    try:
        return parse_bound(written, duration=True)
    except BoundError as error:
        node.report(str(error), error.hint)
        return None
