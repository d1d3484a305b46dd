"""Faults as edits of a recorded interaction: what comes out replays like any other recording. Pure.

Nothing here knows of connections or clocks, and nothing is left to chance: the same recording and
the same fault always give the same interaction. A refused connection leaves no interaction at all,
so `Refuse` is the player's business.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeAlias, assert_never

import msgspec

from glmbench.cassettes.interaction import fitting_headers, misfits
from glmbench.cassettes.track import Chunk, End
from glmbench.suites.faults import Corrupt, CutAfter, DelayFirst, Status

if TYPE_CHECKING:
    from glmbench.cassettes.interaction import Headers, Interaction
    from glmbench.cassettes.track import Track

EditingFault: TypeAlias = CutAfter | Status | DelayFirst | Corrupt
"""The faults that a recorded interaction can show; `Refuse` is not among them."""


class FaultError(ValueError):
    """The fault or framing cannot be put into this recording; the message says why."""


def put_fault(interaction: Interaction, fault: EditingFault) -> Interaction:
    """Return the interaction as it would have been recorded had the fault happened.

    Raises:
        FaultError: there is no stream track, or no such chunk.
    """
    if isinstance(fault, Status):
        # Nothing of the recorded body is left, so it does not matter when it came.
        return _answer_with_status(interaction, fault)
    track = track_of(interaction, str(fault))
    match fault:
        case CutAfter():
            return _cut(interaction, track, fault)
        case DelayFirst():
            return replace(interaction, track=_delayed(track, round(fault.seconds * 1e6)))
        case Corrupt():
            return _corrupt(interaction, track, fault)
        case _:
            assert_never(fault)


def track_of(interaction: Interaction, edit: str) -> Track:
    """Return the stream track that an edit needs; `edit` is how messages call it."""
    if interaction.track is None:
        raise FaultError(f"{edit} needs a stream track, and the recording has none")
    return interaction.track


def _need_chunks(track: Track, number: int, fault: EditingFault) -> None:
    there = len(track.chunks)
    if number > there:
        have = {0: "no chunks", 1: "1 chunk"}.get(there, f"{there} chunks")
        raise FaultError(f"{fault} cannot be put: the recording has {have}")


# --- cut ------------------------------------------------------------------------------------


def _cut(interaction: Interaction, track: Track, fault: CutAfter) -> Interaction:
    """End the body after some chunks.

    A body that is delimited by the end of its connection becomes a chunked one before it is reset:
    a client of the first kind takes the reset for the end of the body, and nothing would be cut.
    """
    _need_chunks(track, fault.chunks, fault)
    chunks = track.chunks[: fault.chunks]
    body = interaction.body[: sum(chunk.size for chunk in chunks)]
    headers = interaction.all_headers
    if fault.kind == "eof":
        headers = _announcing(headers, len(body))
    if fault.kind == "reset" and track.framing == "eof":
        track = replace(track, framing="chunked", http="1.1")
    last_us = chunks[-1].at_us if chunks else track.headers_us
    return replace(
        interaction,
        headers=fitting_headers(headers, len(body)),
        body=body,
        track=replace(
            track,
            dropped=misfits(headers, len(body)),
            chunks=chunks,
            end=_cut_end(fault, last_us + 1),
        ),
    )


def _cut_end(fault: CutAfter, at_us: int) -> End:
    match fault.kind:
        case "reset":
            return End(kind="reset", at_us=at_us)
        case "eof":
            return End(kind="eof", at_us=at_us)
        case "stall":
            return End(kind="timeout", at_us=at_us, limit="sock_read")
        case _:
            assert_never(fault.kind)


def _announcing(headers: Headers, length: int) -> Headers:
    """Make a Content-Length agree with a shorter body, as of a server that had no more to say.

    That of a packed body stays: nobody knows the packed length of the part, and no client that
    sees the unpacked bytes can tell.
    """
    if any(name.lower() == "content-encoding" for name, _ in headers):
        return headers
    return tuple(
        (name, str(length) if name.lower() == "content-length" else value)
        for name, value in headers
    )


# --- another status -------------------------------------------------------------------------

_KEPT_HEADERS = frozenset({"date", "server"})


def _answer_with_status(interaction: Interaction, fault: Status) -> Interaction:
    """Replace the whole response by an error; the head keeps its instant."""
    # No body may follow the head of an answer to HEAD.
    body = b"" if interaction.request.method.upper() == "HEAD" else _error_body(fault)
    kept = [header for header in interaction.headers if header[0].lower() in _KEPT_HEADERS]
    made = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    if fault.retry_after is not None:
        made.append(("Retry-After", str(math.ceil(fault.retry_after))))
    return replace(
        interaction,
        status=fault.code,
        reason=_reason_phrase(fault.code),
        headers=(*kept, *made),
        body=body,
        track=interaction.track and _with_head(interaction.track, len(body)),
    )


def _with_head(track: Track, size: int) -> Track:
    """Return the track of a body that comes in the read of its head."""
    return replace(
        track,
        framing="length",
        dropped=(),
        paused=False,
        chunks=(Chunk(at_us=track.headers_us, size=size),) if size else (),
        end=End(kind="eof", at_us=track.headers_us),
    )


def _reason_phrase(code: int) -> str:
    try:
        return HTTPStatus(code).phrase
    except ValueError:
        return ""


def _error_body(fault: Status) -> bytes:
    message = f"This answer is a fault of glmbench: {fault}"
    return msgspec.json.encode({"error": {"code": str(fault.code), "message": message}})


# --- late, and wrong ------------------------------------------------------------------------


def _delayed(track: Track, by_us: int) -> Track:
    chunks = tuple(Chunk(at_us=each.at_us + by_us, size=each.size) for each in track.chunks)
    return replace(track, chunks=chunks, end=replace(track.end, at_us=track.end.at_us + by_us))


# No UTF-8 text holds this byte, in any place.
_NEVER_UTF8 = 0xFF


def _corrupt(interaction: Interaction, track: Track, fault: Corrupt) -> Interaction:
    _need_chunks(track, fault.chunk, fault)
    start = sum(chunk.size for chunk in track.chunks[: fault.chunk - 1])
    end = start + track.chunks[fault.chunk - 1].size
    body = bytearray(interaction.body)
    body[_victim(interaction.body, start, end, fault.chunk)] = _NEVER_UTF8
    return replace(interaction, body=bytes(body))


def _victim(body: bytes, start: int, end: int, number: int) -> int:
    """Choose the byte to be spoilt: not a line end if it can be, so that the lines stay."""
    places = [place for place in range(start, end) if body[place] not in b"\r\n\xff"]
    places = places or list(range(start, end))
    drawn = hashlib.sha256(b"%d:%b" % (number, body)).digest()
    return places[int.from_bytes(drawn[:8], "big") % len(places)]
