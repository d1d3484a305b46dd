"""Encode, decode and verify a stream track: the chunk edges and arrival times of one response.

Pure: integers and bytes in, data out. All instants are microseconds since time zero, the entry of
`connect()` for the first request of the turn.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import msgspec

from glmbench.measure.observation import Origin

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from glmbench.redaction.redactor import Edit

VERSION = 1
KEY = "x-stream"

# No answer takes as long, and larger numbers are no instants. A fault may add a day.
MAX_US = 7 * 86_400 * 1_000_000

Framing: TypeAlias = Literal["chunked", "length", "eof"]
EndKind: TypeAlias = Literal[
    "eof", "reset", "truncated", "undecodable", "timeout", "closed-by-client"
]
TimeLimit: TypeAlias = Literal["sock_read", "total"]


class TrackError(ValueError):
    """A track cannot be decoded, or it does not fit its body."""


class Chunk(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """All decoded body bytes that came out of one network read.

    No dataclass: a large cassette has half a million of them, and the collector of cycles would
    look through all again and again while they are made.
    """

    at_us: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How the body ended; `limit` names the client's timer when it was a timeout."""

    kind: EndKind
    at_us: int
    limit: TimeLimit | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """The course of one recorded response; see `docs/reference/cassette-format.md`."""

    origin: Origin
    recorded_at: str
    by: str
    seq: int
    turn: int = 1
    attempt: int = 1
    started_us: int
    connected_us: int
    reused: bool
    headers_us: int
    http: str = "1.1"
    framing: Framing
    dropped: tuple[tuple[str, str], ...] = ()
    paused: bool = False
    chunks: tuple[Chunk, ...]
    end: End

    @property
    def length(self) -> int:
        return sum(chunk.size for chunk in self.chunks)

    def chunk_at(self, offset: int) -> Chunk | None:
        """Find the chunk that holds the body byte before `offset`; None before the first byte."""
        if offset <= 0:
            return None
        position = 0
        for chunk in self.chunks:
            position += chunk.size
            if offset <= position:
                return chunk
        return None


def reanchor(track: Track, edits: Sequence[Edit]) -> Track:
    """Return the track of the body after edits of it.

    A chunk that is left without a byte is dropped: its text now comes with the chunk before it.
    The others keep their instants, so a replacement comes in the reads that brought the original.
    """
    chunks = []
    previous = 0
    for chunk, end in zip(track.chunks, _moved_edges(track.chunks, edits), strict=True):
        if end > previous:
            chunks.append(Chunk(at_us=chunk.at_us, size=end - previous))
            previous = end
    return replace(track, chunks=tuple(chunks))


def _moved_edges(chunks: tuple[Chunk, ...], edits: Sequence[Edit]) -> Iterator[int]:
    """Yield where each chunk ends after the edits."""
    edges: list[int] = []
    for chunk in chunks:
        edges.append(chunk.size + (edges[-1] if edges else 0))
    shift = index = 0
    for edit in edits:
        while index < len(edges) and edges[index] <= edit.start:
            yield edges[index] + shift
            index += 1
        inside = index
        while index < len(edges) and edges[index] < edit.end:
            index += 1
        for edge in _spread(edges[inside:index], edit):
            yield edge + shift
        shift += len(edit.replacement) - (edit.end - edit.start)
    for edge in edges[index:]:
        yield edge + shift


def _spread(edges: Sequence[int], edit: Edit) -> Iterator[int]:
    """Yield the edges inside an edit in its replacement, with a byte for each chunk if it can."""
    length = len(edit.replacement)
    taken = 0
    for left, edge in zip(range(len(edges), 0, -1), edges, strict=True):
        share = length * (edge - edit.start) // (edit.end - edit.start)
        # At least a byte for this chunk, and one kept back for each of those that follow.
        taken = min(max(taken + 1, min(share, length - left)), length)
        yield edit.start + taken


class _StoredEnd(msgspec.Struct, forbid_unknown_fields=True):
    kind: EndKind
    at_us: int
    limit: TimeLimit | None = None


class _StoredTrack(msgspec.Struct, forbid_unknown_fields=True):
    version: int
    origin: Origin
    recorded_at: str
    by: str
    seq: int
    headers_us: int
    framing: Framing
    chunks: str
    end: _StoredEnd
    length: int
    sha256: str
    turn: int = 1
    attempt: int = 1
    started_us: int = 0
    connected_us: int = 0
    reused: bool = False
    http: str = "1.1"
    dropped: dict[str, list[str]] = {}
    paused: bool = False


def digest(body: bytes) -> str:
    """Return the hexadecimal SHA-256 of a body."""
    return hashlib.sha256(body).hexdigest()


