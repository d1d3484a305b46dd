"""Figures of a turn against their bounds: latency, throughput, tokens, the stream itself. Pure.

What was not measured is `unmeasured`, never passed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from glmbench.checks.result import CheckResult, judged, unmeasured
from glmbench.measure.timing import Throughput
from glmbench.measure.tokens import count_output_tokens
from glmbench.parts import Usage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from glmbench.measure.observation import Observation
    from glmbench.measure.timing import Timing
    from glmbench.suites.bounds import Bound
    from glmbench.suites.expect import LatencyMetric, StreamExpect, ThroughputMetric, TokenCount

# The two errors that say: these bytes are no whole event stream.
_MALFORMED = ("ProtocolError", "IncompleteStreamError")

_NO_STREAM = "no event stream"


def check_latency(bounds: Mapping[LatencyMetric, Bound], timing: Timing) -> Iterator[CheckResult]:
    """Judge instants and gaps, in a fixed order."""
    figures: dict[LatencyMetric, float | None] = {
        "ttft": timing.ttft_s,
        "ttfo": timing.ttfo_s,
        "ttfb": timing.ttfb_s,
        "total": timing.total_s,
        "max_gap": timing.gap_max_s,
        "stalls": timing.stalls,
    }
    missing = "no timing" if timing.source == "none" else "never happened"
    for metric, figure in figures.items():
        if metric in bounds:
            unit = "" if metric == "stalls" else "s"
            yield _bounded(
                f"latency.{metric}", bounds[metric], figure, unit, missing, _source(timing)
            )


def check_throughput(
    bounds: Mapping[ThroughputMetric, Bound], throughput: Throughput | None, timing: Timing
) -> Iterator[CheckResult]:
    """Judge rates; a rate of estimated tokens says that it is one."""
    rates = throughput or Throughput()
    figures: dict[ThroughputMetric, tuple[float | None, list[str | None]]] = {
        "decode_tps": (rates.decode_tps, [_source(timing), _estimate(rates)]),
        "chars_ps": (rates.chars_ps, [_source(timing)]),
    }
    untimed = throughput is None or timing.source == "none"
    missing = "no timing" if untimed else "fewer than two timed pieces"
    for metric, (figure, notes) in figures.items():
        if metric in bounds:
            note = ", ".join(note for note in notes if note) or None
            yield _bounded(f"throughput.{metric}", bounds[metric], figure, "/s", missing, note)


def check_tokens(
    bounds: Mapping[TokenCount, Bound], observation: Observation
) -> Iterator[CheckResult]:
    """Judge the service's own counts; an estimate is none."""
    output, source = count_output_tokens(observation)
    figures: dict[TokenCount, int | None] = {
        "input": _input_tokens(observation),
        "output": output if source == "usage" else None,
    }
    for metric, figure in figures.items():
        if metric in bounds:
            yield _bounded(
                f"tokens.{metric}", bounds[metric], figure, "", "the service gave no count"
            )


def check_stream(
    expect: StreamExpect, observation: Observation, timing: Timing
) -> Iterator[CheckResult]:
    """Judge the event stream that an answer came in."""
    if expect.well_formed is not None:
        yield _well_formed(expect.well_formed, observation, timing)
    for name, bound, count in (
        ("stream.events", expect.events, timing.events),
        ("stream.reads", expect.reads, timing.reads),
    ):
        if bound is not None:
            # A body that is no event stream has reads too, which is not what was asked about.
            figure = count if timing.events else None
            yield _bounded(name, bound, figure, "", _NO_STREAM, _source(timing))
    if expect.deltas_equal_final is not None:
        yield _deltas_equal_final(expect.deltas_equal_final, observation)


def _well_formed(wanted: bool, observation: Observation, timing: Timing) -> CheckResult:  # noqa: FBT001 -- the value of the suite's key
    name, expected = "stream.well_formed", _yes(wanted)
    failure = observation.failure
    if failure is not None and failure.type in _MALFORMED and failure.expected_kind:
        got = f"no, {failure.type}"
        return judged(name, passed=not wanted, expected=expected, got=got)
    if not timing.events:
        return unmeasured(name, expected=expected, got=_NO_STREAM)
    return judged(name, passed=wanted, expected=expected, got="yes")


def _deltas_equal_final(wanted: bool, observation: Observation) -> CheckResult:  # noqa: FBT001 -- the value of the suite's key
    name, expected = "stream.deltas_equal_final", _yes(wanted)
    finish = observation.finish
    if finish is None:
        return unmeasured(name, expected=expected, got="no finish, so no final text")
    equal = finish.rewritten is None
    got = "yes" if equal else "no, the service's final text is another"
    return judged(name, passed=equal is wanted, expected=expected, got=got)


def _yes(wanted: bool) -> str:  # noqa: FBT001 -- it words just this
    return "yes" if wanted else "no"


def _input_tokens(observation: Observation) -> int | None:
    """Take the last count the service gave, as for the output."""
    for stamped in reversed(observation.parts):
        if isinstance(stamped.part, Usage) and stamped.part.input_tokens is not None:
            return stamped.part.input_tokens
    return None


def _bounded(
    name: str, bound: Bound, figure: float | None, unit: str, missing: str, note: str | None = None
) -> CheckResult:
    if figure is None:
        return unmeasured(name, expected=bound.text, got=missing)
    got = f"{_number(figure)}{unit}"
    return judged(name, passed=bound.holds(figure), expected=bound.text, got=got, note=note)


def _source(timing: Timing) -> str | None:
    return timing.source if timing.source in {"recorded", "edited"} else None


def _estimate(throughput: Throughput) -> str | None:
    return "estimate" if throughput.token_source == "estimate" else None  # noqa: S105 -- of a text


def _number(figure: float) -> str:
    # To the microsecond: rounded, "3.000 s" would fail "< 3s" and "<= 3s" alike.
    return str(figure) if isinstance(figure, int) else f"{figure:.6f}".rstrip("0").rstrip(".")
