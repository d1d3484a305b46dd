"""One trial of a result as text for a terminal: its streams, drawn like those of a cassette."""

from __future__ import annotations

from typing import TYPE_CHECKING

from glmbench.report.numbers import count, duration, rate
from glmbench.report.paragraph import fill
from glmbench.report.stream import StreamRow, draw_rows, quoted
from glmbench.results.timeline import read_timeline

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from glmbench.results.model import RunResult, TrialResult, TurnResult
    from glmbench.results.timeline import TimelineRead

_SOURCES = {
    "live": "measured live",
    "consumer": "stamped where the provider yields",
    "recorded": "recorded, not measured",
    "edited": "of an edited recording",
    "none": "without timing",
}
_ORIGINS = {"live": "the live service", "emulator": "the emulator", "import": "an import"}


def render_trial(result: RunResult, trial: TrialResult) -> str:
    """Draw every turn of a trial, ready to print."""
    several = len(trial.turns) > 1
    blocks = [_head(result, trial)]
    for number, turn in enumerate(trial.turns, start=1):
        blocks += [f"turn {number}"] if several else []
        lines = _summary(turn, result.details.get(trial.full_id, ""))
        blocks += [_reads(turn), "\n".join(map(_paragraph, lines))]
    return "\n\n".join(blocks) + "\n"


def _paragraph(text: str) -> str:
    return fill(text, rest="  ")


def _head(result: RunResult, trial: TrialResult) -> str:
    (path,) = (suite.path for suite in result.suites if suite.name == trial.suite)
    lines = [f"trial {trial.full_id}: {trial.status}", f"at {path}:{trial.line}"]
    if trial.skipped is not None:
        lines.append(f"not run: {trial.skipped}")
    origin = f", from {_ORIGINS[trial.origin]}" if trial.origin else ""
    if trial.turns:
        lines.append(f"figures {_SOURCES[trial.timing.source]}{origin}")
    if trial.cassette is not None:
        lines.append(f"cassette {trial.cassette.path}: {trial.cassette.verdict}")
    return "\n".join(map(_paragraph, lines))


def _reads(turn: TurnResult) -> str:
    reads = read_timeline(turn.timeline, turn.text, turn.reasoning)
    return draw_rows([_row(read) for read in reads]) if reads else "no read with an instant"


def _row(read: TimelineRead) -> StreamRow:
    said = [f"reasoning {quoted(read.reasoning)}"] if read.reasoning else []
    said += [quoted(read.text)] if read.text else []
    return StreamRow(
        at_us=read.at_us,
        gap_us=read.gap_us,
        size=read.size,
        events=read.events,
        what=", ".join([*said, *read.others]),
    )


def _summary(turn: TurnResult, detail: str) -> Iterator[str]:
    timing, throughput = turn.timing, turn.throughput
    facts = [
        f"ttft {duration(timing.ttft_s)}",
        f"total {duration(timing.total_s)}",
        count(timing.reads, "read"),
        count(timing.events, "event"),
    ]
    if throughput.output_tokens is not None:
        estimated = "" if throughput.token_source == "usage" else " estimated"  # noqa: S105 -- no secret
        facts.append(count(throughput.output_tokens, "token") + estimated)
        facts.append(f"{rate(throughput.decode_tps)} tok/s")
    yield ", ".join([*facts, f"finish {_finish(turn)}"])
    if turn.error is not None:
        yield f"{turn.error.type}: {turn.error.message or detail}".rstrip(": ")
    for check in turn.checks:
        if check.status != "passed":
            yield f"{check.name} {check.status}: expected {check.expected}, got {check.got}"


def _finish(turn: TurnResult) -> str:
    reason, native = turn.finish_reason, turn.native_finish_reason
    if reason is None:
        return "none"
    return reason if native in {None, reason} else f"{reason} ({native})"


def find_trials(result: RunResult, name: str) -> Sequence[TrialResult]:
    """Find trials by their id, their id with the suite, or their case; the closest kind wins."""
    kinds = (
        [trial for trial in result.trials if trial.full_id == name],
        [trial for trial in result.trials if trial.id == name],
        [trial for trial in result.trials if trial.case == name],
    )
    return next((found for found in kinds if found), [])
