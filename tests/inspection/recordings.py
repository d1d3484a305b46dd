"""Interactions as a recording would have made them, from pieces of a body."""

from __future__ import annotations

import json
from dataclasses import replace

from glmbench.cassettes.interaction import Interaction
from glmbench.cassettes.matching import RequestShape
from glmbench.cassettes.track import Chunk, End, Track

CHATGLM = "https://chatglm.cn/chatglm/mainchat-api/guest/stream"
COMPLETIONS = "https://api.example.com/v1/chat/completions"
EVENT_STREAM = ("Content-Type", "text/event-stream; charset=utf-8")
JSON = ("Content-Type", "application/json")

GAP_US = 100_000


def recorded(*pieces, url=COMPLETIONS, status=200, headers=(EVENT_STREAM,), end="eof", **facts):
    """Make an interaction whose body came in these pieces, one every 100 ms."""
    chunks = tuple(
        Chunk(at_us=GAP_US * number, size=len(piece)) for number, piece in enumerate(pieces, 1)
    )
    last_us = chunks[-1].at_us if chunks else GAP_US
    track = Track(
        **{
            "origin": "emulator",
            "recorded_at": "2026-11-22T10:00:00Z",
            "by": "glmbench",
            "seq": 1,
            "started_us": 0,
            "connected_us": 10,
            "reused": False,
            "headers_us": 50_000,
            "framing": "chunked",
            "dropped": (("Transfer-Encoding", "chunked"),),
            "chunks": chunks,
            "end": End(kind=end, at_us=last_us + 500),
            **facts,
        }
    )
    return Interaction(
        request=RequestShape(method="POST", url=url, body=b'{"model": "m"}'),
        status=status,
        reason="OK" if status == 200 else "",
        headers=tuple(headers),
        body=b"".join(pieces),
        track=track,
    )


def without_track(interaction):
    return replace(interaction, track=None)


def data(value) -> bytes:
    """Write one event of a stream."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"data: {text}\n\n".encode()


def delta(text=None, *, finish=None, **fields) -> bytes:
    """Write one event of a completions stream."""
    if text is not None:
        fields["content"] = text
    return data({"choices": [{"index": 0, "delta": fields, "finish_reason": finish}]})


HELLO = (delta("你"), delta("好"), delta(finish="stop"), data("[DONE]"))
