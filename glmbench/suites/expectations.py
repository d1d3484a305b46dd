"""Reading of `expect`, and how an expectation of a case lies over the defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any

from glmbench.parts import FINISH_REASONS
from glmbench.suites import expectgroups as groups
from glmbench.suites.expect import Expect
from glmbench.suites.expectgroups import ERROR_TYPES, Group, read_keys
from glmbench.suites.nodes import one_or_list, text, word

if TYPE_CHECKING:
    from glmbench.parts import FinishReasonName
    from glmbench.suites.expect import Drop
    from glmbench.suites.nodes import Node, Reader

__all__ = ["ERROR_TYPES", "NOTHING", "UNCHECKED", "lay_over", "read_expect", "settle"]

NOTHING = Expect()

_NAMES = tuple(field.name for field in fields(Expect) if field.name != "drops")
_FINISH: Drop = ("finish_reason",)
_ERROR: Drop = ("error",)

UNCHECKED = Expect(drops=frozenset((name,) for name in _NAMES))
"""`expect: none`."""


def read_expect(node: Node) -> Expect:
    """Read what one `expect` says itself, without defaults."""
    if node.value == "none":
        return UNCHECKED
    given, dropped = read_keys(node, "expect", _READERS)
    said = {
        name: value.said if isinstance(value, Group) else value for name, value in given.items()
    }
    drops: set[Drop] = {(name,) for name in dropped}
    for name, value in given.items():
        if isinstance(value, Group):
            drops |= {(name, key) for key in value.dropped}
    expect = Expect(**said, drops=frozenset(drops))
    if expect.error is not None and _excludes_error(expect):
        node.child("finish_reason").report(
            "an answer that ends in an error has no finish reason",
            'drop "finish_reason", or "error"',
            key=True,
        )
    return expect


def settle(own: Expect, defaults: Expect) -> Expect:
    """Lay a case's own expectation over the defaults and make the unsaid explicit.

    What then says neither which error nor which finish reason must come expects `stop`, unless
    `any` was said of the finish reason.
    """
    merged = lay_over(own, defaults)
    unsaid = merged.finish_reason is None and merged.error is None
    if unsaid and _FINISH not in merged.drops:
        merged = replace(merged, finish_reason=("stop",))
    return replace(merged, drops=frozenset())


def lay_over(own: Expect, inherited: Expect) -> Expect:
    """Merge key by key, within groups too; what `own` drops goes first.

    `error` and a finish reason exclude each other, so the one that `own` names drops the other
    inherited one. Drops are kept, so that the result can lie over something in its turn.
    """
    drops = own.drops | _excluded_by(own)
    rest = _without(inherited, drops)
    values = {name: _merged(name, getattr(own, name), getattr(rest, name)) for name in _NAMES}
    return Expect(**values, drops=own.drops | inherited.drops)


def _excluded_by(own: Expect) -> frozenset[Drop]:
    if own.error is not None and own.finish_reason is None:
        return frozenset({_FINISH})
    if own.error is None and _excludes_error(own):
        return frozenset({_ERROR})
    return frozenset()


def _excludes_error(expect: Expect) -> bool:
    return expect.finish_reason is not None and None not in expect.finish_reason


def _without(expect: Expect, drops: frozenset[Drop]) -> Expect:
    for name, *keys in drops:
        group = getattr(expect, name)
        if not keys:
            group = getattr(NOTHING, name)
        elif isinstance(group, Mapping):
            group = {key: value for key, value in group.items() if key not in keys}
        elif group is not None:
            unsaid = type(group)()
            group = replace(group, **{key: getattr(unsaid, key) for key in keys})
        expect = replace(expect, **{name: group})
    return expect


def _merged(name: str, own: Any, inherited: Any) -> Any:
    if own == getattr(NOTHING, name):
        return inherited
    if isinstance(own, Mapping):
        return {**inherited, **own}
    if is_dataclass(inherited) and not isinstance(inherited, type):
        unsaid = type(inherited)()
        given = {field.name: getattr(own, field.name) for field in fields(inherited)}
        said = {key: value for key, value in given.items() if value != getattr(unsaid, key)}
        return replace(inherited, **said)
    return own


def _finish_reason(node: Node) -> FinishReasonName | None:
    if node.value is None:
        return None
    return word(node, FINISH_REASONS, "finish reason", "stop")


_READERS: Mapping[str, Reader[Any]] = {
    "finish_reason": one_or_list(_finish_reason),
    "native_finish_reason": one_or_list(text),
    "text": groups.text_group("text"),
    "reasoning": groups.text_group("reasoning"),
    "json": groups.json_group,
    "error": groups.error_group,
    "tool_calls": groups.tool_calls,
    "latency": groups.latency_group,
    "throughput": groups.throughput_group,
    "tokens": groups.tokens_group,
    "stream": groups.stream_group,
    "python": one_or_list(groups.import_path),
}
