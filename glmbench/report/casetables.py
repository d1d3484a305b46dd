"""The trials of a run as tables: what came of each, what repeats came to, what faults led to. Pure.

Eighty columns are enough for what we choose to show; what comes from a suite or a service is
shortened to fit.
"""

from __future__ import annotations

from collections import Counter
from textwrap import indent
from typing import TYPE_CHECKING

from wcwidth import wcswidth

from glmbench.measure.intervals import wilson
from glmbench.problems import printable
from glmbench.report.endings import both_endings, got_ending
from glmbench.report.formats import escape_words
from glmbench.report.grid import (
    MIN_NAME_WIDTH,
    WIDTH,
    draw_table,
    name_room,
    room_beside,
    shorten,
    shorten_middle,
)
from glmbench.report.numbers import NOTHING, duration, percent, rate
from glmbench.report.paragraph import fill
from glmbench.report.style import BOLD, PLAIN, Style, paint, paint_first_word
from glmbench.results.cases import group_cases

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from glmbench.checks.result import CheckResult
    from glmbench.results.cases import CaseResult
    from glmbench.results.model import TrialResult, TurnResult


def render_cases(trials: Sequence[TrialResult], style: Style = PLAIN) -> str:
    """Draw what came of every trial; a table for each suite, so that names have room."""
    suites: dict[str, list[TrialResult]] = {}
    for trial in trials:
        suites.setdefault(trial.suite, []).append(trial)
    return "\n\n".join(
        _cases(f"Cases of {printable(name)}" if len(suites) > 1 else "Cases", own, style)
        for name, own in suites.items()
    )


def _cases(title: str, trials: Sequence[TrialResult], style: Style) -> str:
    head = ["status", "finish", "ttft", "total", "tok/s", "cassette"]
    rows = [
        [
            trial.status,
            both_endings(trial),
            duration(trial.timing.ttft_s),
            duration(trial.timing.total_s),
            rate(trial.throughput.decode_tps),
            trial.cassette.verdict if trial.cassette else NOTHING,
        ]
        for trial in trials
    ]
    # The names give way to the figures, and what was expected gives way to the last of a name.
    room = room_beside(zip(head, *rows, strict=True), style)
    names = [shorten_middle(name, max(room, MIN_NAME_WIDTH)) for name in _names(trials)]
    lack = max(map(wcswidth, names)) - room
    finish_width = max(wcswidth(row[1]) for row in rows) - max(lack, 0)
    whole = [
        [name, status, shorten(finish, finish_width), *figures]
        for name, (status, finish, *figures) in zip(names, rows, strict=True)
    ]
    return draw_table(title, ["case", *head], whole, "lslrrrs", style)


def _names(trials: Sequence[TrialResult]) -> list[str]:
    """Name each trial by as much of its id as tells it from the others."""
    cases = Counter(trial.case for trial in trials)
    pairs = Counter((trial.case, trial.model) for trial in trials)
    return [
        trial.id
        if pairs[trial.case, trial.model] > 1
        else f"{trial.case}@{trial.model}"
        if cases[trial.case] > 1
        else trial.case
        for trial in trials
    ]


def render_repeats(trials: Sequence[TrialResult], style: Style = PLAIN) -> str:
    """Draw what repeats came to, where there are any."""
    cases = [case for case in group_cases(trials) if case.trials > 1]
    if not cases:
        return ""
    several = len({case.suite for case in cases}) > 1
    models = len({case.model for case in cases}) > 1
    rows = [
        [
            f"{case.passed} of {case.trials}",
            _pass_rate(case),
            "all" if case.min_pass is None else str(case.min_pass),
            case.status,
        ]
        for case in cases
    ]
    head = ["passed", "95 % interval", "needed", "status"]
    room = name_room(zip(head, *rows, strict=True), style)
    names = [
        (f"{case.suite}/" if several else "") + case.case + (f"@{case.model}" if models else "")
        for case in cases
    ]
    whole = [[shorten_middle(name, room), *row] for name, row in zip(names, rows, strict=True)]
    return draw_table("Repeats", ["case", *head], whole, "lrrrs", style)


def _pass_rate(case: CaseResult) -> str:
    interval = wilson(case.passed, case.trials)
    return f"{percent(interval.low)}–{percent(interval.high)} %" if interval else NOTHING


def render_faults(trials: Sequence[TrialResult], style: Style = PLAIN) -> str:
    """Draw what was put into recordings and what became of it."""
    faulty = [trial for trial in trials if trial.fault is not None]
    if not faulty:
        return ""
    rows = [
        [printable(trial.fault or ""), printable(got_ending(trial)), trial.status]
        for trial in faulty
    ]
    head = ["fault", "ended in", "status"]
    room = name_room(zip(head, *rows, strict=True), style)
    whole = [[shorten(t.case, room), *row] for t, row in zip(faulty, rows, strict=True)]
    return draw_table("Faults put into recordings", ["case", *head], whole, "llls", style)


def render_checks(trials: Sequence[TrialResult], style: Style = PLAIN) -> str:
    """List every check of every trial, also those that passed."""
    several = len({trial.suite for trial in trials}) > 1
    lines = []
    for trial in trials:
        checks = [_check(where, check, style) for where, check in checks_of(trial)]
        if checks:
            lines += [printable(trial.full_id if several else trial.id), *checks]
    if not lines:
        return ""
    text = escape_words("\n".join(lines), style.table_format)
    return f"{paint('Checks', BOLD, style)}\n{text}"


def _check(where: str, check: CheckResult, style: Style) -> str:
    words = f"{where}{check.name}: {_words(check)}"
    drawn = fill(words, first=f"{check.status} ", rest="  ", width=WIDTH - 2)
    return indent(paint_first_word(drawn, style), "  ")


def _words(check: CheckResult) -> str:
    note = f" ({check.note})" if check.note else ""
    return f"expected {check.expected}, got {check.got}{note}"


def checks_of(trial: TrialResult) -> Iterator[tuple[str, CheckResult]]:
    """Yield the checks of a trial, each after its turn where there are several."""
    turns: Sequence[TurnResult | TrialResult] = trial.turns or (trial,)
    for number, turn in enumerate(turns, start=1):
        where = f"turn {number}: " if len(turns) > 1 else ""
        for check in turn.checks:
            yield where, check
