"""Thresholds of a suite, as plain data, and how they are written: `p95(ttft) < 2s`.

A threshold says what a figure of many trials must be. Whether it is, and whether there are enough
trials to tell, is not decided here. Pure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from glmbench.problems import did_you_mean, printable, shortened
from glmbench.suites.bounds import Bound, BoundError, parse_bound
from glmbench.suites.nodes import Keys, list_of, text, word

if TYPE_CHECKING:
    from glmbench.suites.nodes import Node

Duration: TypeAlias = Literal["ttft", "ttfo", "ttfb", "total", "max_gap"]
Number: TypeAlias = Literal["stalls", "output_tokens", "decode_tps", "e2e_tps", "chars_ps"]
Share: TypeAlias = Literal["passed", "finish_reason_ok", "error", "flaky"]
Metric: TypeAlias = Duration | Number | Share
When: TypeAlias = Literal["live", "replay"]
Severity: TypeAlias = Literal["warn", "error"]

DURATIONS: tuple[Duration, ...] = get_args(Duration)
NUMBERS: tuple[Number, ...] = get_args(Number)
SHARES: tuple[Share, ...] = get_args(Share)
FIGURES: tuple[Duration | Number, ...] = (*DURATIONS, *NUMBERS)
METRICS: tuple[Metric, ...] = (*FIGURES, *SHARES)
WHENS: tuple[When, ...] = get_args(When)
SEVERITIES: tuple[Severity, ...] = get_args(Severity)


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """What a statistic over the trials of a suite must be; `text` is how that was written.

    `statistic` is p1 to p99, min, max or rate. `bound` is in seconds for durations, and in
    percent for `rate`. With a `tag`, only trials of cases that have it count. `when` says which
    figures are meant; None means live ones.
    """

    text: str
    statistic: str
    metric: Metric
    bound: Bound
    tag: str | None = None
    when: When | None = None
    severity: Severity = "error"

    @property
    def percentile(self) -> int | None:
        return int(self.statistic[1:]) if self.statistic.startswith("p") else None


def parse_threshold(written: str) -> Threshold:
    """Parse what a suite has as `check`; without the words on where a mistake is.

    Raises:
        BoundError: it is no threshold.
    """
    form = _FORM.fullmatch(written)
    metric = next((known for known in METRICS if form and known == form[2].strip()), None)
    if form is None or metric is None:
        raise BoundError(f"{_quoted(written)} is no threshold", _EXAMPLES)
    bound = _parse_bound(metric, form[3], form[4])
    return Threshold(text=written, statistic=form[1], metric=metric, bound=bound)


# --- reading --------------------------------------------------------------------------------

_FORM = re.compile(r"([^\s()]+)\s*\(([^()]*)\)\s*([<>=!]+)\s*(.+)")
_PERCENTILE = re.compile(r"p[1-9][0-9]?")
_OPERATORS = ("<", "<=", ">", ">=", "==")
_EXAMPLES = 'write "p95(ttft) < 2s" or "rate(passed) == 100%"'
_OTHER_STATISTICS = ("min", "max", "rate")

# What is counted may be exactly so much; what is measured never is.
_COUNTED = frozenset[Metric]({*SHARES, "stalls", "output_tokens"})


def read_thresholds(node: Node) -> tuple[Threshold, ...]:
    """Read the list of thresholds; what is wrong with one is reported, and it is left out."""
    return tuple(threshold for threshold in list_of(_threshold)(node) if threshold is not None)


def _threshold(node: Node) -> Threshold | None:
    if isinstance(node.value, str):
        return _check(node)
    if not isinstance(node.value, dict):
        node.expected("a threshold", _EXAMPLES)
        return None
    with Keys(node, "a threshold") as keys:
        check = keys.require("check", _check, None)
        tag = keys.find("where", _where)
        when = keys.find("when", _when)
        severity: Severity = keys.read("severity", _severity, "error")
    return check and replace(check, tag=tag, when=when, severity=severity)


def _where(node: Node) -> str:
    with Keys(node, "where") as keys:
        return keys.require("tag", text, "")


def _when(node: Node) -> When:
    return word(node, WHENS, "kind of run", "live")


def _severity(node: Node) -> Severity:
    return word(node, SEVERITIES, "severity", "error")


def _check(node: Node) -> Threshold | None:
    """Read `STATISTIC(METRIC) OPERATOR VALUE`; report everything that is wrong with it."""
    written = text(node)
    if not written:
        return None
    written = written.strip()
    form = _FORM.fullmatch(written)
    if form is None:
        node.report(f"{_quoted(written)} is no threshold", _EXAMPLES)
        return None
    statistic = _statistic(node, form[1])
    metric = _metric(node, form[2].strip(), statistic)
    bound = metric and _bound(node, metric, form[3], form[4])
    if statistic is None or metric is None or bound is None:
        return None
    return Threshold(text=written, statistic=statistic, metric=metric, bound=bound)


def _statistic(node: Node, written: str) -> str | None:
    if _PERCENTILE.fullmatch(written) or written in _OTHER_STATISTICS:
        return written
    # Another percentile would be a guess, and "p100" is no slip for "p10".
    folded = written.casefold()
    known = (folded,) if _PERCENTILE.fullmatch(folded) else _OTHER_STATISTICS
    hint = did_you_mean(written, known) or "p1 to p99, min, max or rate"
    node.report(f"{_quoted(written)} is no statistic", hint)
    return None


def _metric(node: Node, written: str, statistic: str | None) -> Metric | None:
    """Find the metric; when the statistic is known, see that it can be taken of it."""
    possible = METRICS if statistic is None else SHARES if statistic == "rate" else FIGURES
    metric = next((candidate for candidate in METRICS if candidate == written), None)
    if metric in possible:
        return metric
    listed = ", ".join(possible)
    if metric is None:
        hint = did_you_mean(written, possible) or f"one of: {listed}"
        node.report(f"{_quoted(written)} is no metric", hint)
    else:
        node.report(f'"{metric}" has no {statistic}', f"{statistic} takes one of: {listed}")
    return None


def _bound(node: Node, metric: Metric, operator: str, value: str) -> Bound | None:
    try:
        return _parse_bound(metric, operator, value)
    except BoundError as error:
        node.report(printable(str(error)), error.hint)
        return None


def _parse_bound(metric: Metric, operator: str, value: str) -> Bound:
    """Parse a comparison with what the metric is measured in; raises BoundError."""
    if operator not in _OPERATORS:
        message = f"{_quoted(operator)} is no comparison"
        raise BoundError(message, f"one of: {', '.join(_OPERATORS)}")
    if operator == "==" and metric not in _COUNTED:
        message = f'"{metric}" is measured, and never exactly equal to a value'
        raise BoundError(message, "compare with <, <=, > or >=")
    if metric in SHARES:
        return _parse_share(operator, value)
    if value.endswith("%"):
        message = f"{_quoted(value)} is a percentage"
        raise BoundError(message, "only a rate is compared with one")
    return _compare(operator, value, duration=metric in DURATIONS)


def _parse_share(operator: str, value: str) -> Bound:
    if not value.endswith("%"):
        raise BoundError(f"{_quoted(value)} is no percentage", 'write one like "99%"')
    bound = _compare(operator, value.removesuffix("%").strip(), duration=False)
    if max(bound.low or 0, bound.high or 0) > 100:
        raise BoundError(f"{_quoted(value)} is more than 100%")
    return replace(bound, text=f"{operator} {value}")


def _compare(operator: str, value: str, *, duration: bool) -> Bound:
    if operator != "==":
        return parse_bound(f"{operator} {value}", duration=duration)
    least = parse_bound(f">= {value}", duration=duration)
    return replace(least, text=f"== {value}", high=least.low)


def _quoted(written: str) -> str:
    return f'"{printable(shortened(written))}"'
