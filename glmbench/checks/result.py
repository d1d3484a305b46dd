"""The result of one check, and the words that several checks have in common. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from glmbench.problems import printable, shortened

CheckStatus: TypeAlias = Literal["passed", "failed", "unmeasured"]

_LINE = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """What one check found; `expected` and `got` are one line each, for a person.

    `note` says where a figure comes from that is not this run's own measurement or count.
    """

    name: str
    status: CheckStatus
    expected: str
    got: str
    note: str | None = None


def judged(
    name: str, *, passed: bool, expected: str, got: str, note: str | None = None
) -> CheckResult:
    """Make the result of a check that could be judged."""
    status: CheckStatus = "passed" if passed else "failed"
    return CheckResult(name=name, status=status, expected=expected, got=got, note=note)


def unmeasured(name: str, *, expected: str, got: str) -> CheckResult:
    """Make the result of a check that had nothing to measure; `got` says why."""
    return CheckResult(name=name, status="unmeasured", expected=expected, got=got)


def on_one_line(text: str, length: int = _LINE) -> str:
    """Show a text without quotes: short, on one line, with nothing that steers a terminal."""
    return printable(shortened(text, length))


def counted(number: int, what: str) -> str:
    """Word a number of things, in the singular or the plural."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