def encode(track: Track, body: bytes) -> dict[str, Any]:
    """Return the mapping that is stored under `x-stream`, keys in their documented order."""
    dropped: dict[str, list[str]] = {}
    for name, value in track.dropped:
        dropped.setdefault(name, []).append(value)
    stored: dict[str, Any] = {
        "version": VERSION,
        "origin": track.origin,
        "recorded_at": track.recorded_at,
        "by": track.by,
        "seq": track.seq,
        "attempt": track.attempt,
        "turn": track.turn,
        "started_us": track.started_us,
        "connected_us": track.connected_us,
        "reused": track.reused,
        "headers_us": track.headers_us,
        "http": track.http,
        "framing": track.framing,
        "dropped": dropped,
        "paused": track.paused,
        "chunks": _encode_chunks(track.chunks),
        "end": {"kind": track.end.kind, "at_us": track.end.at_us},
        "length": len(body),
        "sha256": digest(body),
    }
    if track.end.limit is not None:
        stored["end"]["limit"] = track.end.limit
    # What is as usual is left out: a person reads these files.
    for key, usual in (("http", "1.1"), ("dropped", {}), ("paused", False), ("started_us", 0)):
        if stored[key] == usual:
            del stored[key]
    return stored


def _encode_chunks(chunks: tuple[Chunk, ...]) -> str:
    previous = 0
    words = []
    for chunk in chunks:
        words.append(f"{chunk.at_us - previous}/{chunk.size}")
        previous = chunk.at_us
    return " ".join(words)


def decode(data: object, body: bytes) -> Track:
    """Read a stored track and verify it against the body it belongs to.

    Raises:
        TrackError: the track is of another version, malformed, or does not fit the body.
    """
    if isinstance(data, dict) and data.get("version") != VERSION:
        raise TrackError(
            f"its stream track has version {data.get('version')!r} and this glmbench reads "
            f"version {VERSION}: record it again, or use the glmbench that wrote it"
        )
    try:
        stored = msgspec.convert(data, _StoredTrack)
    except msgspec.ValidationError as problem:
        raise TrackError(f"its stream track is malformed: {problem}") from None
    chunks = _decode_chunks(stored.chunks)
    _verify(stored, chunks, body)
    return Track(
        origin=stored.origin,
        recorded_at=stored.recorded_at,
        by=stored.by,
        seq=stored.seq,
        turn=stored.turn,
        attempt=stored.attempt,
        started_us=stored.started_us,
        connected_us=stored.connected_us,
        reused=stored.reused,
        headers_us=stored.headers_us,
        http=stored.http,
        framing=stored.framing,
        dropped=tuple((name, value) for name, values in stored.dropped.items() for value in values),
        paused=stored.paused,
        chunks=chunks,
        end=End(kind=stored.end.kind, at_us=stored.end.at_us, limit=stored.end.limit),
    )


def _decode_chunks(text: str) -> tuple[Chunk, ...]:
    chunks = []
    at_us = 0
    for number, word in enumerate(text.split(), start=1):
        delta, slash, size = word.partition("/")
        # Strict: `int` would take signs, blanks and underscores.
        if not (slash and delta.isdecimal() and size.isdecimal() and int(size) > 0):
            raise TrackError(
                f"its stream track is malformed: chunk {number} is {word!r}, not microseconds/bytes"
            )
        if number > 1 and int(delta) == 0:
            raise TrackError(
                f"its stream track is malformed: chunk {number} arrives together with the one "
                "before it"
            )
        at_us += int(delta)
        chunks.append(Chunk(at_us=at_us, size=int(size)))
    return tuple(chunks)


def _verify(stored: _StoredTrack, chunks: tuple[Chunk, ...], body: bytes) -> None:
    total = sum(chunk.size for chunk in chunks)
    if len(body) != stored.length:
        raise TrackError(
            f"its body does not fit its stream track: it has {len(body)} bytes and {stored.length} "
            "were recorded; it was edited or cut"
        )
    if digest(body) != stored.sha256:
        raise TrackError(
            "its body does not fit its stream track: these are not the bytes that were recorded; "
            "it was edited"
        )
    if total != stored.length:
        raise TrackError(
            f"its stream track is malformed: its chunks hold {total} bytes, its body {len(body)}"
        )
    instants = [stored.started_us, stored.connected_us, stored.headers_us]
    instants += [chunk.at_us for chunk in chunks[:1]]
    last = chunks[-1].at_us if chunks else stored.headers_us
    if instants != sorted(instants) or instants[0] < 0 or stored.end.at_us < last:
        raise TrackError("its stream track is malformed: its instants are not in order")
    if stored.end.at_us > MAX_US:
        raise TrackError("its stream track is malformed: it ends after more than a week")
