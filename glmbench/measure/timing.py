"""Observation to durations and rates. Pure: no clock, no I/O.

Everything is computed in integer microseconds and divided once at the end, so that equal
observations give equal floats.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

from glmbench.measure.observation import TimingSource  # noqa: TC001 -- msgspec reads annotations
from glmbench.measure.stats import percentile
from glmbench.measure.tokens import TokenSource, count_output_tokens, find_usage
from glmbench.parts import Part, Reasoning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from glmbench.measure.observation import Observation

# A gap that a reader notices as a halt; longer than any rhythm of tokens.
STALL_US = 2_000_000

_US_PER_S = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Seconds since time zero; None means "never happened" or not measurable.

    ttfb: the first body byte. ttft: the first non-empty text or reasoning. ttfo: the first
    non-empty text. finish: the finish frame. total: the end of the stream. Gaps lie between
    reads that brought text or reasoning; `gap_p95_s` needs 20 of them. `paused` says that the
    consumer was so slow that reading stopped. client_lag: how late the consumer got a chunk, our
    own error, known live only.
    """

    source: TimingSource
    ttfb_s: float | None = None
    ttft_s: float | None = None
    ttfo_s: float | None = None
    finish_s: float | None = None
    total_s: float | None = None
    gap_p50_s: float | None = None
    gap_p95_s: float | None = None
    gap_max_s: float | None = None
    gaps: int = 0
    stalls: int | None = None
    reads: int = 0
    events: int = 0
    events_per_read: float | None = None
    connection_reused: bool = False
    paused: bool = False
    client_lag_p50_s: float | None = None
    client_lag_max_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Throughput:
    """Rates of one turn; the token source says whose count `output_tokens` is.

    `output_chars` and the tokens are those of text and reasoning together. `usage_input_tokens` and
    `usage_output_tokens` are the service's own counts, also where they are obviously fake and not
    taken. `tokens_per_read` is by the reads that brought text or reasoning.
    """

    token_source: TokenSource = "none"  # noqa: S105 -- tokens of text, not a secret
    output_tokens: int | None = None
    output_chars: int = 0
    decode_tps: float | None = None
    e2e_tps: float | None = None
    chars_ps: float | None = None
    tokens_per_read: float | None = None
    usage_input_tokens: int | None = None
    usage_output_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class _Chunk:
    """What one read brought of text and reasoning."""

    at_us: int
    chars: int


def measure_timing(observation: Observation) -> Timing:
    """Fold a turn into durations; without a timing source there are none."""
    if observation.source == "none":
        return Timing(source="none")
    reads = [read for read in observation.reads if read.size > 0]
    events = sum(read.events for read in observation.reads)
    chunks = _chunks(observation)
    lags = observation.client_lag_us or ()
    gaps = [later.at_us - earlier.at_us for earlier, later in pairwise(chunks)]
    text_instants = (at_us for at_us, part in _content(observation) if isinstance(part, str))
    return Timing(
        source=observation.source,
        ttfb_s=_seconds(reads[0].at_us) if reads else None,
        ttft_s=_seconds(chunks[0].at_us) if chunks else None,
        ttfo_s=_seconds(next(text_instants, None)),
        finish_s=_seconds(observation.finish_us),
        total_s=_seconds(observation.end_us),
        gap_p50_s=_seconds(percentile(gaps, 50)),
        gap_p95_s=_seconds(percentile(gaps, 95)),
        gap_max_s=_seconds(max(gaps, default=None)),
        gaps=len(gaps),
        stalls=sum(gap > STALL_US for gap in gaps) if chunks else None,
        reads=len(reads),
        events=events,
        events_per_read=events / len(reads) if reads else None,
        connection_reused=observation.connection_reused,
        paused=observation.paused,
        client_lag_p50_s=_seconds(percentile(lags, 50)),
        client_lag_max_s=_seconds(max(lags, default=None)),
    )


def measure_throughput(observation: Observation) -> Throughput:
    """Fold a turn into rates. The first chunk is left out: its tokens were made before it came."""
    tokens, token_source = count_output_tokens(observation)
    chars = len(observation.text) + len(observation.reasoning)
    chunks = [] if observation.source == "none" else _chunks(observation)
    decode_tps = chars_ps = e2e_tps = None
    if len(chunks) > 1:
        span_us = chunks[-1].at_us - chunks[0].at_us
        later_chars = sum(chunk.chars for chunk in chunks[1:])
        chars_ps = later_chars * _US_PER_S / span_us
        if tokens is not None:
            all_chars = chunks[0].chars + later_chars
            decode_tps = tokens * later_chars * _US_PER_S / (all_chars * span_us)
    if tokens is not None and observation.end_us and observation.source != "none":
        e2e_tps = tokens * _US_PER_S / observation.end_us
    usage = find_usage(observation)
    return Throughput(
        token_source=token_source,
        output_tokens=tokens,
        output_chars=chars,
        decode_tps=decode_tps,
        e2e_tps=e2e_tps,
        chars_ps=chars_ps,
        tokens_per_read=tokens / len(chunks) if tokens is not None and chunks else None,
        usage_input_tokens=usage.input_tokens if usage else None,
        usage_output_tokens=usage.output_tokens if usage else None,
    )


def _content(observation: Observation) -> Iterator[tuple[int, str | Reasoning]]:
    """Yield what a person or the model's thinking gained; empty parts brought nothing."""
    for stamped in observation.parts:
        part: Part = stamped.part
        if stamped.at_us is not None and isinstance(part, str | Reasoning) and _text(part):
            yield stamped.at_us, part


def _text(part: str | Reasoning) -> str:
    return part if isinstance(part, str) else part.token


def _chunks(observation: Observation) -> list[_Chunk]:
    """Join the parts of equal instants: they came out of one read."""
    return [
        _Chunk(at_us, sum(len(_text(part)) for _, part in group))
        for at_us, group in groupby(_content(observation), key=lambda item: item[0])
    ]


def _seconds(microseconds: float | None) -> float | None:
    return None if microseconds is None else microseconds / _US_PER_S
