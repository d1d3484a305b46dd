"""A stream that somebody saved as text, with or without times, as a recorded response. Pure.

Without times it is raw Server-Sent Events, as `curl -N` prints them. With times every line starts
with the seconds since the request and a blank or tab: what `curl -N … | ts -s %.s` prints.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from glmbench.cassettes.interaction import Interaction
from glmbench.cassettes.track import Chunk, End, Track

if TYPE_CHECKING:
    from glmbench.cassettes.matching import RequestShape

_TIMED = re.compile(rb"(\d{1,12}(?:\.\d{1,9})?)(?:[ \t](.*))?")

# A time before what starts a line of an event stream: such a line is in no raw stream.
_TIMED_FIELD = re.compile(rb"(?:data|event|id|retry)?:")

_BOM = b"\xef\xbb\xbf"

# Later than this a time is no time since the request but a date.
MAX_S = 86_400


class RawError(ValueError):
    """The text is no stream that can be imported; the message names the line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawStream:
    """A body, and when its chunks came; `chunks` is None where nobody knows."""

    body: bytes
    chunks: tuple[Chunk, ...] | None


def read_raw(data: bytes) -> RawStream:
    """Read a saved stream; it has times when every line starts with one.

    Raises:
        RawError: it is empty, or its times go back or are dates.
    """
    if not data.strip():
        raise RawError("it is empty")
    # Before the first time stands what an editor put there; in a raw stream it may have been sent.
    lines = data.removeprefix(_BOM).removesuffix(b"\n").split(b"\n")
    timed = [_TIMED.fullmatch(line.removesuffix(b"\r")) for line in lines]
    if not all(timed):
        _refuse_half_timed(timed)
        return RawStream(body=data, chunks=None)
    return _with_times([(match[1], match[2] or b"") for match in timed if match])


def _refuse_half_timed(timed: list[re.Match[bytes] | None]) -> None:
    """Tell a file with times and a slip in it from one without times."""
    if any(match and _TIMED_FIELD.match(match[2] or b"") for match in timed):
        number = timed.index(None) + 1
        raise RawError(f"line {number} does not start with a time, as others do")


def _with_times(lines: list[tuple[bytes, bytes]]) -> RawStream:
    """Put the lines of an event into one chunk: they came together and were stamped apart."""
    pieces: list[bytes] = []
    chunks: list[Chunk] = []
    pending = 0
    came_us = last_us = 0
    for number, (seconds, line) in enumerate(lines, start=1):
        at_us = round(float(seconds) * 1e6)
        if at_us > MAX_S * 1_000_000:
            raise RawError(
                f"the time in line {number} is a date; times are seconds since the request"
            )
        if at_us < last_us:
            raise RawError(f"the time in line {number} is earlier than the one before")
        last_us = at_us
        pieces.append(line + b"\n")
        pending += len(line) + 1
        if line:
            came_us = at_us
        if not line or number == len(lines):
            earliest = chunks[-1].at_us + 1 if chunks else 0
            chunks.append(Chunk(at_us=max(earliest, came_us), size=pending))
            pending = 0
    return RawStream(body=b"".join(pieces), chunks=tuple(chunks))


def as_interaction(
    stream: RawStream, request: RequestShape, *, recorded_at: str, by: str
) -> Interaction:
    """Make a recorded response of a stream: success, and an end in good order.

    Without times there is no stream track, so that no figure is ever computed from it.
    """
    track = None
    if stream.chunks is not None:
        track = Track(
            origin="import",
            recorded_at=recorded_at,
            by=by,
            seq=1,
            started_us=0,
            connected_us=0,
            reused=False,
            headers_us=stream.chunks[0].at_us,
            framing="chunked",
            chunks=stream.chunks,
            end=End(kind="eof", at_us=stream.chunks[-1].at_us),
        )
    return Interaction(
        request=request,
        status=200,
        reason="OK",
        headers=(("Content-Type", "text/event-stream; charset=utf-8"),),
        body=stream.body,
        track=track,
    )
