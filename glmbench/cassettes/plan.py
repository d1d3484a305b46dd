"""A recorded response as a plan of deliveries: which bytes at which instant, and the end. Pure.

The plan is what replay hands to aiohttp's response parser, so the bytes here are HTTP/1.1 on the
wire in the recorded framing. Chunks keep their edges: one delivery holds the body bytes of one
recorded read and nothing else but framing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from glmbench.cassettes.track import End

if TYPE_CHECKING:
    from glmbench.cassettes.track import Track

LAST_CHUNK = b"0\r\n\r\n"
BODILESS_STATUSES = frozenset({204, 304})


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Bytes that one read brings at an instant (microseconds since time zero)."""

    at_us: int
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a connection does in replay. The first delivery starts with the response head."""

    started_us: int
    connected_us: int
    deliveries: tuple[Delivery, ...]
    end: End


def plan_response(
    track: Track | None,
    *,
    status: int,
    reason: str,
    headers: tuple[tuple[str, str], ...],
    body: bytes,
    method: str,
) -> Plan:
    """Lay out a response; without a track it comes whole and at once.

    The head holds only what frames the body: the headers that the caller sees are put in place
    after parsing, so that a recorded Content-Encoding does not unpack a body that was stored
    unpacked.
    """
    has_body = method != "HEAD" and status not in BODILESS_STATUSES
    if track is None:
        head = _head("1.1", status, reason, f"Content-Length: {len(body)}" if has_body else "")
        whole = Delivery(at_us=0, data=head + (body if has_body else b""))
        end = End(kind="eof", at_us=0)
        return Plan(started_us=0, connected_us=0, deliveries=(whole,), end=end)
    head = _head(track.http, status, reason, _framing_header(track, headers) if has_body else "")
    timed = [(track.headers_us, head)]
    timed += _body_deliveries(track, body)
    if has_body and track.framing == "chunked" and track.end.kind == "eof":
        timed.append((track.end.at_us, LAST_CHUNK))
    return Plan(
        started_us=track.started_us,
        connected_us=track.connected_us,
        deliveries=_merge_equal_instants(timed),
        end=track.end,
    )


def _head(http: str, status: int, reason: str, framing_header: str) -> bytes:
    lines = [f"HTTP/{http} {status} {reason}", framing_header, "Connection: close"]
    # An empty reason keeps its blank: "HTTP/1.1 200 " is what the grammar asks for.
    text = "\r\n".join(line for line in lines if line) + "\r\n\r\n"
    return text.encode("utf-8", "surrogateescape")


def _framing_header(track: Track, headers: tuple[tuple[str, str], ...]) -> str:
    if track.framing == "chunked":
        return "Transfer-Encoding: chunked"
    if track.framing == "eof":
        return ""
    if track.end.kind == "eof":
        return f"Content-Length: {track.length}"
    return f"Content-Length: {_promised_length(track, headers)}"


def _promised_length(track: Track, headers: tuple[tuple[str, str], ...]) -> int:
    """Return the length that a cut body was announced with.

    Of a compressed body only the packed length is known; then any length beyond what came makes
    the parser miss the rest, as it did when recording.
    """
    everything = {name.lower(): value for name, value in (*headers, *track.dropped)}
    announced = everything.get("content-length", "")
    if announced.isdecimal() and int(announced) > track.length:
        return int(announced)
    return track.length + 1


def _body_deliveries(track: Track, body: bytes) -> list[tuple[int, bytes]]:
    timed = []
    position = 0
    for chunk in track.chunks:
        data = body[position : position + chunk.size]
        position += chunk.size
        if track.framing == "chunked":
            data = b"%x\r\n%b\r\n" % (chunk.size, data)
        timed.append((chunk.at_us, data))
    return timed


def _merge_equal_instants(timed: list[tuple[int, bytes]]) -> tuple[Delivery, ...]:
    """Join what came out of one read: head and first chunk, last chunk and end."""
    merged: list[tuple[int, list[bytes]]] = []
    for at_us, data in timed:
        if merged and merged[-1][0] == at_us:
            merged[-1][1].append(data)
        else:
            merged.append((at_us, [data]))
    return tuple(Delivery(at_us=at_us, data=b"".join(pieces)) for at_us, pieces in merged)
