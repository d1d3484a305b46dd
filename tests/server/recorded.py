"""Recordings as they might have been made, for the tests of what plays them."""

from __future__ import annotations

from glmbench.cassettes.interaction import Interaction, fitting_headers, misfits
from glmbench.cassettes.matching import RequestShape
from glmbench.cassettes.track import Chunk, End, Track

MS_US = 1000
HEAD_AT_US = 10 * MS_US
APART_US = 8 * MS_US

URL = "https://chat.example/v1/stream?b=2&a=1"


def asked(body=b'{"q": 1}', *, method="POST", url=URL, kind="application/json"):
    return RequestShape(method=method, url=url, headers=(("Content-Type", kind),), body=body)


def recorded(
    *pieces,
    request=None,
    status=200,
    reason="OK",
    headers=(("Content-Type", "text/event-stream"),),
    framing="chunked",
    end="eof",
    started_us=0,
    seq=1,
):
    """An interaction whose head and chunks came at even intervals, and after them its end."""
    body = b"".join(pieces)
    first = started_us + HEAD_AT_US
    chunks = tuple(
        Chunk(at_us=first + number * APART_US, size=len(piece))
        for number, piece in enumerate(pieces, start=1)
    )
    track = Track(
        origin="live",
        recorded_at="2026-11-22T10:00:00Z",
        by="glmbench 0.1.0",
        seq=seq,
        started_us=started_us,
        connected_us=started_us,
        reused=False,
        headers_us=first,
        framing=framing,
        dropped=misfits(headers, len(body)),
        chunks=chunks,
        end=End(
            kind=end,
            at_us=first + (len(pieces) + 1) * APART_US,
            limit="sock_read" if end == "timeout" else None,
        ),
    )
    return Interaction(
        request=request or asked(),
        status=status,
        reason=reason,
        headers=fitting_headers(headers, len(body)),
        body=body,
        track=track,
    )
