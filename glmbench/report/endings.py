"""How trials ended and how they should have, in words and as a table. Pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from glmbench.errors import short_name
from glmbench.problems import printable
from glmbench.report.grid import draw_table, fits, shorten
from glmbench.report.numbers import NOTHING
from glmbench.report.style import PLAIN, Style
from glmbench.results.cases import counts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from glmbench.results.model import TrialResult

FINISH_WIDTH = 20


def got_ending(trial: TrialResult) -> str:
    """Word the finish reason that came, or the error that came instead."""
    if trial.finish_reason is not None:
        return trial.finish_reason
    return short_name(trial.error.type) if trial.error is not None else NOTHING


def expected_ending(trial: TrialResult) -> str:
    """Word the finish reason that a case expects; `-` where it does not say."""
    for check in trial.checks:
        if check.name == "error":
            return short_name(check.expected.partition(",")[0])
    if trial.expected_finish_reason is None:
        return NOTHING
    return " or ".join(reason or "no finish" for reason in trial.expected_finish_reason)


def both_endings(trial: TrialResult) -> str:
    """Show the finish reason that came, and after an unequal sign the one expected instead."""
    got = got_ending(trial)
    expected = expected_ending(trial)
    if trial.status == "skipped":
        return NOTHING
    if trial.status in {"passed", "unmeasured"} or got == expected:
        return shorten(got, FINISH_WIDTH)
    return f"{shorten(got, FINISH_WIDTH)} ≠ {expected}" if expected != NOTHING else got


def render_endings(trials: Sequence[TrialResult], style: Style = PLAIN) -> str:
    """Count the expected against what came; as a list where that is wider than a terminal."""
    trials = [trial for trial in trials if counts(trial)]
    if not trials:
        return ""
    pairs = Counter((expected_ending(trial), got_ending(trial)) for trial in trials)
    wanted = sorted({expected for expected, _ in pairs})
    came = sorted({got for _, got in pairs})
    rows = [
        [shorten(expected, FINISH_WIDTH), *(str(pairs[expected, got] or "·") for got in came)]
        for expected in wanted
    ]
    head = ["expected \\ got", *(shorten(got, FINISH_WIDTH) for got in came)]
    if fits(zip(head, *rows, strict=True), style):
        return draw_table("Finish reasons", head, rows, "l" + "r" * len(came), style)
    listed = [[*map(printable, pair), str(n)] for pair, n in sorted(pairs.items())]
    return draw_table("Finish reasons", ["expected", "got", "n"], listed, "llr", style)
