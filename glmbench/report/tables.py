"""A run as text for a terminal: one table per question, then every failure in full.

Eighty columns are enough for what we choose to show; what comes from a suite or a service is
shortened to fit.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from wcwidth import wcswidth

from glmbench import errors
from glmbench.problems import printable
from glmbench.report.closing import render_closing
from glmbench.report.failures import render_failures
from glmbench.report.gates import render_gates
from glmbench.report.grid import WIDTH, draw_table, room_beside, shorten
from glmbench.report.numbers import NOTHING, SHOWN, duration, rate
from glmbench.report.sources import source_words, token_words
from glmbench.results.cases import counts, group_cases
from glmbench.results.statistics import latency_statistics, throughput_statistics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from glmbench.results.model import RunResult, TrialResult
    from glmbench.results.statistics import Statistic, StatisticsGroup

MIN_CASE_WIDTH = 12
FINISH_WIDTH = 20


def render_run(result: RunResult) -> str:
    """Draw everything that a run found, ready to print."""
    sections = [
        _cases(result.trials),
        _latency(result.trials),
        _throughput(result.trials),
        _finish_reasons(result.trials),
        _repeats(result.trials),
        _faults(result.trials),
        render_gates(result.gates),
        *render_failures(result),
        render_closing(result),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _cases(trials: Sequence[TrialResult]) -> str:
    if not trials:
        return ""
    several = len({trial.suite for trial in trials}) > 1
    repeated = len({(t.suite, t.case) for t in trials}) < len(trials)
    names = [printable(_name(trial, several=several, repeated=repeated)) for trial in trials]
    head = ["case", "status", "finish", "ttft", "total", "tok/s", "cassette"]
    rows = [
        [
            trial.status,
            _finish(trial),
            duration(trial.timing.ttft_s),
            duration(trial.timing.total_s),
            rate(trial.throughput.decode_tps),
            trial.cassette.verdict if trial.cassette else NOTHING,
        ]
        for trial in trials
    ]
    # The names give way to the figures, and what was expected gives way to the last of a name.
    room = room_beside(zip(head[1:], *rows, strict=True))
    names = [shorten(name, max(room, MIN_CASE_WIDTH)) for name in names]
    lack = max(map(wcswidth, names)) - room
    finish_width = max(wcswidth(_finish(trial)) for trial in trials) - max(lack, 0)
    whole = [
        [name, status, shorten(finish, finish_width), *figures]
        for name, (status, finish, *figures) in zip(names, rows, strict=True)
    ]
    return draw_table("Cases", head, whole, "lllrrrl")


def _name(trial: TrialResult, *, several: bool, repeated: bool) -> str:
    suite = f"{trial.suite}/" if several else ""
    return suite + (trial.id if repeated else trial.case)


def _finish(trial: TrialResult) -> str:
    """Show the finish reason that came, and after an unequal sign the one expected instead."""
    got = _ending(trial)
    expected = expected_ending(trial)
    if trial.status == "skipped":
        return NOTHING
    if trial.status in {"passed", "unmeasured"} or got == expected:
        return shorten(got, FINISH_WIDTH)
    return f"{shorten(got, FINISH_WIDTH)} ≠ {expected}" if expected != NOTHING else got


def _ending(trial: TrialResult) -> str:
    if trial.finish_reason is not None:
        return trial.finish_reason
    return _short_error(trial.error.type) if trial.error is not None else NOTHING


def _short_error(name: str) -> str:
    ours = getattr(errors, name, None)
    return name.removesuffix("Error") if ours is not None else name


def expected_ending(trial: TrialResult) -> str:
    """Word the finish reason that a case expects; `-` where it does not say."""
    for check in trial.checks:
        if check.name == "error":
            return _short_error(check.expected.partition(",")[0])
    if trial.expected_finish_reason is None:
        return NOTHING
    return " or ".join(reason or "no finish" for reason in trial.expected_finish_reason)


def _latency(trials: Sequence[TrialResult]) -> str:
    return "\n\n".join(
        _statistics(f"Latency ({source_words(group)})", group)
        for group in latency_statistics(trials)
    )


def _throughput(trials: Sequence[TrialResult]) -> str:
    return "\n\n".join(
        _statistics(f"Throughput ({source_words(group)}; {token_words(group)})", group)
        for group in throughput_statistics(trials)
    )


def _statistics(title: str, group: StatisticsGroup) -> str:
    rows = [_distribution(statistic) for statistic in group.statistics]
    return draw_table(title, ["", "n", "min", "median", "p95", "max"], rows, "lrrrrr")


def _distribution(statistic: Statistic) -> list[str]:
    show, values = SHOWN[statistic.unit], statistic.values
    shown = (values.min, values.p50, values.p95, values.max)
    return [statistic.title, str(values.n), *(show(value) for value in shown)]


def _finish_reasons(trials: Sequence[TrialResult]) -> str:
    trials = [trial for trial in trials if counts(trial)]
    if not trials:
        return ""
    pairs = Counter((expected_ending(trial), _ending(trial)) for trial in trials)
    wanted = sorted({expected for expected, _ in pairs})
    came = sorted({got for _, got in pairs})
    rows = [
        [shorten(expected, FINISH_WIDTH), *(str(pairs[expected, got] or "·") for got in came)]
        for expected in wanted
    ]
    head = ["expected \\ got", *(shorten(got, FINISH_WIDTH) for got in came)]
    matrix = draw_table("Finish reasons", head, rows, "l" + "r" * len(came))
    if max(map(wcswidth, matrix.splitlines())) <= WIDTH:
        return matrix
    listed = [[*map(printable, pair), str(n)] for pair, n in sorted(pairs.items())]
    return draw_table("Finish reasons", ["expected", "got", "n"], listed, "llr")


def _faults(trials: Sequence[TrialResult]) -> str:
    """Show what was put into recordings and what became of it."""
    faulty = [trial for trial in trials if trial.fault is not None]
    if not faulty:
        return ""
    rows = [[trial.fault or "", _ending(trial), trial.status] for trial in faulty]
    head = ["fault", "ended in", "status"]
    room = max(MIN_CASE_WIDTH, room_beside(zip(head, *rows, strict=True)))
    whole = [[shorten(t.case, room), *row] for t, row in zip(faulty, rows, strict=True)]
    return draw_table("Faults put into recordings", ["case", *head], whole, "llll")


def _repeats(trials: Sequence[TrialResult]) -> str:
    """Show what repeats came to, where there are any."""
    cases = [case for case in group_cases(trials) if case.trials > 1]
    if not cases:
        return ""
    several = len({case.suite for case in cases}) > 1
    models = len({case.model for case in cases}) > 1
    rows = [
        [
            f"{case.passed} of {case.trials}",
            "all" if case.min_pass is None else str(case.min_pass),
            case.status,
        ]
        for case in cases
    ]
    head = ["passed", "needed", "status"]
    room = max(MIN_CASE_WIDTH, room_beside(zip(head, *rows, strict=True)))
    names = [
        (f"{case.suite}/" if several else "") + case.case + (f"@{case.model}" if models else "")
        for case in cases
    ]
    whole = [[shorten(name, room), *row] for name, row in zip(names, rows, strict=True)]
    return draw_table("Repeats", ["case", *head], whole, "lrrl")
