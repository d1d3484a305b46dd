"""What a text must be, the visible one or the reasoning. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from glmbench.checks.excerpts import first_difference, nearest, quoted
from glmbench.checks.result import counted, judged, on_one_line
from glmbench.suites.patterns import DEADLINE_S, PatternTimeoutError, find_match

if TYPE_CHECKING:
    from collections.abc import Iterator

    from glmbench.checks.result import CheckResult
    from glmbench.suites.expect import TextExpect


def check_text(group: str, expect: TextExpect, text: str) -> Iterator[CheckResult]:
    """Judge a text; `group` is the key in the suite under which the checks stand."""
    if expect.equals is not None:
        yield _equal(f"{group}.equals", expect.equals, text)
    yield from _contained(group, expect, text)
    if expect.starts_with is not None:
        yield _starting(f"{group}.starts_with", expect.starts_with, text)
    if expect.ends_with is not None:
        yield _ending(f"{group}.ends_with", expect.ends_with, text)
    if expect.matches is not None:
        yield _matching(f"{group}.matches", expect.matches, text, wanted=True)
    if expect.not_matches is not None:
        yield _matching(f"{group}.not_matches", expect.not_matches, text, wanted=False)
    if expect.min_length is not None:
        passed = len(text) >= expect.min_length
        yield _long(f"{group}.min_length", f">= {expect.min_length}", text, passed=passed)
    if expect.max_length is not None:
        passed = len(text) <= expect.max_length
        yield _long(f"{group}.max_length", f"<= {expect.max_length}", text, passed=passed)


def _contained(group: str, expect: TextExpect, text: str) -> Iterator[CheckResult]:
    for name, needles in (("contains", expect.contains), ("contains_all", expect.contains_all)):
        for needle in needles:
            yield _containing(f"{group}.{name}", (needle,), text)
    if expect.contains_any:
        yield _containing(f"{group}.contains_any", expect.contains_any, text)
    for needle in expect.not_contains:
        yield _not_containing(f"{group}.not_contains", needle, text)


def _equal(name: str, wanted: str, text: str) -> CheckResult:
    at = first_difference(wanted, text)
    return judged(
        name, passed=wanted == text, expected=quoted(wanted, around=at), got=quoted(text, around=at)
    )


def _containing(name: str, needles: tuple[str, ...], text: str) -> CheckResult:
    places = [place for needle in needles if (place := text.find(needle)) >= 0]
    return judged(
        name,
        passed=bool(places),
        expected=" or ".join(quoted(needle) for needle in needles),
        got=quoted(text, around=places[0] if places else nearest(needles[0], text)),
    )


def _not_containing(name: str, needle: str, text: str) -> CheckResult:
    at = text.find(needle)
    return judged(
        name, passed=at < 0, expected=f"no {quoted(needle)}", got=quoted(text, around=max(at, 0))
    )


def _starting(name: str, wanted: str, text: str) -> CheckResult:
    at = first_difference(wanted, text)
    return judged(
        name,
        passed=text.startswith(wanted),
        expected=quoted(wanted, around=at),
        got=quoted(text, around=at),
    )


def _ending(name: str, wanted: str, text: str) -> CheckResult:
    same = first_difference(wanted[::-1], text[::-1])
    return judged(
        name,
        passed=text.endswith(wanted),
        expected=quoted(wanted, around=len(wanted) - same),
        got=quoted(text, around=len(text) - same),
    )


def _matching(name: str, pattern: str, text: str, *, wanted: bool) -> CheckResult:
    expected = on_one_line(pattern) if wanted else f"no {on_one_line(pattern)}"
    try:
        span = find_match(pattern, text, deadline_s=DEADLINE_S)
    except PatternTimeoutError as error:
        got = f"the pattern gave {error} on {len(text)} characters"
        return judged(name, passed=False, expected=expected, got=got)
    return judged(
        name,
        passed=(span is not None) is wanted,
        expected=expected,
        got=quoted(text, around=span[0] if span else 0),
    )


def _long(name: str, bound: str, text: str, *, passed: bool) -> CheckResult:
    got = counted(len(text), "character")
    return judged(name, passed=passed, expected=f"{bound} characters", got=got)
