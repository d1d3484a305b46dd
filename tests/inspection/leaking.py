"""Recordings that hold what looks like a credential."""

from __future__ import annotations

import json

from glmbench.cassettes.interaction import Interaction
from glmbench.cassettes.matching import RequestShape
from glmbench.cassettes.track import Chunk, End, Track

# Put together, so that no tool takes this file for a leak.
KEY = "sk-" + "f3Kq9ZpL2mXw8RtY6vBn4HsJ1dGc7TaQ"
RANDOM = "f3Kq9ZpL2mXw8RtY6vBn4HsJ1dGc7TaQ"
SSE = (("Content-Type", "text/event-stream"),)
FORM = (("Content-Type", "application/x-www-form-urlencoded"),)
JSON = (("Content-Type", "application/json"),)


def make(body=b"", headers=SSE, *, request=None, sizes=None) -> Interaction:
    sizes = sizes or ([len(body)] if body else [])
    chunks = tuple(Chunk(at_us=100 + 10 * n, size=size) for n, size in enumerate(sizes))
    track = Track(
        origin="emulator",
        recorded_at="2026-11-22T10:00:00Z",
        by="glmbench",
        seq=1,
        started_us=0,
        connected_us=1,
        reused=False,
        headers_us=50,
        framing="chunked",
        chunks=chunks,
        end=End(kind="eof", at_us=10_000_000),
    )
    request = request or RequestShape(method="POST", url="https://h/p")
    return Interaction(
        request=request, status=200, reason="OK", headers=headers, body=body, track=track
    )


def events(*texts: str, name="content") -> bytes:
    frames = (json.dumps({"id": "x", "delta": {name: text}}) for text in texts)
    return "".join(f"data: {frame}\n\n" for frame in frames).encode()


def request(**parts) -> RequestShape:
    return RequestShape(**{"method": "POST", "url": "https://h/p", **parts})
