"""A run as text for a terminal: one table per question, then every failure in full.

Eighty columns are enough for what we choose to show; what comes from a suite or a service is
shortened to fit.
"""

from __future__ import annotations

import re
from collections import Counter
from shlex import quote
from textwrap import fill
from typing import TYPE_CHECKING, assert_never

from wcwidth import wcswidth

from glmbench import errors
from glmbench.measure.stats import summarize as summarize_values
from glmbench.problems import printable
from glmbench.report.grid import WIDTH, draw_table, room_beside, shorten
from glmbench.report.numbers import NOTHING, count, duration, rate
from glmbench.results.judge import summarize

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from glmbench.measure.stats import Summary as Distribution
    from glmbench.results.model import Caveat, RunResult, SuiteInfo, TrialResult

MIN_CASE_WIDTH = 12
FINISH_WIDTH = 20


def render_run(result: RunResult) -> str:
    """Draw everything that a run found, ready to print."""
    sections = [
        _cases(result.trials),
        _latency(result.trials),
        _throughput(result.trials),
        _finish_reasons(result.trials),
        _faults(result.trials),
        *_failures(result),
        _leaks(result),
        _last_words(result),
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
            return _short_error(re.split(r"[ ,]", check.expected)[0])
    if trial.expected_finish_reason is None:
        return NOTHING
    return " or ".join(reason or "no finish" for reason in trial.expected_finish_reason)


def _latency(trials: Sequence[TrialResult]) -> str:
    sections = []
    for where, chosen in _by_source(trials):
        timings = [trial.timing for trial in chosen]
        metrics = (
            ("first byte", [timing.ttfb_s for timing in timings]),
            ("first token (ttft)", [timing.ttft_s for timing in timings]),
            ("first output (ttfo)", [timing.ttfo_s for timing in timings]),
            ("total", [timing.total_s for timing in timings]),
            ("longest gap", [timing.gap_max_s for timing in timings]),
            ("our own lag, median", [timing.client_lag_p50_s for timing in timings]),
        )
        measured = [(name, summarize_values(values)) for name, values in metrics]
        rows = [_distribution(name, values, duration) for name, values in measured if values.n]
        if rows:
            sections.append(draw_table(f"Latency ({where})", _DISTRIBUTION_HEAD, rows, "lrrrrr"))
    return "\n\n".join(sections)


_DISTRIBUTION_HEAD = ["", "n", "min", "median", "p95", "max"]


def _by_source(trials: Sequence[TrialResult]) -> list[tuple[str, list[TrialResult]]]:
    """Group trials by where their figures come from: those are never in one statistic.

    What a fault was put into is in none: its figures are those of the fault.
    """
    groups: dict[str, list[TrialResult]] = {}
    for trial in trials:
        if trial.timing.source != "none" and trial.fault is None:
            groups.setdefault(_source_words(trial), []).append(trial)
    return sorted(groups.items())


def _source_words(trial: TrialResult) -> str:
    reused = ", reused connections" if trial.timing.connection_reused else ""
    return _origin_words(trial) + reused


def _origin_words(trial: TrialResult) -> str:
    emulated = trial.origin == "emulator"
    match trial.timing.source:
        case "live":
            return "measured on the emulator" if emulated else "measured live"
        case "recorded":
            return f"recorded{' from the emulator' if emulated else ''}, not measured now"
        case "edited":
            return "of recordings in other chunks"
        case "consumer":
            return "stamped where the provider yields"
        case "none":
            return "without timing"
        case _ as never:
            assert_never(never)


def _throughput(trials: Sequence[TrialResult]) -> str:
    sections = []
    for where, group in _by_source(trials):
        for token_source in sorted({trial.throughput.token_source for trial in group}):
            chosen = [
                trial.throughput for trial in group if trial.throughput.token_source == token_source
            ]
            metrics = (
                ("tokens/s while decoding", [t.decode_tps for t in chosen]),
                ("tokens/s end to end", [t.e2e_tps for t in chosen]),
                ("characters/s", [t.chars_ps for t in chosen]),
            )
            measured = [(name, summarize_values(values)) for name, values in metrics]
            rows = [_distribution(name, values, rate) for name, values in measured if values.n]
            if rows:
                title = f"Throughput ({where}; {_TOKEN_WORDS[token_source]})"
                sections.append(draw_table(title, _DISTRIBUTION_HEAD, rows, "lrrrrr"))
    return "\n\n".join(sections)


_TOKEN_WORDS = {
    "usage": "the service's tokens",
    "estimate": "tokens estimated",
    "none": "no tokens",
}


def _distribution(
    name: str, values: Distribution, show: Callable[[float | None], str]
) -> list[str]:
    shown = (values.min, values.p50, values.p95, values.max)
    return [name, str(values.n), *(show(value) for value in shown)]


def _finish_reasons(trials: Sequence[TrialResult]) -> str:
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


def _failures(result: RunResult) -> list[str]:
    suites = {suite.name: suite for suite in result.suites}
    return [
        _failure(trial, suites[trial.suite], result)
        for trial in result.trials
        if trial.status not in {"passed", "skipped"}
    ]


def _failure(trial: TrialResult, suite: SuiteInfo, result: RunResult) -> str:
    place = f"{suite.path}:{trial.line}"
    lines = [f"{trial.status.upper()} {printable(trial.id)}", f"  at {printable(place)}"]
    if trial.cassette_failed:
        assert trial.cassette is not None
        reason = trial.cassette.reason or "see the error"
        lines.append(f"  {trial.cassette.verdict}: {printable(reason)}")
    if trial.error is not None and trial.status == "error" and not _said_by_the_tape(trial):
        detail = trial.error.message or result.details.get(f"{trial.suite}/{trial.id}", "")
        lines.append(f"  {trial.error.type}: {printable(detail)}")
    if not trial.cassette_failed and trial.cassette is not None and trial.cassette.reason:
        lines.append(f"  {printable(trial.cassette.reason)}")
    if trial.fault is not None:
        lines.append(f"  with the fault {trial.fault}")
    for check in trial.checks:
        if check.status != "passed":
            lines.append(f"  {check.name} {check.status}")
            lines.append(f"    expected {check.expected}")
            lines.append(f"    got      {check.got}")
    lines.append(f"  again: {_command(trial, suite, result)}")
    return "\n".join(lines)


def _said_by_the_tape(trial: TrialResult) -> bool:
    """Tell whether the trial's error is the tape's own reason over again."""
    assert trial.error is not None
    return trial.cassette is not None and trial.error.message == trial.cassette.reason


def _command(trial: TrialResult, suite: SuiteInfo, result: RunResult) -> str:
    words = ["glmbench", "run", suite.path, "--case", trial.case]
    settings = result.environment
    # What has a cassette by now is seen again in replay.
    mode = settings.get("mode", "replay")
    if mode != "replay" and (trial.cassette is None or trial.cassette.verdict == "LIVE"):
        words += ["--mode", mode]
        words += ["--connect-to", settings["connect_to"]] if settings.get("connect_to") else []
    elif settings.get("timing", "recorded") != "recorded":
        words += ["--timing", settings["timing"]]
    for option in ("fault", "reframe"):
        words += [f"--{option}", settings[option]] if settings.get(option) else []
    return " ".join(quote(word) for word in words)


def _last_words(result: RunResult) -> str:
    summary = summarize(result)
    counted = [f"{n} {status}" for status, n in summary.statuses.items() if n]
    lines = [f"{count(summary.trials, 'trial')}: {', '.join(counted) or 'nothing was run'}"]
    recorded = [
        check
        for trial in result.trials
        for check in trial.checks
        if check.name.startswith("latency.") and check.note == "recorded"
    ]
    if recorded:
        checks = count(len(recorded), "latency check")
        lines.append(f"{checks} judged as recorded: the recording was tested, not the service.")
    lines += _edits(result.trials)
    lines += _replay_lag(result.replay_lag)
    several = len(result.suites) > 1
    lines += [_warning(warning, several=several) for warning in result.warnings]
    if result.strict and result.warnings:
        lines.append("--strict: warnings count as failures.")
    if result.interrupted:
        lines.append("Interrupted: what was finished is reported, the rest was not run.")
    return "\n".join(lines)


def _warning(warning: Caveat, *, several: bool) -> str:
    shown = [printable(_without_suite(t, several=several)) for t in warning.trials[:3]]
    if len(warning.trials) > len(shown):
        shown.append(f"and {len(warning.trials) - len(shown)} more")
    return _folded(f"Warning: {', '.join(shown)}: {warning.words}.")


def _without_suite(full_id: str, *, several: bool) -> str:
    return full_id if several else full_id.partition("/")[2]


def _folded(text: str) -> str:
    return fill(text, WIDTH, subsequent_indent="  ", break_on_hyphens=False)


def _leaks(result: RunResult) -> str:
    if not result.leaks:
        return ""
    lines = [f"  {printable(leak.place)}: {printable(leak.words)}" for leak in result.leaks]
    advice = (
        "Do not publish these files. `glmbench cassette scan --fix` takes such things out of "
        "cassettes; what is no secret goes into the suite's secrets: {allow: [...]}."
    )
    return "\n".join(["This looks like credentials in what was written:", *lines, _folded(advice)])


def _edits(trials: Sequence[TrialResult]) -> list[str]:
    """Say what was done to recordings: such a run tests the provider, not the recording."""
    reframed = sorted({trial.reframe for trial in trials if trial.reframe})
    return [f"Recordings were replayed in other chunks: --reframe {how}." for how in reframed]


def _replay_lag(lag: Distribution) -> list[str]:
    if lag.p50 is None:
        return []
    late = f"late by {duration(lag.p50)} (median), at most {duration(lag.max)}"
    where = "Replayed on the real clock"
    text = f"{where}: {count(lag.n, 'read')} came {late}. The figures are the recorded ones."
    return [_folded(text)]
