"""Recorded streams as text for a terminal: a line for each read, and what was made of it.

Draws only, within 80 columns. Long streams are drawn whole: a person has a pager.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from wcwidth import wcswidth

from glmbench.inspection.reading import describe_finish
from glmbench.parts import Part, Reasoning, describe_part
from glmbench.redaction.redactor import redact_url
from glmbench.report.grid import WIDTH, shorten
from glmbench.report.numbers import NOTHING, count, duration
from glmbench.report.paragraph import fill

if TYPE_CHECKING:
    from collections.abc import Sequence

    from glmbench.cassettes.interaction import Interaction
    from glmbench.cassettes.track import Track
    from glmbench.inspection.reading import ReadChunk, StreamReading

BAR_WIDTH = 8
# A read of many bytes is looked at no further than this: a line shows less, and to cut a text to a
# width takes time by the square of its length.
PREVIEW = 400

_ORIGINS = {"live": "the live service", "emulator": "the emulator", "import": "an import"}
_US_PER_S = 1_000_000


def render_stream(number: int, interaction: Interaction, reading: StreamReading) -> str:
    """Draw one recorded response, ready to print."""
    blocks = [_head(number, interaction), _reads(reading), _summary(reading)]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _head(number: int, interaction: Interaction) -> str:
    request = interaction.request
    lines = [
        f"request {number}: {request.method} {redact_url(request.url)}",
        f"status {interaction.status} {interaction.reason}".rstrip(),
    ]
    track = interaction.track
    if track is None:
        lines.append("recorded without a stream track")
    else:
        lines[-1] += f", HTTP/{track.http}, framing {track.framing}"
        lines.append(", ".join(_circumstances(track)))
    return "\n".join(map(_paragraph, lines))


def _circumstances(track: Track) -> list[str]:
    facts = [f"recorded {track.recorded_at} from {_ORIGINS[track.origin]}"]
    facts += [f"turn {track.turn}"] if track.turn > 1 else []
    facts += [f"attempt {track.attempt}"] if track.attempt > 1 else []
    facts += ["connection reused"] if track.reused else []
    facts += ["reading paused"] if track.paused else []
    return facts


def _paragraph(text: str) -> str:
    return fill(text, rest="  ")


def _reads(reading: StreamReading) -> str:
    # Without a decoder, or in a body that is no stream, the bytes are all there is to see.
    raw = reading.dialect is None or not any(chunk.events for chunk in reading.chunks)
    rows = [
        StreamRow(
            at_us=chunk.at_us,
            gap_us=chunk.gap_us,
            size=len(chunk.data),
            events=chunk.events,
            what=_what(chunk, raw=raw),
        )
        for chunk in reading.chunks
    ]
    return draw_rows(rows) if rows else "no byte of a body"


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamRow:
    """A line of a drawn stream; `what` came of the read, in words. Instants may be unknown."""

    at_us: int | None
    gap_us: int | None
    size: int
    events: int
    what: str


def draw_rows(rows: Sequence[StreamRow]) -> str:
    """Draw reads one below the other, with their gaps as bars."""
    longest_us = max(row.gap_us or 0 for row in rows)
    cells = [
        [
            str(number),
            _instant(row.at_us),
            _instant(row.gap_us),
            str(row.size),
            gap_bar(row.gap_us, longest_us),
        ]
        for number, row in enumerate(rows, start=1)
    ]
    table = [["#", "time", "gap", "bytes", ""], *cells]
    widths = [max(map(wcswidth, column)) for column in zip(*table, strict=True)]
    lines = [_columns(row, widths) for row in table]
    # What stands in the last column gets the rest of the line.
    room = WIDTH - wcswidth(lines[0])
    told = ["what came of it", *(_told(row, room) for row in rows)]
    return "\n".join(line + what for line, what in zip(lines, told, strict=True))


def _told(row: StreamRow, room: int) -> str:
    events = f" ({count(row.events, 'event')})" if row.events > 1 else ""
    return shorten(row.what[:PREVIEW] or NOTHING, room - len(events)) + events


def _columns(row: Sequence[str], widths: Sequence[int]) -> str:
    *figures, bar = [
        text.rjust(width) if index < len(widths) - 1 else text.ljust(width)
        for index, (text, width) in enumerate(zip(row, widths, strict=True))
    ]
    return "  ".join([*figures, bar, ""])


def _instant(microseconds: int | None) -> str:
    return duration(None if microseconds is None else microseconds / _US_PER_S)


def gap_bar(gap_us: int | None, longest_us: int) -> str:
    """Draw a gap in proportion to the longest one; the shortest is still to be seen."""
    if not gap_us:
        return ""
    return "█" * (gap_us * BAR_WIDTH // longest_us) or "▏"


def _what(chunk: ReadChunk, *, raw: bool) -> str:
    said = ", ".join(_runs(chunk.parts))
    return said or (chunk.data[:PREVIEW].decode("utf-8", "replace") if raw else "")


def _runs(parts: Sequence[Part]) -> list[str]:
    """Word parts in their order; texts that follow each other are one."""
    said = []
    for kind, run in groupby(parts, key=type):
        pieces = list(run)
        if kind is str:
            said.append(quoted("".join(piece for piece in pieces if isinstance(piece, str))))
        elif kind is Reasoning:
            tokens = (piece.token for piece in pieces if isinstance(piece, Reasoning))
            said.append(f"reasoning {quoted(''.join(tokens))}")
        else:
            said += map(describe_part, pieces)
    return said


def quoted(text: str) -> str:
    """Put a text into the quotes of JSON, so that blanks and line ends are seen."""
    return json.dumps(text, ensure_ascii=False)


def _summary(reading: StreamReading) -> str:
    timing = reading.timing
    lines = [_end(reading)]
    facts = [
        f"ttft {duration(timing.ttft_s)}",
        f"total {duration(timing.total_s)}",
        count(len(reading.chunks), "chunk"),
        count(sum(len(chunk.data) for chunk in reading.chunks), "byte"),
    ]
    lines.append(", ".join([*facts, f"finish {describe_finish(reading)}"]))
    if reading.failure is not None:
        lines.append(f"{reading.failure.type}: {reading.failure.message}")
    return "\n".join(_paragraph(line) for line in lines)


def _end(reading: StreamReading) -> str:
    if reading.end is None:
        return "end unknown"
    limit = f" ({reading.end.limit})" if reading.end.limit else ""
    return f"end {reading.end.kind}{limit} at {_instant(reading.end.at_us)}"
