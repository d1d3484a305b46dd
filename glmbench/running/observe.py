"""From a tape and the parts that came to the Observation of a turn: integers of the track only.

A recording run and its replay agree to the last digit because both look their instants up here, in
the same track, by the same rule: a part's instant is the arrival of the last chunk of which any
byte had been handed out when the provider yielded it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from glmbench.cassettes.playing_tape import PlayingTape
from glmbench.errors import ProtocolError, ProviderError
from glmbench.measure.observation import Failure, Observation, Read, StampedPart
from glmbench.parts import FinishReason
from glmbench.wire.sse import SseDecoder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from glmbench.cassettes.context import Tape
    from glmbench.cassettes.interaction import Interaction
    from glmbench.cassettes.tape import Position, Served
    from glmbench.cassettes.track import Track
    from glmbench.measure.observation import TimingSource
    from glmbench.parts import Part


@dataclass(frozen=True, slots=True, kw_only=True)
class Yielded:
    """A part as the runner got it. `consumer_us` counts from when the provider was asked."""

    part: Part
    position: Position | None
    consumer_us: int


def observe(
    tape: Tape | None,
    yielded: Sequence[Yielded],
    failure: Failure | None,
    *,
    turn: int = 1,
    attempt: int = 1,
) -> Observation:
    """Put together what one attempt of a turn showed.

    The reads are those of the turn's last response: redirects and the like come before it. Without
    a tape (a replay of what makes no HTTP) there is no timing.
    """
    served = [
        (exchange, answer)
        for exchange, answer in (tape.served() if tape is not None else [])
        if (exchange.turn, exchange.attempt) == (turn, attempt)
    ]
    playing = tape is None or isinstance(tape, PlayingTape)
    if not served:
        return _observe_consumer(yielded, failure, playing=playing)
    tracks = {id(exchange): answer.interaction.track for exchange, answer in served}
    _, last = served[-1]
    track = last.interaction.track
    if track is None:
        parts = tuple(StampedPart(at_us=None, part=y.part) for y in yielded)
        return Observation(source="none", parts=parts, failure=failure)
    finish_us = _finish_instant(track, yielded)
    return Observation(
        source=_source(tape),
        origin=track.origin,
        reads=_reads(last.interaction, track),
        parts=tuple(
            StampedPart(at_us=_instant(tracks, y, finish_us), part=y.part) for y in yielded
        ),
        failure=failure,
        finish_us=finish_us,
        end_us=track.end.at_us,
        connection_reused=_first_reused(served),
        paused=track.paused,
        client_lag_us=_lags(last),
    )


def _source(tape: Tape | None) -> TimingSource:
    if not isinstance(tape, PlayingTape):
        return "live"
    return "edited" if tape.edited else "recorded"


def _observe_consumer(
    yielded: Sequence[Yielded], failure: Failure | None, *, playing: bool
) -> Observation:
    """A provider that does not use aiohttp is stamped where it yields; in replay not at all."""
    source: TimingSource = "none" if playing else "consumer"
    parts = tuple(
        StampedPart(at_us=None if playing else y.consumer_us, part=y.part) for y in yielded
    )
    end_us = parts[-1].at_us if parts and failure is None else None
    return Observation(source=source, parts=parts, failure=failure, end_us=end_us)


def _instant(
    tracks: dict[int, Track | None], yielded: Yielded, finish_us: int | None
) -> int | None:
    if isinstance(yielded.part, FinishReason) and finish_us is not None:
        return finish_us
    position = yielded.position
    track = tracks.get(id(position.exchange)) if position else None
    return track.chunks[position.chunk].at_us if position and track else None


def _finish_instant(track: Track, yielded: Sequence[Yielded]) -> int | None:
    """Look up when the finish frame came; the FinishReason itself is yielded only at the end."""
    for item in yielded:
        if isinstance(item.part, FinishReason) and item.part.body_offset is not None:
            chunk = track.chunk_at(item.part.body_offset)
            return chunk.at_us if chunk else None
    return None


def _reads(interaction: Interaction, track: Track) -> tuple[Read, ...]:
    reads = []
    position = 0
    decoder: SseDecoder | None = SseDecoder()
    for chunk in track.chunks:
        data = interaction.body[position : position + chunk.size]
        position += chunk.size
        events = 0
        if decoder is not None:
            try:
                events = len(decoder.feed(data))
            except ProtocolError:
                decoder = None
        reads.append(Read(at_us=chunk.at_us, size=chunk.size, events=events))
    return tuple(reads)


def _first_reused(served: Sequence[tuple[object, Served]]) -> bool:
    """Say whether time zero came with a connection: later requests of a turn do not tell."""
    first = served[0][1].interaction.track
    return first is not None and first.reused


def _lags(served: Served) -> tuple[int, ...] | None:
    return None if served.lags is None else tuple(round(lag * 1e6) for lag in served.lags)


def as_failure(error: BaseException) -> Failure:
    """Turn the exception that ended a turn into data."""
    if isinstance(error, ProviderError):
        return Failure(
            type=type(error).__name__,
            message=error.message,
            status=error.status,
            code=error.code,
            expected_kind=True,
        )
    return Failure(type=type(error).__name__, message=str(error))
