"""What a decoder makes of a recorded response, read by read. Pure.

The decoder is that of the service the request went to, by its URL; of any other service there are
only the events. Nothing here judges: a stream that breaks has its failure as data.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias
from urllib.parse import urlsplit

from glmbench.errors import ProtocolError, ProviderError
from glmbench.measure.observation import Failure, Observation, Read, StampedPart
from glmbench.measure.timing import Timing, measure_timing
from glmbench.parts import FinishReason, Part, Reasoning
from glmbench.wire import chatglm_errors, completions_errors
from glmbench.wire.chatglm import ChatGlmDecoder
from glmbench.wire.completions import ChatCompletionsDecoder
from glmbench.wire.sse import SseDecoder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from glmbench.cassettes.interaction import Interaction
    from glmbench.cassettes.track import End

Dialect: TypeAlias = Literal["chatglm", "completions"]

_PATH_ENDS: dict[str, Dialect] = {"/guest/stream": "chatglm", "/chat/completions": "completions"}
_ERRORS_FROM_BODY = {
    "chatglm": chatglm_errors.error_from_body,
    "completions": completions_errors.error_from_body,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadChunk:
    """One network read and what came out of it.

    `gap_us` counts from the read before, of the first read from time zero. Both instants are None
    where there is no track. `events` is how many events ended in this read.
    """

    at_us: int | None
    gap_us: int | None
    data: bytes
    events: int = 0
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamReading:
    """A recorded response as its service's decoder reads it; without one there are no parts.

    `end` is None without a track. A FinishReason stands at the read that brought the finish frame,
    what came out only at the end of the body stands at the last read.
    """

    dialect: Dialect | None
    chunks: tuple[ReadChunk, ...]
    end: End | None
    failure: Failure | None = None
    timing: Timing

    @property
    def parts(self) -> tuple[Part, ...]:
        return tuple(part for chunk in self.chunks for part in chunk.parts)

    @property
    def text(self) -> str:
        return "".join(part for part in self.parts if isinstance(part, str))

    @property
    def reasoning(self) -> str:
        return "".join(part.token for part in self.parts if isinstance(part, Reasoning))

    @property
    def finish(self) -> FinishReason | None:
        return next((part for part in self.parts if isinstance(part, FinishReason)), None)


class _Decoder(Protocol):
    failure: ProviderError | None

    def feed(self, data: bytes) -> list[Part]: ...
    def feed_eof(self) -> list[Part]: ...
    def finish(self) -> list[Part]: ...


def find_dialect(url: str) -> Dialect | None:
    """Tell by the path of a URL whose stream answers there; None for a service not known here."""
    path = urlsplit(url).path.rstrip("/")
    return next((name for end, name in _PATH_ENDS.items() if path.endswith(end)), None)


def read_stream(interaction: Interaction) -> StreamReading:
    """Feed a recorded body to its decoder as it once came in."""
    dialect = find_dialect(interaction.request.url)
    chunks = tuple(_cut(interaction))
    failure: Failure | None = None
    if dialect is not None and is_event_stream(interaction):
        chunks, failure = _decode(_decoder(dialect), chunks)
    elif dialect is not None and not 300 <= interaction.status < 400:
        error = _ERRORS_FROM_BODY[dialect](
            interaction.status, media_type(interaction), interaction.body
        )
        failure = _as_failure(error)
    return StreamReading(
        dialect=dialect,
        chunks=chunks,
        end=interaction.track.end if interaction.track else None,
        failure=failure,
        timing=measure_timing(_observation(interaction, chunks)),
    )


def describe_finish(reading: StreamReading) -> str:
    """Say how an answer finished, in its normalised and its native word, or why it did not."""
    if reading.finish is not None:
        reason, native = reading.finish.reason, reading.finish.native
        return reason if native in {None, reason} else f"{reason} ({native})"
    return reading.failure.type if reading.failure else "none"


def media_type(interaction: Interaction) -> str:
    """Return the content type without its parameters; empty where there is none."""
    values = (v for name, v in interaction.headers if name.lower() == "content-type")
    return next(values, "").partition(";")[0].strip().lower()


def is_event_stream(interaction: Interaction) -> bool:
    """Tell whether a provider would read this response as a stream of events."""
    return 200 <= interaction.status < 300 and media_type(interaction) == "text/event-stream"


def _cut(interaction: Interaction) -> Iterator[ReadChunk]:
    """Cut a body into its reads; without a track it is one, and nobody knows when."""
    track, body = interaction.track, interaction.body
    counter = _EventCounter()
    if track is None:
        if body:
            yield ReadChunk(at_us=None, gap_us=None, data=body, events=counter.count(body))
        return
    position = before_us = 0
    for chunk in track.chunks:
        data = body[position : position + chunk.size]
        gap_us = chunk.at_us - before_us
        yield ReadChunk(at_us=chunk.at_us, gap_us=gap_us, data=data, events=counter.count(data))
        position, before_us = position + chunk.size, chunk.at_us


class _EventCounter:
    """Counts the events that end in each read; none any more once the stream is broken."""

    def __init__(self) -> None:
        self._decoder: SseDecoder | None = SseDecoder()

    def count(self, data: bytes) -> int:
        if self._decoder is None:
            return 0
        try:
            return len(self._decoder.feed(data))
        except ProtocolError:
            self._decoder = None
            return 0


def _decoder(dialect: Dialect) -> _Decoder:
    return ChatGlmDecoder() if dialect == "chatglm" else ChatCompletionsDecoder()


def _decode(
    decoder: _Decoder, chunks: Iterable[ReadChunk]
) -> tuple[tuple[ReadChunk, ...], Failure | None]:
    read = [replace(chunk, parts=tuple(decoder.feed(chunk.data))) for chunk in chunks]
    failure = None
    tail = decoder.feed_eof()
    try:
        tail += decoder.finish()
    except ProviderError as error:
        failure = _as_failure(error)
    for part in tail:
        index = _index_of(part, read)
        read[index] = replace(read[index], parts=(*read[index].parts, part))
    return tuple(read), failure


def _index_of(part: Part, chunks: list[ReadChunk]) -> int:
    """Find the read of a part that came out at the end: the last one, or the finish frame's."""
    if isinstance(part, FinishReason) and part.body_offset is not None:
        position = 0
        for index, chunk in enumerate(chunks):
            position += len(chunk.data)
            if part.body_offset <= position:
                return index
    return len(chunks) - 1


def _observation(interaction: Interaction, chunks: tuple[ReadChunk, ...]) -> Observation:
    """Put a reading into the form that timings are measured from."""
    track = interaction.track
    if track is None:
        return Observation(source="none")
    finish_us = next(
        (c.at_us for c in chunks if any(isinstance(part, FinishReason) for part in c.parts)), None
    )
    return Observation(
        source="recorded",
        origin=track.origin,
        reads=tuple(
            Read(at_us=c.at_us, size=len(c.data), events=c.events)
            for c in chunks
            if c.at_us is not None
        ),
        parts=tuple(StampedPart(at_us=c.at_us, part=part) for c in chunks for part in c.parts),
        finish_us=finish_us,
        end_us=track.end.at_us,
        connection_reused=track.reused,
        paused=track.paused,
    )


def _as_failure(error: ProviderError) -> Failure:
    return Failure(
        type=type(error).__name__,
        message=error.message,
        status=error.status,
        code=error.code,
        expected_kind=True,
    )
