"""How trials ended and what they said, on either side. Pure."""

from __future__ import annotations

from collections import Counter
from itertools import zip_longest
from typing import TYPE_CHECKING

from glmbench.checks.excerpts import first_difference, quoted
from glmbench.errors import short_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from glmbench.comparison.model import Content
    from glmbench.results.model import TrialResult, TurnResult


def count_endings(trials: Iterable[TrialResult]) -> tuple[tuple[str, int], ...]:
    """Count finish reasons, and errors where there is none, the most frequent first."""
    counted = Counter(_ending(trial) for trial in trials)
    return tuple(sorted(counted.items(), key=lambda item: (-item[1], item[0])))


def compare_content(
    base: Sequence[TrialResult], head: Sequence[TrialResult]
) -> tuple[Content, str]:
    """Compare the visible texts, and say in words how they differ.

    Where a side does not agree with itself, there is no text to compare with: it `varies`.
    """
    before, after = set(map(_texts, base)), set(map(_texts, head))
    if before == after:
        return "same", ""
    if len(before) == len(after) == 1:
        return "changed", _difference(before.pop(), after.pop())
    return "varies", (
        f"{len(before)} different in {len(base)} of base, {len(after)} in {len(head)} of head"
    )


def _ending(trial: TrialResult) -> str:
    turns: Sequence[TurnResult | TrialResult] = trial.turns or (trial,)
    return ", ".join(map(_ending_of_turn, turns))


def _ending_of_turn(turn: TurnResult | TrialResult) -> str:
    if turn.finish_reason is not None:
        return turn.finish_reason
    if turn.error is None:
        return "no finish"
    return short_name(turn.error.type)


def _texts(trial: TrialResult) -> tuple[str, ...]:
    return tuple(turn.text for turn in trial.turns) or (trial.text,)


def _difference(base: Sequence[str], head: Sequence[str]) -> str:
    turns = list(zip_longest(base, head, fillvalue=""))
    number = next(n for n, (before, after) in enumerate(turns) if before != after)
    before, after = turns[number]
    at = first_difference(before, after)
    turn = f"turn {number + 1}, " if len(turns) > 1 else ""
    return f"{turn}from character {at + 1}: {quoted(before, at)}, now {quoted(after, at)}"
