"""Regular expressions from suites: compiled once before the run, searched with a deadline."""

from __future__ import annotations

import warnings
from functools import cache
from typing import Any

import regex  # type: ignore[import-untyped]  # no stubs, and nothing else of it is used

# Far above any honest search of an answer; a pattern that needs more is a runaway.
DEADLINE_S = 2.0


class PatternError(ValueError):
    """The pattern cannot be compiled."""


class PatternTimeoutError(Exception):
    """The search did not end before its deadline."""


@cache
def compile_pattern(pattern: str) -> Any:
    """Compile a pattern; raises PatternError with the reason and its place in the pattern."""
    try:
        with warnings.catch_warnings():
            # `[[a]` warns of a nested set; what the user sees must come from the loader only.
            warnings.simplefilter("ignore")
            return regex.compile(pattern)
    except regex.error as error:
        where = f" at character {error.pos + 1}" if error.pos is not None else ""
        raise PatternError(f"{error.msg}{where}") from None
    except (ValueError, RecursionError) as error:
        # Flags that exclude each other, and groups in groups in groups.
        raise PatternError(str(error)) from None


def find_match(pattern: str, text: str, *, deadline_s: float) -> tuple[int, int] | None:
    """Find where the pattern matches first; raises PatternTimeoutError."""
    try:
        match = compile_pattern(pattern).search(text, timeout=deadline_s)
    except TimeoutError:
        raise PatternTimeoutError(f"no answer within {deadline_s:g} s") from None
    return match.span() if match else None
